import csv
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.errors import InputError
from cmtmedqa.export import sheet
from cmtmedqa.export.check import check_file
from cmtmedqa.export.select import Chosen
from cmtmedqa.export.write import CheckFailed, write_export
from cmtmedqa.records import Dialogue

Say = Callable[..., Dialogue]


def _sheet(path: Path) -> Any:
    from openpyxl import load_workbook

    return load_workbook(path).worksheets[0]


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def test_one_row_a_turn_with_a_byte_order_mark(say: Say, tmp_path: Path) -> None:
    found = say("a1", "头痛，\n三天。", '说"是"。', system="你是医生。", department="内科")
    write_export([Chosen("train", found)], "csv", tmp_path / "a.csv", check=True)
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfid,split,")
    assert _cells(tmp_path / "a.csv") == [
        ["\ufeffid", "split", "source", "department", "turn", "role", "text"],
        ["a1", "train", "clinic", "内科", "0", "系统", "你是医生。"],
        ["a1", "train", "clinic", "内科", "1", "患者", "头痛，\n三天。"],
        ["a1", "train", "clinic", "内科", "2", "医生", '说"是"。'],
    ]


_FORMULAS = ("=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1", "\u3000-1")


@pytest.mark.parametrize("text", _FORMULAS)
def test_a_cell_that_a_spreadsheet_would_execute_gets_an_apostrophe(say: Say, tmp_path: Path, text: str) -> None:
    found = [Chosen("dev", say(text, text, "好的。", source=text))]
    write_export(found, "csv", tmp_path / "a.csv", check=True)
    row = _cells(tmp_path / "a.csv")[1]
    assert (row[0], row[2], row[6]) == (f"'{text}", f"'{text}", f"'{text}")
    write_export(found, "xlsx", tmp_path / "a.xlsx", check=True)
    cells = next(_sheet(tmp_path / "a.xlsx").iter_rows(min_row=2))
    assert {cell.data_type for cell in (cells[0], cells[2], cells[6])} == {"s"}
    assert all(str(cell.value).startswith("'") for cell in (cells[0], cells[2], cells[6]))


def test_a_formula_in_a_file_is_found(tmp_path: Path) -> None:
    rows = "id,split,source,department,turn,role,text\r\na,dev,s,,1,患者,=1+1\r\na,dev,s,,2,医生,好。\r\n"
    (tmp_path / "a.csv").write_text(rows, encoding="utf-8-sig", newline="")
    assert check_file(tmp_path / "a.csv", "csv").faults["formula"] == 1


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ("a,dev,s,,1,患者,痛\na,dev,s,,2,医生,好\n", {}),
        ("a,dev,s,,1,患者,痛\n", {"odd_count": 1}),
        ("a,dev,s,,1,患者,痛\nb,dev,s,,1,患者,痛\nb,dev,s,,2,医生,好\n", {"odd_count": 1}),
        ("a,dev,s,,1,医生,好\na,dev,s,,2,患者,痛\n", {"role_order": 1, "odd_count": 1}),
        ("a,dev,s,,1,患者,痛\na,dev,s,,3,医生,好\n", {"role_order": 1}),
        ("a,dev,s,,1,患者,痛\nb,dev,s,,2,医生,好\n", {"role_order": 1}),
        ("a,dev,s,,1,患者,痛\na,dev,s,,2,医生, \n", {"empty_text": 1}),
        ("a,dev,s,,1,患者\n", {"columns": 1}),
        (f"a,dev,s,,1,患者,痛\na,dev,s,,2,医生,{'好' * 32_768}\n", {"cell_too_long": 1}),
        ("", {"no_rows": 1}),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, rows: str, faults: dict[str, int]) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{','.join(sheet.COLUMNS)}\n{rows}", encoding="utf-8-sig", newline="")
    found = dict(check_file(path, "csv").faults)
    assert {reason: found.get(reason) for reason in faults} == faults
    assert bool(found) == bool(faults)


def test_a_table_without_its_mark_or_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\n", encoding="utf-8")
    assert set(check_file(tmp_path / "a.csv", "csv").faults) == {"no_byte_order_mark", "header"}
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match="is no workbook"):
        check_file(tmp_path / "a.xlsx", "xlsx")


def test_xlsx_is_the_same_table_without_a_clock(say: Say, tmp_path: Path) -> None:
    found = [Chosen("dev", say("a\x01b", "头\x0b痛\ufffe", "好\x00的😊"))]
    write_export(found, "xlsx", tmp_path / "a.xlsx", check=True)
    table = list(_sheet(tmp_path / "a.xlsx").iter_rows(values_only=True))
    assert table[0] == sheet.COLUMNS
    assert table[1:] == [
        ("a\\u0001b", "dev", "clinic", None, 1, "患者", "头\ufffd痛\ufffd"),
        ("a\\u0001b", "dev", "clinic", None, 2, "医生", "好\ufffd的😊"),
    ]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        stamps = re.findall(rb"\d{4}-\d\d-\d\dT[^<]*", book.read("docProps/core.xml"))
        assert stamps
        assert set(stamps) == {b"1980-01-01T00:00:00Z"}


def test_a_cell_beyond_excel_is_one_line_and_no_file(say: Say, tmp_path: Path) -> None:
    found = [Chosen("dev", say("long", "头痛", "好" * 32_766 + "😊"))]
    with pytest.raises(InputError, match="long, turn 2: 32,768 characters, a cell of Excel holds 32,767"):
        write_export(found, "xlsx", tmp_path / "a.xlsx")
    assert not list(tmp_path.iterdir())
    with pytest.raises(CheckFailed) as caught:
        write_export(found, "csv", tmp_path / "a.csv", check=True)
    assert caught.value.check.lines() == ["cell_too_long: 1 (row 2)"]
    assert not list(tmp_path.iterdir())
    write_export([Chosen("dev", say("fits", "头痛", "好" * 32_765 + "😊"))], "xlsx", tmp_path / "a.xlsx", check=True)


def test_more_turns_than_a_sheet_has_rows_is_one_line(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet, "SHEET_ROWS", 4)
    rows = [Chosen("dev", say(name, "头痛", "好")) for name in "ab"]
    write_export(rows[:1], "xlsx", tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="more than 3 turns: Excel's sheets end there"):
        write_export(rows, "xlsx", tmp_path / "b.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.xlsx"]
