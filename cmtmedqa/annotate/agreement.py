"""How far experts agree, per measure, department, pair of experts and expert, with intervals: one dict that is the report.

Computed on the independent verdicts only, before any adjudication. Measures are the rank and the score in each dimension of the
rubric; a unit of alpha is one candidate of one set, an interval draws whole sets. Every estimate is a dict of `value`, `low`,
`high` (95 %) and `n`; what is not defined is null.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np

from cmtmedqa.annotate.adjudication import Rule, differences
from cmtmedqa.annotate.agreement_experts import experts_report, position, tied_pairs
from cmtmedqa.annotate.agreement_table import RANK, Chance, Limits, Table, stated, table_of, taus
from cmtmedqa.annotate.gold import GoldItem
from cmtmedqa.annotate.judged import Judged
from cmtmedqa.judgements import CandidateSet
from cmtmedqa.reliability import Floats, alpha_estimate, kendall_w, mid_ranks, ratio
from cmtmedqa.rubric import Rubric

_DIGITS = 6
_NOWHERE = "(unknown)"


def agreement(
    judged: Judged,
    rubric: Rubric,
    sets: Mapping[str, CandidateSet] | None = None,
    gold: Sequence[GoldItem] = (),
    limits: Limits | None = None,
    rule: Rule | None = None,
    chance: Chance | None = None,
) -> dict[str, Any]:
    """The report. `sets` gives departments, `gold` what is expected of calibration items."""
    limits, chance = limits or Limits(), chance or Chance()
    rule = rule or Rule(veto_score=rubric.veto.score, dimension=rubric.veto.dimension)
    table = table_of(judged, rubric.dimension_ids)
    items = [_item(name, judged, sets, rule) for name in table.sets]
    whole = {measure: table.pairs(measure, range(len(table.experts))) for measure in table.values}
    verdicts = [one for name in table.sets for one in judged.first[name]]
    return {
        "settings": {
            "rubric_version": rubric.version,
            "measures": list(table.values),
            "limits": limits._asdict(),
            "rule": rule._asdict(),
            **chance._asdict(),
        },
        "read": _read(judged),
        "sets": _sets(items),
        "alpha": {measure: stated(alpha_estimate(pairs, *chance)) for measure, pairs in whole.items()},
        "tau": _mean([item["tau"] for item in items], chance) | {"bins": bins([item["tau"] for item in items], -1)},
        "w": _mean([item["w"] for item in items], chance) | {"bins": bins([item["w"] for item in items], 0)},
        "ties": stated(tied_pairs(verdicts, chance)),
        "position": position(verdicts, chance),
        "departments": _departments(items, whole, chance) if sets else [],
        "matrix": _matrix(table, judged, chance),
        "experts": experts_report(table, judged, gold, whole, limits, rubric.veto, chance),
        "items": items,
    }


def bins(values: Sequence[float | None], low: int, count: int = 10) -> dict[str, Any]:
    """A histogram of values from `low` to 1, each bin with its lower bound but the last with both; undefined ones apart."""
    known = [value for value in values if value is not None]
    counts, edges = np.histogram(known, bins=count, range=(low, 1))
    assert int(counts.sum()) == len(known), "a value lies outside of the histogram"
    return {
        "edges": [round(float(edge), _DIGITS) for edge in edges],
        "counts": [int(value) for value in counts],
        "undefined": len(values) - len(known),
    }


def _item(name: str, judged: Judged, sets: Mapping[str, CandidateSet] | None, rule: Rule) -> dict[str, Any]:
    verdicts = judged.first[name]
    found = taus(verdicts)
    w = kendall_w([mid_ranks(one.rank_groups) for one in verdicts])
    reasons = {why for one, other in combinations(verdicts, 2) for why in differences(one, other, rule)}
    return {
        "set_id": name,
        "department": sets[name].department if sets else _NOWHERE,
        "annotators": [one.annotator for one in verdicts],
        "tau": round(fmean(found), _DIGITS) if found else None,
        "w": None if w is None else round(w, _DIGITS),
        "flags": [why for why in ("tau", "best", "veto", "score_gap") if why in reasons],
        "adjudicated": name in judged.third,
        "comments": [[one.annotator, one.comment] for one in verdicts if one.comment.strip()] if reasons else [],
    }


def _read(judged: Judged) -> dict[str, Any]:
    first, third = (sum(len(found) for found in some.values()) for some in (judged.first, judged.third))
    left = Counter(item.reason for item in judged.left)
    return {
        "annotations": first + third + len(judged.duplicates) + len(judged.calibration) + left.total(),
        "first": first,
        "adjudication": third,
        "duplicate": len(judged.duplicates),
        "calibration": len(judged.calibration),
        "left_out": dict(sorted(left.items())),
    }


def _sets(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    experts = Counter(len(item["annotators"]) for item in items)
    flags = Counter(flag for item in items for flag in item["flags"])
    found = {
        "n": len(items),
        "by_experts": {str(count): experts[count] for count in sorted(experts)},
        "compared": sum(n for count, n in experts.items() if count > 1),
        "flagged": sum(bool(item["flags"]) for item in items),
        "flags": dict(sorted(flags.items())),
        "adjudicated": sum(item["adjudicated"] for item in items),
    }
    assert sum(found["by_experts"].values()) == found["n"], "a set was lost"
    return found


def _mean(values: Sequence[float | None], chance: Chance) -> dict[str, Any]:
    known = [value for value in values if value is not None]
    return stated(ratio(known, [1] * len(known), *chance))


def _departments(items: Sequence[dict[str, Any]], whole: Mapping[str, Floats], chance: Chance) -> list[dict[str, Any]]:
    names = [item["department"] for item in items]
    rows = []
    for name, count in sorted(Counter(names).items(), key=lambda found: (-found[1], found[0])):
        inside = np.array([other == name for other in names])
        known = [item["tau"] for item in items if item["department"] == name]
        rows.append(
            {
                "department": name,
                "sets": count,
                "flagged": sum(bool(item["flags"]) for item in items if item["department"] == name),
                "alpha": {measure: stated(alpha_estimate(pairs[inside], *chance)) for measure, pairs in whole.items()},
                "tau": _mean(known, chance),
            }
        )
    assert sum(row["sets"] for row in rows) == len(items), "the departments do not sum to all sets"
    return rows


def _matrix(table: Table, judged: Judged, chance: Chance) -> list[dict[str, Any]]:
    """Every two experts who judged a set in common."""
    by_name = [{one.annotator: one for one in judged.first[name]} for name in table.sets]
    rows = []
    for one, other in combinations(range(len(table.experts)), 2):
        names = (table.experts[one], table.experts[other])
        shared = [[found[name] for name in names] for found in by_name if all(name in found for name in names)]
        if shared:
            values = [taus(pair) for pair in shared]
            rows.append(
                {
                    "experts": list(names),
                    "sets": len(shared),
                    "alpha": stated(alpha_estimate(table.pairs(RANK, (one, other)), *chance)),
                    "tau": _mean([found[0] if found else None for found in values], chance),
                }
            )
    return rows
