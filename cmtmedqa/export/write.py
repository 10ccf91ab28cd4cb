"""Dialogues as a file of another program: whole or not at all, and on demand checked by that program's rules first."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.export.check import Check, check_file
from cmtmedqa.export.registry import REGISTERED, register, registry_beside
from cmtmedqa.export.rows import ROWS
from cmtmedqa.export.select import Chosen, spoken
from cmtmedqa.export.sheet import write_csv, write_xlsx

FORMATS = (*ROWS, "csv", "xlsx")
# Names under which the same shapes are known elsewhere.
ALIASES = {
    "trl": "messages",
    "trl-messages": "messages",
    "llamafactory-sharegpt": "sharegpt",
    "llamafactory-alpaca": "alpaca",
    "medicalgpt-sft": "medicalgpt",
    "swift": "ms-swift",
}
WITH_IDS = frozenset({"cmtmedqa", "csv", "xlsx"})
_WITH_HISTORY = frozenset({"cmtmedqa", "alpaca"})
_ARRAYS = frozenset({"cmtmedqa", "sharegpt", "alpaca"})
# Readers that go by the name of a file; the others take any.
_SUFFIXES = {
    "sharegpt": (".json", ".jsonl"),
    "alpaca": (".json", ".jsonl"),
    "medicalgpt": (".json", ".jsonl"),
    "ms-swift": (".json", ".jsonl"),
    "csv": (".csv",),
    "xlsx": (".xlsx",),
}


class Written(NamedTuple):
    """What a file holds, its name in LLaMA-Factory's registry ('' for none), and what the check said if asked for."""

    dialogues: int
    registered: str
    check: Check | None


class CheckFailed(Exception):
    """A file that would lose rows; it was not put in place."""

    def __init__(self, check: Check) -> None:
        super().__init__("rows would be lost")
        self.check = check


def format_named(name: str) -> str:
    """The format that a name means. Raises InputError at an unknown one."""
    shape = ALIASES.get(name.lower(), name.lower().replace("_", "-"))
    if shape not in FORMATS:
        raise InputError(f"no format '{name}'; there are: {', '.join(FORMATS)}")
    return shape


def is_array(shape: str, output: Path) -> bool:
    """Whether a file is one JSON array: as its name says, else as the format is used to."""
    suffix = output.suffix.lower()
    return suffix == ".json" if suffix in {".json", ".jsonl"} else shape in _ARRAYS


def require_output(shape: str, output: Path, sources: Iterable[Path]) -> None:
    """Raises InputError where an export may not be written: a folder, inside a dataset, over its own source, unreadable later."""
    if output.is_dir():
        raise InputError(f"{output}: is a folder; name a file in it")
    target = output.resolve()
    for source in sources:
        if target == source.resolve() or source.resolve() in target.parents:
            raise InputError(f"{output}: lies inside {source}, which is read from; choose another place")
    wanted = _SUFFIXES.get(shape, ())
    if wanted and output.suffix.lower() not in wanted:
        raise InputError(f"{output}: {shape} is read by programs that go by the name; end it in {' or '.join(wanted)}")
    if shape in REGISTERED:
        registry_beside(output)


def write_export(source: Iterable[Chosen], shape: str, output: Path, check: bool = False) -> Written:
    """Write the dialogues of a source (which can be iterated again) in one of `FORMATS`.

    Raises CheckFailed when `check` is asked for and fails, InputError as `require_output` and the writers do; then nothing
    is at the place of the output that was not there before.
    """
    require_output(shape, output, ())
    tally = _Tally()
    with io.replacing(output) as temporary:
        if shape == "csv":
            write_csv(tally.counting(source), temporary)
        elif shape == "xlsx":
            write_xlsx(tally.counting(source), temporary)
        else:
            array = is_array(shape, output)
            ordered = _history_first(source) if shape in _WITH_HISTORY and not array else source
            _write_json((ROWS[shape](item.dialogue) for item in tally.counting(ordered)), temporary, array)
        if not tally.dialogues:
            raise InputError(f"{output}: no dialogue is left to export; nothing was written")
        found = check_file(temporary, shape) if check else None
        if found is not None and found.dialogues != tally.dialogues:
            found.add("dialogues_lost", 0)
        if found is not None and found.faults:
            raise CheckFailed(found)
    name = register(shape, output) if shape in REGISTERED else ""
    return Written(tally.dialogues, name, found)


class _Tally:
    """Counts what passes."""

    def __init__(self) -> None:
        self.dialogues = 0

    def counting(self, source: Iterable[Chosen]) -> Iterator[Chosen]:
        for item in source:
            self.dialogues += 1
            yield item


def _history_first(source: Iterable[Chosen]) -> Iterator[Chosen]:
    """The same dialogues with the first one that has a history in front.

    Readers infer the type of `history` from the first rows of JSON Lines; where all of them are [] that is "list of null",
    and the first history breaks the load (`datasets` 5.2: "Couldn't cast array of type list<item: string> to null").
    """
    lead = next((place for place, item in enumerate(source) if len(spoken(item.dialogue)) > 2), 0)
    if lead:
        yield next(item for place, item in enumerate(source) if place == lead)
    yield from (item for place, item in enumerate(source) if not lead or place != lead)


def _write_json(rows: Iterator[dict[str, object]], path: Path, array: bool) -> None:
    with path.open("wb") as stream:
        first, between, last = (b"[\n", b",\n", b"\n]\n") if array else (b"", b"\n", b"\n")
        count = 0
        for count, row in enumerate(rows, 1):
            stream.write(first if count == 1 else between)
            stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8"))
        stream.write(last if count else b"[]\n" if array else b"")
