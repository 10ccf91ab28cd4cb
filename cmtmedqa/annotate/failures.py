"""Every way in which a Label Studio fails, as one line that says what to do. No line holds a token or what the server echoes of a task."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from cmtmedqa.errors import CmtmedqaError, MissingExtra

_LONGEST = 300


class StudioError(CmtmedqaError):
    """A Label Studio that cannot be used as asked."""


class AnswerLost(StudioError):
    """Nobody knows whether a request was carried out: look before sending anything again."""


def need_sdk() -> None:
    """Raises MissingExtra without the extra `annotate`."""
    try:
        import httpx  # noqa: F401
        import label_studio_sdk  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra("label-studio-sdk (Python below 3.14)", "annotate", "talking to Label Studio") from error


@contextmanager
def one_line(url: str, what: str = "", log: str = "the server's log") -> Iterator[None]:
    """Turn what the SDK and httpx raise inside the block into StudioError; `what` names the project in words."""
    import httpx
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise StudioError(f'cannot reach Label Studio at {url}; start it with "cmtmedqa annotate serve"') from error
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL):
        raise StudioError(
            f"{url}: cannot be used as an address, or the token holds a character that no token has"
        ) from None
    except httpx.TransportError as error:
        raise AnswerLost(f"{url}: the answer was lost ({type(error).__name__}); run the same command again") from error
    except ApiError as error:
        raise StudioError(_refused(error, url, what, log)) from None  # its text holds headers and what was sent
    except (json.JSONDecodeError, ValidationError, httpx.HTTPError):
        raise StudioError(f"{url} does not answer like Label Studio; check the address") from None


def _refused(error: Any, url: str, what: str, log: str) -> str:
    status, detail = error.status_code, _detail(error.body)
    if status == 401 or (status is None and "api" in detail.lower()):
        return _token(url, detail)
    if status == 403:
        return f"{url}: this account may not do that{f' ({what})' if what else ''}"
    if status == 404:
        return (
            f"{what or 'what was asked for'} does not exist on {url}; if it was deleted, begin a new round with --round"
        )
    if status == 400:
        named = error.body.get("validation_errors") if isinstance(error.body, dict) else None
        fields = (
            f"; it names {', '.join(sorted(map(str, named)))[:_LONGEST]}" if isinstance(named, dict) and named else ""
        )
        return f"{url} refused what was sent{f' for {what}' if what else ''}{fields}; nothing of it was stored"
    if status is not None and status >= 500:
        return f"the server failed ({status}); see {log}"
    return f"{url} does not answer like Label Studio (status {status}); check the address"


def _token(url: str, detail: str) -> str:
    if "legacy" in detail.lower() or detail == "Invalid token.":
        return f"{url} wants a personal access token, not a legacy one; create one under Account & Settings"
    return f"token refused by {url}: create a new personal access token"


def _detail(body: Any) -> str:
    return str(body.get("detail", ""))[:_LONGEST] if isinstance(body, dict) else ""
