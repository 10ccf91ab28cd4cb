"""Bytes, JSON of any layout, delimited text, spreadsheets and Parquet: what is whole is read, what is not is reported."""

import datetime
import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.errors import InputError
from cmtmedqa.sources import blocks as blocks_module
from cmtmedqa.sources.blocks import Blocks, head
from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.json_stream import Broken, Element, elements
from cmtmedqa.sources.tables import BadRow, Row, delimited, parquet, spreadsheet

LINES = "".join(f"第{number}行：头痛伴恶心，持续{number * 7919 % 97}小时。\n" for number in range(20_000)).encode()


def stored(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return SourceFile(path.name, str(path))


def unpacked(path: Path, data: bytes, compression: str) -> tuple[bytes, str]:
    blocks = Blocks(stored(path, data), compression)
    return b"".join(blocks), blocks.damage


def packed(data: bytes, compression: str) -> bytes:
    return gzip.compress(data) if compression == "gz" else zstandard.compress(data)


# -- bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_members_follow_each_other(tmp_path: Path, compression: str) -> None:
    data = packed(LINES, compression) + packed(b"", compression) + packed(b"end", compression)
    assert unpacked(tmp_path / "a", data, compression) == (LINES + b"end", "")


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_everything_before_a_cut_is_read(tmp_path: Path, compression: str) -> None:
    whole = packed(LINES, compression)
    read, damage = unpacked(tmp_path / "a", whole[: len(whole) * 2 // 3], compression)
    assert damage == f"truncated_{compression}"
    assert len(LINES) // 3 < len(read) < len(LINES)
    assert LINES.startswith(read)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_everything_before_a_fault_is_read(tmp_path: Path, compression: str) -> None:
    data = packed(LINES, compression) + b"no magic number"
    assert unpacked(tmp_path / "a", data, compression) == (LINES, f"damaged_{compression}")


def test_zeros_behind_gzip_are_padding(tmp_path: Path) -> None:
    assert unpacked(tmp_path / "a", gzip.compress(b"x") + bytes(2048), "gz") == (b"x", "")


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    monkeypatch.setattr(blocks_module, "_SAFE_BYTES", 1 << 22)
    data = packed(bytes(200 << 20), compression)
    read, damage = unpacked(tmp_path / "a", data, compression)
    assert damage == "compressed_too_large"
    assert len(read) <= max(1 << 22, 200 * len(data))


def test_a_bomb_in_an_archive_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "_SAFE_BYTES", 1 << 22)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", bytes(64 << 20))
    blocks = Blocks(expand([str(tmp_path / "a.zip")])[0][0], "")
    assert sum(map(len, blocks)) < 64 << 20
    assert blocks.damage == "compressed_too_large"


def test_small_files_may_pack_well(tmp_path: Path) -> None:
    assert unpacked(tmp_path / "a", packed(bytes(64 << 20), "zst"), "zst")[1] == ""


def test_damage_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", LINES)
    data = path.read_bytes()
    path.write_bytes(data.replace("第7行".encode(), "第八行".encode()[:7]))
    blocks = Blocks(SourceFile("a.zip!a.txt", str(path), "a.txt"), "")
    assert len(b"".join(blocks)) < len(LINES)
    assert blocks.damage == "damaged_zip"


def test_an_archive_that_cannot_be_opened_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    path.write_bytes(path.read_bytes().replace(b"PK\x03\x04", b"PK\x03\x05"))
    blocks = Blocks(SourceFile("a.zip!a.txt", str(path), "a.txt"), "")
    assert (list(blocks), blocks.damage) == ([], "damaged_zip")


def test_a_range_of_bytes(tmp_path: Path) -> None:
    file = stored(tmp_path / "a", LINES)
    assert b"".join(Blocks(file, "", 100, 1_000)) == LINES[100:1_000]
    assert head(file, "", 10) == LINES[:10]


def test_a_file_that_goes_away_is_an_input_error(tmp_path: Path) -> None:
    file = SourceFile("a.json", str(tmp_path / "a.json"))
    with pytest.raises(InputError, match=r"^a\.json: cannot be read: no such file or directory$"):
        list(Blocks(file, ""))


def test_an_error_while_reading_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(SourceFile, "open", lambda _: Failing())
    with pytest.raises(InputError, match=r"^a\.json: cannot be read: input/output error$"):
        list(Blocks(stored(tmp_path / "a.json", b"x"), ""))


# -- JSON -------------------------------------------------------------------------------------------------------------

RECORDS = [
    {"question": f"第{number}天头痛，“怎么办”？", "answer": "多休息，\n少熬夜。", "tags": ["内科", {"a": number}]}
    for number in range(6)
]


def chunks(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def read(text: str, size: int = 7) -> list[Element | Broken]:
    return list(elements(chunks(text, size)))


def values(items: list[Element | Broken]) -> list[object]:
    return [item.value for item in items if isinstance(item, Element)]


def faults(items: list[Element | Broken]) -> list[str]:
    return [item.reason for item in items if isinstance(item, Broken)]


def dumps(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


LAYOUTS = {
    "array": dumps(RECORDS),
    "pretty array": dumps(RECORDS, 4),
    "ascii array": json.dumps(RECORDS),
    "trailing comma": dumps(RECORDS)[:-1] + ",\n]\n",
    "byte order mark": "\ufeff" + dumps(RECORDS),
    "wrapper": dumps({"version": "1.0", "count": 6, "data": RECORDS, "tail": None}),
    "wrapper of splits": dumps({"train": RECORDS[:4], "test": RECORDS[4:]}),
    "objects": "".join(dumps(record, 2) + "\n" for record in RECORDS),
    "objects with commas": ",\n".join(dumps(record, 2) for record in RECORDS),
    "two arrays": dumps(RECORDS[:2]) + "\n" + dumps(RECORDS[2:]),
}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_gives_the_same_records(layout: str, size: int) -> None:
    assert read(LAYOUTS[layout], size) == [Element(record) for record in RECORDS]


@pytest.mark.parametrize("size", [1, 10_000])
def test_an_object_of_records_gives_its_keys(size: int) -> None:
    text = dumps({f"编号{number}": record for number, record in enumerate(RECORDS)})
    assert read(text, size) == [Element(record, f"编号{number}") for number, record in enumerate(RECORDS)]


def test_one_record_is_one_element() -> None:
    assert read(dumps(RECORDS[0], 2)) == [Element(RECORDS[0])]
    unknown = {"甲": {"乙": 1}, "丙": [1, 2]}
    assert read(dumps(unknown)) == [Element(unknown)]


def test_lists_of_lists_are_elements() -> None:
    dialogue = [{"utterances": ["患者:头痛", "", "", "", ""], "label": []}]
    assert values(read(dumps([dialogue, dialogue]))) == [dialogue, dialogue]


def test_numbers_at_the_edge_of_a_chunk_stay_whole() -> None:
    assert values(read("[1234567890, -12.5e3, true, null]", 3)) == [1234567890, -12500.0, True, None]


def test_what_is_no_json_value_becomes_null() -> None:
    assert values(read('[{"a": NaN, "b": -Infinity}]')) == [{"a": None, "b": None}]


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize(
    ("old", "new"), [('"answer": ', '"answer" '), ("天头痛", '天"头痛'), ('"tags": [', '"tags": [,'), ("}]}", "}]")]
)
def test_a_broken_element_costs_no_other(place: int, size: int, old: str, new: str) -> None:
    pieces = [dumps(record) for record in RECORDS]
    pieces[place] = pieces[place].replace(old, new)
    items = read("[" + ", ".join(pieces) + "]", size)
    assert values(items) == RECORDS[:place] + RECORDS[place + 1 :]
    assert faults(items) == ["bad_json"]
    (broken,) = [item for item in items if isinstance(item, Broken)]
    assert broken.raw.rstrip("]") == pieces[place].rstrip("]")
    assert "头痛" not in broken.detail


@pytest.mark.parametrize("place", range(5))
def test_a_broken_conversation_is_one_fault(place: int) -> None:
    record = {"conversations": [{"from": "human", "value": "发烧两天"}, {"from": "gpt", "value": "多喝水"}] * 3}
    pieces = [dumps(record)] * 5
    pieces[place] = pieces[place].replace('"value": "多喝水"}, {', '"value": "多喝水}, {', 1)
    items = read("[" + ",".join(pieces) + "]", 50)
    assert values(items) == [record] * 4
    assert faults(items) == ["bad_json"]


def test_a_broken_record_among_records_of_another_kind() -> None:
    safety = {"instruct": "能自行加量吗？", "output": "不能，请遵医嘱。"}
    pieces = [dumps(safety)[:-9], *map(dumps, RECORDS), dumps(safety)]
    items = read("[" + ",".join(pieces) + "]")
    assert values(items)[-1] == safety
    assert values(items)[:-1] == RECORDS
    assert faults(items) == ["bad_json"]


@pytest.mark.parametrize("place", range(1, 6))
@pytest.mark.parametrize(
    ("old", "new"), [('"answer": ', '"answer" '), ("天头痛", '天"头痛'), ('"tags": [', '"tags": [,')]
)
def test_a_broken_member_costs_no_other(place: int, old: str, new: str) -> None:
    pieces = [f'"{number}": {dumps(record)}' for number, record in enumerate(RECORDS)]
    pieces[place] = pieces[place].replace(old, new)
    items = read("{" + ", ".join(pieces) + "}")
    assert values(items) == RECORDS[:place] + RECORDS[place + 1 :]
    assert faults(items) == ["bad_json"]


def test_a_stray_brace_costs_no_record() -> None:
    pieces = [f'"{number}": {dumps(record)}' for number, record in enumerate(RECORDS)]
    pieces[2] += "}"
    items = read("{" + ", ".join(pieces) + "}")
    assert values(items) == RECORDS
    pieces = [dumps(record) for record in RECORDS]
    pieces[2] += "]"
    items = read('{"data": [' + ", ".join(pieces) + "]}")
    assert values(items) == RECORDS
    assert faults(items)


@pytest.mark.parametrize("size", [5, 10_000])
@pytest.mark.parametrize("layout", ["array", "pretty array", "ascii array", "wrapper"])
def test_a_cut_gives_what_is_complete_and_one_fault(layout: str, size: int) -> None:
    text = LAYOUTS[layout]
    for end in range(text.index("第0天") if "第0天" in text else 40, text.rindex("]"), 11):
        items = read(text[:end], size)
        whole = values(items)
        assert whole == RECORDS[: len(whole)]
        assert faults(items) == ["truncated_json"], end
        assert isinstance(items[-1], Broken)


@given(st.integers(0, 400), st.text('{}[]",: a1\\', min_size=1, max_size=6), st.integers(1, 60))
def test_damage_anywhere_never_raises_and_loses_nothing_silently(at: int, noise: str, size: int) -> None:
    text = LAYOUTS["array"]
    items = read(text[:at] + noise + text[at + len(noise) :], size)
    untouched = [record for record in RECORDS if not _touched(text, record, at, at + len(noise))]
    assert items
    if not faults(items):
        assert len(values(items)) >= len(untouched)


def _touched(text: str, record: object, start: int, end: int) -> bool:
    begin = text.index(dumps(record))
    return start <= begin + len(dumps(record)) and end >= begin


def test_characters_are_mended_in_their_own_record() -> None:
    text = dumps([{"a": "好"}, {"a": f"坏{MARK}了", MARK: 1}, {"a": "好"}, {"a": ["half"]}, {"a": "\ufffd"}])
    items = read(text.replace("half", "\\ud83d"), 4)
    assert items == [
        Element({"a": "好"}),
        Element({"a": "坏\ufffd了", "\ufffd": 1}, "", ("replaced_characters:2",)),
        Element({"a": "好"}),
        Element({"a": ["\ufffd"]}, "", ("lone_surrogate",)),
        Element({"a": "\ufffd"}),
    ]


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert read('[{"a": "\\ud83d\\ude00"}]') == [Element({"a": "😀"})]


def test_what_is_no_object_costs_no_other() -> None:
    items = read('[甲, {"a": 1}, {乙: 2}, {"b": 3}]', 4)
    assert values(items) == [{"a": 1}, {"b": 3}]
    assert faults(items) == ["bad_json", "bad_json"]


def test_deep_nesting_is_a_fault() -> None:
    items = read('[{"a": ' + "[" * 100_000 + "]" * 100_000 + '}, {"a": 1}]', 1_000)
    assert values(items) == [{"a": 1}]
    assert faults(items) == ["bad_json"]


def test_memory_does_not_grow_with_the_file() -> None:
    record = dumps({"question": "头痛" * 200, "answer": "休息" * 300})

    def array() -> Iterator[str]:
        yield "["
        for _ in range(20_000):
            yield record + ","
        yield record + "]"

    tracemalloc.start()
    try:
        assert sum(isinstance(item, Element) for item in elements(array())) == 20_001
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


# -- delimited text ---------------------------------------------------------------------------------------------------


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


# -- spreadsheets and Parquet -----------------------------------------------------------------------------------------


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
