"""Whether a judge agrees with experts, printed beside every win rate it gives."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from cmtmedqa.evaluate.judge import Pair
from cmtmedqa.evaluate.verdicts import Judged, outcome
from cmtmedqa.judgements import Annotation, CandidateSet
from cmtmedqa.llm.prompts import Prompt
from cmtmedqa.reliability import alpha_estimate, coincidences, mid_ranks, sign

FLOOR = 0.4
LEAST_ITEMS = 100


def pairs_to_calibrate(sets: Sequence[CandidateSet], dimensions: Sequence[str]) -> list[Pair]:
    """Every pair of candidates of every set, in every dimension."""
    pairs = []
    for item in sets:
        prompt = Prompt(item.id, item.dialogue_id, item.prompt, item.department, 1)
        for one, other in combinations(item.candidates, 2):
            pairs += [Pair(prompt, name, one.id, other.id, one.text, other.text) for name in dimensions]
    return pairs


def agreement(
    judged: Sequence[Judged], annotations: Sequence[Annotation], dimensions: Sequence[str], seed: int = 0
) -> dict[str, Any]:
    """Ordinal alpha of the judge with the experts' majority, and of the experts among themselves, over items.

    Each pair counts in both orders of its names, so that which of the two is called the first cannot look like agreement. The
    judge's verdict on a pair is that of the first dimension, in the rubric's order, in which it did not tie. `calibrated`:
    at least 100 items and an alpha of 0.4.
    """
    overall = _overall(judged, dimensions)
    votes = _votes(annotations)
    units = sorted(key for key in votes if key in overall)
    sets = {name: number for number, name in enumerate(sorted({key[0] for key in units}))}
    items = np.array([sets[key[0]] for key in units], np.int64)
    experts = sorted({name for key in units for name in votes[key]})
    with_judge = np.array([[int(np.sign(sum(votes[key].values()))) + 1, overall[key] + 1] for key in units], np.int64)
    among = np.array([[votes[key].get(name, -2) + 1 for name in experts] for key in units], np.int64)
    found = {
        "items": len(sets),
        "pairs": len(units) // 2,
        "judge_expert": _alpha(with_judge, items, len(sets), seed),
        "expert_expert": _alpha(among, items, len(sets), seed),
        "floor": FLOOR,
    }
    value = found["judge_expert"]["value"] if isinstance(found["judge_expert"], dict) else None
    return found | {"calibrated": len(sets) >= LEAST_ITEMS and value is not None and value >= FLOOR}


def _alpha(
    values: "np.ndarray[Any, np.dtype[np.int64]]", items: "np.ndarray[Any, np.dtype[np.int64]]", n: int, seed: int
) -> dict[str, Any]:
    if not n:
        return {"value": None, "low": None, "high": None, "n": 0}
    return alpha_estimate(coincidences(values, items, n, 3), seed)._asdict()


def _overall(judged: Sequence[Judged], dimensions: Sequence[str]) -> dict[tuple[str, str, str], int]:
    by_pair: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for item in judged:
        by_pair[item.prompt_id, item.a, item.b][item.dimension] = {"win": 1, "loss": -1}.get(outcome(item), 0)
    found: dict[tuple[str, str, str], int] = {}
    for (prompt, one, other), said in by_pair.items():
        verdict = next((said[name] for name in dimensions if said.get(name)), 0)
        found |= {(prompt, one, other): verdict, (prompt, other, one): -verdict}
    return found


def _votes(annotations: Sequence[Annotation]) -> Mapping[tuple[str, str, str], dict[str, int]]:
    votes: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for item in annotations:
        ranks = mid_ranks(item.rank_groups)
        for one in item.shown:
            for other in item.shown:
                if one != other:
                    votes[item.set_id, one, other][item.annotator] = sign(ranks, one, other)
    return votes
