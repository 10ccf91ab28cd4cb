"""De-identification inside a build: fields by name, ages, and the check that refuses what still matches."""

import datetime
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from cmtmedqa import io
from cmtmedqa.build import privacy
from cmtmedqa.build.convert import Origin, to_batch
from cmtmedqa.build.pipeline import build
from cmtmedqa.build.unit_files import REJECTION_SCHEMA
from cmtmedqa.clean.batch import Batch
from cmtmedqa.clean.departments import ALIASES
from cmtmedqa.config import make_config
from cmtmedqa.errors import ConfigError
from cmtmedqa.sources.mapped import Mapped

MOBILE = "13912345678"


def batch_of(*records: Mapped) -> Batch:
    return to_batch(records, "a.jsonl", Origin("a", "unknown", "real"), ALIASES)


def rejection(**values: str) -> pa.Table:
    row = {"id": "a", "source": "s", "file": "f", "index": 0, "step": "read", "reason": "r", "detail": "", "record": ""}
    return pa.Table.from_pylist([row | values], schema=REJECTION_SCHEMA)


def test_fields_that_say_who_somebody_is_are_dropped_at_any_depth():
    extra = {"doctor_name": "张三", "deep": [{"Patient-Name": "李四", "grade": 3}], "note": "平安"}
    batch, found, _ = privacy.deidentify_batch(batch_of(Mapped([("patient", "头疼")], extra=extra)))
    assert json.loads(batch.rows["extra"][0].as_py()) == {"deep": [{"grade": 3}], "note": "平安"}
    assert found == {"doctor": 1, "name": 1}


@pytest.mark.parametrize(("age", "kept"), [(89, 89), (90, 90), (91, 90), (103, 90), (None, None)])
def test_ages_above_89_become_one(age, kept):
    batch, _, _ = privacy.deidentify_batch(batch_of(Mapped([("patient", "头疼")], age=age)))
    assert batch.rows["age"].to_pylist() == [kept]


def test_lists_are_looked_at_too():
    record = Mapped([("patient", "头疼")], departments=["武汉协和医院", "内科"], diseases=[f"感冒{MOBILE}"])
    batch, found, _ = privacy.deidentify_batch(batch_of(record))
    assert batch.rows["department_raw"].to_pylist() == [["[医院1]", "内科"]]
    assert batch.rows["diseases"].to_pylist() == [["感冒[电话1]"]]
    assert found == {"hospital": 1, "mobile": 1}


@pytest.mark.parametrize(
    "record",
    [
        Mapped([("patient", "好"), ("doctor", f"打{MOBILE}")]),
        Mapped([("patient", "好")], title=f"打{MOBILE}"),
        Mapped([("patient", "好")], extra={"a": f"打{MOBILE}"}),
        Mapped([("patient", "好")], diseases=[f"打{MOBILE}"]),
    ],
)
def test_what_still_matches_is_refused_with_its_class(record):
    refused, reasons = privacy.residual(batch_of(Mapped([("patient", "[电话1]")]), record))
    assert (refused.tolist(), reasons) == ([False, True], ["", "residual_mobile"])


def test_nothing_is_residual_after_a_working_stage():
    record = Mapped([("patient", f"打{MOBILE}")], title=MOBILE, extra={"a": MOBILE}, diseases=[MOBILE])
    batch, _, _ = privacy.deidentify_batch(batch_of(record))
    assert not privacy.residual(batch)[0].any()


def test_a_stage_that_misses_leads_to_a_withheld_record_and_not_to_a_leak():
    blind = privacy.Means(lambda *_: {})
    batch, _, _ = privacy.deidentify_batch(batch_of(Mapped([("patient", f"打{MOBILE}")])), blind)
    assert privacy.residual(batch)[1] == ["residual_mobile"]
    stored = io.canonical_json({"turns": [{"role": "patient", "text": f"打{MOBILE}"}]})
    kept = privacy.deidentify_rejections(rejection(record=stored, detail="why"), blind).to_pylist()[0]
    assert (kept["record"], kept["detail"]) == ("", "why; record withheld: residual_mobile")


def test_rejected_records_lose_named_fields_and_values():
    record = io.canonical_json({"user_name": "小雨", "memo": [f"打{MOBILE}"]})
    kept = privacy.deidentify_rejections(rejection(record=record)).to_pylist()[0]
    assert json.loads(kept["record"]) == {"memo": ["打[电话1]"]}
    broken = '{"user_name": "小雨", "memo": "打13912345678'
    kept = privacy.deidentify_rejections(rejection(record=broken)).to_pylist()[0]
    assert kept["record"] == '{"user_name": "小雨", "memo": "打[电话1]'


def dated_build(tmp_path: Path, **settings: str) -> str:
    source = tmp_path / "a.jsonl"
    said = [("human", "我2023-10-12做的手术，2023-10-22开始发烧咳嗽"), ("gpt", "建议多喝水，按时吃药，好好休息")]
    record = {"conversations": [{"from": role, "value": text} for role, text in said]}
    source.write_text(json.dumps(record, ensure_ascii=False) + "\n", "utf-8")
    out = tmp_path / "out"
    build(make_config({"inputs": [str(source)], "output": str(out)} | settings, "test"), Console(quiet=True))
    (row,) = [row for path in out.glob("data/*.parquet") for row in pq.read_table(path).to_pylist()]
    return row["turns"][0]["text"]


def test_dates_are_shifted_with_a_key_from_the_environment_and_their_interval_stays(tmp_path, monkeypatch):
    privacy._means.cache_clear()
    monkeypatch.setenv("CMTMEDQA_DATE_KEY", "k" * 32)
    text = dated_build(tmp_path, deidentify_dates="shift")
    first, second = (datetime.date.fromisoformat(found) for found in re.findall("[0-9-]{10}", text))
    assert (second - first).days == 10
    assert first != datetime.date(2023, 10, 12)
    assert "k" * 32 not in (tmp_path / "out" / "manifest.json").read_text("utf-8")


def test_dates_become_years_without_any_key(tmp_path):
    assert dated_build(tmp_path, deidentify_dates="year").startswith("我2023年做的手术，2023年开始")


def test_a_shift_without_a_safe_key_stops_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("CMTMEDQA_DATE_KEY", raising=False)
    key = tmp_path / "date.key"
    monkeypatch.setenv("CMTMEDQA_DATE_KEY_FILE", str(key))
    for content, mode, message in (
        (None, 0, "needs a key"),
        ("k" * 32, 0o644, "chmod 600"),
        ("short", 0o600, "fewer than 16"),
    ):
        privacy._means.cache_clear()
        if content:
            key.write_text(content)
            key.chmod(mode)
        with pytest.raises(ConfigError, match=message):
            dated_build(tmp_path, deidentify_dates="shift")
        assert not (tmp_path / "out").exists()
    key.write_text("k" * 32)
    assert "2023-10-12" not in dated_build(tmp_path, deidentify_dates="shift")
    privacy._means.cache_clear()


def test_a_build_whose_replacement_fails_publishes_nothing_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(privacy, "replace_column", lambda texts, *_: texts)
    source = tmp_path / "a.jsonl"
    turns = [("human", f"我头疼发烧咳嗽三天了，请打{MOBILE}告诉我吃什么药"), ("gpt", "建议多喝水，按时吃药，好好休息")]
    clean = [(role, text.replace(MOBILE, "电话")) for role, text in turns]
    records = [{"conversations": [{"from": role, "value": text} for role, text in said]} for said in (turns, clean)]
    source.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    out = tmp_path / "out"
    report = build(make_config({"inputs": [str(source)], "output": str(out)}, "test"), Console(quiet=True))
    assert report["kept"] == 1
    assert {row["step"]: row["rejected"] for row in report["funnel"]}["deidentify"] == {"residual_mobile": 1}
    (rejected,) = pq.read_table(next((out / "rejected").glob("*.parquet"))).to_pylist()
    assert (rejected["step"], rejected["reason"], rejected["record"]) == ("deidentify", "residual_mobile", "")
    assert not [path for path in out.rglob("*") if path.is_file() and MOBILE in _all_text(path)]


def _all_text(path: Path) -> str:
    return str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text("utf-8")


def test_an_id_that_is_personal_data_is_replaced_and_a_hash_is_left_alone() -> None:
    from collections import Counter

    from cmtmedqa.build.privacy import impersonal_ids

    ids = pa.array(["13912345678", "q-13912345678", "13812345678d8a20", "13812345678d8a20~2", "4711"], pa.string())
    found: Counter[str] = Counter()
    instead = pa.array([f"hash{row}" for row in range(len(ids))], pa.string())
    left = impersonal_ids(ids, instead, found).to_pylist()
    assert left == ["hash0", "hash1", "13812345678d8a20", "13812345678d8a20~2", "4711"]
    assert found == {"mobile": 2}
