"""The weights of `cmtmedqa.llm.weighed`, fitted anew on the open sets of the gates, and what they come to on a set left out.

    python -m benchmarks.gate_weights

Each set has another author: the table says of each how many of its denials dropped by hand and of its faithful rewrites the gates
refuse with weights fitted on the others. The words that the gates know were mended on the same sets: the table measures
the weights, not the words.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.faithfulness import CLOSED, SETS, Pair, damages, read
from cmtmedqa.llm import negation, weighed
from cmtmedqa.llm.gates import faults
from cmtmedqa.llm.weighed import Evidence

_OPEN = [name for name in SETS if name != CLOSED]
_LET_GO = 0.01  # share of the denials turned round below the bar
_RIDGE, _STEPS = 1.0, 50


def texts(pairs: Sequence[Pair]) -> list[tuple[str, str, bool]]:
    """Original, rewrite, and whether a denial was dropped in it by hand."""
    dropped = [(item.said, item.damaged, True) for item in damages(pairs) if item.by_hand and item.kind == "neg-"]
    return dropped + [(pair.said, rewritten, False) for pair in pairs for rewritten in pair.rewrites]


def seen(some: Sequence[tuple[str, str, bool]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The evidence of every place in some texts that seems to affirm what the original denies, and whether it was damaged."""
    rows: list[tuple[Evidence, bool]] = []
    weigh = weighed.turned_round
    try:
        for said, rewritten, dropped in some:
            found: list[Evidence] = []
            weighed.turned_round = partial(_note, found)
            negation.difference(said, rewritten)
            rows += [(item, dropped) for item in found]
    finally:
        weighed.turned_round = weigh
    return np.array([item for item, _ in rows], float), np.array([dropped for _, dropped in rows], float)


def _note(found: list[Evidence], item: Evidence) -> bool:
    found.append(item)
    return False


def fitted(evidence: NDArray[np.float64], dropped: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The weights of a logistic regression, by Newton's method with a ridge, and the bar below which few dropped denials are."""
    design = np.c_[evidence, np.ones(len(evidence))]
    ridge = np.diag([_RIDGE] * evidence.shape[1] + [1e-3])
    weights = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (chance - dropped) + ridge @ weights
        weights -= np.linalg.solve((design.T * (chance * (1 - chance))) @ design + ridge, slope)
    sums = np.sort(evidence[dropped > 0] @ weights[:-1])
    return weights[:-1], float(sums[int(_LET_GO * len(sums))])


def main() -> None:
    """Print the weights fitted without each set, and how the gates do on that set with them."""
    pairs = {name: texts(read(name)) for name in _OPEN}
    places = {name: seen(some) for name, some in pairs.items()}
    print(f"| left out | places | {' | '.join(Evidence._fields)} | bar | denials dropped | faithful refused |")
    for left in [*_OPEN, ""]:
        known = [places[name] for name in _OPEN if name != left]
        weights, bar = fitted(np.concatenate([one for one, _ in known]), np.concatenate([one for _, one in known]))
        shown = " | ".join(f"{weight:.1f}" for weight in weights)
        size = sum(len(one) for one, _ in known)
        if not left:
            print(f"| none | {size} | {shown} | {bar:.1f} | | |")
            continue
        weighed.WEIGHTS, weighed.BAR = tuple(float(weight) for weight in weights), bar - 1e-9
        hits = [(bool(faults(said, text)), dropped) for said, text, dropped in pairs[left]]
        some = (
            f"{sum(hit for hit, one in hits if one is way)} of {sum(one is way for _, one in hits)}"
            for way in (True, False)
        )
        print(f"| {left} | {size} | {shown} | {bar:.1f} | {' | '.join(some)} |")


if __name__ == "__main__":
    main()
