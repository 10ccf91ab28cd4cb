"""Pages of tasks: all come or an error tells it, a failing GET is asked again, an old access token is replaced."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cmtmedqa.annotate import studio as module
from cmtmedqa.annotate.failures import StudioError
from cmtmedqa.annotate.studio import Studio
from tests.annotate.tokens import TOKEN, URL, jwt

httpx = pytest.importorskip("httpx", reason="the extra annotate is not installed")
from label_studio_sdk import LabelStudio  # noqa: E402, TID253

Reply = Callable[[Any], Any]


@contextmanager
def studio(tasks: Reply, access: Iterator[str] | None = None) -> Iterator[Studio]:
    """A Studio before a server whose list of tasks is `tasks`."""

    def reply(request: Any) -> Any:
        if request.url.path.endswith("/token/refresh/"):
            return httpx.Response(200, json={"access": next(access) if access else jwt(9_000_000_000)})
        return tasks(request)

    with httpx.Client(transport=httpx.MockTransport(reply)) as http:
        sdk = LabelStudio(base_url=URL, api_key=TOKEN, httpx_client=http, max_retries=0)
        yield Studio(sdk, http, URL, "log")


def task(number: int) -> dict[str, Any]:
    return {"id": number, "updated_at": "2026-01-01T00:00:00Z", "data": {"cmt_key": f"t{number}"}, "annotations": []}


def page(request: Any, total: int, there: int) -> Any:
    """Two tasks a page of the `there` that come, where the server counts `total`."""
    start = 2 * (int(request.url.params["page"]) - 1)
    return httpx.Response(200, json={"total": total, "tasks": [task(n) for n in range(start, min(start + 2, there))]})


def test_all_pages_are_read_as_the_server_wrote_them() -> None:
    with studio(lambda request: page(request, 5, 5)) as opened:
        assert opened.keys(1, "p") == {f"t{number}": [number] for number in range(5)}
        pages = list(opened.annotated(1, "p", None))
    assert [len(one) for one in pages] == [2, 2, 1]
    assert pages[0][1] == {"task": 1} | {key: value for key, value in task(1).items() if key != "id"}


def test_fewer_than_the_server_counts_is_an_error() -> None:
    with studio(lambda request: page(request, 5, 4)) as opened, pytest.raises(StudioError, match="4 of 5 tasks came"):
        opened.task_ids(1, "p")


def test_a_page_that_failed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.0))
    answers = iter([httpx.Response(502, text="<html>"), None, None])

    def flaky(request: Any) -> Any:
        return next(answers) or page(request, 2, 2)

    with studio(flaky) as opened:
        assert opened.task_ids(1, "p") == {0, 1}


@pytest.mark.parametrize(
    "body",
    [
        "<html>patient</html>",
        "[]",
        '{"tasks": [], "total": "2"}',
        '{"tasks": ["patient"], "total": 1}',
        b"\xff\xfe",
        "{",
    ],
)
def test_what_is_no_page_of_tasks_is_one_line(body: str | bytes) -> None:
    with studio(lambda _: httpx.Response(200, content=body)) as opened, pytest.raises(StudioError) as caught:
        opened.task_ids(1, "p")
    assert str(caught.value) == f"{URL} does not answer like Label Studio; check the address"


def test_a_deleted_project_is_named() -> None:
    gone = httpx.Response(404, json={"detail": "No Project matches the given query."})
    with studio(lambda _: gone) as opened, pytest.raises(StudioError, match=r"project 5 \(r1\) does not exist on"):
        opened.task_ids(5, "project 5 (r1)")


def test_an_access_token_that_is_over_is_replaced_between_pages() -> None:
    tokens = [jwt(1_000), jwt(9_000_000_000)]
    seen: list[str] = []

    def reply(request: Any) -> Any:
        seen.append(request.headers["authorization"])
        return page(request, 4, 4)

    with studio(reply, iter(tokens)) as opened:
        assert opened.task_ids(1, "p") == {0, 1, 2, 3}
    assert seen == [f"Bearer {token}" for token in tokens]


def test_what_orjson_refuses_is_read_all_the_same() -> None:
    body = '{"total": 1, "tasks": [{"id": 1, "data": {"cmt_key": "\\ud83d"}}]}'
    with studio(lambda _: httpx.Response(200, text=body)) as opened:
        assert opened.keys(1, "p") == {"\ud83d": [1]}
