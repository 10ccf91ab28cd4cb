"""Calls of a Label Studio through its SDK: a POST is never repeated, a GET up to three times, and every failure is one line."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from cmtmedqa import io
from cmtmedqa.annotate.failures import AnswerLost, StudioError, need_sdk, one_line

if TYPE_CHECKING:
    import httpx

Answer = TypeVar("Answer")
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
PATIENCE = 60.0  # seconds to wait for a server that went away in the middle of a push
_PAUSES = (1.0, 2.0)
_LOOKED_UP = 100  # keys in one address: 2 to 6 kB, and proxies refuse more than 8 kB
_PAGE = 500
_FIELDS = "id,updated_at,annotations,data,result,completed_by,lead_time,was_cancelled,updated_by,created_at"
_SETTINGS = {
    "maximum_annotations": 1,
    "enable_empty_annotation": False,
    "show_collab_predictions": False,
    "show_instruction": True,
    "sampling": "Sequential sampling",  # the order is ours
}


class Stored(NamedTuple):
    """A project as it is on the server: title, screen, number of tasks, and of those with an annotation."""

    title: str
    screen: str
    tasks: int
    done: int


class Studio:
    """An open connection."""

    def __init__(self, sdk: Any, http: "httpx.Client", url: str, log: str) -> None:
        self._sdk, self._http, self.url, self._log = sdk, http, url, log

    def _get(self, call: Callable[[], Answer], what: str = "") -> Answer:
        import httpx
        from label_studio_sdk.core.api_error import ApiError

        with one_line(self.url, what, self._log):
            for pause in _PAUSES:
                try:
                    return call()
                except httpx.ConnectError:
                    raise
                except httpx.TransportError:
                    pass
                except ApiError as error:
                    if (error.status_code or 0) < 500:
                        raise
                time.sleep(pause)
            return call()

    def version(self) -> tuple[str, str]:
        """Release and edition of the server. Also the check that the token is one."""
        versions = self._get(self._sdk.versions.get)
        release = str(getattr(versions, "release", None) or "unknown")
        return release, str(getattr(versions, "edition", None) or "unknown")

    def users(self) -> dict[int, str]:
        """E-mail addresses of all accounts, by number."""
        return {user.id: str(user.email) for user in self._get(lambda: list(self._sdk.users.list()))}

    def invite_link(self) -> str:
        """The address at which a new account is made."""
        link = self._get(self._sdk.organizations.invites.get_invite_link)
        path = str(link.invite_url)
        return path if path.startswith("http") else self.url.rstrip("/") + path

    def named(self, title: str) -> list[int]:
        """Projects with exactly this title; the server itself looks for parts of titles."""
        found = self._get(lambda: list(self._sdk.projects.list(title=title, page_size=100)))
        return sorted(project.id for project in found if project.title == title)

    def create(self, title: str, screen: str, instruction: str) -> int:
        """A new project. A lost answer is followed by a look, so that there are never two."""
        try:
            with one_line(self.url, f"project {title}", self._log):
                return int(
                    self._sdk.projects.create(
                        title=title, label_config=screen, expert_instruction=instruction, **_SETTINGS
                    ).id
                )
        except AnswerLost:
            self.wait()
            if len(found := self.named(title)) == 1:
                return found[0]
            raise

    def project(self, number: int, what: str) -> Stored:
        """What the server knows of a project. `what` names it in an error."""
        found = self._get(lambda: self._sdk.projects.get(number), what)
        done = int(found.num_tasks_with_annotations or 0)
        return Stored(str(found.title), str(found.label_config or ""), int(found.task_number or 0), done)

    def _pages(
        self, project: int, what: str, query: dict[str, Any], fields: str, include: str = ""
    ) -> Iterator[list[dict[str, Any]]]:
        """Pages of tasks as JSON. Raises StudioError when fewer come than the server counts: some were deleted meanwhile.

        Read without the SDK's models, which cost more than all the rest of a pull and change what the server said.
        """
        text = json.dumps(query | {"ordering": ["tasks:id"]}, separators=(",", ":"))
        call = {"project": project, "query": text, "page_size": _PAGE, "resolve_uri": "false"}
        call |= {"fields": fields} | ({"include": include} if include else {})
        got, page = 0, 1
        while True:
            items, total = self._get(lambda page=page: self._page(call | {"page": page}), what)  # type: ignore[misc]
            if items:
                yield items
            got += len(items)
            if got >= total:
                return
            if not items:
                raise StudioError(
                    f"{what}: {got} of {total} tasks came; it was changed meanwhile, run the same command again"
                )
            page += 1

    def _page(self, call: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
        """One page of tasks, and how many there are in all. Raises what the SDK raises, so that `one_line` knows it."""
        from label_studio_sdk.core.api_error import ApiError

        headers = self._sdk._client_wrapper.get_headers()  # asks for a new access token when the old one is over
        answer = self._http.get(self.url + "api/tasks/", params=call, headers=headers)
        if not answer.is_success:
            try:
                body = answer.json()
            except ValueError:
                body = answer.text
            raise ApiError(status_code=answer.status_code, body=body)
        try:
            value = io.parsed(answer.content)
        except ValueError:
            value = None
        items, total = (value.get("tasks"), value.get("total")) if isinstance(value, dict) else (None, None)
        if not isinstance(total, int) or not isinstance(items, list) or not all(map(_is_task, items)):
            raise json.JSONDecodeError("no page of tasks", "", 0)
        return items, total

    def keys(self, project: int, what: str) -> dict[str, list[int]]:
        """The key of every task of a project, and the numbers of the tasks that have it."""
        return self._keyed(self._pages(project, what, {}, fields="task_only", include="id,data"))

    def lookup(self, project: int, what: str, keys: Sequence[str]) -> dict[str, list[int]]:
        """Which of these keys a project has, and the numbers of their tasks."""
        found: dict[str, list[int]] = {}
        for start in range(0, len(keys), _LOOKED_UP):
            wanted = {"filter": "filter:tasks:data.cmt_key", "operator": "in_list", "type": "String"}
            wanted["value"] = keys[start : start + _LOOKED_UP]  # type: ignore[assignment]
            query = {"filters": {"conjunction": "and", "items": [wanted]}}
            found |= self._keyed(self._pages(project, what, query, fields="task_only", include="id,data"))
        return found

    @staticmethod
    def _keyed(pages: Iterator[list[dict[str, Any]]]) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for page in pages:
            for task in page:
                found.setdefault(str((task.get("data") or {}).get("cmt_key")), []).append(task["id"])
        return found

    def send(self, project: int, what: str, data: Sequence[dict[str, Any]]) -> list[int]:
        """Store tasks, all or none, and give their numbers in the same order. Raises AnswerLost when nobody knows."""
        with one_line(self.url, what, self._log):
            answer = self._sdk.projects.import_tasks(
                project,
                request=[{"data": item} for item in data],
                return_task_ids=True,
                request_options={"max_retries": 0},
            )
            return list(map(int, answer.task_ids))

    def annotated(self, project: int, what: str, since: str | None) -> Iterator[list[dict[str, Any]]]:
        """Pages of tasks as JSON: those with an annotation, or all that changed after `since` (server time)."""
        if since is None:
            wanted: dict[str, Any] = {"filter": "filter:tasks:total_annotations", "type": "Number", "value": 0}
            cancelled = wanted | {"filter": "filter:tasks:cancelled_annotations"}
            items = [item | {"operator": "greater"} for item in (wanted, cancelled)]
        else:
            items = [{"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since}]
        query = {"filters": {"conjunction": "or", "items": items}}
        for page in self._pages(project, what, query, fields="all", include=_FIELDS):
            yield [_plain(task) for task in page]

    def task_ids(self, project: int, what: str) -> set[int]:
        """The numbers of all tasks of a project."""
        return {
            task["id"] for page in self._pages(project, what, {}, fields="task_only", include="id") for task in page
        }

    def wait(self) -> None:
        """Wait for a server that went away. Raises StudioError after `PATIENCE` seconds."""
        import httpx

        end = time.monotonic() + PATIENCE
        while True:
            try:
                if self._http.get(self.url + "health", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > end:
                raise StudioError(
                    f'Label Studio at {self.url} went away; start it with "cmtmedqa annotate serve" and run the same command again'
                )
            time.sleep(0.5)


def _is_task(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), int)


def _plain(task: dict[str, Any]) -> dict[str, Any]:
    """A task as it is stored."""
    return {
        "task": task["id"],
        "updated_at": str(task.get("updated_at") or ""),
        "data": task.get("data"),
        "annotations": task.get("annotations") or [],
    }


@contextmanager
def connect(url: str, token: str, log: str = "the server's log", timeout: float = 60) -> Iterator[Studio]:
    """An open connection, checked. Raises StudioError with one line; no proxy is asked for a server on this computer."""
    need_sdk()
    import httpx
    from label_studio_sdk import LabelStudio

    url = url.strip().rstrip("/") + "/"  # without the slash the path of a server below one is lost
    token = token.strip()
    if not url.startswith(("http://", "https://")):
        raise StudioError(f"{url.rstrip('/')}: the address must start with http:// or https://")
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise StudioError("no token: --token-file, or the environment variable LABEL_STUDIO_API_KEY")
    local = urlsplit(url).hostname in LOOPBACK
    with httpx.Client(timeout=timeout, follow_redirects=True, trust_env=not local) as http:
        with one_line(url, log=log):
            sdk = LabelStudio(base_url=url, api_key=token, httpx_client=http, max_retries=0)  # type: ignore[no-untyped-call]
        opened = Studio(sdk, http, url, log)
        opened.version()
        yield opened
