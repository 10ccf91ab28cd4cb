"""Delimited text, spreadsheets and Parquet: rows as dicts, faults with a reason."""

import datetime
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.parquet import parquet
from cmtmedqa.sources.tables import BadRow, Row, delimited, spreadsheet


def stored(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return SourceFile(path.name, str(path))


def rows(text: str, delimiter: str = ",") -> list[Row | BadRow]:
    return list(delimited(text.split("\n"), delimiter))


def cells(text: str, delimiter: str = ",") -> list[list[object]]:
    return [list(row.values.values()) for row in rows(text, delimiter) if isinstance(row, Row)]


def test_quoted_fields_hold_anything() -> None:
    text = 'title,ask\n"头痛,怎么办","第一行\n第二行 ""引号"""\n\n普通,字段'
    assert rows(text) == [
        Row({"title": "头痛,怎么办", "ask": '第一行\n第二行 "引号"'}),
        Row({"title": "普通", "ask": "字段"}),
    ]


def test_a_quote_inside_a_field_is_a_character() -> None:
    assert cells('a,b\n身高5"8,正常\n"引"号,x') == [['身高5"8', "正常"], ["引号", "x"]]


def test_a_row_of_another_width_is_reported() -> None:
    assert rows("a,b\n1\n1,2,3\n1,2") == [
        BadRow("bad_row", "1 fields, the header has 2", "1"),
        BadRow("bad_row", "3 fields, the header has 2", "1,2,3"),
        Row({"a": "1", "b": "2"}),
    ]


def test_a_quote_that_never_closes_costs_one_row() -> None:
    text = "a,b\n" + '1,"开\n' + "".join(f"{number},x\n" for number in range(5))
    assert rows(text) == [
        BadRow("unterminated_quote", "a quoted field is not closed", '1,"开'),
        *[Row({"a": str(number), "b": "x"}) for number in range(5)],
    ]


def test_a_quote_that_closes_far_below_costs_one_row() -> None:
    text = "a,b\n" + '1,"开\n2,x\n3,x\n4,"完整"\n5,x'
    assert [type(row).__name__ for row in rows(text)] == ["BadRow", "Row", "Row", "Row", "Row"]
    assert cells(text) == [["2", "x"], ["3", "x"], ["4", "完整"], ["5", "x"]]


def test_a_field_of_megabytes_is_an_open_quote() -> None:
    text = "a,b\n" + '1,"开\n' + ("长" * 99 + "\n") * 12_000 + '2,"x"\n'
    found = rows(text)
    assert found[0] == BadRow("unterminated_quote", "a quoted field is not closed", '1,"开')
    assert found[-1] == Row({"a": "2", "b": "x"})


def test_a_long_row_of_the_wrong_width_is_one_row() -> None:
    assert rows('a,b\n"一\n二\n三",x,y\n1,2') == [
        BadRow("bad_row", "3 fields, the header has 2", '"一\n二\n三",x,y'),
        Row({"a": "1", "b": "2"}),
    ]


def test_repairs_of_a_row_are_counted() -> None:
    assert rows(f"a,b\n1\0,\0x{MARK}\n1,2")[0] == Row(
        {"a": "1", "b": "x\ufffd"}, ("nul_characters:2", "replaced_characters:1")
    )


@given(
    st.lists(st.lists(st.text('甲乙,"\n;\t ', max_size=6), min_size=3, max_size=3).filter(any), min_size=1, max_size=6)
)
def test_what_csv_writes_is_read_back(table: list[list[str]]) -> None:
    import csv

    target = io.StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["x", "y", "z"], *table])
    assert cells(target.getvalue()) == table


@given(st.text('a,"\n甲\0', max_size=60))
def test_any_text_gives_rows_or_reasons(text: str) -> None:
    for row in rows("h,i\n" + text):
        assert isinstance(row, Row | BadRow)


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> SourceFile:
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        for row in table:
            sheet.append(row)
    book.save(path)
    book.close()
    return SourceFile(path.name, str(path))


def test_all_sheets_are_read_under_their_own_header(tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "a.bin",
        {
            "一": [["问题", "回答"], ["头痛？", "休息"], [None, None], ["只有问题", None], ["甲", "乙", "多"]],
            "二": [["question", "age"], ["咳嗽？", 3]],
        },
    )
    assert list(spreadsheet(file)) == [
        Row({"问题": "头痛？", "回答": "休息"}),
        Row({"问题": "只有问题", "回答": ""}),
        BadRow("bad_row", "3 cells, the header has 2", "甲\t乙\t多"),
        Row({"question": "咳嗽？", "age": "3"}),
    ]


def test_a_wrong_dimension_is_not_believed(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", {"一": [["问题", "回答"], ["头痛？", "休息"]]})
    with zipfile.ZipFile(file.path) as source:
        members = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(file.path, "w") as target:
        for name, data in members.items():
            target.writestr(name, data.replace(b'ref="A1:B2"', b'ref="A1"'))
    assert list(spreadsheet(file)) == [Row({"问题": "头痛？", "回答": "休息"})]


@pytest.mark.parametrize("place", [100, 0.3, 0.5, 0.7, -100])
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_spreadsheet_is_reported(tmp_path: Path, place: float, cut: bool) -> None:
    file = workbook(tmp_path / "a.xlsx", {"一": [["a"], *[[f"第{number}行"] for number in range(500)]]})
    path = Path(file.path)
    data = path.read_bytes()
    at = int(place * len(data)) if 0 < place < 1 else int(place)
    path.write_bytes(data[:at] + (b"" if cut else b"\xff" * 40 + data[at:][40:]))
    found = list(spreadsheet(file))
    assert [row.reason for row in found if isinstance(row, BadRow)] in (["damaged_xlsx"], [])
    assert cut is False or isinstance(found[-1], BadRow)


def test_parquet_rows_are_json(tmp_path: Path) -> None:
    table = pa.table(
        {
            "turns": [[{"role": "patient", "text": "头痛"}], []],
            "when": [datetime.date(2020, 1, 2), None],
            "price": [Decimal("1.50"), None],
            "raw": [b"\xe5\xa4\xb4", None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = list(parquet(SourceFile("a", str(tmp_path / "a.parquet"))))
    assert found == [
        Row({"turns": [{"role": "patient", "text": "头痛"}], "when": "2020-01-02", "price": "1.50", "raw": "头"}),
        Row({"turns": [], "when": None, "price": None, "raw": None}),
    ]


def test_a_parquet_file_in_an_archive(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["甲", "乙"]}), tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "a.parquet", "a.parquet")
    assert list(parquet(expand([str(tmp_path / "a.zip")])[0][0])) == [Row({"a": "甲"}), Row({"a": "乙"})]


def test_a_damaged_parquet_file_is_reported(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["甲"] * 100}), tmp_path / "a.parquet")
    file = stored(tmp_path / "b.parquet", (tmp_path / "a.parquet").read_bytes()[:-20])
    assert [row.reason for row in parquet(file) if isinstance(row, BadRow)] == ["damaged_parquet"]
