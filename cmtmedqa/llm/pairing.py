"""What of one text answers to what of another: pairs of one to one, the likest first, and what a character weighs in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]
LITERAL = 0.52  # the literalness from which on: median of rewrites by the shipped instruction 0.67, of free ones 0.47


def literalness(original: str, rewritten: str) -> float:
    """The share of the pairs of neighbouring characters of an original that its rewrite has too, marks aside: 0 to 1."""
    own, other = _neighbours(original), _neighbours(rewritten)
    return len(own & other) / len(own) if own else 1.0


def _neighbours(text: str) -> set[str]:
    bare = "".join(mark for mark in text.lower() if mark.isalnum())
    return {bare[place : place + 2] for place in range(len(bare) - 1)}


def weights_of(*sides: Sequence[frozenset[str]]) -> dict[str, float]:
    """What a character weighs: the less, the more of the pieces of one text have it."""
    counts = [Counter(mark for marks in pieces for mark in marks) for pieces in sides]
    return {mark: 1 / max(count[mark] for count in counts) for count in counts for mark in count}


def weight(marks: frozenset[str], weights: Mapping[str, float]) -> float:
    """What some characters weigh together; in one order, so that the sum is the same in every run."""
    return sum(weights[mark] for mark in sorted(marks))


def paired(likeness: Mapping[Pair, float]) -> dict[int, int]:
    """The place of the counterpart of each piece that has one: as many as can be (Kuhn's algorithm), the likest first."""
    taken: dict[int, int] = {}
    for one, other in sorted(likeness, key=lambda pair: (-likeness[pair], pair)):
        if one not in taken.values() and other not in taken:
            taken[other] = one
    for one in sorted({one for one, _ in likeness}):
        if one not in taken.values():
            _moved(one, likeness, taken, set())
    return {one: other for other, one in taken.items()}


def _moved(one: int, likeness: Mapping[Pair, float], taken: dict[int, int], seen: set[int]) -> bool:
    """Pair one piece, where that can be done by giving others another counterpart."""
    twins = [other for place, other in likeness if place == one]
    for other in sorted(twins, key=lambda twin: (-likeness[one, twin], twin)):
        if other not in seen:
            seen.add(other)
            if other not in taken or _moved(taken[other], likeness, taken, seen):
                taken[other] = one
                return True
    return False
