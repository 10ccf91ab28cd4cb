"""A built dataset as rows of another shape, streamed: one pure function a format, from dialogue to row."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.records import SPLITS, Dialogue

Row = dict[str, Any]

_ROLE = {"patient": "user", "doctor": "assistant", "system": "system"}
_OTHER = "其他"


def to_cmtmedqa(dialogue: Dialogue) -> Row:
    """The shape of CMtMedQA: the last exchange as instruction and output, the earlier ones as history.

    `cate1` is the department (其他 where none is known), `cate2` the finest name the source gave. System turns have no place.
    """
    spoken = [turn.text for turn in dialogue.turns if turn.role != "system"]
    pairs = list(zip(spoken[::2], spoken[1::2], strict=True))
    cate1 = dialogue.department or _OTHER
    return {
        "id": dialogue.id,
        "cate1": cate1,
        "cate2": dialogue.department_raw[-1] if dialogue.department_raw else cate1,
        "instruction": pairs[-1][0],
        "input": "",
        "output": pairs[-1][1],
        "history": [list(pair) for pair in pairs[:-1]],
    }


def to_messages(dialogue: Dialogue) -> Row:
    """The conversational shape that trl reads: `messages` of user and assistant."""
    return {"messages": [{"role": _ROLE[turn.role], "content": turn.text} for turn in dialogue.turns]}


FORMATS: dict[str, Callable[[Dialogue], Row]] = {"cmtmedqa": to_cmtmedqa, "messages": to_messages}
_ARRAYS = frozenset({"cmtmedqa"})


def read_dataset(folder: Path, split: str = "all") -> Iterator[Dialogue]:
    """The dialogues of a built dataset, split by split in file order. Raises InputError when there are none."""
    if split not in (*SPLITS, "all"):
        raise InputError(f"no split '{split}'; there are: {', '.join(SPLITS)}, all")
    if not (folder / "manifest.json").is_file():
        raise InputError(f"{folder}: holds no manifest.json, so it is no finished dataset; build it first")
    names = SPLITS if split == "all" else (split,)
    for name in names:
        for shard in sorted((folder / "data").glob(f"{name}-*.parquet")):
            yield from _read_shard(shard)


def _read_shard(shard: Path) -> Iterator[Dialogue]:
    try:
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches(batch_size=1_024):
                yield from (Dialogue.model_validate(row) for row in batch.to_pylist())
    except (pa.ArrowException, OSError, ValueError) as error:  # pydantic's error is a ValueError
        raise InputError(f"{shard}: cannot be read ({type(error).__name__}); see cmtmedqa validate") from error


def export_dataset(folder: Path, shape: str, split: str, output: Path) -> int:
    """Write a split (or all) in one of `FORMATS`; returns the number of rows. The file appears only when it is whole."""
    convert = FORMATS[shape]
    with io.replacing(output) as temporary, temporary.open("wb") as stream:
        rows = (convert(dialogue) for dialogue in read_dataset(folder, split))
        return _write_array(rows, stream) if shape in _ARRAYS else _write_lines(rows, stream)


def _write_lines(rows: Iterator[Row], stream: BinaryIO) -> int:
    count = 0
    for row in rows:
        stream.write(_json(row) + b"\n")
        count += 1
    return count


def _write_array(rows: Iterator[Row], stream: BinaryIO) -> int:
    count = 0
    stream.write(b"[")
    for row in rows:
        stream.write((b",\n" if count else b"\n") + _json(row))
        count += 1
    stream.write(b"\n]\n")
    return count


def _json(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8")
