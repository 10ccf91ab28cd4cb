"""Units of work, and the records of a unit: what every input is reduced to, whatever its container."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from cmtmedqa.errors import InputError
from cmtmedqa.sources import hub
from cmtmedqa.sources.blocks import Blocks
from cmtmedqa.sources.detect import Shape, detect
from cmtmedqa.sources.encodings import MARK, MAX_RECORD, TOO_LONG, decode_line, decode_lines, decode_pieces, is_wide
from cmtmedqa.sources.files import SourceFile
from cmtmedqa.sources.json_stream import Broken, elements
from cmtmedqa.sources.json_window import NO_STRAY, STRAY, decoded
from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.mend import ESCAPED_SURROGATE, Faults, mend, mend_record
from cmtmedqa.sources.route import adapt, adapt_text
from cmtmedqa.sources.short_lines import ShortLines
from cmtmedqa.sources.tables import BadRow, Row, delimited, spreadsheet

_BOM = b"\xef\xbb\xbf"
_HALVES = frozenset({"bad_json", "truncated_json", "bad_row", "unterminated_quote"})
_UNKNOWN = "neither JSON, delimited text, a known text shape, xlsx, Parquet nor Arrow"
_COMPANION_RATIO = 16  # a companion spells out a label for every character of its file


class Unit(NamedTuple):
    """A piece of work: the bytes [start, end) of a JSON Lines file, cut at line ends, or a whole file."""

    file: SourceFile
    shape: Shape
    start: int
    end: int
    first_index: int
    stamp: tuple[int, int] | None = None  # of the file when it was examined


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
    stamp = file.stamp()
    splits = shape.container == "jsonl" and not shape.compression and not is_wide(shape.encoding) and not file.member
    digest_of = hashlib.sha256()
    at = lines = start = first = 0
    units = []
    for block in Blocks(file, ""):
        digest_of.update(block)
        counted = 0
        while splits and (cut := block.find(b"\n", max(start + unit_bytes - at - 1, counted)) + 1):
            lines += block.count(b"\n", counted, cut)
            units.append(Unit(file, shape, start, at + cut, first, stamp))
            start, first, counted = at + cut, lines, cut
        lines += block.count(b"\n", counted) if splits else 0
        at += len(block)
    if start < at or not units:
        units.append(Unit(file, shape, start, at, first, stamp))
    return Plan(digest_of.hexdigest(), at, tuple(units))


def read(unit: Unit) -> Iterator[Mapped | Unreadable]:
    """The records of a unit, as mapped by the adapter of each, in order; `index` counts from 0 in the whole file.

    Raises InputError when the file cannot be read, or is another one than that which was examined.
    """
    yield from _read(unit)
    if unit.stamp and unit.file.stamp() != unit.stamp:
        raise InputError(f"{unit.file.name}: was changed while it was read; run the same command again")


def _read(unit: Unit) -> Iterator[Mapped | Unreadable]:
    container = unit.shape.container
    if container == "unknown":
        what = f"{unit.shape.adapter}: unpack it first" if unit.shape.adapter else _UNKNOWN
        yield Unreadable("unknown_file", what, index=0)
        return
    index = -1
    if container == "hub":
        records = _values(hub.records(unit.file))
    elif container in {"parquet", "arrow"}:
        records = _table(_columnar(unit))
    elif container == "xlsx":
        records = _table(spreadsheet(unit.file))
    else:
        records = _text(unit)
    for record in records:
        index = record.index
        yield record
    if index < 0 and container != "jsonl":
        yield Unreadable("empty_file", "the file holds no record", index=0)


def _columnar(unit: Unit) -> Iterator[Row | BadRow]:
    from cmtmedqa.sources.arrow import arrow  # loads Arrow
    from cmtmedqa.sources.parquet import parquet

    return parquet(unit.file) if unit.shape.container == "parquet" else arrow(unit.file)


def _text(unit: Unit) -> Iterator[Mapped | Unreadable]:
    """Everything that is read from bytes; damage of the stream is reported behind what could be read."""
    end = unit.end if unit.shape.container == "jsonl" and not unit.shape.compression else -1
    blocks = Blocks(unit.file, unit.shape.compression, unit.start, end)
    records = _records(unit, blocks)
    return _until_damage(records, blocks) if unit.shape.compression or unit.file.member else records


def _until_damage(records: Iterable[Mapped | Unreadable], blocks: Blocks) -> Iterator[Mapped | Unreadable]:
    """The records of a stream that may end early; half a record at its end is part of that fault."""
    last: Mapped | Unreadable | None = None
    for record in records:
        if last:
            yield last
        last = record
    half = isinstance(last, Unreadable) and last.reason in _HALVES and blocks.damage
    if last and not half:
        yield last
    if blocks.damage:
        index = 0 if last is None else last.index + (not half)
        raw = last.raw if isinstance(last, Unreadable) and half else ""
        yield Unreadable(blocks.damage, f"at record {index}", raw, index=index)


def _records(unit: Unit, blocks: Blocks) -> Iterator[Mapped | Unreadable]:
    shape = unit.shape
    if shape.container == "jsonl" and not is_wide(shape.encoding):
        return _json_lines(blocks, shape.encoding, unit.first_index)
    if shape.container == "json":
        return _json(decode_pieces(blocks, shape.encoding))
    lines = decode_lines(blocks, shape.encoding)
    if shape.container in {"csv", "text"}:
        short = ShortLines(lines)
        table = shape.container == "csv"
        return short.beside(_table(delimited(short, shape.delimiter)) if table else _plain_text(unit, iter(short)))
    return (record for index, line in enumerate(lines) if line.strip() for record in _json_line(line, index))


def _json_lines(blocks: Blocks, base: str, first_index: int) -> Iterator[Mapped | Unreadable]:
    """JSON Lines as bytes: what strict parsing refuses, and what may be GB18030, is decoded first."""
    for index, line in enumerate(_byte_lines(blocks), first_index):
        if line is None:
            yield Unreadable("record_too_large", f"line {index + 1}: longer than any record", index=index)
            continue
        line = line.removeprefix(_BOM) if index == 0 else line
        if not line or line.isspace():
            continue
        try:
            value = orjson.loads(line) if base != "gb18030" else None
        except orjson.JSONDecodeError:
            value = None
        if value is None:
            yield from _json_line(decode_line(line, base), index)
        else:
            yield from _adapted(value, index)


def _byte_lines(blocks: Blocks) -> Iterator[bytes | None]:
    """Lines end at LF alone: other line ends may stand inside a JSON string. None is a line that no memory should hold."""
    rest: list[bytes] = []
    size = 0
    for block in blocks:
        first, *others = block.split(b"\n")
        for line in others:
            yield b"".join([*rest, first]) if size + len(first) <= MAX_RECORD else None
            rest, size, first = [], 0, line
        size += len(first)
        rest = [*rest, first] if size <= MAX_RECORD else []
    if size:
        yield b"".join(rest) if size <= MAX_RECORD else None


def _json_line(line: str, index: int) -> Iterator[Mapped | Unreadable]:
    """A line that strict parsing may refuse: other encodings, NaN, half surrogates, raw control characters are mended."""
    if line is TOO_LONG:
        yield Unreadable("record_too_large", f"line {index + 1}: longer than any record", index=index)
        return
    text = line.strip().strip("\ufeff")
    if any(mark in line for mark in STRAY) and not (text := line.translate(NO_STRAY).strip()):
        return
    try:
        value = _lenient(text)
    except ValueError as error:
        if "\r" in text:  # no JSON string holds one: it ends a line here
            for part in text.split("\r"):
                if part.strip():
                    yield from _json_line(part, index)
            return
        message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:80]
        yield Unreadable("bad_json", f"line {index + 1}: {message}", line.replace(MARK, "\ufffd"), index=index)
        return
    if MARK in text or ESCAPED_SURROGATE.search(text):
        faults = Faults()
        value = mend(value, faults)
        yield from _adapted(value, index, repairs=faults.repairs())
    else:
        yield from _adapted(value, index)


def _lenient(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        value, end = decoded(text, 0)
        if end < len(text):
            raise json.JSONDecodeError("Extra data", text, end) from None
        return value


def _adapted(value: object, index: int, key: str = "", repairs: tuple[str, ...] = ()) -> Iterator[Mapped | Unreadable]:
    try:
        for record in adapt(value, index, key):
            if repairs and isinstance(record, Mapped):
                record = record._replace(repairs=[*record.repairs, *repairs])
            yield record
    except RecursionError:
        yield Unreadable("bad_json", "nested too deeply", index=index)


def _json(pieces: Iterator[str]) -> Iterator[Mapped | Unreadable]:
    for index, item in enumerate(elements(pieces)):
        if isinstance(item, Broken):
            yield Unreadable(item.reason, item.detail, item.raw, index=index)
        else:
            yield from _adapted(item.value, index, item.key, item.repairs)


def _values(values: Iterable[object]) -> Iterator[Mapped | Unreadable]:
    for index, value in enumerate(values):
        yield from _adapted(value, index)


def _table(rows: Iterable[Row | BadRow]) -> Iterator[Mapped | Unreadable]:
    for index, row in enumerate(rows):
        if isinstance(row, BadRow):
            yield Unreadable(row.reason, row.detail, row.raw, index=index)
        else:
            yield from _adapted(row.values, index, repairs=row.repairs)


def _plain_text(unit: Unit, lines: Iterator[str]) -> Iterator[Mapped | Unreadable]:
    """The dialogues of a text file; from the first undecodable byte on, every record is looked at for more."""
    marked = False

    def watched() -> Iterator[str]:
        nonlocal marked
        for line in lines:
            marked = marked or MARK in line
            yield line.replace("\0", "")

    for record in adapt_text(unit.shape.adapter, watched(), _companion(unit)):
        yield mend_record(record) if marked else record


def _companion(unit: Unit) -> dict[str, object] | None:
    """For imcs-tsv: the JSON file beside it that says where dialogues end, if there is one whose counts add up."""
    if unit.shape.adapter != "imcs-tsv" or unit.file.member:
        return None
    lines = decode_lines(Blocks(unit.file, unit.shape.compression), unit.shape.encoding)
    total = sum(1 for line in lines if line.strip())
    path = Path(unit.file.path)
    beside = sorted(path.parent.glob("*.json"), key=lambda other: (other.stem != path.stem, other.name))
    for other in beside:
        try:
            if other.stat().st_size > _COMPANION_RATIO * unit.file.stored_size() + 1024:
                continue
            value = orjson.loads(other.read_bytes())
        except (orjson.JSONDecodeError, OSError):
            continue
        counts = [len(item) for item in value.values() if isinstance(item, dict)] if isinstance(value, dict) else []
        if counts and len(counts) == len(value) and sum(counts) == total:
            return dict(value)
    return None
