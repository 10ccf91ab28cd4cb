"""Units of work, and the records of a unit: what every input is reduced to, whatever its container."""

import hashlib
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import orjson

from cmtmedqa.sources import hub
from cmtmedqa.sources.blocks import BLOCK, Blocks
from cmtmedqa.sources.detect import Shape, detect
from cmtmedqa.sources.encodings import Line, decode_line, decode_lines
from cmtmedqa.sources.files import SourceFile
from cmtmedqa.sources.json_stream import Broken, elements
from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.route import adapt, adapt_text
from cmtmedqa.sources.tables import BadRow, Row, delimited, parquet, spreadsheet


class Unit(NamedTuple):
    """A piece of work: the bytes [start, end) of a JSON Lines file, cut at line ends, or a whole file."""

    file: SourceFile
    shape: Shape
    start: int
    end: int
    first_index: int


class Plan(NamedTuple):
    """The SHA-256 and size of a file, and its units in order."""

    sha256: str
    size: int
    units: tuple[Unit, ...]


def plan(file: SourceFile, unit_bytes: int) -> Plan:
    """Examine a file in one pass: its shape, its digest, and where its units begin. Raises InputError if unreadable."""
    shape = detect(file)
    if shape.container == "hub":
        digest, size = hub.fingerprint(file)
        return Plan(digest, size, (Unit(file, shape, 0, size, 0),))
    splits = shape.container == "jsonl" and not shape.compression and shape.encoding != "utf-16" and not file.member
    digest_of = hashlib.sha256()
    at = lines = start = first = 0
    units = []
    for block in Blocks(file, ""):
        digest_of.update(block)
        if splits and at + len(block) - start >= unit_bytes and (cut := block.rfind(b"\n") + 1):
            lines_here = lines + block.count(b"\n", 0, cut)
            units.append(Unit(file, shape, start, at + cut, first))
            start, first = at + cut, lines_here
        lines += block.count(b"\n") if splits else 0
        at += len(block)
    if start < at or not units:
        units.append(Unit(file, shape, start, at, first))
    return Plan(digest_of.hexdigest(), at, tuple(units))


def read(unit: Unit) -> Iterator[Mapped | Unreadable]:
    """The records of a unit, as mapped by the adapter of each, in order; `index` counts from 0 in the whole file."""
    container = unit.shape.container
    if container == "empty":
        yield Unreadable("empty_file", "the file holds nothing", index=0)
    elif container == "unknown":
        yield Unreadable("unknown_file", "neither JSON, delimited text, a known text shape, xlsx nor Parquet", index=0)
    elif container == "hub":
        for index, record in enumerate(hub.records(unit.file)):
            yield from adapt(record, index)
    elif container in {"parquet", "xlsx"}:
        rows = parquet(unit.file) if container == "parquet" else spreadsheet(unit.file)
        yield from _table(rows)
    else:
        yield from _text(unit)


def _text(unit: Unit) -> Iterator[Mapped | Unreadable]:
    """Everything that is read from bytes; damage of the stream is reported behind what could be read."""
    end = unit.end if unit.shape.container == "jsonl" and not unit.shape.compression else -1
    blocks = Blocks(unit.file, unit.shape.compression, unit.start, end)
    index = -1
    for record in _records(unit, blocks):
        index = record.index
        yield record
    if blocks.damage:
        yield Unreadable(
            blocks.damage, f"behind record {index}" if index >= 0 else "before the first record", index=index + 1
        )


def _records(unit: Unit, blocks: Blocks) -> Iterator[Mapped | Unreadable]:
    shape = unit.shape
    if shape.container == "jsonl" and shape.encoding != "utf-16":
        return _json_lines(blocks, shape.encoding, unit.first_index)
    lines = decode_lines(blocks, shape.encoding)
    if shape.container == "jsonl":
        return _decoded_json_lines(lines)
    if shape.container == "csv":
        return _table(delimited(lines, shape.delimiter))
    if shape.container == "text":
        replaced = _Replaced()
        return _with_count(adapt_text(shape.adapter, replaced.texts(lines), _companion(unit)), replaced)
    return _json(lines)


def _json_lines(blocks: Blocks, base: str, first_index: int) -> Iterator[Mapped | Unreadable]:
    index = first_index
    for line in _byte_lines(blocks):
        line = line.removeprefix(b"\xef\xbb\xbf") if index == 0 else line
        if line and not line.isspace():
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                yield from _lenient(decode_line(line, base), index)
            else:
                yield from adapt(record, index)
        index += 1


def _byte_lines(blocks: Blocks) -> Iterator[bytes]:
    """Lines end at LF alone: other line ends may stand inside a JSON string."""
    rest: list[bytes] = []
    for block in blocks:
        first, *others = block.split(b"\n")
        rest.append(first)
        for line in others:
            yield b"".join(rest)
            rest = [line]
    last = b"".join(rest)
    if last:
        yield last


def _decoded_json_lines(lines: Iterator[Line]) -> Iterator[Mapped | Unreadable]:
    for index, line in enumerate(lines):
        if line.text.strip():
            yield from _lenient(line, index)


def _lenient(line: Line, index: int) -> Iterator[Mapped | Unreadable]:
    """A JSON line that strict parsing refuses: other encodings, NaN, half surrogates and raw control characters are mended."""
    try:
        record = json.loads(line.text.strip().lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError) as error:
        message = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        yield Unreadable("bad_json", f"line {index + 1}: {message}", line.text, index=index)
        return
    yield from _mended(adapt(record, index), line.replaced)


def _mended(records: Iterator[Mapped | Unreadable], replaced: int) -> Iterator[Mapped | Unreadable]:
    for record in records:
        if isinstance(record, Mapped):
            repairs = list(record.repairs)
            if replaced:
                repairs.append(f"replaced_characters:{replaced}")
            if any(_has_half_surrogate(text) for _, text in record.turns):
                repairs.append("lone_surrogate")
                record = record._replace(turns=[(role, _whole(text)) for role, text in record.turns])
            record = record._replace(repairs=repairs)
        yield record


def _has_half_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _json(lines: Iterator[Line]) -> Iterator[Mapped | Unreadable]:
    replaced = _Replaced()
    chunks = (text + "\n" for text in replaced.texts(lines))
    for index, item in enumerate(elements(_joined(chunks))):
        if isinstance(item, Broken):
            yield Unreadable(item.reason, item.detail, item.raw, index=index)
        else:
            yield from _mended(adapt(item.value, index, item.key), replaced.take())


def _joined(texts: Iterator[str]) -> Iterator[str]:
    """The same text in chunks of about a block."""
    parts: list[str] = []
    size = 0
    for text in texts:
        parts.append(text)
        size += len(text)
        if size >= BLOCK:
            yield "".join(parts)
            parts, size = [], 0
    yield "".join(parts)


def _table(rows: Iterator[Row | BadRow]) -> Iterator[Mapped | Unreadable]:
    for index, row in enumerate(rows):
        if isinstance(row, BadRow):
            yield Unreadable(row.reason, row.detail, row.raw, index=index)
        else:
            yield from _mended(adapt(row.values, index), row.replaced)


class _Replaced:
    """Counts replacement characters on the way from lines to texts; each record takes what was counted before it."""

    def __init__(self) -> None:
        self._count = 0

    def texts(self, lines: Iterator[Line]) -> Iterator[str]:
        for line in lines:
            self._count += line.replaced
            yield line.text

    def take(self) -> int:
        count, self._count = self._count, 0
        return count


def _with_count(records: Iterator[Mapped | Unreadable], replaced: _Replaced) -> Iterator[Mapped | Unreadable]:
    return chain.from_iterable(_mended(iter([record]), replaced.take()) for record in records)


def _companion(unit: Unit) -> dict[str, object] | None:
    """For imcs-tsv: the JSON file beside it that says where dialogues end, if there is one whose counts add up."""
    if unit.shape.adapter != "imcs-tsv" or unit.file.member:
        return None
    total = sum(
        1 for line in decode_lines(Blocks(unit.file, unit.shape.compression), unit.shape.encoding) if line.text.strip()
    )
    for path in sorted(Path(unit.file.path).parent.glob("*.json")):
        try:
            value = orjson.loads(path.read_bytes())
        except (orjson.JSONDecodeError, OSError):
            continue
        counts = [len(item) for item in value.values() if isinstance(item, dict)] if isinstance(value, dict) else []
        if counts and len(counts) == len(value) and sum(counts) == total:
            return dict(value)
    return None
