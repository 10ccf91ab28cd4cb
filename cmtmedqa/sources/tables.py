"""Rows of delimited text, spreadsheets and Parquet as dicts, one at a time."""

import csv
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa.errors import InputError
from cmtmedqa.sources.encodings import Line
from cmtmedqa.sources.files import SourceFile

_MAX_QUOTED = 1 << 20


class BadRow(NamedTuple):
    """A row that cannot be used: why, and what it was."""

    reason: str
    detail: str
    raw: str


class Row(NamedTuple):
    """A row as a dict, and the characters in it that no encoding could give."""

    values: dict[str, object]
    replaced: int = 0


class _Rewind:
    """Lines that can be given back: a quote that never closes must not swallow the rest of the file."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._back: deque[Line] = deque()

    def next(self) -> Line | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, lines: Sequence[Line]) -> None:
        self._back.extendleft(reversed(lines))


def delimited(lines: Iterable[Line], delimiter: str) -> Iterator[Row | BadRow]:
    """The rows of delimited text under the names of its first line."""
    csv.field_size_limit(sys.maxsize)
    source = _Rewind(lines)
    header: list[str] = []
    while (fields := _fields(source, delimiter)) is not None:
        if isinstance(fields, BadRow):
            yield fields
            continue
        values, replaced = fields
        if not any(values):
            continue
        if not header:
            header = [name.strip().lstrip("\ufeff") for name in values]
        elif len(values) != len(header):
            raw = delimiter.join(values)
            yield BadRow("bad_row", f"{len(values)} fields, the header has {len(header)}", raw)
        else:
            yield Row(dict(zip(header, values, strict=True)), replaced)


def _fields(source: _Rewind, delimiter: str) -> tuple[list[str], int] | BadRow | None:
    """The fields of the next row; a quoted field may hold line ends."""
    first = source.next()
    if first is None:
        return None
    text = first.text.replace("\0", "")
    if '"' not in text:
        return text.split(delimiter), first.replaced
    taken = [first]
    while not _closed(text, delimiter):
        line = source.next()
        if line is None or len(text) > _MAX_QUOTED:
            source.give_back(taken[1:] + ([line] if line else []))
            return BadRow("unterminated_quote", "a quoted field is not closed", first.text)
        taken.append(line)
        text += "\n" + line.text.replace("\0", "")
    row = next(csv.reader(StringIO(text, newline=""), delimiter=delimiter), [])
    return row, sum(line.replaced for line in taken)


def _closed(text: str, delimiter: str) -> bool:
    """Whether every quoted field of a row ends: quotes open only at the start of a field."""
    at, size = 0, len(text)
    while at <= size:
        if text[at : at + 1] == '"':
            at += 1
            while True:
                end = text.find('"', at)
                if end < 0:
                    return False
                if text[end + 1 : end + 2] != '"':
                    at = end + 1
                    break
                at = end + 2
        end = text.find(delimiter, at)
        if end < 0:
            return True
        at = end + 1
    return True


def spreadsheet(file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of all sheets of an xlsx file, each sheet under the names of its first row. Raises InputError if damaged."""
    import openpyxl

    try:
        with file.open() as stream:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            for sheet in book.worksheets:
                header: list[str] = []
                for cells in sheet.iter_rows(values_only=True):
                    values = ["" if cell is None else str(cell) for cell in cells]
                    if not any(values):
                        continue
                    if header:
                        yield Row(dict(zip(header, values, strict=False)))
                    else:
                        header = [name.strip() for name in values]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{file.name}: is no readable xlsx file") from error


def parquet(file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of a Parquet file. Raises InputError if it is damaged."""
    try:
        with pq.ParquetFile(Path(file.path) if not file.member else pa.PythonFile(file.open())) as table:
            for batch in table.iter_batches(batch_size=1_024):
                for values in batch.to_pylist():
                    yield Row(values)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{file.name}: is no readable Parquet file") from error
