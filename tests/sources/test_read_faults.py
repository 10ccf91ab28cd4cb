"""What is broken is reported where it stands, and costs no record beside it."""

import gzip
import json
import pickle
from pathlib import Path

import pytest

from cmtmedqa.errors import InputError
from cmtmedqa.sources.files import SourceFile
from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.read import plan, read

Records = list[Mapped | Unreadable]

ENOUGH = 1 << 40


def dialogue(number: int) -> dict[str, object]:
    return {
        "id": f"d{number}",
        "instruction": f"第{number}天了，还要吃药吗？",
        "input": "",
        "output": "再吃三天，然后复查血常规。",
        "history": [["医生您好，我咳嗽一周了。", "有没有发热？"]],
    }


def dumps(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


LINES = [dumps(dialogue(number)) for number in range(30)]
JSONL = "\n".join(LINES) + "\n"


def stored(path: Path, data: bytes | str, encoding: str = "utf-8") -> SourceFile:
    path.write_bytes(data.encode(encoding) if isinstance(data, str) else data)
    return SourceFile(path.name, str(path))


def records(file: SourceFile, unit_bytes: int = ENOUGH) -> Records:
    return [record for unit in plan(file, unit_bytes).units for record in read(unit)]


def of_text(tmp_path: Path, data: bytes | str, encoding: str = "utf-8") -> Records:
    return records(stored(tmp_path / "file.bin", data, encoding))


def ids(found: Records) -> list[str]:
    return [record.id for record in found if isinstance(record, Mapped)]


def faults(found: Records) -> list[tuple[int, str]]:
    return [(record.index, record.reason) for record in found if isinstance(record, Unreadable)]


def repairs(found: Records) -> dict[int, list[str]]:
    return {record.index: list(record.repairs) for record in found if isinstance(record, Mapped) and record.repairs}


EXPECTED = [f"d{number}" for number in range(30)]


def test_broken_lines_are_reported_where_they_stand(tmp_path: Path) -> None:
    lines = [LINES[0], LINES[1][:-9], "", '{"id": 1, "x": 咳嗽}', LINES[2], "[]]", "{}", "null", *LINES[3:9]]
    found = of_text(tmp_path, "\n".join(lines))
    assert ids(found) == ["d0", "d2", *EXPECTED[3:9]]
    assert [record.index for record in found if isinstance(record, Mapped)] == [0, 4, *range(8, 14)]
    assert faults(found) == [
        (1, "bad_json"),
        (3, "bad_json"),
        (5, "bad_json"),
        (6, "unknown_shape"),
        (7, "unknown_shape"),
    ]
    broken = [record for record in found if isinstance(record, Unreadable)]
    assert broken[0].raw == lines[1]
    assert broken[0].detail.startswith("line 2: ")
    assert all("咳嗽" not in record.detail for record in broken)


def test_json_that_python_and_others_write_is_read(tmp_path: Path) -> None:
    odd = [
        LINES[0].replace('"input": ""', '"input": NaN, "score": -Infinity'),
        LINES[1].replace("三天", "三\t天"),
        LINES[2].replace("三天", "三\u2028\u0085天"),
        "\ufeff" + LINES[3],
        LINES[4] + " \r",
    ]
    found = of_text(tmp_path, "\n".join([*odd, LINES[5]]))
    assert faults(found) == []
    assert ids(found) == EXPECTED[:6]
    assert json.dumps([record.extra for record in found if isinstance(record, Mapped)], allow_nan=False)


@pytest.mark.parametrize("layout", ["{}", "[{}]"])
def test_half_surrogates_become_replacement_characters(tmp_path: Path, layout: str) -> None:
    lines = [
        LINES[0],
        LINES[1].replace("三天", "三\\ud83d天").replace('"input"', '"no\\udc00te": "\\ud800", "input"'),
        LINES[2].replace("三天", "三\\ud83d\\ude00天"),
    ]
    found = of_text(tmp_path, layout.replace("{}", (",\n" if "[" in layout else "\n").join(lines)))
    assert repairs(found) == {1: ["lone_surrogate"]}
    assert [record.turns[-1][1][2:5] for record in found if isinstance(record, Mapped)] == [
        "三天，",
        "三\ufffd天",
        "三😀天",
    ]
    pickle.dumps(found)
    repr(found).encode("utf-8")


@pytest.mark.parametrize("layout", ["jsonl", "json", "csv", "text"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_bytes_of_no_encoding_are_counted_in_their_record(tmp_path: Path, layout: str, encoding: str) -> None:
    answers = ["多喝水，注意休息，不适随诊。", "量血压，少熬夜，\0按时服药。", "查血常规，三天后复查。"]
    texts = {
        "jsonl": "\n".join(
            dumps({"question": "怎么办？", "answer": answer}).replace("\\u0000", "\0") for answer in answers
        ),
        "json": "["
        + ", ".join(dumps({"question": "怎么办？", "answer": answer}).replace("\\u0000", "\0") for answer in answers)
        + "]",
        "csv": "question,answer\n" + "".join(f"怎么办？,{answer}\n" for answer in answers),
        "text": "\n\n\n".join(f"标题,怎么办？\n{answer}" for answer in answers),
    }
    found = of_text(tmp_path, texts[layout].encode(encoding).replace(b"\0", b"\xff"))
    assert faults(found) == []
    assert repairs(found) == {1: ["replaced_characters:1"]}
    assert [record.turns[-1][1] for record in found if isinstance(record, Mapped)] == [
        answer.replace("\0", "\ufffd") for answer in answers
    ]


def test_lines_of_both_encodings(tmp_path: Path) -> None:
    data = b"".join(line.encode(["utf-8", "gb18030"][number % 3 == 1]) + b"\n" for number, line in enumerate(LINES))
    found = of_text(tmp_path, data)
    assert (ids(found), faults(found), repairs(found)) == (EXPECTED, [], {})
    assert {record.turns[-1][1] for record in found if isinstance(record, Mapped)} == {"再吃三天，然后复查血常规。"}


@pytest.mark.parametrize("depth", [500, 900, 1_500, 100_000])
@pytest.mark.parametrize("layout", ["{}", "[{}]"])
def test_deep_nesting_stops_nothing(tmp_path: Path, layout: str, depth: int) -> None:
    deep = '{"question": "怎么办？", "answer": "多喝水。", "deep": ' + "[" * depth + "]" * depth + "}"
    unknown = '{"deep": ' + '{"a":' * depth + "1" + "}" * depth + "}"
    lines = [LINES[0], deep, unknown, LINES[1]]
    found = of_text(tmp_path, layout.replace("{}", (",\n" if "[" in layout else "\n").join(lines)))
    assert [name for name in ids(found) if name] == ["d0", "d1"]
    assert {record.index for record in found} == {0, 1, 2, 3}


@pytest.mark.parametrize("name", ["jsonl", "array", "csv"])
def test_a_cut_archive_is_one_fault(tmp_path: Path, name: str) -> None:
    header = "department,title,ask,answer\n"
    texts = {
        "jsonl": JSONL * 400,
        "array": "[" + ",".join(LINES * 400) + "]",
        "csv": header + "".join(f"内科,标题{number},咳嗽{number * 7919}天,多喝水\n" for number in range(12_000)),
    }
    whole = gzip.compress(texts[name].encode())
    found = of_text(tmp_path, whole[: len(whole) // 2])
    assert 2_000 < len(found) < 12_001
    assert faults(found) in ([(len(found) - 1, "truncated_gz")], [(len(found) - 1 + (name == "csv"), "truncated_gz")])


def test_a_cut_array_gives_what_is_whole(tmp_path: Path) -> None:
    text = "[" + ",".join(LINES) + "]"
    found = of_text(tmp_path, text[: text.index('"id": "d20"') + 40])
    assert ids(found) == EXPECTED[:20]
    assert faults(found) == [(20, "truncated_json")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (b"[]", "empty_file"),
        (gzip.compress(b"", mtime=0), "empty_file"),
        (b"department,title,ask,answer\n", "empty_file"),
        (gzip.compress(b"", mtime=0)[:9], "truncated_gz"),
        (b"\x00\x01\x02" * 50, "unknown_file"),
        ("天气很好。\n适合出门。\n".encode(), "unknown_file"),
        (b"PAR1" + bytes(100), "damaged_parquet"),
        (b"PK\x03\x04" + b"xl/workbook.xml" + bytes(100), "damaged_xlsx"),
    ],
)
def test_a_file_without_records_is_one_fault(tmp_path: Path, data: bytes, reason: str) -> None:
    assert faults(of_text(tmp_path, data)) == [(0, reason)]


def test_unknown_records_name_their_keys(tmp_path: Path) -> None:
    (record,) = of_text(tmp_path, dumps([{"甲": "隐私", "乙": 1}]))
    assert isinstance(record, Unreadable)
    assert (record.reason, record.detail, record.index) == ("unknown_shape", "keys: 乙, 甲", 0)


def test_an_error_in_the_middle_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = stored(tmp_path / "a.jsonl", JSONL)
    unit = plan(file, ENOUGH).units[0]

    class Failing:
        damage = ""

        def __iter__(self) -> "Failing":
            raise InputError("a.jsonl: cannot be read: input/output error")

    monkeypatch.setattr("cmtmedqa.sources.read.Blocks", lambda *_: Failing())
    with pytest.raises(InputError, match=r"^a\.jsonl: cannot be read: input/output error$"):
        list(read(unit))
