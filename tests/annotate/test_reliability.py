"""Measures of agreement against published worked examples, an independent library, and the truth of a simulation."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa import reliability as rel

# Krippendorff 2011, "Computing Krippendorff's alpha-reliability", example D: 4 observers, 12 units, missing data.
_NONE = -1
_FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _NONE, _NONE, _NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _NONE, 3],
    [_NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _NONE],
]  # the twelfth unit was judged once and cannot be compared


def _table(rows: list[list[int]], values: int = 5, items: int | None = None) -> rel.Floats:
    """Coincidences by unit of values counted from 1; `items` units are one item each by default."""
    units = np.array([[value - 1 if value > 0 else -1 for value in row] for row in rows], np.int64).T
    count = len(units) if items is None else items
    return rel.coincidences(units, np.arange(len(units)) * count // len(units), count, values)


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorff_s_four_observers(level: rel.Level, expected: float) -> None:
    pairs = _table(_FOUR_OBSERVERS).sum(0)
    assert round(float(rel.alpha(pairs, level, (1, 2, 3, 4, 5))), 3) == expected


def test_alpha_of_krippendorff_s_two_observers() -> None:
    """Example B of the same paper: two observers, ten units of 0 and 1, nominal, 0.095."""
    one, other = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    pairs = _table([[value + 1 for value in one], [value + 1 for value in other]], values=2).sum(0)
    assert round(float(rel.alpha(pairs, "nominal")), 3) == 0.095


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=2, max_size=12))
@settings(max_examples=150, deadline=None)
def test_alpha_is_that_of_the_krippendorff_library(units: list[list[int]]) -> None:
    library = pytest.importorskip("krippendorff")
    rows = [list(column) for column in zip(*units, strict=True)]
    ours = float(rel.alpha(_table(rows).sum(0)))
    compared = {value for unit in units if sum(v > 0 for v in unit) > 1 for value in unit if value}
    if len(compared) < 2:
        assert np.isnan(ours)
        return
    data = [[value or np.nan for value in row] for row in rows]
    assert ours == pytest.approx(library.alpha(data, level_of_measurement="ordinal"))


@pytest.mark.parametrize("rows", [[[3, 3, 3], [3, 3, 3]], [[1, 2, 3], [-1, -1, -1]], [[1, -1], [-1, 2]]])
def test_alpha_is_undefined_where_nothing_varies_or_nothing_compares(rows: list[list[int]]) -> None:
    assert rel.alpha_estimate(_table(rows), seed=1, resamples=200)[:3] == (None, None, None)


def test_kendall_w_of_a_worked_example_with_ties() -> None:
    """Siegel and Castellan 1988: W = 12 S / (m^2 (k^3 - k) - m T), computed by hand for three judges of four things."""
    ranks = [{"a": 1, "b": 2, "c": 3, "d": 4}, {"a": 1, "b": 2.5, "c": 2.5, "d": 4}, {"a": 2, "b": 1, "c": 3, "d": 4}]
    # sums 4, 5.5, 8.5, 12 around 7.5: S = 12.25 + 4 + 1 + 20.25 = 37.5; T = 2^3 - 2 = 6; 12 * 37.5 / (9 * 60 - 3 * 6)
    assert rel.kendall_w(ranks) == pytest.approx(450 / 522)
    assert rel.kendall_w([ranks[1], ranks[1]]) == pytest.approx(1)
    assert rel.kendall_w([dict.fromkeys("abcd", 2.5)] * 2) is None
    assert rel.kendall_w(ranks[:1]) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=7))
@settings(max_examples=150, deadline=None)
def test_tau_b_is_that_of_scipy(values: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    one, other = ({str(place): value[side] for place, value in enumerate(values)} for side in (0, 1))
    ours = rel.tau_b(one, other)
    if ours is None:
        assert len(set(one.values())) == 1 or len(set(other.values())) == 1
    else:
        assert ours == pytest.approx(stats.kendalltau(list(one.values()), list(other.values())).statistic)


def test_mid_ranks_share_the_places_they_take() -> None:
    assert rel.mid_ranks([["d"], ["b", "a"], ["c"]]) == {"d": 1, "b": 2.5, "a": 2.5, "c": 4}


def _simulated(chance: np.random.Generator, items: int) -> rel.Floats:
    """Three raters of 4 units an item, 5 values; units of one item lean the same way, so they are no chance of their own."""
    lean = np.repeat(chance.normal(0, 0.7, items), 4)
    true = lean + chance.normal(0, 1, 4 * items)
    seen = true[:, None] + chance.normal(0, 0.8, (4 * items, 3))
    values = np.clip(np.round(seen + 2), 0, 4).astype(np.int64)
    values[chance.random(values.shape) < 0.2] = -1
    return rel.coincidences(values, np.repeat(np.arange(items), 4), items, 5)


def test_the_interval_of_alpha_covers_the_truth() -> None:
    chance = np.random.default_rng(7)
    truth = float(rel.alpha(_simulated(chance, 60_000).sum(0)))
    covered = [
        (found := rel.alpha_estimate(_simulated(chance, 80), seed, 300)).low <= truth <= found.high  # type: ignore[operator]
        for seed in range(150)
    ]
    # 95 % of 150 are 142.5 with a standard deviation of 2.7
    assert 133 <= sum(covered) <= 149


def test_an_interval_over_items_is_wider_than_one_over_their_units() -> None:
    chance = np.random.default_rng(3)
    lean = np.repeat(chance.integers(0, 5, 60), 6)
    agree = np.repeat(chance.random(60) < 0.6, 6)
    other = np.where(agree, lean, chance.integers(0, 5, 360))
    values = np.stack([lean, other], 1)
    by_item, by_unit = (
        rel.alpha_estimate(rel.coincidences(values, items, int(items[-1]) + 1, 5), 1, 500)
        for items in (np.repeat(np.arange(60), 6), np.arange(360))
    )
    assert by_item.value == by_unit.value
    assert by_item.high - by_item.low > 1.2 * (by_unit.high - by_unit.low)  # type: ignore[operator]


def test_estimates_do_not_depend_on_the_order_of_resampling_blocks() -> None:
    table = _simulated(np.random.default_rng(1), 30)
    assert rel.alpha_estimate(table, 5, 600) == rel.alpha_estimate(table, 5, 600)
    assert rel.alpha_estimate(table, 5, 600) != rel.alpha_estimate(table, 6, 600)


def test_a_ratio_counts_items_and_never_claims_certainty() -> None:
    assert rel.ratio([], [], 1) == (None, None, None, 0)
    assert rel.ratio([0, 3], [0, 4], 1, 200).n == 1
    none, all_ = rel.ratio([0] * 9, [1] * 9, 1), rel.ratio([3] * 9, [3] * 9, 1)
    assert none == (0, 0, pytest.approx(0.299, abs=1e-3), 9)
    assert all_ == (1, pytest.approx(0.701, abs=1e-3), 1, 9)
    assert rel.wilson(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_a_median_has_an_interval() -> None:
    chance = random.Random(2)
    found = rel.median([chance.gauss(60, 10) for _ in range(200)], 1, 400)
    assert found.low < 60 < found.high  # type: ignore[operator]
    assert rel.median([], 1) == (None, None, None, 0)
