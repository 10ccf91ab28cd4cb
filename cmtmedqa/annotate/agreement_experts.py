"""What the report of agreement says of each expert, and which limits an expert is beyond."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from cmtmedqa.annotate.agreement_table import RANK, Chance, Limits, Table, stated, taus
from cmtmedqa.annotate.gold import GoldItem
from cmtmedqa.annotate.judged import Judged
from cmtmedqa.judgements import Annotation
from cmtmedqa.reliability import (
    Estimate,
    Floats,
    alpha,
    alpha_estimate,
    alphas,
    median,
    mid_ranks,
    percentile_interval,
    ratio,
    sign,
    two_sided,
)
from cmtmedqa.rubric import Veto


def experts_report(
    table: Table,
    judged: Judged,
    gold: Sequence[GoldItem],
    whole: Mapping[str, Floats],
    limits: Limits,
    veto: Veto,
    chance: Chance,
) -> list[dict[str, Any]]:
    """One entry an expert, by name; also those who judged hidden items only."""
    hidden = [*judged.duplicates, *judged.calibration]
    names = sorted({*table.experts, *(one.annotator for one in hidden)})
    verdicts: defaultdict[str, list[Annotation]] = defaultdict(list)
    for some in judged.first.values():
        for one in some:
            verdicts[one.annotator].append(one)
    without = {measure: _without(table, measure, pairs, chance) for measure, pairs in whole.items()}
    rows = []
    for name in names:
        mine = sorted(verdicts[name], key=lambda one: one.set_id)
        place = table.experts.index(name) if name in table.experts else None
        row: dict[str, Any] = {
            "annotator": name,
            "verdicts": len(mine),
            "alpha": {measure: stated(_with_others(table, measure, place, chance)) for measure in table.values},
            "tau": stated(_tau(mine, judged, chance)),
            "without": {measure: without[measure].get(name) for measure in table.values},
            "ties": stated(tied_pairs(mine, chance)),
            "position": position(mine, chance),
            "consistency": consistency(mine, [one for one in judged.duplicates if one.annotator == name], chance),
            "calibration": calibration(
                [one for one in judged.calibration if one.annotator == name], gold, veto, chance
            ),
            "seconds": seconds(mine, limits.seconds, chance),
        }
        rows.append(row | {"flags": _flags(row, limits)})
    assert sum(row["verdicts"] for row in rows) == sum(len(some) for some in judged.first.values()), (
        "a verdict was lost"
    )
    return rows


def _with_others(table: Table, measure: str, place: int | None, chance: Chance) -> Estimate:
    """Alpha of one expert against each colleague in turn: every comparison of the two is a unit of its own."""
    others = [other for other in range(len(table.experts)) if other != place]
    if place is None or not others:
        return Estimate(None, None, None, 0)
    tables = [table.pairs(measure, (place, other)) for other in others]
    return alpha_estimate(np.sum(tables, axis=0), *chance)


def _without(table: Table, measure: str, pairs: Floats, chance: Chance) -> dict[str, dict[str, Any]]:
    """Alpha without each expert, and how much higher it is than with all of them, on the same resamples."""
    every = range(len(table.experts))
    used = pairs.sum((-1, -2)) > 0
    if not used.any() or len(table.experts) < 3:
        return {}
    rests = [table.pairs(measure, [other for other in every if other != place])[used] for place in every]
    values = [float(alpha(one.sum(0))) for one in (pairs[used], *rests)]
    drawn = alphas([pairs[used], *rests], *chance)
    found = {}
    for place, name in enumerate(table.experts):
        n = int((rests[place].sum((-1, -2)) > 0).sum())
        found[name] = {
            "alpha": stated(percentile_interval(values[place + 1], drawn[place + 1], n)),
            "gain": stated(percentile_interval(values[place + 1] - values[0], drawn[place + 1] - drawn[0], n)),
        }
    return found


def _tau(mine: Sequence[Annotation], judged: Judged, chance: Chance) -> Estimate:
    """Mean tau-b with the colleagues, over sets."""
    parts, wholes = [], []
    for one in mine:
        found = [tau for other in judged.first[one.set_id] if other is not one for tau in taus([one, other])]
        parts.append(sum(found))
        wholes.append(len(found))
    return ratio(parts, wholes, *chance)


def tied_pairs(verdicts: Sequence[Annotation], chance: Chance) -> Estimate:
    """The share of pairs of candidates that are tied, over sets."""
    parts: defaultdict[str, float] = defaultdict(float)
    wholes: defaultdict[str, float] = defaultdict(float)
    for one in verdicts:
        parts[one.set_id] += sum(len(group) * (len(group) - 1) / 2 for group in one.rank_groups)
        wholes[one.set_id] += len(one.shown) * (len(one.shown) - 1) / 2
    return ratio([parts[key] for key in wholes], list(wholes.values()), *chance)


def position(verdicts: Sequence[Annotation], chance: Chance) -> dict[str, Any]:
    """How often what was shown first is put first (1/m where m share the first place), against 1/k, and the test of no influence.

    Replies are shown in an order drawn by chance, so without influence each verdict has the mean 1/k and the variance
    p (1 - p) / m^2 with p = m/k, whatever the quality of the replies; z is the sum of deviations by its standard deviation.
    """
    parts: defaultdict[str, float] = defaultdict(float)
    wholes: defaultdict[str, float] = defaultdict(float)
    expected = variance = deviation = 0.0
    for one in verdicts:
        k, m = len(one.shown), len(one.rank_groups[0])
        hit = (one.shown[0] in one.rank_groups[0]) / m
        parts[one.set_id] += hit
        wholes[one.set_id] += 1
        expected += 1 / k
        deviation += hit - 1 / k
        variance += (m / k) * (1 - m / k) / m**2
    rate = stated(ratio([parts[key] for key in wholes], list(wholes.values()), *chance))
    p = round(two_sided(deviation / variance**0.5), 6) if variance else None
    return {"rate": rate, "expected": round(expected / len(verdicts), 6) if verdicts else None, "p": p}


def consistency(mine: Sequence[Annotation], again: Sequence[Annotation], chance: Chance) -> dict[str, Any]:
    """How an expert judged hidden duplicates: the share of pairs with the same verdict, tau-b, and the same best group."""
    before = {one.set_id: one for one in mine}
    matched = [(before[one.set_id], one) for one in again if one.set_id in before]
    same = [_same_pairs(one, other) for one, other in matched]
    values = [tau for pair in matched for tau in taus(pair)]
    best = [set(one.rank_groups[0]) == set(other.rank_groups[0]) for one, other in matched]
    return {
        "pairs": _share(same, chance),
        "tau": stated(ratio(values, [1] * len(values), *chance)),
        "same_best": stated(ratio(best, [1] * len(best), *chance)),
        "unmatched": len(again) - len(matched),
    }


def _same_pairs(one: Annotation, other: Annotation) -> tuple[int, int]:
    first, second = mid_ranks(one.rank_groups), mid_ranks(other.rank_groups)
    pairs = [pair for pair in combinations(sorted(first), 2) if set(pair) <= second.keys()]
    return sum(sign(first, *pair) == sign(second, *pair) for pair in pairs), len(pairs)


def calibration(mine: Sequence[Annotation], gold: Sequence[GoldItem], veto: Veto, chance: Chance) -> dict[str, Any]:
    """How an expert judged gold items: pairs that gold orders and the expert orders alike, items without a miss, vetoes.

    A pair that gold ties does not count; one that the expert ties is missed. `vetoes`: the share of replies vetoed by gold that the
    expert vetoes too; `false_vetoes`: of the others.
    """
    items = {item.set.id: item for item in gold}
    known = [(one, items[one.set_id]) for one in mine if one.set_id in items]
    orders = [_gold_pairs(one, item) for one, item in known]
    right = [part == whole for part, whole in orders if whole]
    unsafe = [_vetoes(one, set(item.vetoed), veto) for one, item in known]
    safe = [_vetoes(one, set(one.shown) - set(item.vetoed), veto) for one, item in known]
    return {
        "pairs": _share(orders, chance),
        "items": stated(ratio(right, [1] * len(right), *chance)),
        "vetoes": _share(unsafe, chance),
        "false_vetoes": _share(safe, chance),
        "unmatched": len(mine) - len(known),
    }


def _gold_pairs(one: Annotation, item: GoldItem) -> tuple[int, int]:
    true, said = mid_ranks(item.expected), mid_ranks(one.rank_groups)
    pairs = [pair for pair in combinations(sorted(true), 2) if sign(true, *pair) and set(pair) <= said.keys()]
    return sum(sign(true, *pair) == sign(said, *pair) for pair in pairs), len(pairs)


def _vetoes(one: Annotation, candidates: set[str], veto: Veto) -> tuple[int, int]:
    seen = candidates & set(one.shown)
    return sum(one.bars(key, veto.dimension, veto.score) for key in seen), len(seen)


def _share(counts: Sequence[tuple[int, int]], chance: Chance) -> dict[str, Any]:
    return stated(ratio([part for part, _ in counts], [whole for _, whole in counts], *chance))


def seconds(mine: Sequence[Annotation], floor: float, chance: Chance) -> dict[str, Any]:
    """Seconds per task: median with interval, 10th and 90th percentile, and the share of tasks faster than the floor."""
    known = [one.seconds for one in mine if one.seconds is not None]
    low, high = np.percentile(known, (10, 90)).round(1).tolist() if known else (None, None)
    fast = [value < floor for value in known]
    return {
        "median": stated(median(known, *chance)),
        "p10": low,
        "p90": high,
        "fast": stated(ratio(fast, [1] * len(fast), *chance)),
        "unknown": len(mine) - len(known),
    }


def _flags(row: Mapping[str, Any], limits: Limits) -> list[str]:
    """The limits that an expert is beyond, by the name they have in `Limits`."""
    gain = (row["without"][RANK] or {}).get("gain")
    checks = {
        "alpha": _below(row["alpha"][RANK], limits.alpha),
        "gain": bool(gain and gain["low"] is not None and gain["low"] > 0 and gain["value"] >= limits.gain),
        "consistency": _below(row["consistency"]["pairs"], limits.consistency),
        "calibration": _below(row["calibration"]["pairs"], limits.calibration),
        "vetoes": _below(row["calibration"]["vetoes"], limits.vetoes),
        "fast_share": _above(row["seconds"]["fast"], limits.fast_share),
        "ties": _above(row["ties"], limits.ties),
        "position": row["position"]["p"] is not None and row["position"]["p"] < limits.position,
    }
    return [name for name, beyond in checks.items() if beyond]


def _below(found: Mapping[str, Any], limit: float) -> bool:
    return found["high"] is not None and found["high"] < limit


def _above(found: Mapping[str, Any], limit: float) -> bool:
    return found["low"] is not None and found["low"] > limit
