"""Figures of the kept dialogues against plain Python on the same dialogues."""

import statistics as plain
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.build.statistics import (
    CHARS,
    POSITIONS,
    ROUNDS,
    distribution,
    rate,
    similarity_bins,
)
from cmtmedqa.build.tally import Tally, count, total
from cmtmedqa.build.unit_files import STAGE_SCHEMA
from cmtmedqa.clean.features import FAREWELL, INQUIRY

_TURN = st.tuples(st.text("咳嗽吗，", min_size=1, max_size=30), st.integers(0, INQUIRY + FAREWELL))
_PAIRS = st.lists(st.tuples(_TURN, _TURN), min_size=1, max_size=14)
_DIALOGUES = st.lists(st.tuples(st.booleans(), _PAIRS), max_size=8)

Turn = tuple[str, str, int]


def turns_of(dialogues: list[tuple[bool, Any]]) -> list[list[Turn]]:
    """Role, text and mark of each turn; some dialogues open with a system turn, and no patient's turn inquires."""
    return [
        [("system", "你是医生", 0)] * system
        + [
            (role, text, mark if role == "doctor" else mark & FAREWELL)
            for pair in pairs
            for role, (text, mark) in zip(("patient", "doctor"), pair, strict=True)
        ]
        for system, pairs in dialogues
    ]


def table_of(dialogues: list[list[Turn]]) -> pa.Table:
    turns = [[{"role": role, "text": text} for role, text, _ in turns] for turns in dialogues]
    marks = [[mark for _, _, mark in turns] for turns in dialogues]
    fields = [STAGE_SCHEMA.field(name) for name in ("turns", "marks")]
    return pa.table([pa.array(turns, fields[0].type), pa.array(marks, fields[1].type)], schema=pa.schema(fields))


@settings(deadline=None)
@given(_DIALOGUES)
def test_a_tally_counts_what_plain_python_counts(drawn: list[tuple[bool, Any]]) -> None:
    dialogues = turns_of(drawn)
    found = count(table_of(dialogues))
    doctor = [[turn for turn in turns if turn[0] == "doctor"] for turns in dialogues]
    flat = [turn for turns in dialogues for turn in turns]
    assert found.rounds == Counter(len(turns) for turns in doctor)
    assert found.patient_chars == Counter(len(text) for role, text, _ in flat if role == "patient")
    assert found.doctor_chars == Counter(len(text) for role, text, _ in flat if role == "doctor")
    assert found.dialogue_chars == Counter(
        sum(len(text) for role, text, _ in turns if role != "system") for turns in dialogues
    )
    assert found.doctor_at == Counter(place + 1 for turns in doctor for place in range(len(turns)))
    assert found.inquiry_at == Counter(
        place + 1 for turns in doctor for place, turn in enumerate(turns) if turn[2] & INQUIRY
    )
    assert found.facts["doctor_farewells"] == sum(bool(mark & FAREWELL) for role, _, mark in flat if role == "doctor")
    assert found.facts["patient_farewells"] == sum(bool(mark & FAREWELL) for role, _, mark in flat if role == "patient")
    assert found.facts["with_farewell"] == sum(any(turn[2] & FAREWELL for turn in turns) for turns in dialogues)
    assert found.facts["ending_in_farewell"] == sum(bool(turns[-1][2] & FAREWELL) for turns in dialogues)
    assert found.facts["with_inquiry"] == sum(any(turn[2] & INQUIRY for turn in turns) for turns in dialogues)


@settings(deadline=None)
@given(_DIALOGUES, st.integers(0, 8))
def test_tallies_of_slices_add_up(drawn: list[tuple[bool, Any]], cut: int) -> None:
    table = table_of(turns_of(drawn))
    assert total([count(table.slice(0, cut)), count(table.slice(cut))]) == count(table)


def test_nothing_adds_up_to_nothing() -> None:
    assert total([]) == Tally(*(Counter() for _ in Tally._fields))


@settings(deadline=None)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=60))
def test_a_distribution_has_exact_figures_and_loses_no_value(values: list[int]) -> None:
    for edges in (CHARS, ROUNDS):
        found = distribution(Counter(values), edges)
        assert (found["n"], found["max"]) == (len(values), max(values))
        assert found["mean"] == round(plain.fmean(values), 2)
        assert found["p50"] == plain.median_low(values)
        assert found["p95"] == np.quantile(values, 0.95, method="inverted_cdf")
        for item in found["bins"]:
            high = float("inf") if item["to"] is None else item["to"]
            assert item["count"] == sum(item["from"] <= value <= high for value in values)
        assert sum(item["count"] for item in found["bins"]) == len(values)
        assert found["bins"][0]["count"]
        assert found["bins"][-1]["count"]


def test_a_distribution_of_nothing_says_so() -> None:
    assert distribution(Counter(), CHARS) == {
        "n": 0, "mean": None, "p5": None, "p50": None, "p95": None, "max": None, "bins": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # The intervals that Newcombe (1998), Statistics in Medicine 17:857, table I, gives for Wilson's method.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_wilson_s(part: int, whole: int, low: float, high: float) -> None:
    found = rate(part, whole)
    assert (found["count"], found["n"], found["rate"]) == (part, whole, round(part / whole, 4))
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-4)


def test_a_rate_of_nothing_is_unknown() -> None:
    assert rate(0, 0) == {"count": 0, "n": 0, "rate": None, "low": None, "high": None}


def test_similarities_stand_in_the_bin_that_starts_with_them() -> None:
    found = similarity_bins(np.array([0.8, 0.849, 0.85, 1.0, 0.6, 0.15]))
    filled = {(item["from"], item["to"]): item["count"] for item in found if item["count"]}
    assert filled == {(0.15, 0.2): 1, (0.6, 0.65): 1, (0.8, 0.85): 2, (0.85, 0.9): 1, (0.95, 1.0): 1}
    assert similarity_bins(np.array([])) == []


def test_later_turns_are_pooled_without_an_interval() -> None:
    from cmtmedqa.build.statistics import _by_position

    empty = total([])
    counted = empty._replace(
        doctor_at=Counter({place: 100 - place for place in range(1, POSITIONS + 4)}), inquiry_at=Counter({1: 50, 12: 4})
    )
    rows = _by_position(counted)
    assert [row["position"] for row in rows] == list(range(1, POSITIONS + 2))
    assert rows[0]["rate"] == round(50 / 99, 4)
    assert rows[-1] == {
        "position": 11, "count": 4, "n": 89 + 88 + 87, "rate": round(4 / 264, 4), "low": None, "high": None, "and_later": True
    }  # fmt: skip
