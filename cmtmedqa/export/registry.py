"""LLaMA-Factory's `dataset_info.json`: it finds a file only through an entry there, which says how to read it."""

import json
from pathlib import Path
from typing import Any

from cmtmedqa import io
from cmtmedqa.errors import InputError

FILE = "dataset_info.json"

_READ_AS: dict[str, dict[str, Any]] = {
    "sharegpt": {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system"},
    },
    "alpaca": {
        "formatting": "alpaca",
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
            "history": "history",
        },
    },
    "llamafactory-preference": {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "conversations", "system": "system", "chosen": "chosen", "rejected": "rejected"},
    },
}
REGISTERED = frozenset(_READ_AS)


def entry(shape: str, output: Path) -> dict[str, Any]:
    """How LLaMA-Factory is to read a file."""
    return {"file_name": output.name, **_READ_AS[shape]}


def register(shape: str, output: Path) -> str:
    """Add or replace the entry of a file in the registry beside it; other entries stay. Returns the entry's name.

    That is `cmtmedqa_` and the file's name without its ending, or with it where another file has the name already:
    `--dataset` of LLaMA-Factory takes it. Raises InputError as `registry_beside` does.
    """
    registry = registry_beside(output)
    names = [f"cmtmedqa_{output.stem}", f"cmtmedqa_{output.name.replace('.', '_')}"]
    free = [name for name in names if _file_of(registry.get(name)) in {"", output.name}]
    if not free:
        raise InputError(
            f"{output.parent / FILE}: {' and '.join(names)} are entries of other files; choose another name"
        )
    io.write_json(output.parent / FILE, registry | {free[0]: entry(shape, output)})
    return free[0]


def _file_of(found: object) -> str:
    return str(found.get("file_name", "")) if isinstance(found, dict) else ""


def is_registered(shape: str, output: Path) -> bool:
    """Whether the registry beside a file has an entry by which LLaMA-Factory reads it as it was written."""
    return entry(shape, output) in registry_beside(output).values()


def registry_beside(output: Path) -> dict[str, Any]:
    """The registry in the folder of a file, {} for none. Raises InputError when it cannot be read or is the file itself."""
    path = output.parent / FILE
    if output.name == FILE:
        raise InputError(f"{output}: is the name of LLaMA-Factory's registry; choose another")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON; mend or move it") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no registry of LLaMA-Factory (a JSON object); mend or move it")
    return found
