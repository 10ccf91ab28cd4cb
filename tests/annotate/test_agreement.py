"""The report of agreement: planted faults of experts are found, parts sum, nothing varies or nobody compares is undefined."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from cmtmedqa.annotate.agreement import agreement
from cmtmedqa.annotate.agreement_page import draw
from cmtmedqa.annotate.agreement_table import Chance, Limits
from cmtmedqa.annotate.gold import GoldItem
from cmtmedqa.annotate.judged import sort_out
from cmtmedqa.judgements import Annotation, CandidateSet, RankGroups
from tests.annotate.simulated import EXPERTS, RUBRIC, Expert, first_round, judge, make_sets
from tests.annotate.test_merging import said

CHANCE = Chance(1, 300)


def _report(
    sets: Sequence[CandidateSet],
    found: Sequence[Annotation],
    gold: Sequence[GoldItem] = (),
    limits: Limits | None = None,
) -> dict[str, Any]:
    by_id = {item.id: item for item in sets}
    return agreement(sort_out(found, RUBRIC, by_id), RUBRIC, by_id, gold, limits, chance=CHANCE)


def _expert(report: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [row for row in report["experts"] if row["annotator"] == name]
    return found


def _all(sets: Sequence[CandidateSet], experts: Sequence[Expert]) -> list[Annotation]:
    return [judge(item, expert, number) for number, item in enumerate(sets) for expert in experts]


def test_leaving_out_a_random_rater_raises_agreement_and_leaving_out_another_does_not() -> None:
    sets = make_sets(80)
    experts = [*EXPERTS, Expert("monkey", noise=50)]
    report = _report(sets, _all(sets, experts))
    gains = {row["annotator"]: row["without"]["rank"]["gain"] for row in report["experts"]}
    assert gains["monkey"]["low"] > 0.1
    assert all(gains[expert.name]["high"] < 0 for expert in EXPERTS)
    assert {row["annotator"]: row["flags"] for row in report["experts"]} == {
        "expert-01": [], "expert-02": [], "expert-03": [], "monkey": ["alpha", "gain"],
    }  # fmt: skip
    assert _expert(report, "monkey")["verdicts"] == 80  # flagged, and still there
    assert report["read"]["first"] == 320


def test_hidden_duplicates_show_who_judges_otherwise_the_second_time() -> None:
    sets = make_sets(40)
    steady, fickle = Expert("steady", noise=0.01, tie=0), Expert("fickle", noise=50)
    found = _all(sets, [steady, fickle])
    found += [
        judge(item, expert, 900 + number, "duplicate")
        for number, item in enumerate(sets[:20])
        for expert in (steady, fickle)
    ]
    report = _report(sets, found)
    again, other = (_expert(report, name)["consistency"] for name in ("steady", "fickle"))
    assert again["pairs"]["n"] == other["pairs"]["n"] == 20
    assert again["pairs"]["low"] > 0.8 > 0.7 > other["pairs"]["high"]
    assert again["same_best"]["value"] > other["same_best"]["high"]
    assert "consistency" in _expert(report, "fickle")["flags"]
    assert "consistency" not in _expert(report, "steady")["flags"]


def test_a_duplicate_without_a_first_verdict_is_counted_apart() -> None:
    (item,) = make_sets(1)
    report = _report([item], [judge(item, EXPERTS[0], 1, "duplicate")])
    assert _expert(report, "expert-01")["consistency"] == {
        "pairs": {"value": None, "low": None, "high": None, "n": 0},
        "tau": {"value": None, "low": None, "high": None, "n": 0},
        "same_best": {"value": None, "low": None, "high": None, "n": 0},
        "unmatched": 1,
    }


def _gold(item: CandidateSet, expected: RankGroups, vetoed: tuple[str, ...] = ()) -> GoldItem:
    return GoldItem.model_validate(
        {"set": item.model_dump(), "expected": expected, "vetoed": vetoed, "why": {"zh": "原因", "en": "why"}}
    )


def test_gold_pairs_count_and_a_tie_misses_one() -> None:
    sets = make_sets(3, sizes=(3,))
    gold = [_gold(sets[0], (("c0-0",), ("c0-1", "c0-2"))), _gold(sets[1], (("c1-0",), ("c1-1",), ("c1-2",)))]
    found = [
        said(sets[0], (1, 3, 2), "a", purpose="calibration"),  # 2 of 2: what gold ties does not count
        said(sets[1], (1, 1, 2), "a", purpose="calibration"),  # 2 of 3: the tie misses one
        said(sets[2], (1, 2, 3), "a", purpose="calibration"),  # no gold of this name
    ]
    of = _expert(_report(sets, found, gold), "a")["calibration"]
    assert (of["pairs"]["value"], of["pairs"]["n"], of["items"]["value"], of["unmatched"]) == (0.8, 2, 0.5, 1)


def test_gold_of_other_replies_than_those_shown_counts_for_what_both_hold() -> None:
    item, other = make_sets(1, sizes=(3,))[0], make_sets(1, sizes=(4,))[0]
    gold = _gold(other, (("c0-0",), ("c0-1",), ("c0-3",), ("c0-2",)))
    of = _expert(_report([item], [said(item, (1, 2, 3), "a", purpose="calibration")], [gold]), "a")["calibration"]
    assert (of["pairs"]["value"], of["items"]["value"]) == (1, 1)


def test_who_does_not_veto_what_gold_vetoes_is_flagged() -> None:
    sets = make_sets(12, sizes=(3,))
    gold = [_gold(item, tuple((one.id,) for one in item.candidates), (item.candidates[2].id,)) for item in sets]

    def judged(item: CandidateSet, expert: str, safety: tuple[int, int, int]) -> Annotation:
        scores = {
            one.id: {"safety": value, "professionalism": 3, "fluency": 3}
            for one, value in zip(item.candidates, safety, strict=True)
        }
        return said(item, (1, 2, 3), expert, purpose="calibration", scores=scores)

    report = _report(
        sets, [judged(item, *one) for item in sets for one in (("mild", (5, 4, 2)), ("hard", (5, 1, 1)))], gold
    )
    mild, hard = (_expert(report, name) for name in ("mild", "hard"))
    assert (mild["calibration"]["vetoes"]["value"], mild["calibration"]["false_vetoes"]["value"]) == (0, 0)
    assert (hard["calibration"]["vetoes"]["value"], hard["calibration"]["false_vetoes"]["value"]) == (1, 0.5)
    assert (mild["flags"], hard["flags"]) == (["vetoes"], [])


def test_who_prefers_what_is_shown_first_is_found_and_who_does_not_is_not() -> None:
    sets = make_sets(120)
    report = _report(sets, _all(sets, [Expert("fair"), Expert("lazy", first=0.5)]))
    fair, lazy = (_expert(report, name) for name in ("fair", "lazy"))
    assert fair["position"]["rate"]["low"] < 0.25 < fair["position"]["rate"]["high"]
    assert fair["position"]["expected"] == 0.25
    assert lazy["position"]["rate"]["low"] > 0.3
    assert lazy["position"]["p"] < 1e-6 < 0.01 < fair["position"]["p"]
    assert fair["position"]["p"] > 100 * report["position"]["p"]
    assert fair["position"]["rate"]["value"] < report["position"]["rate"]["value"] < lazy["position"]["rate"]["value"]
    assert "position" in lazy["flags"]
    assert "position" not in fair["flags"]


def test_the_test_of_the_first_position_keeps_its_level() -> None:
    """Under no influence p is below 0.05 in about 5 % of 200 experts."""
    sets = make_sets(40)
    experts = [Expert(f"e{number:03}", noise=0.3, tie=0.3) for number in range(200)]
    from cmtmedqa.annotate.agreement_experts import position

    ps = [position([judge(item, expert, 1) for item in sets], Chance(1, 10))["p"] for expert in experts]
    assert 2 <= sum(p < 0.05 for p in ps) <= 20


def test_speed_ties_and_their_limits() -> None:
    sets = make_sets(12, sizes=(2,))
    found = [said(item, (1, 1), "idle", seconds=2 if number < 6 else 60) for number, item in enumerate(sets)]
    found += [said(item, (1, 2), "busy", seconds=None) for item in sets]
    report = _report(sets, found)
    idle, busy = _expert(report, "idle"), _expert(report, "busy")
    assert idle["seconds"]["fast"]["value"] == 0.5
    assert (idle["ties"]["value"], busy["ties"]["value"], report["ties"]["value"]) == (1, 0, 0.5)
    assert {"fast_share", "ties"} <= set(idle["flags"])
    assert busy["seconds"]["unknown"] == 12
    assert busy["seconds"]["median"]["value"] is None
    loose = _report(sets, found, limits=Limits(fast_share=0.5, ties=1, alpha=-1))
    assert _expert(loose, "idle")["flags"] == []


def test_no_variation_is_undefined_and_neither_0_nor_1() -> None:
    sets = make_sets(12)
    flat = {"safety": 3, "professionalism": 3, "fluency": 3}
    found = [
        said(item, (1, 1, 1, 1), expert, scores={candidate.id: flat for candidate in item.candidates})
        for item in sets
        for expert in "ab"
    ]
    report = _report(sets, found)
    for measure in report["settings"]["measures"]:
        assert report["alpha"][measure] == {"value": None, "low": None, "high": None, "n": 12}
    assert report["tau"]["value"] is None
    assert report["w"]["bins"]["undefined"] == 12
    page = draw(report, RUBRIC)
    assert "undefined" in page
    assert "无法计算" in page


def test_one_expert_alone_has_nothing_to_agree_with() -> None:
    sets = make_sets(5)
    report = _report(sets, [judge(item, EXPERTS[0], 1) for item in sets])
    assert report["alpha"]["rank"]["value"] is None
    assert report["matrix"] == []
    assert report["sets"]["compared"] == 0
    assert "expert-01" in draw(report, RUBRIC)


def test_parts_sum_to_the_whole() -> None:
    sets = make_sets(60, sizes=(4, 3, 2))
    found = first_round(sets)
    found += [
        found[0].model_copy(update={"id": "x:1", "rubric_version": "0.1"}),
        found[1].model_copy(update={"id": "x:2", "set_id": "no"}),
    ]
    report = _report(sets, found)
    read = report["read"]
    assert read["left_out"] == {"rubric_version": 1, "unknown_set": 1}
    assert (
        read["annotations"]
        == len(found)
        == sum(read[key] for key in ("first", "adjudication", "duplicate", "calibration")) + 2
    )
    assert sum(row["sets"] for row in report["departments"]) == report["sets"]["n"] == 60
    assert sum(row["flagged"] for row in report["departments"]) == report["sets"]["flagged"]
    assert sum(row["verdicts"] for row in report["experts"]) == read["first"]
    assert sum(row["sets"] for row in report["matrix"]) == report["sets"]["compared"] == 60  # two experts a set
    for name in ("tau", "w"):
        assert sum(report[name]["bins"]["counts"]) + report[name]["bins"]["undefined"] == 60
        assert report[name]["n"] == sum(report[name]["bins"]["counts"])


def test_missing_verdicts_are_allowed_and_the_order_of_the_file_changes_nothing() -> None:
    sets = make_sets(30)
    found = [one for number, one in enumerate(_all(sets, EXPERTS)) if number % 7]
    assert json.dumps(_report(sets, found)) == json.dumps(_report(list(reversed(sets)), list(reversed(found))))


def test_agreement_is_that_before_adjudication() -> None:
    sets = make_sets(20)
    found = first_round(sets)
    third = [said(item, (1, 2, 3, 4), "z", purpose="adjudication") for item in sets]
    before, after = _report(sets, found), _report(sets, [*found, *third])
    assert after["alpha"] == before["alpha"]
    assert (after["read"]["adjudication"], after["sets"]["adjudicated"]) == (20, 20)


def test_whatever_stands_in_a_name_or_comment_is_inert() -> None:
    bad = "<script>window.ran=1</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
    (item,) = make_sets(1)
    item = item.model_copy(update={"id": bad})
    found = [
        said(item, ranks, name + bad, comment=bad, rubric_version=RUBRIC.version)
        for ranks, name in (((1, 2, 3, 4), "a"), ((4, 3, 2, 1), "b"))
    ]
    page = draw(_report([item], found), RUBRIC)
    assert page.count("<script>") == 1  # our own
    assert "<img" not in page
    assert page.count("&lt;script&gt;window.ran=1&lt;/script&gt;") >= 5
    assert "49" not in page.split("<main")[1].replace("0.49", "")


@pytest.mark.parametrize("texts", [("http://", "https://"), ("src=", "@import")])
def test_the_page_fetches_nothing(texts: tuple[str, ...]) -> None:
    sets = make_sets(10)
    page = draw(_report(sets, first_round(sets)), RUBRIC)
    assert not [text for text in texts if text in page]
