"""What a file is, by looking at it: bytes, then encoding, then container, then the keys of its records. Never its name."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from cmtmedqa.sources.blocks import GZIP_MAGIC, ZSTD_MAGIC, head
from cmtmedqa.sources.encodings import Line, decode_lines, probe
from cmtmedqa.sources.files import HUB, SourceFile
from cmtmedqa.sources.json_stream import Broken, Element, elements
from cmtmedqa.sources.route import route, text_shape
from cmtmedqa.sources.tables import Row, delimited

_PROBE_BYTES = 1 << 20
_PROBE_RECORDS = 50
_TEXT_CHARS = 1 << 16
_DELIMITERS = ",\t;|"
_XLSX_MARK = b"xl/"

_T = TypeVar("_T")


class Shape(NamedTuple):
    """What a file is.

    container: jsonl, json, csv, text, parquet, xlsx, hub, empty or unknown; adapter: the most frequent among the first
    records, or the shape of a text; delimiter: of csv.
    """

    container: str
    encoding: str = ""
    adapter: str = ""
    compression: str = ""
    delimiter: str = ""


def detect(file: SourceFile) -> Shape:
    """The shape of a file. Raises InputError when it cannot be read."""
    if file.path.startswith(HUB):
        return Shape("hub")
    start = head(file, "", 1 << 16)
    if not start:
        return Shape("empty")
    if start.startswith(b"PAR1"):
        return Shape("parquet", adapter=_table_adapter(file, "parquet"))
    if start.startswith(b"PK\x03\x04") and _XLSX_MARK in start:
        return Shape("xlsx", adapter=_table_adapter(file, "xlsx"))
    compression = "gz" if start.startswith(GZIP_MAGIC) else "zst" if start.startswith(ZSTD_MAGIC) else ""
    sample = head(file, compression, _PROBE_BYTES)
    if compression and sample.startswith(b"PAR1"):
        return Shape("unknown", compression=compression)
    return _text_container(sample, compression)


def _table_adapter(file: SourceFile, container: str) -> str:
    from cmtmedqa.sources.tables import parquet, spreadsheet

    rows = parquet(file) if container == "parquet" else spreadsheet(file)
    return _most_frequent(row.values for row in _first(rows) if isinstance(row, Row))


def _text_container(sample: bytes, compression: str) -> Shape:
    encoding = probe(sample)
    whole = len(sample) < _PROBE_BYTES
    lines = [line.text for line in decode_lines([sample], encoding)]
    if not whole and len(lines) > 1:
        lines = lines[:-1]
    first = next((line.strip().lstrip("\ufeff") for line in lines if line.strip()), "")
    if not first:
        return Shape("empty", encoding, "", compression)
    if first[0] in "[{":
        container = "jsonl" if _one_value_a_line(lines) else "json"
        adapter = _most_frequent(_json_values(lines, container))
        if adapter or first[0] == "{" or first[:2] in {"[{", "[[", "["}:
            return Shape(container, encoding, adapter, compression)
    delimiter, adapter = _delimited(lines)
    if adapter:
        return Shape("csv", encoding, adapter, compression, delimiter)
    shape = text_shape("\n".join(lines)[:_TEXT_CHARS])
    if shape:
        return Shape("text", encoding, shape, compression)
    if _mostly_json_lines(lines):
        return Shape("jsonl", encoding, _most_frequent(_json_values(lines, "jsonl")), compression)
    if delimiter:
        return Shape("csv", encoding, "", compression, delimiter)
    return Shape("unknown", encoding, "", compression)


def _one_value_a_line(lines: list[str]) -> bool:
    """Whether lines are JSON values of their own: by the first lines, most of which must parse as objects or arrays."""
    filled = [line for line in lines if line.strip()][:_PROBE_RECORDS]
    parsed = [value for line in filled if isinstance(value := _parsed(line), dict | list)]
    if len(filled) == 1:
        return bool(parsed) and isinstance(parsed[0], dict) and route(parsed[0]) is not None
    return len(parsed) * 2 > len(filled)


def _mostly_json_lines(lines: list[str]) -> bool:
    filled = [line for line in lines if line.strip()][:_PROBE_RECORDS]
    return sum(isinstance(_parsed(line), dict) for line in filled) * 2 > len(filled)


def _parsed(line: str) -> object:
    try:
        return json.loads(line.strip().lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError):
        return None


def _json_values(lines: list[str], container: str) -> Iterator[object]:
    if container == "jsonl":
        yield from (
            value for line in lines[: 4 * _PROBE_RECORDS] if line.strip() and (value := _parsed(line)) is not None
        )
        return
    for item in elements(iter(["\n".join(lines)])):
        if isinstance(item, Element):
            yield item.value
        elif isinstance(item, Broken) and item.reason == "truncated_json":
            return


def _delimited(lines: list[str]) -> tuple[str, str]:
    """The delimiter and adapter of delimited text; the adapter is '' where the columns are unknown, both where it is none."""
    header = next(line for line in lines if line.strip()).strip().lstrip("\ufeff")
    for delimiter in sorted(_DELIMITERS, key=lambda mark: (-header.count(mark), _DELIMITERS.index(mark))):
        if delimiter not in header:
            continue
        rows = [row for row in _first(delimited((Line(line) for line in lines), delimiter)) if isinstance(row, Row)]
        adapter = _most_frequent(row.values for row in rows)
        if adapter:
            return delimiter, adapter
        names = header.split(delimiter)
        if rows and len(names) == len(set(names)) and all(_is_column_name(name) for name in names):
            return delimiter, ""
    return "", ""


def _is_column_name(name: str) -> bool:
    return name.strip('" ').replace("_", "").replace(" ", "").isascii() and 0 < len(name.strip('" ')) <= 40


def _first(items: Iterator[_T]) -> Iterator[_T]:
    for _, item in zip(range(_PROBE_RECORDS), items, strict=False):
        yield item


def _most_frequent(values: Iterator[object]) -> str:
    found = Counter(name for value in _first(values) if (name := route(value)))
    return max(found, key=lambda name: (found[name], name)) if found else ""
