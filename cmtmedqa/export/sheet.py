"""Tables for people: one row a turn, as CSV or xlsx, that a spreadsheet opens as it is and never executes."""

import csv
import io as text_io
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cmtmedqa.errors import InputError
from cmtmedqa.export.select import Chosen, spoken

COLUMNS = ("id", "split", "source", "department", "turn", "role", "text")
ROLES = {"patient": "患者", "doctor": "医生", "system": "系统"}

# Excel's limits: support.microsoft.com, "Excel specifications and limits". Characters are UTF-16 code units.
CELL_UNITS = 32_767
SHEET_ROWS = 1_048_576

# A cell that starts like this is a formula to a spreadsheet (OWASP, "CSV Injection"; full-width signs count in CJK locales).
_FORMULA = re.compile("[ \u3000\u00a0]*[=+\\-@＝＋－＠\t\r\n]")
# What XML 1.0 cannot hold; a spreadsheet calls a file with one of these damaged.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTHS = {"id": 22, "split": 8, "source": 18, "department": 12, "turn": 6, "role": 6, "text": 100}
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def safe_cell(text: str) -> str:
    """The text as a spreadsheet may have it: no illegal character (U+FFFD stands for it), no formula (an apostrophe before it)."""
    legal = _ILLEGAL.sub("\ufffd", text)
    return f"'{legal}" if _FORMULA.match(legal) else legal


def _spelled(illegal: re.Match[str]) -> str:
    """A character that a sheet cannot hold, spelled out: two ids must not become one."""
    return f"\\u{ord(illegal[0]):04x}"


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take the text of a cell as a formula."""
    return _FORMULA.match(text) is not None


def units(text: str) -> int:
    """The length of a text in UTF-16 code units, as Excel counts."""
    return len(text) + sum(char > "\uffff" for char in text)


def sheet_rows(chosen: Iterable[Chosen]) -> Iterator[list[str | int]]:
    """The rows of the table below its header."""
    for split, dialogue in chosen:
        head = [
            safe_cell(_ILLEGAL.sub(_spelled, dialogue.id)),
            split,
            safe_cell(dialogue.source),
            dialogue.department or "",
        ]
        opening = dialogue.turns[0]
        if opening.role == "system":
            yield [*head, 0, ROLES["system"], safe_cell(opening.text)]
        for number, turn in enumerate(spoken(dialogue), 1):
            yield [*head, number, ROLES[turn.role], safe_cell(turn.text)]


def write_csv(chosen: Iterable[Chosen], path: Path) -> None:
    """UTF-8 with a byte order mark, without which Excel shows no Chinese."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        writer.writerows(sheet_rows(chosen))


def write_xlsx(chosen: Iterable[Chosen], path: Path) -> None:
    """A workbook of one sheet. Raises InputError where Excel's limits are passed: rows of a sheet, characters of a cell."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("dialogues")
    try:
        _fill(sheet, chosen)
    except BaseException:
        sheet.close()  # or its writer complains when it is collected
        raise
    raw = path.with_name(f"{path.name}.raw.part")
    try:
        book.save(raw)
        _without_clock(raw, path)
    finally:
        raw.unlink(missing_ok=True)


def _fill(sheet: Any, chosen: Iterable[Chosen]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    for number, name in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[name]
    sheet.append(list(COLUMNS))
    wrapped = Alignment(wrap_text=True, vertical="top")
    count = 1
    for row in sheet_rows(chosen):
        count += 1
        _require_limits(row, count)
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for cell, value in zip(cells, row, strict=True):
            cell.alignment = wrapped
            if isinstance(value, str):
                cell.data_type = "s"  # what starts with = stays text
        sheet.append(cells)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{count}"


def _require_limits(row: list[str | int], count: int) -> None:
    if count > SHEET_ROWS:
        raise InputError(
            f"more than {SHEET_ROWS - 1:,} turns: Excel's sheets end there; narrow it with --split or --departments, or export csv"
        )
    for value in row:
        if isinstance(value, str) and units(value) > CELL_UNITS:
            raise InputError(
                f"{row[0]}, turn {row[4]}: {units(value):,} characters, a cell of Excel holds {CELL_UNITS:,}; export csv or messages instead"
            )


def _without_clock(raw: Path, path: Path) -> None:
    """The same workbook without the times at which it was written: equal content gives equal bytes."""
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            entry = zipfile.ZipInfo(name, _FIXED_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with source.open(name) as stream:
                content = stream if name != "docProps/core.xml" else text_io.BytesIO(_undated(stream.read()))
                with target.open(entry, "w", force_zip64=True) as copy:
                    shutil.copyfileobj(content, copy)


def _undated(core: bytes) -> bytes:
    return re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", core)
