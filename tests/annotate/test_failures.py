"""Every failure of a server is one line that tells what to do and holds no token, no header and nothing of a task."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from cmtmedqa.annotate.failures import AnswerLost, StudioError, one_line
from tests.annotate.tokens import TOKEN, URL, jwt

pytest.importorskip("label_studio_sdk", reason="the extra annotate is not installed")
import httpx  # noqa: TID253
from label_studio_sdk import LabelStudio  # noqa: TID253
from label_studio_sdk.errors.bad_request_error import BadRequestError  # noqa: TID253

Reply = Callable[[httpx.Request], httpx.Response]


def told(reply: Reply, token: str = TOKEN, call: Callable[[Any], Any] | None = None) -> StudioError:
    with (
        httpx.Client(transport=httpx.MockTransport(reply)) as http,
        pytest.raises(StudioError) as caught,
        one_line(URL, "project 5 (r1 A k4)"),
    ):
        sdk = LabelStudio(base_url=URL, api_key=token, httpx_client=http, max_retries=0)
        call(sdk) if call else sdk.projects.get(5)
    message = str(caught.value)
    assert "\n" not in message
    assert token not in message
    assert "patient" not in message
    return caught.value


def answers(status: int, body: object, refresh: int = 200) -> Reply:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token/refresh/"):
            return httpx.Response(refresh, json={"access": jwt(9_000_000_000)} if refresh == 200 else body)
        if isinstance(body, str):
            return httpx.Response(status, text=body)
        return httpx.Response(status, json=body)

    return reply


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answers(200, {"detail": "Token is blacklisted"}, refresh=401), "token refused by"),
        (answers(401, {"detail": "Token is invalid"}), "create a new personal access token"),
        (answers(401, {"detail": "legacy token authentication has been disabled"}), "not a legacy one"),
        (answers(404, {"detail": "No Project matches the given query."}), r"project 5 \(r1 A k4\) does not exist on"),
        (answers(404, "<html>patient</html>"), "does not exist on"),
        (answers(403, {"detail": "no"}), "may not do that"),
        (answers(500, {"detail": "unsupported Unicode escape sequence patient"}), r"the server failed \(500\)"),
        (answers(502, "<html>patient</html>"), r"the server failed \(502\)"),
        (answers(200, "<html>patient</html>"), "does not answer like Label Studio"),
        (lambda _: httpx.Response(200, text="<html>patient</html>"), "does not answer like Label Studio"),
        (answers(400, {"validation_errors": {"title": ["patient"]}}), "refused what was sent.*names title"),
        (answers(302, ""), "does not answer like Label Studio"),
    ],
)
def test_answers(reply: Reply, message: str) -> None:
    assert re.search(message, str(told(reply)))


def test_tokens_that_are_none() -> None:
    assert "create a new personal access token" in str(told(answers(200, {}), jwt(1_000)))
    legacy = answers(401, {"detail": "Invalid token."})
    assert "wants a personal access token" in str(told(legacy, "0123456789abcdef" * 2))


@pytest.mark.parametrize("error", [httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout])
def test_a_lost_answer_is_told_from_a_server_that_is_not_there(error: type[httpx.TransportError]) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise error("gone", request=request)

    def absent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert isinstance(told(lost), AnswerLost)
    there = told(absent)
    assert not isinstance(there, AnswerLost)
    assert str(there) == f'cannot reach Label Studio at {URL}; start it with "cmtmedqa annotate serve"'


def test_what_a_bad_import_echoes_stays_here() -> None:
    def refuse(_: Any) -> None:
        raise BadRequestError(body={"detail": "Validation error", "validation_errors": ["Error at item 1: patient"]})

    assert str(told(answers(200, {}), call=refuse)) == (
        f"{URL} refused what was sent for project 5 (r1 A k4); nothing of it was stored"
    )
