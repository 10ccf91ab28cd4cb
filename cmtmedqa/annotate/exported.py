"""Annotations from a JSON file that Label Studio exported: the way home when the server cannot be reached from here."""

import json
from pathlib import Path
from typing import Any

from cmtmedqa.annotate.ledger import Ledger
from cmtmedqa.annotate.pull import State
from cmtmedqa.annotate.results import who
from cmtmedqa.errors import InputError


def take(ledger: Ledger, path: Path) -> int:
    """Store the tasks of an export (JSON, not JSON_MIN) and give how many changed. Older states do not replace newer ones.

    A task belongs to the project of its key, whatever number it had on the server it was exported from. Raises InputError.
    """
    tasks = {task.key: task for task in ledger.tasks()}
    value, state = ledger.read(), State(ledger.raw())
    homes = {(project.expert, project.k, project.adjudication): project.id for project in value.projects}
    lines: list[dict[str, Any]] = []
    users: dict[str, str] = {}
    foreign = 0
    for number, item in enumerate(_read(path)):
        if (
            not isinstance(item, dict)
            or not isinstance(item.get("annotations"), list)
            or not isinstance(item.get("id"), int)
        ):
            raise InputError(f"{path}: item {number} is no task with annotations; export as JSON (not JSON-MIN or CSV)")
        task = tasks.get(str((item.get("data") or {}).get("cmt_key")))
        project = homes.get((task.expert, task.k, task.purpose == "adjudication")) if task else None
        if project is None:
            foreign += 1
            continue
        annotations = [*item["annotations"], *(item.get("cancelled_annotations") or ())]
        users |= _accounts(annotations)
        line = {
            "project": project, "task": item["id"], "updated_at": str(item.get("updated_at") or ""),
            "data": item["data"], "annotations": annotations,
        }  # fmt: skip
        old = state.tasks.get((project, item["id"]))
        if old != line and not (old and str(old.get("updated_at")) > line["updated_at"]):
            lines.append(line)
    if foreign and not lines:
        raise InputError(f"{path}: none of its {foreign} tasks is of this round; name the round it was exported from")
    ledger.append([{"users": users}, *lines] if users else lines)
    return len(lines)


def _read(path: Path) -> list[Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or 'error').lower()}") from error
    except ValueError as error:
        raise InputError(f"{path}: is not JSON; export as JSON from Label Studio") from error
    if not isinstance(value, list):
        raise InputError(f"{path}: is no export of Label Studio: a list of tasks is expected")
    return value


def _accounts(annotations: list[Any]) -> dict[str, str]:
    """E-mail addresses that an export tells: some state the number of an account only."""
    found = {}
    for item in annotations:
        by = item.get("completed_by") if isinstance(item, dict) else None
        if isinstance(by, dict) and (number := who(by)) is not None and isinstance(by.get("email"), str):
            found[str(number)] = by["email"]
    return found
