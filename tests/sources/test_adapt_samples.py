"""Every sample file gives the number of dialogues that is known of it. Skipped where the samples do not lie beside us."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.route import adapt, adapt_text, text_shape

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the sample files do not lie beside the checkout")

COUNTS = {
    "zhongjing/CMtMedQA_sample.json": {"cmtmedqa": 500, "cmtmedqa-safety": 72},
    "zhongjing/huatuo26M_sample.json": {"huatuo26m": 3000},
    "toyhom/sample_neike5000-6000.csv": {"toyhom-csv": 7644},
    "toyhom/neike.txt": {"toyhom-txt": 4048},
    "dialmed/dev.txt": {"prefixed-list": 1192},
    "midmed/MidMed_sample.json": {"alternating-list": 1399},
    "remedi/dev_human_annotation.txt": {"remedi-serialised": 100},
    "optional/disc-medllm/train_test_examples.jsonl": {"role-content": 163},
    "optional/disc-medllm/cmd_samples.json": {"single-qa": 120},
    "optional/medicalgpt/medical_sft_1K_format.jsonl": {"sharegpt": 1000},
    "optional/medicalgpt/dpo_zh_500.jsonl": {"dpo": 500},
    "optional/mtcmb/TCM-CHGD.jsonl": {"packed-string": 100},
    "optional/smile/smile_first1000.jsonl": {"role-content": 1000},
}


def decoded(name: str) -> str:
    data = (DATA / name).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def records_of(text: str, name: str) -> list[object]:
    if name.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(text)))
    if text.lstrip().startswith("["):
        found = json.loads(text)
        assert isinstance(found, list)
        return found
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def adapted(name: str) -> list[Mapped | Unreadable]:
    text = decoded(name)
    if text.lstrip()[:1] not in "[{" and not name.endswith(".csv"):
        shape = text_shape(text[:65_536])
        assert shape is not None
        return list(adapt_text(shape, iter(text.splitlines())))
    return [item for index, record in enumerate(records_of(text, name)) for item in adapt(record, index)]


def mapped(name: str) -> list[Mapped]:
    return [item for item in adapted(name) if isinstance(item, Mapped)]


@pytest.mark.parametrize("name", COUNTS, ids=lambda name: Path(name).stem)
def test_sample_gives_its_known_number_of_dialogues(name: str) -> None:
    found = adapted(name)
    assert [item.reason for item in found if isinstance(item, Unreadable)] == []
    assert Counter(item.adapter for item in found) == COUNTS[name]


def test_every_chgd_dialogue_has_both_speakers_and_no_exam_answer() -> None:
    found = mapped("optional/mtcmb/TCM-CHGD.jsonl")
    assert {role for item in found for role, _ in item.turns} == {"patient", "doctor"}
    assert all({role for role, _ in item.turns} == {"patient", "doctor"} for item in found)
    assert max(len(item.turns) for item in found) == 19
    assert sum("方剂名称：" in said for item in found for _, said in item.turns) == 0


def test_toyhom_titles_stand_before_the_question_except_where_it_holds_them() -> None:
    rows = records_of(decoded("toyhom/sample_neike5000-6000.csv"), ".csv")
    found = mapped("toyhom/sample_neike5000-6000.csv")
    assert sum(item.turns[0][1] == dict(row)["ask"] for item, row in zip(found, rows, strict=True)) == 1333  # type: ignore[call-overload]


def test_midmed_passes_nothing_of_its_annotations_but_departments() -> None:
    found = mapped("midmed/MidMed_sample.json")
    assert {key for item in found for key in item.extra} <= {"temp_kg_fields"}
    assert not any("\xa0" in name for item in found for name in item.departments)
    assert max(len(item.turns) for item in found) == 200
