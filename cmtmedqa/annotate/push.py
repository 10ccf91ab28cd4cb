"""Sending a round: one project for every expert and number of replies. What is there is not sent again, whatever broke before."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cmtmedqa.annotate.failures import AnswerLost, StudioError
from cmtmedqa.annotate.ledger import Ledger, Project, Round
from cmtmedqa.annotate.studio import Stored, Studio
from cmtmedqa.annotate.tasks import Task, data_of

BATCH = 250
_TRIES = 4
_LONGEST_TITLE = 50


class Sent(NamedTuple):
    """What a push did: tasks there before, sent now, and answers that were lost on the way."""

    before: int
    sent: int
    lost: int


def push(
    studio: Studio,
    ledger: Ledger,
    tasks: Sequence[Task],
    instruction: str,
    progress: Callable[[int], None],
    adjudication: bool = False,
) -> list[tuple[Project, Sent]]:
    """Bring the tasks to their projects, making those that are missing. Raises StudioError; then run it again.

    The number of a new project is stored before a task is sent to it.
    """
    sets, salt, results = ledger.sets(), ledger.salt(), []
    for (expert, k), own in _by_project(tasks).items():
        value = ledger.read()
        keys = frozenset(task.key for task in own)
        title = title_of(value.name, expert, k, adjudication)
        wanted = Project(id=0, title=title, expert=expert, k=k, adjudication=adjudication)
        project, stored = _project(studio, value, wanted, keys, instruction)
        if project not in value.projects:
            ledger.store(value.model_copy(update={"projects": (*value.projects, project), "url": studio.url}))
        if not same_screen(stored.screen, value.screens[str(k)]):
            raise StudioError(
                f"{words(project)}: its screen was changed on {studio.url}; a new project is needed: begin a new round with --round"
            )
        data = {task.key: data_of(task, sets[task.set_id], salt) for task in own}
        results.append((project, send(studio, project, data, stored.tasks, progress)))
    return results


def words(project: Project) -> str:
    """A project as errors name it."""
    return f"project {project.id} ({project.title})"


def _by_project(tasks: Sequence[Task]) -> dict[tuple[str, int], list[Task]]:
    groups: dict[tuple[str, int], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.expert, task.k), []).append(task)
    return groups


def title_of(name: str, expert: str, k: int, adjudication: bool) -> str:
    """The title of a project. Raises StudioError when it is longer than the server takes."""
    title = f"{name} {expert} k{k}{' adj' if adjudication else ''}"
    if len(title) > _LONGEST_TITLE:
        raise StudioError(f"--round {name}: too long; the title '{title}' may have {_LONGEST_TITLE} characters")
    return title


def _project(
    studio: Studio, value: Round, wanted: Project, keys: frozenset[str], instruction: str
) -> tuple[Project, Stored]:
    """The project that is wanted: the one on record, one that an interrupted push left on the server, or a new one."""
    for project in value.projects:
        if project == wanted.model_copy(update={"id": project.id}):
            return project, ours(studio, project)
    found = studio.named(wanted.title)
    number = found[0] if found else studio.create(wanted.title, value.screens[str(wanted.k)], instruction)
    project = wanted.model_copy(update={"id": number})
    stored = studio.project(number, words(project))
    foreign = stored.tasks and set(studio.keys(number, words(project))) - keys
    if len(found) > 1 or foreign:
        raise StudioError(
            f"{words(project)}: there already and not of this round's folder; name the folder with --rounds, or another --round"
        )
    return project, stored


def ours(studio: Studio, project: Project) -> Stored:
    """A project on record as it is on the server. Raises StudioError when the one with its number is another."""
    stored = studio.project(project.id, words(project))
    if stored.title != project.title:
        raise StudioError(f"{words(project)}: on {studio.url} it has another title; is that the server of this round?")
    return stored


def same_screen(stored: str, made: str) -> bool:
    """Whether a stored screen is the one that was made; the server may change line ends."""
    return stored.replace("\r\n", "\n").strip() == made.strip()


def send(
    studio: Studio, project: Project, data: Mapping[str, Mapping[str, Any]], there: int, progress: Callable[[int], None]
) -> Sent:
    """Send what a project lacks, in order, and prove that each task is there once; `there`: tasks it has. Raises StudioError."""
    what = words(project)
    have = studio.keys(project.id, what) if there else {}
    todo = [key for key in data if key not in have]
    before, lost = len(data) - len(todo), 0
    progress(before)
    for start in range(0, len(todo), BATCH):
        part = todo[start : start + BATCH]
        for _ in range(_TRIES):
            missing = [key for key in part if key not in have]
            if not missing:
                break
            try:
                numbers = studio.send(project.id, what, [dict(data[key]) for key in missing])
                have |= {key: [number] for key, number in zip(missing, numbers, strict=True)}
            except AnswerLost:  # they may be there: look, never send blindly
                lost += 1
                studio.wait()
                have |= studio.lookup(project.id, what, missing)
        if still := [key for key in part if key not in have]:
            raise StudioError(
                f"{what}: answers keep being lost, {len(still)} tasks are missing; run the same command again"
            )
        progress(len(part))
    count = studio.project(project.id, what).tasks if todo else there
    if count != len(data) or any(len(numbers) > 1 for numbers in have.values()):
        _explain(studio, project, data, count)
    return Sent(before, len(todo), lost)


def _explain(studio: Studio, project: Project, data: Mapping[str, Any], count: int) -> None:
    have = studio.keys(project.id, words(project))
    doubled = [key for key, numbers in have.items() if len(numbers) > 1]
    missing = [key for key in data if key not in have]
    if doubled or missing:
        example = (doubled or missing)[0]
        raise StudioError(
            f"{words(project)}: {len(doubled)} tasks are there twice and {len(missing)} are missing, such as {example}; "
            "remove doubled ones in the Data Manager and run the same command again"
        )
    if foreign := len(set(have) - set(data)):
        raise StudioError(f"{words(project)}: {foreign} of its {count} tasks are not of this round; delete them there")
