"""Lineage and `why`: every record of the input can be asked about, by the people who must answer for the dataset."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cmtmedqa.build.why import explain
from cmtmedqa.build.why_text import tell
from cmtmedqa.clean.deidentify import find
from cmtmedqa.cli.app import app
from cmtmedqa.errors import InputError
from cmtmedqa.sources.mapped import content_id

_RUNNER = CliRunner()
_PHONE = "13912345678"


def _record(identifier: str, question: str, answer: str, **more: object) -> dict[str, object]:
    return {"id": identifier, "instruction": question, "output": answer, "history": [], **more}


_PLAIN = ("我头痛三天，伴有恶心，需要做什么检查吗？", "考虑偏头痛，建议测血压，必要时做头颅CT，注意休息。")
RECORDS = [
    _record("plain-1", *_PLAIN),
    _record("wide-2", "孩子發燒３８．５℃，咳嗽兩天，用什麼藥？", "建議布洛芬混悬液退热，多喝水，观察精神状态，必要时查血常规。"),
    _record("phone-3", f"我胃痛反酸一周，电话{_PHONE}，请问怎么治疗？", "考虑胃食管反流，建议口服奥美拉唑，饮食清淡，少食多餐。"),
    _record("twin-4", *_PLAIN),
    _record("short-5", "在吗？", "在"),
    _record("same", "皮肤起红疹两天，很痒，是过敏吗？", "考虑荨麻疹，建议口服氯雷他定，避免抓挠和可疑食物。"),
    _record("same", "血压一直偏高，需要吃药吗？", "建议先监测血压一周，低盐饮食，必要时服用氨氯地平。"),
    {"neither": "question", "nor": "answer"},
]  # fmt: skip


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lineage")
    lines = (json.dumps(record, ensure_ascii=False) for record in RECORDS)
    (folder / "clinic.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = _RUNNER.invoke(app, ["build", str(folder / "clinic.jsonl"), "-o", str(folder / "set")])
    assert done.exit_code == 0, done.output
    return folder / "set"


def _lineage(dataset: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((dataset / "lineage").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def _turns(*texts: str) -> list[tuple[str, str]]:
    return [("patient" if place % 2 == 0 else "doctor", text) for place, text in enumerate(texts)]


def test_one_row_a_record_in_the_order_of_the_input(dataset: Path) -> None:
    rows = _lineage(dataset)
    assert [row["index"] for row in rows] == list(range(len(RECORDS)))
    report = json.loads((dataset / "report.json").read_text(encoding="utf-8"))
    dropped = Counter(f"{row['step']}/{row['reason']}" for row in rows if row["step"])
    assert dropped == Counter(report["sources"]["clinic.jsonl"]["rejected"])
    assert [row["id"] for row in rows if row["step"] is None] == ["plain-1", "wide-2", "phone-3", "same", "same~2"]
    assert all((row["split"] is None) == (row["step"] is not None) for row in rows)


def test_hashes_lead_from_the_source_to_the_published_text(dataset: Path) -> None:
    rows = {row["id"]: row for row in _lineage(dataset)}
    for record in RECORDS[:3]:
        read = content_id(_turns(str(record["instruction"]), str(record["output"])))
        assert rows[str(record["id"])]["read_hash"] == read
    published = {
        row["id"]: content_id([(turn["role"], turn["text"]) for turn in row["turns"]])
        for path in (dataset / "data").glob("*.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    for identifier, digest in published.items():
        row = rows[identifier]
        assert digest == (
            row["deidentified_hash"] or row["arranged_hash"] or row["normalised_hash"] or row["read_hash"]
        )
    assert rows["plain-1"]["normalised_hash"] is None
    assert {"width", "simplify"} <= set(rows["wide-2"]["repairs"])
    assert rows["wide-2"]["normalised_hash"] is not None
    raw = json.dumps(RECORDS[7], ensure_ascii=False)
    (unread,) = [row for row in rows.values() if row["step"] == "read"]
    assert unread["read_hash"] == hashlib.blake2b(raw.encode(), digest_size=8).hexdigest()


def test_spans_say_where_and_what_but_never_the_value(dataset: Path) -> None:
    (row,) = [row for row in _lineage(dataset) if row["id"] == "phone-3"]
    (expected,) = find(str(RECORDS[2]["instruction"]))
    assert row["spans"] == [{"turn": 0, **expected._asdict()}]
    for path in dataset.rglob("*.parquet"):
        assert _PHONE not in str(pq.read_table(path).to_pylist())
    assert _PHONE not in json.dumps(explain(dataset, "phone-3"))


def test_why_a_kept_record(dataset: Path) -> None:
    found = explain(dataset, "plain-1")
    assert found["status"] == "kept"
    assert found["read_from"]["index"] == 0
    assert (
        found["read_from"]["file_sha256"] == hashlib.sha256((dataset.parent / "clinic.jsonl").read_bytes()).hexdigest()
    )
    assert [member["id"] for member in found["duplicates"]["others"]] == ["twin-4"]
    assert all(item["passed"] for item in found["filters"])
    place = found["split"]["place"]
    expected = "test" if place < 0.05 else "dev" if place < 0.1 else "train"
    assert found["split"]["name"] == expected


def test_why_a_duplicate_names_the_record_that_stays(dataset: Path) -> None:
    found = explain(dataset, "twin-4")
    assert found["dropped"]["reason"] == "exact_duplicate"
    assert found["duplicates"]["winner"] == "plain-1"
    told = "\n".join(tell(found))
    assert "not in the dataset" in told
    assert "plain-1 stays in its place" in told
    assert "保留的是 plain-1" in "\n".join(tell(found, "zh"))


def test_why_a_filtered_record_names_value_and_threshold(dataset: Path) -> None:
    found = explain(dataset, "short-5")
    assert found["dropped"] == {"step": "filter", "reason": "min_chars", "detail": "chars 4, min_chars 10"}
    failed = {item["filter"]: item["value"] for item in found["filters"] if not item["passed"]}
    assert failed["min_chars"] == 4


def test_why_a_record_that_could_not_be_read(dataset: Path) -> None:
    (row,) = [row for row in _lineage(dataset) if row["step"] == "read"]
    found = explain(dataset, row["id"])
    assert found["dropped"]["reason"] == "unknown_shape"
    assert found["features"] is None
    assert [step["stage"] for step in found["transformations"]] == ["read"]


def test_ids_that_occur_twice_and_beginnings(dataset: Path) -> None:
    assert explain(dataset, "same")["id"] == "same"
    assert explain(dataset, "same~")["id"] == "same~2"
    assert explain(dataset, "pho")["id"] == "phone-3"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("", "no record ''"),
        ("plian-1", "did you mean plain-1?"),
        ("zzzzzz", "no record 'zzzzzz'"),
        ("s", "'s' begins 3 ids: same, same~2, short-5"),
    ],
)
def test_an_id_that_does_not_fit_is_one_line(dataset: Path, asked: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        explain(dataset, asked)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_takes_the_folder_first_or_last(dataset: Path) -> None:
    last = _RUNNER.invoke(app, ["why", "phone-3", str(dataset)])
    first = _RUNNER.invoke(app, ["why", str(dataset), "phone-3"])
    assert (last.exit_code, last.output) == (first.exit_code, first.output) == (0, first.output)
    as_json = _RUNNER.invoke(app, ["why", "phone-3", str(dataset), "--json"])
    assert json.loads(as_json.output) == explain(dataset, "phone-3")


def test_validate_finds_lineage_that_is_not_that_of_the_data(dataset: Path, tmp_path: Path) -> None:
    import shutil

    from cmtmedqa.build.recheck import _lineage as check
    from cmtmedqa.build.recheck import problems

    assert problems(dataset) == []
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    part = copy / "lineage" / "part-00000.parquet"
    pq.write_table(pq.read_table(part).slice(1), part)
    report = json.loads((copy / "report.json").read_text(encoding="utf-8"))
    assert any("lineage/: 7 records of 8 read" in line for line in check(copy, report, {}))


def test_a_parsed_record_leads_to_its_page_in_the_warc_file(tmp_path: Path) -> None:
    place = {"file": "site-00001.warc.gz", "offset": 5_000_000_000, "digest": "sha1:ABC"}
    turns = [{"role": "patient", "text": _PLAIN[0]}, {"role": "doctor", "text": _PLAIN[1]}]
    records = [
        {"id": "paged", "source": "site", "turns": turns, "extra": json.dumps({"warc": place})},
        {
            "id": "odd",
            "source": "site",
            "turns": [{"role": "patient", "text": "在吗？"}],
            "extra": json.dumps({"warc": 5}),
        },
    ]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (tmp_path / "site.jsonl").write_text(lines, encoding="utf-8")
    done = _RUNNER.invoke(app, ["build", str(tmp_path / "site.jsonl"), "-o", str(tmp_path / "set")])
    assert done.exit_code == 0, done.output
    found = explain(tmp_path / "set", "paged")
    assert found["read_from"]["warc"] == place
    assert "site-00001.warc.gz at offset 5000000000" in "\n".join(tell(found))
    assert explain(tmp_path / "set", "odd")["read_from"]["warc"] is None
