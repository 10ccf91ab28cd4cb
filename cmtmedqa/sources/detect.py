"""What a file is, by looking at it: bytes, then encoding, then container, then the keys of its records. Never its name."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from string import whitespace
from typing import NamedTuple

from cmtmedqa.sources import hub
from cmtmedqa.sources.blocks import ARROW_MAGIC, ARROW_STREAM_MAGIC, GZIP_MAGIC, ZSTD_MAGIC, ZSTD_SKIPPED, head
from cmtmedqa.sources.encodings import decode_lines, probe
from cmtmedqa.sources.exam import is_choice
from cmtmedqa.sources.files import HUB, SourceFile
from cmtmedqa.sources.json_stream import Broken, elements
from cmtmedqa.sources.json_window import NO_STRAY, STRAY
from cmtmedqa.sources.route import route, text_shape
from cmtmedqa.sources.tables import Row, delimited, spreadsheet

_ARCHIVES = (
    (GZIP_MAGIC, "a gz file"),
    (ZSTD_MAGIC, "a zst file"),
    (b"PAR1", "a Parquet file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"PK\x03\x04", "a damaged or nested zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\xfd7zXZ\x00", "an xz file"),
    *((b"BZh%d1AY&SY" % level, "a bz2 file") for level in range(1, 10)),
)
_TAR_MARK_AT = 257
_MAGIC_BYTES = 1 << 16
_PROBE_BYTES = 1 << 20
_PROBE_RECORDS = 50
_BLANK = whitespace + STRAY
_TEXT_CHARS = 1 << 16
_DELIMITERS = ",\t;|"
_XLSX_MARK = b"xl/"
_COLUMN_NAME = 20
_BLOCK_LINES = 2
_PROSE = frozenset("，。！？；：!?")


class Shape(NamedTuple):
    """What a file is.

    container: jsonl, json, csv, text, parquet, arrow, xlsx, hub, empty or unknown; compression: gz or zst; adapter: the most
    frequent among the first records, or the shape of a text, or what kind of archive an unknown file is; delimiter: of csv.
    """

    container: str
    encoding: str = ""
    adapter: str = ""
    compression: str = ""
    delimiter: str = ""


def detect(file: SourceFile) -> Shape:
    """The shape of a file. Raises InputError when it cannot be read."""
    if file.path.startswith(HUB):
        return Shape("hub", adapter=_most_frequent(hub.records(file)))
    start = head(file, "", _MAGIC_BYTES)
    if not start:
        return Shape("empty")
    if start.startswith(b"PAR1"):
        from cmtmedqa.sources.parquet import parquet  # loads Arrow

        return Shape("parquet", adapter=_most_frequent(row.values for row in parquet(file) if isinstance(row, Row)))
    if _is_arrow(start):
        from cmtmedqa.sources.arrow import arrow

        return Shape("arrow", adapter=_most_frequent(row.values for row in arrow(file) if isinstance(row, Row)))
    if start.startswith(b"PK\x03\x04") and _XLSX_MARK in start:
        return Shape("xlsx", adapter=_most_frequent(row.values for row in spreadsheet(file) if isinstance(row, Row)))
    compression = (
        "gz" if start.startswith(GZIP_MAGIC) else "zst" if start.startswith((ZSTD_MAGIC, *ZSTD_SKIPPED)) else ""
    )
    sample = head(file, compression, _PROBE_BYTES)
    if kind := _archive(sample):
        return Shape("unknown", adapter=kind, compression=compression)
    return _of_text(sample, compression)


def _is_arrow(start: bytes) -> bool:
    """Whether bytes begin an Arrow file, or a stream: its mark, then the length of a schema that they go on with."""
    if start.startswith(ARROW_MAGIC):
        return True
    length = int.from_bytes(start[4:8], "little", signed=True)
    return start.startswith(ARROW_STREAM_MAGIC) and length > 0 and len(start) > 8


def _archive(sample: bytes) -> str:
    """The kind of a packed file that is not read as it is, '' for anything else."""
    if sample[_TAR_MARK_AT:].startswith(b"ustar"):
        return "a tar archive"
    return next((name for magic, name in _ARCHIVES if sample.startswith(magic)), "")


def _of_text(sample: bytes, compression: str) -> Shape:
    """The shape of what may be text, from its first bytes."""
    encoding = probe(sample)
    lines = list(decode_lines([sample], encoding))
    if len(sample) == _PROBE_BYTES and len(lines) > 1:
        lines.pop()
    first = next((text for line in lines if (text := line.strip(_BLANK))), "")
    if not first:
        return Shape("empty", encoding, "", compression)
    if first[0] in "[{":
        container = "jsonl" if _one_value_a_line(lines) else "json"
        if adapter := _most_frequent(_json_values(lines, container)):
            return Shape(container, encoding, adapter, compression)
        if shape := text_shape("\n".join(lines)[:_TEXT_CHARS]):
            return Shape("text", encoding, shape, compression)
        if first[0] == "{" or first[1:].lstrip()[:1] in {"", "{", "[", "]"}:
            return Shape(container, encoding, "", compression)
    return _of_lines(lines, encoding, compression)


def _of_lines(lines: list[str], encoding: str, compression: str) -> Shape:
    """Delimited text with known columns, a known text, JSON lines behind a bad first one, delimited text, or unknown."""
    delimiter, adapter = _delimited(lines)
    if adapter:
        return Shape("csv", encoding, adapter, compression, delimiter)
    is_table = delimiter and len(lines) > _BLOCK_LINES and all(lines)  # a short one could pass for blocks of lines
    if not is_table and not _is_exam(lines, delimiter) and (shape := text_shape("\n".join(lines)[:_TEXT_CHARS])):
        return Shape("text", encoding, shape, compression)
    if _mostly_objects(lines):
        return Shape("jsonl", encoding, _most_frequent(_json_values(lines, "jsonl")), compression)
    if delimiter:
        return Shape("csv", encoding, "", compression, delimiter)
    return Shape("unknown", encoding, "", compression)


def _filled(lines: list[str]) -> Iterator[str]:
    return islice((line for line in lines if line.strip()), _PROBE_RECORDS)


def _one_value_a_line(lines: list[str]) -> bool:
    """Whether lines are JSON values of their own: by the first lines, most of which must parse as objects or arrays."""
    values = [_parsed(line) for line in _filled(lines)]
    if len(values) == 1:
        return isinstance(values[0], dict) and route(values[0]) is not None
    return sum(isinstance(value, dict | list) for value in values) * 2 > len(values)


def _mostly_objects(lines: list[str]) -> bool:
    values = [_parsed(line) for line in _filled(lines)]
    return sum(isinstance(value, dict) for value in values) * 2 > len(values)


def _parsed(line: str) -> object:
    try:
        return json.loads(line.translate(NO_STRAY).strip(), strict=False)
    except (ValueError, RecursionError):
        return None


def _json_values(lines: list[str], container: str) -> Iterator[object]:
    if container == "jsonl":
        yield from (value for line in lines[: 4 * _PROBE_RECORDS] if (value := _parsed(line)) is not None)
        return
    for item in elements(iter(["\n".join(lines)])):
        if not isinstance(item, Broken):
            yield item.value
        elif item.reason == "truncated_json":
            return


def _delimited(lines: list[str]) -> tuple[str, str]:
    """The delimiter and adapter of delimited text; the adapter is '' where the columns are unknown, both where it is none."""
    header = next(line for line in lines if line.strip()).strip().lstrip("\ufeff")
    for delimiter in sorted(_DELIMITERS, key=lambda mark: (-header.count(mark), _DELIMITERS.index(mark))):
        if delimiter not in header:
            continue
        names = [name.strip('" ') for name in header.split(delimiter)]
        rows = list(islice(delimited(lines, delimiter), _PROBE_RECORDS))
        sound = [row.values for row in rows if isinstance(row, Row)]
        if adapter := _most_frequent(sound or [dict.fromkeys(names, "")]):
            return delimiter, adapter
        if sound and len(sound) * 10 >= len(rows) * 9 and (_is_header(names) or is_choice(sound[0])):
            return delimiter, ""
    return "", ""


def _is_exam(lines: list[str], delimiter: str) -> bool:
    """Whether the first row of delimited text is a multiple-choice item, the first column of which may have no name."""
    first = next((row for row in delimited(lines, delimiter) if isinstance(row, Row)), None) if delimiter else None
    return first is not None and is_choice(first.values)


def _is_header(names: list[str]) -> bool:
    """Whether these may be names of columns: short, each once, no sentence and no number."""
    return len(set(names)) == len(names) and all(
        0 < len(name) <= (2 if name.isascii() else 1) * _COLUMN_NAME
        and not _PROSE.intersection(name)
        and not name.replace(".", "").isdigit()
        for name in names
    )


def _most_frequent(values: Iterable[object]) -> str:
    found = Counter(name for value in islice(values, _PROBE_RECORDS) if (name := route(value)))
    return max(found, key=lambda name: (found[name], name)) if found else ""
