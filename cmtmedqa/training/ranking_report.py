"""How well scores order held-out rankings: accuracy of pairs with an interval, by gap, by department, calibration.

Plain numbers in, plain numbers out; no torch. A pair whose scores are equal counts as half right.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
Z95 = 1.959964


@dataclass(frozen=True)
class Scored:
    """One held-out item: the scores of its answers, its ordered pairs (better, worse, gap), and where it belongs.

    `chars` are the lengths of the answers; `cluster` names the dialogue, whose pairs are not independent of each other.
    """

    scores: Sequence[float]
    pairs: Sequence[tuple[int, int, int]]
    cluster: str
    department: str = ""
    chars: Sequence[int] = ()


def report(items: Sequence[Scored]) -> dict[str, object]:
    """All figures as one mapping that JSON can hold. Raises ValueError without a single pair."""
    pairs = [_Pair(item, a, b, gap) for item in items for a, b, gap in item.pairs]
    if not pairs:
        raise ValueError("no held-out pair to report on")
    tops, taus = (
        [_top(item) for item in items if item.pairs],
        [kendall_tau(i.scores, i.pairs) for i in items if i.pairs],
    )
    return {
        "pair_accuracy": accuracy(pairs),
        "by_gap": {
            str(gap): accuracy([pair for pair in pairs if pair.gap == gap]) for gap in sorted({p.gap for p in pairs})
        },
        "by_department": {
            name: accuracy([pair for pair in pairs if pair.item.department == name])
            for name in sorted({pair.item.department for pair in pairs} - {""})
        },
        "top1": {"value": sum(tops) / len(tops), "n": len(tops)},
        "kendall_tau": {"value": sum(taus) / len(taus), "n": len(taus)},
        "log_loss": sum(_softplus(-pair.difference) for pair in pairs) / len(pairs),
        "calibration": calibration([pair.difference for pair in pairs]),
        "longer_answer_preferred": _longer(pairs),
        "score_mean": float(np.mean([score for item in items for score in item.scores])),
        "score_std": float(np.std([score for item in items for score in item.scores])),
    }


class _Pair:
    def __init__(self, item: Scored, better: int, worse: int, gap: int) -> None:
        self.item, self.gap = item, gap
        self.difference = item.scores[better] - item.scores[worse]
        self.right = _right(self.difference)
        self.longer = item.chars[better] - item.chars[worse] if item.chars else 0


def _right(difference: float) -> float:
    return 0.5 if difference == 0 else float(difference > 0)


def accuracy(pairs: Sequence[_Pair]) -> dict[str, object]:
    """Share of pairs that the scores order as the experts do, n, dialogues, and a 95 % interval.

    The interval is Wilson's at the number of pairs that independent ones would have to be (the variance between dialogues
    against that of single pairs); where the dialogues do not vary at all, that number is the number of dialogues.
    """
    sums: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        sums[pair.item.cluster].append(pair.right)
    n, share = len(pairs), sum(pair.right for pair in pairs) / len(pairs)
    residuals = [sum(right) - share * len(right) for right in sums.values()]
    between = sum(value * value for value in residuals) / n**2
    effective = min(n, share * (1 - share) / between) if between > 0 else len(sums)
    low, high = wilson(share, effective)
    return {"value": share, "low": low, "high": high, "n": n, "dialogues": len(sums)}


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share over n independent trials (Wilson 1927); n need not be whole."""
    center = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
    return max(0.0, center - half), min(1.0, center + half)


def kendall_tau(scores: Sequence[float], pairs: Iterable[tuple[int, int, int]]) -> float:
    """Kendall's tau-b between the scores and the experts' order; ties of the experts are the pairs that are not given.

    0 where all scores are equal.
    """
    signs = [int(np.sign(scores[a] - scores[b])) for a, b, _ in pairs]
    untied = sum(scores[a] != scores[b] for a in range(len(scores)) for b in range(a))
    return sum(signs) / math.sqrt(len(signs) * untied) if untied else 0.0


def calibration(differences: Sequence[float]) -> dict[str, object]:
    """Is sigmoid(|s_a - s_b|) the chance that the experts agree with the sign? Ten equal bins of [0.5, 1], and the ECE.

    ECE = sum over bins of (n_bin / n) * |share right in the bin - mean predicted chance in the bin| (Guo et al. 2017).
    """
    chance = [1 / (1 + math.exp(-abs(difference))) for difference in differences]
    right = [_right(difference) for difference in differences]
    bins = [min(BINS - 1, int((value - 0.5) * 2 * BINS)) for value in chance]
    table = []
    for number in range(BINS):
        inside = [i for i, place in enumerate(bins) if place == number]
        if inside:
            predicted, observed = (sum(values[i] for i in inside) / len(inside) for values in (chance, right))
            table.append(
                {"from": 0.5 + number / (2 * BINS), "n": len(inside), "predicted": predicted, "observed": observed}
            )
    ece = sum(row["n"] * abs(row["predicted"] - row["observed"]) for row in table) / len(differences)
    return {"ece": ece, "bins": table}


def _top(item: Scored) -> float:
    """Whether the highest score stands at an answer that no pair puts below another; equal highest scores share the point."""
    beaten = {worse for _, worse, _ in item.pairs}
    highest = [a for a, score in enumerate(item.scores) if score == max(item.scores)]
    return sum(a not in beaten for a in highest) / len(highest)


def _longer(pairs: Sequence[_Pair]) -> dict[str, object] | None:
    """How often the longer answer is the experts' and the scores' choice: a reward model that measures length shows here."""
    unequal = [pair for pair in pairs if pair.longer]
    if not unequal:
        return None
    by_scores = sum(_right(pair.difference * pair.longer) for pair in unequal) / len(unequal)
    return {"experts": sum(pair.longer > 0 for pair in unequal) / len(unequal), "scores": by_scores, "n": len(unequal)}


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
