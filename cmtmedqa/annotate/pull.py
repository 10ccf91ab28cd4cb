"""Bringing annotations home: first everything the server says is stored as it is, then it is judged, from the store alone.

So nothing is ever lost: a broken pull, an annotation that is refused, edited or deleted on the server stays in `raw.jsonl`,
and a better rule, an expert who is registered later or a corrected screen give more annotations at the next pull.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cmtmedqa import io
from cmtmedqa.annotate.ledger import ANNOTATIONS, REJECTED, Ledger, Project, Round, write_records
from cmtmedqa.annotate.push import ours, same_screen, words
from cmtmedqa.annotate.results import MALFORMED, Refused, read, who
from cmtmedqa.annotate.screen import Control, controls
from cmtmedqa.annotate.studio import Studio
from cmtmedqa.annotate.tasks import Task, data_of
from cmtmedqa.judgements import Annotation, CandidateSet
from cmtmedqa.rubric import Rubric

_AGAIN = timedelta(minutes=2)  # read again: a change may become visible after a later one


class Rejected(NamedTuple):
    """An annotation that is not among the accepted ones, why, and all that the server said of it."""

    id: str
    key: str
    expert: str
    reason: str
    detail: str
    raw: Mapping[str, Any]


class Outcome(NamedTuple):
    """What a pull ends with."""

    accepted: list[Annotation]
    rejected: list[Rejected]
    changed: int

    @property
    def malformed(self) -> list[Rejected]:
        """Those that somebody must look at."""
        return [item for item in self.rejected if item.reason in MALFORMED]


def fetch(studio: Studio, ledger: Ledger, full: bool, progress: Callable[[int], None]) -> int:
    """Store what changed on the server since the last pull; with `full`, everything, and which tasks vanished. Gives the tasks stored."""
    value, state = ledger.read(), State(ledger.raw())
    if (users := studio.users()).items() - state.users.items():
        ledger.append([{"users": {str(number): mail for number, mail in users.items()}}])
    changed = 0
    for project in value.projects:
        screen = ours(studio, project).screen
        if screen != state.screens.get(project.id):
            ledger.append([{"project": project.id, "screen": screen}])
        since = None if full else state.since(project.id)
        newest = state.newest.get(project.id, "")
        came: set[int] = set()
        for page in studio.annotated(project.id, words(project), since):
            fresh = [task | {"project": project.id} for task in page]
            fresh = [task for task in fresh if not _same(state.tasks.get((project.id, task["task"])), task)]
            ledger.append(fresh)
            changed += len(fresh)
            came.update(task["task"] for task in page)
            newest = max([newest, *(task["updated_at"] for task in page)])
            progress(len(page))
        if full:
            changed += _vanished(studio, ledger, project, state, came)
        if newest:
            ledger.append([{"project": project.id, "watermark": newest}])
    return changed


def _vanished(studio: Studio, ledger: Ledger, project: Project, state: "State", came: set[int]) -> int:
    """Store which tasks are gone, and which have lost their last annotation: neither stands in a list of annotated tasks."""
    there = studio.task_ids(project.id, words(project))
    lines: list[dict[str, Any]] = []
    for (owner, number), task in state.tasks.items():
        if owner != project.id or number in came or task.get("gone"):
            continue
        if number not in there:
            lines.append({"project": owner, "task": number, "gone": True})
        elif task["annotations"]:
            lines.append(task | {"annotations": []})
    ledger.append(lines)
    return len(lines)


def _same(stored: Mapping[str, Any] | None, task: Mapping[str, Any]) -> bool:
    return stored is not None and stored == task


class State:
    """What the lines of `raw.jsonl` add up to: the last state of each task, every annotation ever seen, screens and accounts."""

    def __init__(self, lines: Iterable[dict[str, Any]]) -> None:
        self.tasks: dict[tuple[int, int], dict[str, Any]] = {}
        self.seen: dict[tuple[int, int], dict[int, dict[str, Any]]] = {}
        self.screens: dict[int, str] = {}
        self.newest: dict[int, str] = {}
        self.users: dict[int, str] = {}
        for line in lines:
            self._add(line)

    def _add(self, line: dict[str, Any]) -> None:
        if "users" in line:
            self.users |= {int(number): mail for number, mail in line["users"].items()}
        elif "watermark" in line:
            self.newest[line["project"]] = line["watermark"]
        elif "screen" in line:
            self.screens[line["project"]] = line["screen"]
        elif "task" in line:
            place = line["project"], line["task"]
            if line.get("gone"):
                self.tasks[place] = self.tasks.get(place, {}) | {"gone": True, "annotations": []}
                return
            self.tasks[place] = line
            for item in line["annotations"]:
                if _numbered(item):
                    self.seen.setdefault(place, {})[item["id"]] = item

    def since(self, project: int) -> str | None:
        """From when on to read a project again (server time, ISO 8601); null before its first pull."""
        newest = self.newest.get(project)
        if not newest:
            return None
        when = datetime.fromisoformat(newest) - _AGAIN
        return when.isoformat().replace("+00:00", "Z")


def judge(ledger: Ledger, rubric: Rubric, accounts: Mapping[str, str], changed: int = 0) -> Outcome:
    """Write `annotations.jsonl` and `rejected.jsonl` from everything stored so far. `accounts`: e-mail → code of an expert."""
    value, state, sets, salt = ledger.read(), State(ledger.raw()), ledger.sets(), ledger.salt()
    tasks = {task.key: task for task in ledger.tasks()}
    projects = {project.id: project for project in value.projects}
    accepted, rejected = [], []
    owners = _owners(value, state, accounts)
    screens = {int(k): controls(rubric, int(k), value.layout) for k in value.screens}
    for place in sorted(place for place in state.tasks if place[0] in projects):
        project, seen = projects[place[0]], state.seen.get(place, {})
        task = tasks.get(str((state.tasks[place].get("data") or {}).get("cmt_key")))
        for raw in state.tasks[place]["annotations"]:
            if not _numbered(raw):
                fault = Refused("malformed", "an annotation without a number")
                rejected.append(_rejected({"id": "none", "annotation": raw}, place[0], task, project, fault))
        good = []
        for raw in sorted(seen.values(), key=lambda item: (str(item.get("updated_at")), item["id"])):
            try:
                _allowed(raw, project, task, state, place, owners, value)
                good.append(_read(raw, place, task, value, state, sets, rubric, screens, salt))
            except Refused as error:
                rejected.append(_rejected(raw, place[0], task, project, error))
        for item in good[:-1]:
            old = seen[int(item.id.split("-")[1])]
            rejected.append(_rejected(old, place[0], task, project, Refused("superseded", f"by {good[-1].id}")))
        if good:
            more = ("second",) if len(good) > 1 else ()
            accepted.append(good[-1].model_copy(update={"flags": (*good[-1].flags, *more)}))
    write_records(ledger.folder / ANNOTATIONS, accepted)
    lines = [io.canonical_json(item._asdict()) + "\n" for item in rejected]
    io.write_text(ledger.folder / REJECTED, "".join(lines))
    return Outcome(accepted, rejected, changed)


def _numbered(annotation: Any) -> bool:
    return isinstance(annotation, dict) and isinstance(annotation.get("id"), int)


def _rejected(raw: Mapping[str, Any], number: int, task: Task | None, project: Project, error: Refused) -> Rejected:
    key = task.key if task else ""
    return Rejected(f"{number}-{raw['id']}", key, project.expert, error.reason, error.detail, raw)


def _owners(value: Round, state: State, accounts: Mapping[str, str]) -> dict[int, set[int]]:
    """Project → the accounts whose annotations count there.

    An expert whose account is not known (no address, or an export that tells none) is whoever alone annotated the expert's
    projects; with several, nobody is.
    """
    registered: dict[str, set[int]] = {}
    for number, mail in state.users.items():
        if code := accounts.get(mail.lower()):
            registered.setdefault(code, set()).add(number)
    by_expert: dict[str, set[int]] = {}
    experts = {project.id: project.expert for project in value.projects}
    for (project, _), items in state.seen.items():
        by_expert.setdefault(experts.get(project, ""), set()).update(
            account for item in items.values() if (account := who(item.get("completed_by"))) is not None
        )
    taken = {number for number in state.users if state.users[number].lower() in accounts}
    result = {}
    for project, expert in experts.items():
        alone = by_expert.get(expert, set()) - taken
        result[project] = registered.get(expert) or (alone if len(alone) == 1 else set())
    return result


def _allowed(
    raw: Mapping[str, Any], project: Project, task: Task | None, state: State, place: tuple[int, int],
    owners: Mapping[int, set[int]], value: Round,
) -> None:  # fmt: skip
    """Raises Refused for an annotation that is of nobody or nothing we know, or is no longer on the server."""
    if task is None or task.expert != project.expert:
        raise Refused("unknown_task")
    latest = state.tasks[place]
    if latest.get("gone"):
        raise Refused("deleted", "the task was deleted on the server")
    if all(item.get("id") != raw["id"] for item in latest["annotations"] if isinstance(item, dict)):
        raise Refused("deleted")
    account = who(raw.get("completed_by"))
    if account not in owners[project.id]:
        raise Refused("other_account", f"account {account} is not registered as expert {project.expert}")
    stored = state.screens.get(project.id)
    if stored is not None and not same_screen(stored, value.screens[str(project.k)]):
        raise Refused("changed_screen")


def _read(
    raw: Mapping[str, Any], place: tuple[int, int], task: Task | None, value: Round, state: State,
    sets: Mapping[str, CandidateSet], rubric: Rubric, screens: Mapping[int, Sequence[Control]], salt: bytes,
) -> Annotation:  # fmt: skip
    assert task is not None
    data = state.tasks[place].get("data")
    if data != data_of(task, sets[task.set_id], salt):
        raise Refused("changed_task", "its data is not what was sent")
    return read(raw, place[0], task, rubric, screens[task.k], value.name, salt)


def reasons(outcome: Outcome) -> Counter[str]:
    """How often each reason for a rejection occurs."""
    return Counter(item.reason for item in outcome.rejected)
