"""Rows of delimited text and spreadsheets as dicts, one at a time."""

import csv
import zipfile
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import BinaryIO, NamedTuple

from cmtmedqa.errors import InputError
from cmtmedqa.sources.blocks import SAFE_BYTES, SAFE_RATIO
from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.files import SourceFile, reason_of

_MAX_FIELD = 64 * 1024 * 1024
_LEAST_QUOTED = 1 << 12
_MAX_ROWS = 1 << 20  # of a sheet, by its format
_MAX_QUOTED = 1 << 20  # characters; a quoted field of more has lost its closing quote


class BadRow(NamedTuple):
    """A row that cannot be used: why, and what it was."""

    reason: str
    detail: str
    raw: str


class Row(NamedTuple):
    """A row as a dict, and what was mended in it."""

    values: dict[str, object]
    repairs: tuple[str, ...] = ()


class _Fields(NamedTuple):
    """The fields of a row, what was mended in it, the lines it stood on, and whether text follows a closing quote."""

    values: list[str]
    repairs: tuple[str, ...]
    lines: list[str]
    odd: bool


class _Rewind:
    """Lines that can be given back: a quote that never closes must not swallow the rest of the file."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.reach = _MAX_QUOTED  # each quote in a row that is not closed shortens it, or reading would be quadratic

    def next(self) -> str | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, lines: Sequence[str]) -> None:
        self._back.extendleft(reversed(lines))


def delimited(lines: Iterable[str], delimiter: str) -> Iterator[Row | BadRow]:
    """The rows of delimited text under the names of its first line; empty rows are none."""
    csv.field_size_limit(_MAX_FIELD)
    source = _Rewind(lines)
    header: list[str] = []
    while (fields := _fields(source, delimiter)) is not None:
        if isinstance(fields, BadRow):
            yield fields
        elif not any(fields.values):
            continue
        elif not header:
            header = [name.strip().lstrip("\ufeff") for name in fields.values]
        elif _swallows(fields, len(header), delimiter):
            source.give_back(fields.lines[1:])
            yield BadRow("unterminated_quote", "a quoted field is not closed", _plain(fields.lines[0]))
        elif len(fields.values) == len(header):
            yield Row(dict(zip(header, fields.values, strict=True)), fields.repairs)
        else:
            detail = f"{len(fields.values)} fields, the header has {len(header)}"
            yield BadRow("bad_row", detail, _plain("\n".join(fields.lines)))


def _swallows(fields: _Fields, width: int, delimiter: str) -> bool:
    """Whether a faulty row of several lines holds a line that is a whole row, or begins one with the same fault."""
    if len(fields.lines) == 1 or (len(fields.values) == width and not fields.odd):
        return False
    rows = (_fields(_Rewind([line]), delimiter) for line in fields.lines[1:])
    return any(fields.odd if isinstance(row, BadRow) else row is not None and len(row.values) == width for row in rows)


def _fields(source: _Rewind, delimiter: str) -> _Fields | BadRow | None:
    """The fields of the next row; a quoted field may hold line ends."""
    first = source.next()
    if first is None:
        return None
    taken = [first]
    size = 0
    quote = _Quote(False, False).behind(first, delimiter)
    odd = quote.odd
    while quote.open:
        line = source.next()
        size += len(taken[-1]) + 1
        if line is None or size > source.reach or quote.odd > odd:  # text behind a quote: it opened, and closed nothing
            source.reach = max(source.reach // 2, _LEAST_QUOTED)
            source.give_back([*taken[1:], *([] if line is None else [line])])
            return BadRow("unterminated_quote", "a quoted field is not closed", _plain(first))
        taken.append(line)
        quote = quote.behind(line, delimiter)
    source.reach = _MAX_QUOTED if len(taken) > 1 else source.reach
    return _parsed(taken, delimiter, quote.odd)


class _Quote(NamedTuple):
    """Whether a quoted field goes on at the end of a line, and whether text followed a closing quote so far."""

    open: bool
    odd: bool

    def behind(self, line: str, delimiter: str) -> "_Quote":
        """The state behind the next line; quotes open only at the start of a field, and two are a character."""
        is_open, odd = self
        at = 0
        while '"' in line:
            if not is_open and line.startswith('"', at):
                is_open, at = True, at + 1
            if is_open:
                at = line.find('"', at) + 1
                if not at:
                    return _Quote(True, odd)
                if line.startswith('"', at):
                    at += 1
                    continue
                is_open = False
                odd = odd or not (at == len(line) or line.startswith(delimiter, at))
            at = line.find(delimiter, at) + 1
            if not at:
                break
        return _Quote(is_open, odd)


def _parsed(lines: list[str], delimiter: str, odd: bool) -> _Fields | BadRow:
    text = "\n".join(lines)
    repairs = []
    if nul := text.count("\0"):
        text = text.replace("\0", "")
        repairs.append(f"nul_characters:{nul}")
    if marks := text.count(MARK):
        text = _plain(text)
        repairs.append(f"replaced_characters:{marks}")
    if '"' not in text:
        return _Fields(text.split(delimiter), tuple(repairs), lines, odd)
    try:
        values = next(csv.reader(StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        return BadRow("bad_row", str(error)[:80], text)
    return _Fields(values, tuple(repairs), lines, odd)


def _plain(text: str) -> str:
    return text.replace(MARK, "\ufffd")


def spreadsheet(file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of all sheets of an xlsx file, each sheet under the names of its first row."""
    import openpyxl

    try:
        with file.open() as stream:
            if _is_bomb(stream, file.stored_size()):
                yield BadRow("compressed_too_large", "a part of the file is larger than any sheet", "")
                return
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
            try:
                for sheet in book.worksheets:
                    sheet.reset_dimensions()  # some programs write a wrong one, and openpyxl would believe it
                    yield from _sheet(islice(sheet.iter_rows(values_only=True), _MAX_ROWS + 1))
            finally:
                book.close()
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read: {reason_of(error)}") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        LookupError,
        RuntimeError,
        ValueError,
        TypeError,
        SyntaxError,
    ) as error:
        yield BadRow("damaged_xlsx", type(error).__name__, "")


def _is_bomb(stream: BinaryIO, stored: int) -> bool:
    """Whether unpacking what is read as a whole or in long pieces would fill the memory: shared strings, and cells."""
    with zipfile.ZipFile(stream) as archive:
        largest = max((member.file_size for member in archive.infolist()), default=0)
    stream.seek(0)
    return largest > max(SAFE_BYTES, SAFE_RATIO * stored)


def _sheet(rows: Iterable[Sequence[object]]) -> Iterator[Row | BadRow]:
    """The rows of one sheet; XML parse errors are SyntaxErrors."""
    header: list[str] = []
    for number, cells in enumerate(rows):
        if number == _MAX_ROWS:
            yield BadRow("damaged_xlsx", "more rows than a sheet can have", "")
            return
        values = ["" if cell is None else str(cell) for cell in cells]
        while values and not values[-1]:
            values.pop()
        if not values:
            continue
        if not header:
            header = [name.strip() for name in values]
        elif len(values) > len(header):
            filled = "\t".join(value for value in values if value)
            yield BadRow("bad_row", f"{len(values)} cells, the header has {len(header)}", filled)
        else:
            yield Row(dict(zip(header, values + [""] * (len(header) - len(values)), strict=True)))
