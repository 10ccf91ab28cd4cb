"""Merged rankings and pairs as files: all of them or none, on demand checked by the rules of who reads them first.

Below the output folder: `rankings.jsonl`, `FORMAT/SPLIT.*` for pairs, `dropped.jsonl` and `summary.json`. A second export into the
folder replaces what it writes and removes the files of splits that are empty now; other formats stay.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io, split
from cmtmedqa.annotate.preferences import Dropped, Merged
from cmtmedqa.config import Splits
from cmtmedqa.errors import InputError
from cmtmedqa.export.check import Check, check_file
from cmtmedqa.export.dataset import splits_by_id
from cmtmedqa.export.pairs import PAIR_ROWS
from cmtmedqa.export.registry import register, registry_beside
from cmtmedqa.judgements import CandidateSet, Preference
from cmtmedqa.records import SPLITS, Split

FORMATS = ("ranking", "preference", *PAIR_ROWS)
RANKINGS, DROPPED, SUMMARY = "rankings.jsonl", "dropped.jsonl", "summary.json"
MEDICALGPT_CHARS = 2_048 + 512  # max_source_length + max_target_length, which it compares with characters


class Written(NamedTuple):
    """A file, what it holds, LLaMA-Factory's name for it ('' for none), the check if asked for, and its longest row in characters."""

    path: Path
    shape: str
    rows: int
    registered: str
    check: Check | None
    longest: int


class CheckFailed(Exception):
    """A file that would lose rows; nothing was put in place."""

    def __init__(self, path: Path, check: Check) -> None:
        super().__init__(f"{path}: rows would be lost")
        self.path, self.check = path, check


def assign_splits(
    sets: Mapping[str, CandidateSet], settings: Splits, dataset: Path | None = None
) -> tuple[dict[str, Split], int]:
    """The split of every dialogue, and how many of them the dataset knows.

    The hash of its id decides, as `build` does for a cluster; with `dataset` a dialogue published there keeps its split, so that
    nothing of a test split trains. Raises InputError for a folder that is no dataset.
    """
    dialogues = sorted({item.dialogue_id for item in sets.values()})
    published = splits_by_id(dataset) if dataset else {}
    placed: dict[str, Split] = {
        dialogue: SPLITS[number]
        for dialogue, number in zip(dialogues, split.split_of(dialogues, settings).tolist(), strict=True)
    }
    known = {dialogue: published[dialogue] for dialogue in dialogues if dialogue in published}
    return placed | known, len(known)  # type: ignore[return-value]


def write(
    merged: Merged, folder: Path, formats: Sequence[str], settings: Mapping[str, object], check: bool = False
) -> list[Written]:
    """Write the formats. Raises InputError where nothing is left or a file cannot be written, CheckFailed with `check`."""
    if not merged.preferences:
        raise InputError(f"{folder}: no pair is left to export; nothing was written but {DROPPED}, which says why")
    files = [place for shape in formats for place in _files(merged, folder, shape)]
    for path, shape, _ in files:
        if shape == "llamafactory":
            registry_beside(path)
    written = []
    with ExitStack() as stack:
        for path, shape, rows in files:
            temporary = stack.enter_context(io.replacing(path))
            longest = _write_rows(temporary, shape, rows)
            found = check_file(temporary, _checked_as(shape)) if check else None
            if found is not None and found.rows != len(rows):
                found.add("rows_lost", 0)
            if found is not None and found.faults:
                raise CheckFailed(path, found)
            written.append(Written(path, shape, len(rows), "", found, longest))
    _remove_stale(folder, formats, {path for path, _, _ in files})
    write_dropped(folder, merged.dropped)
    io.write_json(folder / SUMMARY, _summary(merged, settings))
    return [
        one._replace(registered=register(_checked_as(one.shape), one.path)) if one.shape == "llamafactory" else one
        for one in written
    ]


def write_dropped(folder: Path, dropped: Iterable[Dropped]) -> None:
    """One JSON object a line for every annotation, set and pair that is not among the preferences."""
    lines = (json.dumps(item._asdict(), ensure_ascii=False) + "\n" for item in dropped)
    io.write_text(folder / DROPPED, "".join(lines))


def file_of(folder: Path, shape: str, name: str) -> Path:
    """Where the rows of a format and split stand. MedicalGPT reads all files of a folder, so each split has one there."""
    if shape == "ranking":
        return folder / RANKINGS
    if shape == "medicalgpt":
        return folder / shape / name / "pairs.jsonl"
    ending = {"preference": "parquet", "llamafactory": "json"}.get(shape, "jsonl")
    return folder / shape / f"{name}.{ending}"


def _files(merged: Merged, folder: Path, shape: str) -> list[tuple[Path, str, Sequence[Any]]]:
    if shape == "ranking":
        return [(file_of(folder, shape, ""), shape, merged.rankings)]
    by_split: dict[str, list[Preference]] = {name: [] for name in SPLITS}
    for pair in merged.preferences:
        by_split[pair.split].append(pair)
    if shape == "medicalgpt":
        by_split = {name: _history_first(pairs) for name, pairs in by_split.items()}
    return [(file_of(folder, shape, name), shape, pairs) for name, pairs in by_split.items() if pairs]


def _history_first(pairs: list[Preference]) -> list[Preference]:
    """The same pairs with those of the first ranking that has a history in front: readers infer its type from the first rows."""
    lead = next((pair.ranking_id for pair in pairs if sum(one.role == "user" for one in pair.prompt) > 1), None)
    return sorted(pairs, key=lambda pair: pair.ranking_id != lead)


def _write_rows(path: Path, shape: str, rows: Sequence[Any]) -> int:
    """Write one file and give the characters of its longest row, prompt and longer reply."""
    if shape == "preference":
        table = pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], io.arrow_schema(Preference))
        pq.write_table(
            table,
            path,
            compression=io.COMPRESSION,
            compression_level=io.COMPRESSION_LEVEL,
            row_group_size=io.ROWS_PER_GROUP,
        )
    else:
        lines = (
            [row.model_dump(mode="json") for row in rows]
            if shape == "ranking"
            else [PAIR_ROWS[shape](row) for row in rows]
        )
        texts = [json.dumps(line, ensure_ascii=False, allow_nan=False) for line in lines]
        body = "[\n" + ",\n".join(texts) + "\n]\n" if shape == "llamafactory" else "\n".join(texts) + "\n"
        path.write_text(body, encoding="utf-8", newline="\n")
    return 0 if shape == "ranking" else max(_chars(row) for row in rows)


def _chars(pair: Preference) -> int:
    return sum(len(one.content) for one in pair.prompt) + max(len(pair.chosen), len(pair.rejected))


def _checked_as(shape: str) -> str:
    return shape if shape in {"ranking", "preference"} else f"{shape}-preference"


def _remove_stale(folder: Path, formats: Sequence[str], written: set[Path]) -> None:
    for shape in formats:
        for name in SPLITS:
            path = file_of(folder, shape, name)
            if path not in written:
                path.unlink(missing_ok=True)


def _summary(merged: Merged, settings: Mapping[str, object]) -> dict[str, object]:
    by_split = {
        name: {
            "rankings": sum(item.split == name for item in merged.rankings),
            "preferences": sum(item.split == name for item in merged.preferences),
        }
        for name in SPLITS
    }
    for what, kept in (("rankings", merged.rankings), ("preferences", merged.preferences)):
        assert sum(part[what] for part in by_split.values()) == len(kept), f"the splits do not sum to all {what}"
    counts = merged.counts()
    return {"settings": dict(settings), "kept": counts.pop("kept"), "splits": by_split, "dropped": counts}
