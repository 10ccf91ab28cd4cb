"""Scoring, reporting and judging of benchmarks/pii."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.pii import real, report
from benchmarks.pii.compare import failures
from benchmarks.pii.plant import CLASSES, Gold, Planted, plant
from benchmarks.pii.score import ACCEPTED, Share, judged, outside, score, wilson

ROOT = Path(__file__).parents[2]
#       0123456789012345678
TEXT = "我叫张小明，电话13812345678，张医生"
NAME, PHONE = Gold(2, 5, "patient_name", "three_characters"), Gold(8, 19, "mobile", "plain")
ITEM = Planted("patient_name", 0, TEXT, (NAME, PHONE), ((21, 23),))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Lower bounds of reference/deidentify.md; the rest from Newcombe (1998), Statistics in Medicine 17, 857-872.
        (118, 118, 0.968, 1.0),
        (300, 300, 0.987, 1.0),
        (497, 500, 0.983, 0.998),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_against_published_values(hits, n, low, high) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=6e-4)


def test_nothing_observed_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert Share(0, 0).value == 0.0


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_the_share_and_mirrors(pair) -> None:
    hits, n = pair
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_covered_by_whatever_label_is_no_leak_but_not_typed() -> None:
    assert judged(PHONE, [(8, 19, "qq")]) == (True, False, False)
    assert judged(PHONE, [(8, 13, "mobile"), (13, 19, "mobile")]) == (True, True, False)
    assert judged(PHONE, [(8, 18, "mobile")]) == (False, False, True)
    assert judged(PHONE, []) == (False, False, False)


def test_a_span_may_take_optional_words_and_punctuation_with_it() -> None:
    assert outside(ITEM, (2, 6, "name")) == 0
    assert outside(ITEM, (0, 5, "name")) == 2
    assert outside(ITEM, (20, 23, "doctor")) == 1


def test_score_counts_by_class_form_and_label() -> None:
    found = [[(2, 5, "name"), (8, 18, "mobile"), (20, 21, "name"), (0, 5, "name")]]
    result = score([ITEM], found)
    assert result.classes["patient_name"] == (1, 1, 1, 0)
    assert result.classes["mobile"] == (1, 0, 0, 1)
    assert result.forms["mobile", "plain"] == (1, 0, 0, 1)
    assert result.labels["name"] == (3, 2, 2)
    assert result.precision("patient_name") == Share(2, 3)
    assert result.precision("plate") == Share(0, 0)


def test_a_wording_is_tight_if_none_of_its_values_leaks() -> None:
    items = [ITEM, ITEM, ITEM._replace(template=1)]
    result = score(items, [[(2, 5, "name")], [(2, 4, "name")], [(0, 5, "mobile")]])
    assert result.wordings == {("patient_name", 0): (2, 1, 1, 1), ("patient_name", 1): (1, 1, 0, 0)}
    assert result.tight("patient_name") == Share(1, 2)
    assert result.tight("mobile") == Share(0, 0)


def test_a_finder_that_knows_the_truth_scores_one_and_one_that_masks_all_has_no_precision() -> None:
    items = list(plant("development", 5))
    label = {kind: min(ACCEPTED[kind]) for kind in CLASSES}
    truth = score(items, [[(gold.start, gold.end, label[gold.kind]) for gold in item.gold] for item in items])
    assert all(recall.whole == recall.typed == recall.n for recall in truth.classes.values())
    assert all(right == n and more == 0 for n, right, more in truth.labels.values())
    flood = score(items, [[(0, len(item.text), "mobile")] for item in items])
    assert all(recall.whole == recall.n for recall in flood.classes.values())
    assert flood.precision("mobile").value < 0.5


def test_failures_name_each_fault_once() -> None:
    found = {"planted": [[(8, 19, "qq"), (20, 23, "doctor"), (0, 1, "name")]], "negatives-drugs": [[(0, 2, "name")]]}
    rows = list(failures([ITEM], found, {"planted": [TEXT], "negatives-drugs": ["何首乌"]}))
    assert [(row["fault"], row["class"]) for row in rows] == [
        ("missed", "patient_name"),
        ("mislabelled", "mobile"),
        ("too long", "doctor"),
        ("false", "name"),
        ("harm", "name"),
    ]


def test_the_wordings_of_the_reported_set_are_not_written_out(tmp_path) -> None:
    command = [sys.executable, "-m", "benchmarks.pii.compare", "reported", "--failures", str(tmp_path / "f")]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "o.json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "must not see" in done.stderr
    assert not list(tmp_path.iterdir())


def test_one_command_measures_ours_and_writes_the_tables(tmp_path) -> None:
    command = [sys.executable, "-m", "benchmarks.pii.compare", "development", "--per-class", "10"]
    output = tmp_path / "run.json"
    done = subprocess.run([*command, "-o", str(output)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours = json.loads(output.read_text(encoding="utf-8"))["tools"]["cmtmedqa"]
    assert ours["classes"]["id_card"]["whole"] == ours["classes"]["id_card"]["n"] >= 10
    table = output.with_suffix(".md").read_text(encoding="utf-8")
    assert all(f"| {kind} |" in table for kind in CLASSES)


def test_the_tables_hold_every_tool() -> None:
    recall = {"n": 4, "whole": 3, "typed": 2, "part": 1, "precision": [1, 2], "tight_wordings": [5, 26]}
    tool = {"classes": dict.fromkeys(CLASSES, recall), "forms": {"mobile/plain": recall}, "harm": {"drugs": [1, 60]}}
    tool |= {"clean": {"spans": 0, "characters": 10}, "turns_per_second": 5, "labels": {}}
    seen = tool | {"real": {"turns": 1, "characters": 20_000, "true": 1, "false": 1, "unknown": 2}}
    text = report.markdown({"set": "reported", "tools": {"cmtmedqa": seen, "jionlp": tool}})
    assert "| mobile | 4 | 0.750 (0.301–0.954) | 0.500 | 1 | 5 of 26 | 0.500 (0.095–0.905) | 0.750 | 0.500 |" in text
    assert "| cmtmedqa | 0 in 10 characters | 4 in 20,000 characters | 1 | 1 | 2 | 1.500 | 5 |" in text
    assert "| jionlp | 0 in 10 characters | – |" in text


def test_judgements_hold_no_text_and_follow_the_place(tmp_path) -> None:
    path = tmp_path / "judgements.jsonl"
    turns = [TEXT, "协和医院"]
    rows = list(real.unjudged(turns, [[(2, 5, "name")], [(0, 4, "hospital")]], {}))
    assert rows[0]["around"] == "我叫⟦张小明⟧，电话13812345678，张医生"
    real.record(rows, [1], path)
    assert "张" not in path.read_text(encoding="utf-8")
    known = real.judgements(path)
    # A rule that changes takes a character more: the verdict stays.
    found = [[(2, 6, "name"), (8, 19, "mobile")], [(0, 4, "hospital")]]
    assert real.verdicts(turns, found, known) == (1, 1, 1)
    assert [row["label"] for row in real.unjudged(turns, found, known)] == ["mobile"]
    real.record(rows, [1], path)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def test_the_stored_judgements_are_digests_only() -> None:
    for line in real.JUDGEMENTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert set(row) == {"turn", "start", "end", "personal"}
        assert len(row["turn"]) == 24
        assert int(row["turn"], 16) >= 0


def test_carriers_are_short_and_hold_nothing_judged_personal() -> None:
    known = {real.digest("张医生您好谢谢"): [(0, 3, True)]}
    texts = ["张医生您好谢谢", "头疼三天了", "好", "编号12345是什么", "头疼\n发烧怎么办", "长" * 200]
    assert real.carriers(texts, known) == ["头疼三天了"]
