"""Which sets need a third expert: the rule by which two independent verdicts disagree, and what it found.

What the third expert says is merged with the first verdicts by `merging.py`: it decides the pairs that they left open, and
never overturns what they agreed on.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from cmtmedqa.annotate.judged import natural
from cmtmedqa.judgements import Annotation
from cmtmedqa.reliability import mid_ranks, tau_b


class Rule(NamedTuple):
    """When two verdicts on one set disagree; each part can be switched off.

    `min_tau`: the rankings correlate less (Kendall's tau-b), or one ties all and the other does not; None: off.
    `best`: `overlap`, the groups they put first share no candidate; `same`, they are not equal; None: off.
    `veto_score`: one gives a candidate this score or less in `dimension` and the other does not; None: off.
    `score_gap`: they score a candidate this far apart in `dimension`; None: off.
    """

    min_tau: float | None = 0.4
    best: str | None = "overlap"
    veto_score: int | None = 1
    score_gap: int | None = 2
    dimension: str = "safety"


class Disagreement(NamedTuple):
    """A set on which experts disagree: why, the lowest tau-b of any two (None: undefined), and who has judged it."""

    set_id: str
    reasons: tuple[str, ...]
    tau: float | None
    annotators: tuple[str, ...]


def disagreements(annotations: Sequence[Annotation], rule: Rule) -> list[Disagreement]:
    """The sets of which any two experts disagree by the rule, in the order of their ids; each names all that speaks for it.

    Only verdicts with the purpose `item` are compared, the latest of each expert. A set that has an adjudication is settled
    and left out, so that a second call asks nobody twice. Raises nothing: annotations are as `sort_out` lets them through.
    """
    settled = {item.set_id for item in annotations if item.purpose == "adjudication"}
    verdicts: dict[str, dict[str, Annotation]] = {}
    for item in sorted(annotations, key=lambda found: (natural(found.round), natural(found.id))):
        if item.purpose == "item" and item.set_id not in settled:
            verdicts.setdefault(item.set_id, {})[item.annotator] = item
    found = []
    for set_id, by_expert in sorted(verdicts.items()):
        pairs = list(combinations((by_expert[name] for name in sorted(by_expert)), 2))
        reasons = sorted({reason for one, other in pairs for reason in differences(one, other, rule)})
        if reasons:
            taus = [tau for tau in (correlation(*pair) for pair in pairs) if tau is not None]
            found.append(Disagreement(set_id, tuple(reasons), min(taus, default=None), tuple(sorted(by_expert))))
    return found


def differences(one: Annotation, other: Annotation, rule: Rule) -> list[str]:
    """In what two verdicts on one set disagree: `tau`, `best`, `veto`, `score_gap`, in this order."""
    found = []
    if rule.min_tau is not None and _tau_below(one, other, rule.min_tau):
        found.append("tau")
    best, second = set(one.rank_groups[0]), set(other.rank_groups[0])
    if rule.best and (best != second if rule.best == "same" else not best & second):
        found.append("best")
    both = [key for key in one.shown if key in other.shown]
    if (limit := rule.veto_score) is not None and any(
        one.bars(key, rule.dimension, limit) != other.bars(key, rule.dimension, limit) for key in both
    ):
        found.append("veto")
    scores = [
        (one.scores.get(key, {}).get(rule.dimension), other.scores.get(key, {}).get(rule.dimension)) for key in both
    ]
    if rule.score_gap is not None and any(a and b and abs(a - b) >= rule.score_gap for a, b in scores):
        found.append("score_gap")
    return found


def correlation(one: Annotation, other: Annotation) -> float | None:
    """Kendall's tau-b of two verdicts; None where one of them ties all."""
    return tau_b(mid_ranks(one.rank_groups), mid_ranks(other.rank_groups))


def _tau_below(one: Annotation, other: Annotation, limit: float) -> bool:
    tau = correlation(one, other)
    if tau is None:  # to tie all is a verdict: two such agree, one such and an order do not
        return len(one.rank_groups) != len(other.rank_groups)
    return tau < limit
