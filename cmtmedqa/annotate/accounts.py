"""Accounts of a Label Studio without a browser: sign-up by the invite link, log-in, and the personal access token."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cmtmedqa.annotate.failures import StudioError, need_sdk, one_line
from cmtmedqa.annotate.studio import LOOPBACK

if TYPE_CHECKING:
    import httpx

_FOUND, _DOUBLE = 302, 409


@contextmanager
def session(url: str, email: str, password: str) -> Iterator["httpx.Client"]:
    """A log-in as a browser does it; every later POST carries the token against forged requests. Raises StudioError."""
    with _client(url) as http:
        http.get("/user/login/")
        answer = _post(http, "/user/login/", {"email": email, "password": password})
        if answer.status_code != _FOUND:  # the form again
            raise StudioError(
                f"Label Studio at {url} refused the password of {email}; it counts only when an account is made: "
                "use the folder it was made with, or label-studio reset_password with the same data"
            )
        yield http


def sign_up(url: str, link: str, email: str, password: str) -> None:
    """Make an account by the invite link, as an expert does it in the browser. Raises StudioError."""
    with _client(url) as http:
        parts = urlsplit(link)
        place = f"{parts.path}?{parts.query}"
        http.get(place)
        if _post(http, place, {"email": email, "password": password, "allow_newsletters": "off"}).status_code != _FOUND:
            raise StudioError(
                f"Label Studio at {url} made no account for {email}: the link is old, or there is one already"
            )


def access_token(url: str, email: str, password: str, anew: bool = False) -> str:
    """The personal access token of an account; the server shows it only once. With `anew` older ones are withdrawn first.

    Raises StudioError when the account has one and `anew` is not set.
    """
    with session(url, email, password) as http:
        if anew:
            for old in http.get("/api/token/").json():
                _post_json(http, "/api/token/blacklist/", {"refresh": old["token"]})
        answer = _post_json(http, "/api/token/", {})
        if answer.status_code == _DOUBLE:
            raise StudioError(f"{email} has a token already: name its file with --token-file")
        answer.raise_for_status()
        return str(answer.json()["token"])


def new_invite_link(url: str, email: str, password: str) -> None:
    """Make the invite link that was given out so far useless."""
    with session(url, email, password) as http:
        _post_json(http, "/api/invite/reset-token", {}).raise_for_status()


@contextmanager
def _client(url: str) -> Iterator["httpx.Client"]:
    need_sdk()
    import httpx

    local = urlsplit(url).hostname in LOOPBACK
    with one_line(url), httpx.Client(base_url=url.rstrip("/"), timeout=60, trust_env=not local) as http:
        yield http


def _post(http: "httpx.Client", place: str, fields: dict[str, str]) -> Any:
    headers = {"Referer": str(http.base_url) + place}
    return http.post(place, data=fields | {"csrfmiddlewaretoken": http.cookies.get("csrftoken") or ""}, headers=headers)


def _post_json(http: "httpx.Client", place: str, value: dict[str, str]) -> Any:
    headers = {"X-CSRFToken": http.cookies.get("csrftoken") or "", "Referer": str(http.base_url)}
    return http.post(place, json=value, headers=headers)
