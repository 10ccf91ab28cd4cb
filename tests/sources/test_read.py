"""From a file to records: the same ones however the file is packed, encoded and cut into units."""

import gzip
import hashlib
import json
import pickle
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.sources.blocks import Blocks
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.read import Unit, plan, read

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


def zipped(data: bytes, path: Path) -> SourceFile:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", data)
    return expand([str(path)])[0][0]


CONTAINERS: dict[str, Callable[[Path], SourceFile]] = {
    "jsonl": lambda path: stored(path, JSONL),
    "jsonl without a last line end": lambda path: stored(path, JSONL.rstrip("\n")),
    "jsonl with CRLF": lambda path: stored(path, JSONL.replace("\n", "\r\n")),
    "jsonl, utf-8-sig": lambda path: stored(path, JSONL, "utf-8-sig"),
    "jsonl, gb18030": lambda path: stored(path, JSONL, "gb18030"),
    "jsonl, utf-16": lambda path: stored(path, JSONL, "utf-16"),
    "jsonl.gz": lambda path: stored(path, gzip.compress(JSONL.encode())),
    "jsonl.zst": lambda path: stored(path, zstandard.compress(JSONL.encode())),
    "jsonl in a zip": lambda path: zipped(JSONL.encode(), path),
    "gz in a zip": lambda path: zipped(gzip.compress(JSONL.encode()), path),
    "array": lambda path: stored(path, "[" + ",".join(LINES) + "]"),
    "pretty array, gb18030": lambda path: stored(path, dumps([json.loads(line) for line in LINES], 2), "gb18030"),
    "array, utf-16": lambda path: stored(path, "[" + ",\n".join(LINES) + "]", "utf-16"),
    "wrapper": lambda path: stored(path, '{"version": 1, "data": [' + ",".join(LINES) + "]}"),
    "objects": lambda path: stored(path, "\n".join(dumps(json.loads(line), 4) for line in LINES)),
    "array.gz in a zip": lambda path: zipped(gzip.compress(b"[" + ",".join(LINES).encode() + b"]"), path),
}


@pytest.mark.parametrize("container", sorted(CONTAINERS))
def test_every_container_gives_the_same_records(tmp_path: Path, container: str) -> None:
    found = records(CONTAINERS[container](tmp_path / "file.bin"))
    assert faults(found) == []
    assert ids(found) == EXPECTED
    assert [record.index for record in found] == list(range(30))
    assert {record.adapter for record in found} == {"cmtmedqa"}
    assert repairs(found) == {}
    assert found[3] == records(stored(tmp_path / "plain", JSONL))[3]


def test_parquet_and_spreadsheets(tmp_path: Path) -> None:
    import openpyxl

    pq.write_table(pa.Table.from_pylist([json.loads(line) for line in LINES]), tmp_path / "a")
    assert ids(records(SourceFile("a", str(tmp_path / "a")))) == EXPECTED
    book = openpyxl.Workbook()
    for row in (["department", "title", "ask", "answer"], ["内科", "咳嗽", "咳嗽一周", "多喝水"]):
        book.active.append(row)
    book.save(tmp_path / "b")
    book.close()
    (record,) = records(SourceFile("b", str(tmp_path / "b")))
    assert isinstance(record, Mapped)
    assert (record.adapter, list(record.departments), record.turns[-1]) == (
        "toyhom-csv",
        ["内科"],
        ("doctor", "多喝水"),
    )


def test_an_object_of_records_passes_its_keys_on(tmp_path: Path) -> None:
    ranking = {"query": "咳嗽怎么办？", "history": [], "response_0": "多喝水。", "response_1": "请就诊。"}
    found = of_text(tmp_path, dumps({"题一": ranking, "题二": ranking}))
    assert [(record.adapter, record.id) for record in found] == [("ranking", "题一"), ("ranking", "题二")]


def test_delimited_text(tmp_path: Path) -> None:
    text = 'department,title,ask,answer\n内科,咳嗽,"一周，\n有痰",多喝水\n内科,缺一列,x\n内科,头晕,晨起头晕,量血压\n'
    found = of_text(tmp_path, text, "gb18030")
    assert faults(found) == [(1, "bad_row")]
    assert [record.turns[0][1] for record in found if isinstance(record, Mapped)] == ["咳嗽\n一周，\n有痰", "晨起头晕"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_plain_text_with_any_line_ends(tmp_path: Path, end: str) -> None:
    text = "咳嗽,咳嗽一周\n多喝水\n\n\n头晕,晨起\n量血压\n".replace("\n", end)
    found = of_text(tmp_path, text.encode("gb18030"))
    assert [(record.index, record.adapter) for record in found] == [(0, "toyhom-txt"), (1, "toyhom-txt")]


@given(
    st.lists(
        st.sampled_from([*LINES[:5], "", " ", "{broken", "[1]", '{"a": NaN}', '"\u2028"']), min_size=1, max_size=30
    ),
    st.integers(1, 600),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.booleans(),
)
def test_units_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], unit_bytes: int, end: str, encoding: str, final: bool
) -> None:
    data = (end.join([*LINES[:3], *lines]) + (end if final else "")).encode(encoding)
    file = stored(tmp_path_factory.getbasetemp() / "units.jsonl", data)
    planned = plan(file, unit_bytes)
    assert [unit.start for unit in planned.units] == [0, *[unit.end for unit in planned.units[:-1]]]
    assert planned.units[-1].end == planned.size == len(data)
    assert records(file, unit_bytes) == records(file)
    assert max(len(data[unit.start : unit.end].split(b"\n", 1)[0]) for unit in planned.units) < unit_bytes + 400


def test_a_plan_names_the_bytes_and_travels(tmp_path: Path) -> None:
    file = stored(tmp_path / "a", JSONL)
    planned = plan(file, 1_000)
    assert planned.sha256 == hashlib.sha256(JSONL.encode()).hexdigest()
    assert planned.size == len(JSONL.encode())
    assert len(planned.units) > 3
    assert [unit.first_index for unit in planned.units] == sorted({unit.first_index for unit in planned.units})
    assert pickle.loads(pickle.dumps(planned)) == planned


def test_what_cannot_be_cut_is_one_unit(tmp_path: Path) -> None:
    for name in ("jsonl.gz", "jsonl in a zip", "array", "jsonl, utf-16"):
        assert len(plan(CONTAINERS[name](tmp_path / "a"), 10).units) == 1


def test_the_digest_of_a_member_is_that_of_its_bytes(tmp_path: Path) -> None:
    planned = plan(zipped(JSONL.encode(), tmp_path / "a.zip"), ENOUGH)
    assert (planned.sha256, planned.size) == (hashlib.sha256(JSONL.encode()).hexdigest(), len(JSONL.encode()))


TSV = "医生：几天了\t1\n患者：三天\t2\n医生：发热吗\t1\n患者：没有\t2\n医生：多喝水\t3\n"


def test_a_companion_tells_where_dialogues_end(tmp_path: Path) -> None:
    file = stored(tmp_path / "train.tsv", TSV)
    stored(tmp_path / "other.json", dumps({"1": {"1": "O"}}))
    stored(tmp_path / "broken.json", "{")
    assert [list(record.repairs) for record in records(file) if isinstance(record, Mapped)] == [["boundaries_unknown"]]
    stored(tmp_path / "train_bio.json", dumps({"10": {"1": "O O", "2": "O"}, "11": {"1": "O", "2": "O", "3": "O"}}))
    found = records(file)
    assert [(record.id, len(record.turns)) for record in found if isinstance(record, Mapped)] == [("10", 2), ("11", 3)]


def test_a_huge_neighbour_is_no_companion(tmp_path: Path) -> None:
    file = stored(tmp_path / "train.tsv", TSV)
    lines = {str(number): "O" * 2_000 for number in range(5)}
    stored(tmp_path / "train.json", dumps({"10": lines}))
    assert len(records(file)) == 1
    assert repairs(records(file)) == {0: ["boundaries_unknown"]}


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["jsonl", "array", "one line", "object", "csv"])
def test_memory_is_flat(tmp_path: Path, layout: str) -> None:
    long = dialogue(1) | {"output": "每天两次，饭后服用，连续一周。" * 60}
    opening, between, closing = {
        "jsonl": ("", "\n", "\n"),
        "array": ("[\n", ",\n", "]\n"),
        "one line": ("[", ", ", "]"),
        "object": ("{", ", ", "}"),
        "csv": ("question,answer\n", "\n", "\n"),
    }[layout]
    with (tmp_path / "big").open("w", encoding="utf-8") as stream:
        stream.write(opening)
        for number in range(37_000):
            key = f'"k{number}": ' if layout == "object" else ""
            row = f'怎么办{number},"{long["output"]}"' if layout == "csv" else dumps(long)
            stream.write((between if number else "") + key + row)
        stream.write(closing)
    assert (tmp_path / "big").stat().st_size > 98_000_000
    tracemalloc.start()
    try:
        found = Counter(
            type(record)
            for unit in plan(SourceFile("big", str(tmp_path / "big")), 64 << 20).units
            for record in read(unit)
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == {Mapped: 37_000}
    assert peak < 64 << 20


REAL = {
    "zhongjing/CMtMedQA_sample.json": {"cmtmedqa": 500, "cmtmedqa-safety": 72},
    "zhongjing/huatuo26M_sample.json": {"huatuo26m": 3_000},
    "toyhom/sample_neike5000-6000.csv": {"toyhom-csv": 7_644},
    "toyhom/neike.txt": {"toyhom-txt": 4_048},
    "dialmed/dev.txt": {"prefixed-list": 1_192},
    "midmed/MidMed_sample.json": {"alternating-list": 1_399},
    "remedi/dev_human_annotation.txt": {"remedi-serialised": 100},
    "optional/disc-medllm/train_test_examples.jsonl": {"role-content": 163},
    "optional/disc-medllm/cmd_samples.json": {"single-qa": 120},
    "optional/medicalgpt/medical_sft_1K_format.jsonl": {"sharegpt": 1_000},
    "optional/medicalgpt/dpo_zh_500.jsonl": {"dpo": 500},
    "optional/mtcmb/TCM-CHGD.jsonl": {"packed-string": 100},
    "optional/smile/smile_first1000.jsonl": {"role-content": 1_000},
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_files(shared_data: Path, name: str) -> None:
    (file,) = expand([str(shared_data / name)])[0]
    found = records(file)
    assert Counter(record.adapter for record in found if isinstance(record, Mapped)) == REAL[name]
    assert faults(found) == []
    assert records(file, 10_000) == found


def test_a_unit_is_a_plain_value(tmp_path: Path) -> None:
    unit = plan(stored(tmp_path / "a", JSONL), ENOUGH).units[0]
    assert isinstance(unit, Unit)
    assert len(b"".join(Blocks(unit.file, "", unit.start, unit.end))) == unit.end
