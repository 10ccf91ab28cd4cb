"""`--check`: a file read back from disk as its loader would, every row with the reason why the loader would lose it."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cmtmedqa.errors import InputError
from cmtmedqa.export.loaders import LOADERS
from cmtmedqa.export.sheet import CELL_UNITS, COLUMNS, ROLES, SHEET_ROWS, is_formula, units

_SHOWN = 5
_BATCH = 1_024
# `datasets` infers the types of JSON Lines from its first chunk.
_FIRST_CHUNK = 10 << 20
_PATIENT, _DOCTOR, _SYSTEM = ROLES["patient"], ROLES["doctor"], ROLES["system"]


class Check:
    """What a loader would make of a file: rows and dialogues read, and each reason of a loss with its count and first rows."""

    def __init__(self) -> None:
        self.rows = self.dialogues = 0
        self.faults: Counter[str] = Counter()
        self.where: dict[str, list[int]] = {}

    def add(self, reason: str, row: int) -> None:
        """Note a row (from 1; 0 is the file itself) that would be lost."""
        self.faults[reason] += 1
        if len(self.where.setdefault(reason, [])) < _SHOWN:
            self.where[reason].append(row)

    def lines(self) -> list[str]:
        """One line a reason."""
        return [
            f"{reason}: {count:,} ({', '.join(f'row {row}' if row else 'the file' for row in self.where[reason])}{' ...' if count > _SHOWN else ''})"
            for reason, count in sorted(self.faults.items())
        ]


class _Bad(ValueError):
    """JSON that a strict reader refuses; the message is the reason."""


def check_file(path: Path, shape: str) -> Check:
    """Read a file of a format back and apply the rules of its loader. Raises InputError when it cannot be read at all."""
    check = Check()
    try:
        if shape == "csv":
            _check_csv(path, check)
        elif shape == "xlsx":
            _check_table(_xlsx_rows(path), check)
        elif shape == "preference":
            for row in _parquet_rows(path):
                check.rows += 1
                if reason := LOADERS[shape](row):
                    check.add(reason, check.rows)
        else:
            _check_json(path, shape, check)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not check.rows and not check.faults:
        check.add("no_rows", 0)
    return check


def _check_json(path: Path, shape: str, check: Check) -> None:
    rule = LOADERS[shape]
    ids: set[str] = set()
    start = first_history = -1
    for place, value in _json_rows(path, check):
        check.rows += 1
        check.dialogues += 1
        if isinstance(value, _Bad):
            check.add(str(value), check.rows)
            continue
        if reason := rule(value):
            check.add(reason, check.rows)
            continue
        if shape == "cmtmedqa":
            if value["id"] in ids:
                check.add("duplicate_id", check.rows)
            ids.add(value["id"])
        if "history" in value:
            start = place if start < 0 else start
            first_history = place if first_history < 0 and value["history"] else first_history
    if first_history - start > _FIRST_CHUNK:
        check.add("history_starts_too_late", 0)


def _json_rows(path: Path, check: Check) -> Iterator[tuple[int, Any]]:
    """The rows of an array or of JSON Lines with the byte at which they start; what cannot be parsed comes as `_Bad`."""
    with path.open("rb") as stream:
        head = stream.read(3)
        stream.seek(0)
        if head == b"\xef\xbb\xbf":
            check.add("byte_order_mark", 0)
            stream.seek(3)
        begin = stream.tell()
        opening = stream.readline().strip()
        stream.seek(begin)
        if not opening.startswith(b"["):
            yield from _parsed_lines(stream)
        elif opening == b"[" and _row_a_line(stream):
            stream.seek(begin)
            stream.readline()
            yield from _parsed_lines(stream, array=True)
        else:
            stream.seek(begin)
            whole = _parse(stream.read())
            # An array in another layout is read whole, and has no place of its own for each row.
            yield from ((0, row) for row in (whole if isinstance(whole, list) else [whole]))


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"{path}: cannot be read as Parquet") from error


def _row_a_line(stream: BinaryIO) -> bool:
    """Whether the rest of a file is an array with one object a line, commas and brackets in place; read without keeping it."""
    stream.readline()
    comma = True
    for line in stream:
        line = line.strip()
        if line == b"]":
            return not comma and not stream.read().strip()
        if not comma or not line.startswith(b"{") or not line.endswith((b"}", b"},")):
            return False
        comma = line.endswith(b",")
    return False


def _parsed_lines(stream: BinaryIO, array: bool = False) -> Iterator[tuple[int, Any]]:
    place = 0
    for line in stream:
        text = line.strip()
        if array and text == b"]":
            return
        if text:
            yield place, _parse(text.removesuffix(b",") if array else text)
        place += len(line)


def _parse(text: bytes) -> Any:
    """A JSON value, or `_Bad`: strict on NaN, on keys that stand twice, and on characters that are none."""
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except _Bad as error:
        return error
    except UnicodeDecodeError:
        return _Bad("not_utf8")
    except UnicodeEncodeError:
        return _Bad("lone_surrogate")
    except (ValueError, RecursionError):
        return _Bad("not_json")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _Bad("duplicate_key")
    return value


def _no_constant(_: str) -> object:
    raise _Bad("not_a_number")


def _check_csv(path: Path, check: Check) -> None:
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            check.add("no_byte_order_mark", 0)
    csv.field_size_limit(1 << 30)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            _check_table(csv.reader(stream, strict=True), check)
    except UnicodeDecodeError:
        check.add("not_utf8", 0)
    except csv.Error:
        check.add("not_csv", 0)


def _xlsx_rows(path: Path) -> Iterator[list[str]]:
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with path.open("rb") as stream:
            book = load_workbook(stream, read_only=True, data_only=False)
            for row in book.worksheets[0].iter_rows():
                yield ["=" if cell.data_type == "f" else "" if cell.value is None else str(cell.value) for cell in row]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise InputError(f"{path}: is no workbook that can be read") from error


def _check_table(rows: Iterator[list[str]], check: Check) -> None:
    """The table of `sheet.py`: every row whole and harmless, and the turns of a dialogue one below the other, in order."""
    if tuple(next(rows, [])) != COLUMNS:
        check.add("header", 0)
        return
    ids: set[str] = set()
    last: list[str] | None = None
    for number, row in enumerate(rows, 1):
        check.rows = number
        if reason := _cell_fault(row) or ("beyond_last_row" if number >= SHEET_ROWS else ""):
            check.add(reason, number)
            last = None
            continue
        opens = row[4] in {"0", "1"} and (last is None or last[4] != "0" or last[0] != row[0])
        check.dialogues += opens
        if opens and row[0] in ids:
            check.add("duplicate_id", number)
        ids.add(row[0])
        if opens and last is not None and last[5] != _DOCTOR:
            check.add("odd_count", number - 1)
        if not _follows(row, None if opens else last):
            check.add("role_order", number)
        last = row
    if last is not None and last[5] != _DOCTOR:
        check.add("odd_count", check.rows)


def _cell_fault(row: list[str]) -> str:
    if len(row) != len(COLUMNS):
        return "columns"
    if not row[0] or not row[6].strip():
        return "empty_text"
    if any(is_formula(cell) for cell in row):
        return "formula"
    return "cell_too_long" if any(units(cell) > CELL_UNITS for cell in row) else ""


def _follows(row: list[str], before: list[str] | None) -> bool:
    """Whether a turn may stand below another one, or first in a dialogue where there is none."""
    if before is None:
        return (row[4], row[5]) in {("0", _SYSTEM), ("1", _PATIENT)}
    expected = _PATIENT if before[5] in {_DOCTOR, _SYSTEM} else _DOCTOR
    return row[0] == before[0] and row[5] == expected and row[4] == str(int(before[4] or 0) + 1)
