"""The arithmetic of win rates: orders, sums, clusters, bias and strengths."""

import random
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.evaluate.verdicts import Judged, Verdict, by_department, outcome, score, strengths, summary

_VERDICTS = ("first", "second", "tie", "invalid")


def _judged(ab: str, ba: str, dialogue: str = "d", **more: object) -> Judged:
    fixed = {"prompt_id": "p", "dialogue_id": dialogue, "department": "内科", "dimension": "safety", "a": "x", "b": "y"}
    return Judged.model_validate({**fixed, "ab": ab, "ba": ba, "chars_a": 100, "chars_b": 100, **more})


@pytest.mark.parametrize(
    ("ab", "ba", "wanted"),
    [
        ("first", "second", "win"), ("second", "first", "loss"), ("first", "first", "tie"), ("second", "second", "tie"),
        ("tie", "tie", "tie"), ("tie", "second", "tie"), ("first", "tie", "tie"), ("invalid", "second", "invalid"), ("first", "invalid", "invalid"),
    ],
)  # fmt: skip
def test_two_orders_make_one_outcome(ab: str, ba: str, wanted: str) -> None:
    assert outcome(_judged(ab, ba)) == wanted


@given(
    st.lists(
        st.tuples(st.sampled_from(_VERDICTS), st.sampled_from(_VERDICTS), st.integers(0, 5)), min_size=1, max_size=40
    )
)
def test_counts_sum_and_swapping_the_systems_mirrors_every_figure(rows: list[tuple[str, str, int]]) -> None:
    judged = [_judged(ab, ba, f"d{dialogue}", chars_a=80 + place) for place, (ab, ba, dialogue) in enumerate(rows)]
    swapped = [
        item.model_copy(
            update={
                "a": item.b,
                "b": item.a,
                "ab": item.ba,
                "ba": item.ab,
                "chars_a": item.chars_b,
                "chars_b": item.chars_a,
            }
        )
        for item in judged
    ]
    one, other = summary(judged), summary(swapped)
    assert one["win"] + one["tie"] + one["loss"] + one["invalid"] == one["n"] == len(rows)
    assert (one["win"], one["loss"], one["tie"], one["invalid"]) == (
        other["loss"],
        other["win"],
        other["tie"],
        other["invalid"],
    )
    if one["win_rate"]["value"] is not None:
        assert one["win_rate"]["value"] == pytest.approx(1 - other["win_rate"]["value"])
        assert one["net"]["value"] == pytest.approx(-other["net"]["value"])
    assert one["first"]["value"] == other["first"]["value"]


def test_a_judge_that_always_prefers_the_first_reply_gives_ties_and_is_called_biased() -> None:
    found = summary([_judged("first", "first", f"d{number}") for number in range(50)])
    assert (found["win"], found["tie"], found["loss"]) == (0, 50, 0)
    assert found["consistency"]["value"] == 0
    assert found["first"]["value"] == 1
    assert found["biased"]
    assert not found["difference_shown"]


def test_a_judge_that_always_ties_shows_nothing() -> None:
    found = summary([_judged("tie", "tie", f"d{number}") for number in range(50)])
    assert found["tie"] == 50
    assert found["consistency"]["value"] == 1
    assert found["first"]["value"] is None
    assert not found["biased"]


def test_an_unreadable_judge_is_counted_by_itself() -> None:
    found = summary([_judged("invalid", "invalid"), _judged("first", "second")])
    assert (found["invalid"], found["win"], found["tie"]) == (1, 1, 0)
    assert found["win_rate"]["value"] == 1


def _verdict(chance: random.Random, better: float, bias: float) -> Verdict:
    return "first" if chance.random() < better + bias else "second"


def _biased(seed: int, items: int, truth: float = 0.58, bias: float = 0.15) -> list[Judged]:
    """A judge that prefers a with probability `truth` and whatever stands first by `bias` more."""
    chance = random.Random(seed)
    return [
        _judged(_verdict(chance, truth, bias), _verdict(chance, 1 - truth, bias), f"d{number}")
        for number in range(items)
    ]


def test_a_planted_position_bias_is_reported_and_swapping_covers_the_truth() -> None:
    covered = reported = 0
    for seed in range(200):
        found = summary(_biased(seed, 400), seed, resamples=400)
        covered += found["win_rate"]["low"] <= 0.58 <= found["win_rate"]["high"]
        reported += found["biased"]
    assert covered >= 186  # 93 %
    assert reported == 200


def test_without_a_bias_hardly_any_judge_is_called_biased() -> None:
    assert sum(summary(_biased(seed, 400, bias=0.0), seed, resamples=400)["biased"] for seed in range(100)) <= 12


def test_intervals_resample_dialogues_not_turns() -> None:
    chance = random.Random(1)
    judged = []
    for number in range(60):
        wins = chance.random() < 0.5  # the turns of one dialogue share their luck
        judged += [_judged(*(("first", "second") if wins else ("second", "first")), f"d{number}") for _ in range(4)]
    clustered = summary(judged)["win_rate"]
    alone = summary([item.model_copy(update={"dialogue_id": f"t{place}"}) for place, item in enumerate(judged)])[
        "win_rate"
    ]
    assert clustered["value"] == alone["value"]
    assert clustered["high"] - clustered["low"] > 1.6 * (alone["high"] - alone["low"])


def test_a_judge_of_length_alone_is_seen_through() -> None:
    chance = random.Random(2)
    judged = []
    for number in range(300):
        longer = chance.gauss(60, 100)  # a is mostly the longer one
        verdicts = ("first", "second") if longer + chance.gauss(0, 20) > 0 else ("second", "first")
        judged.append(_judged(*verdicts, f"d{number}", chars_a=round(1_000 + longer), chars_b=1_000))
    found = summary(judged)
    assert found["win_rate"]["low"] > 0.5
    assert found["length_correlation"] > 0.8
    assert (
        found["controlled"]["low"] < 0.5 < found["controlled"]["high"]
        or found["controlled"]["value"] < found["win_rate"]["value"] - 0.1
    )


def test_departments_weigh_the_same_in_the_second_figure() -> None:
    judged = [_judged("first", "second", f"a{n}") for n in range(90)] + [
        _judged("second", "first", f"b{n}", department="儿科") for n in range(10)
    ]
    rows, weighted = by_department(judged)
    assert [(row["department"], row["n"]) for row in rows] == [("内科", 90), ("儿科", 10)]
    assert weighted == pytest.approx(0.5)
    assert np.mean([score(item) for item in judged]) == pytest.approx(0.9)


def _tournament(true: Sequence[float], per_pair: int, seed: int = 0) -> list[Judged]:
    chance = random.Random(seed)
    judged = []
    for (i, left), (j, right) in combinations(enumerate(true), 2):
        better = 1 / (1 + np.exp(right - left))
        for number in range(per_pair):
            ab, ba = _verdict(chance, better, 0), _verdict(chance, 1 - better, 0)
            judged.append(_judged(ab, ba, f"d{number}", a=f"s{i}", b=f"s{j}"))
    return judged


def test_bradley_terry_finds_known_strengths() -> None:
    true = [-0.9, -0.1, 0.2, 0.8]
    found = strengths(_tournament(true, 800), ["s0", "s1", "s2", "s3"], resamples=100)
    assert found is not None
    for number, value in enumerate(true):
        estimate = found[f"s{number}"]
        assert estimate.value == pytest.approx(value, abs=0.15)
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low <= estimate.value <= estimate.high


def test_bradley_terry_refuses_two_systems_and_unconnected_ones() -> None:
    with pytest.raises(ValueError, match="three"):
        strengths([_judged("first", "second")], ["x", "y"])
    assert strengths([_judged("first", "second", a="x", b="y")], ["x", "y", "z"]) is None
