"""Several experts' rankings of one set as one order: votes on each pair, then the finest order that claims nothing more.

On each pair of candidates every expert votes with the sign of the difference of ranks; a tie votes for neither. The independent
experts decide a pair with at least `min_votes` votes of which `min_agreement` agree; all of them tying it is a verdict too.
What they leave open the third expert decides, if there is one; else it stays undecided.

Such verdicts need not be transitive. The merged order is therefore made of the strongly connected components of the graph that
has an edge from the better to the worse of each decided pair, and edges both ways for a tie or an undecided pair. Two candidates
of different components were compared by a verdict, and all verdicts between two components point the same way; so this is the finest order with
ties in which every strict pair was decided by votes. A cycle, or a chain of undecided pairs, becomes one tied group.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from cmtmedqa.judgements import RankGroups
from cmtmedqa.reliability import Ranks, sign

_ROUNDING = 1e-9  # two of three votes are two thirds


class MergeRule(NamedTuple):
    """When the independent experts decide a pair."""

    min_votes: int = 2
    min_agreement: float = 2 / 3


class Verdict(NamedTuple):
    """What the experts say of two candidates: `sign` 1 for the first, -1 for the second; how often each got a vote."""

    sign: int
    how: Literal["votes", "third expert", "tie", "undecided"]
    better: int
    worse: int

    @property
    def agreement(self) -> float:
        """The share of all votes that favours the better one; 0 where nobody voted."""
        votes = self.better + self.worse
        return (self.better if self.sign > 0 else self.worse) / votes if votes else 0.0


Verdicts = Mapping[tuple[str, str], Verdict]


def verdict(first: Sequence[Ranks], third: Sequence[Ranks], pair: tuple[str, str], rule: MergeRule) -> Verdict:
    """The verdict on two candidates by the rankings that hold both of them."""
    early, late = (
        [sign(ranks, *pair) for ranks in rankings if pair[0] in ranks and pair[1] in ranks]
        for rankings in (first, third)
    )
    better, worse = (sum(vote == way for vote in early) for way in (1, -1))
    all_better, all_worse = (sum(vote == way for vote in [*early, *late]) for way in (1, -1))
    if not better + worse and len(early) >= rule.min_votes:
        return Verdict(0, "tie", all_better, all_worse)
    enough = better + worse >= rule.min_votes
    if enough and max(better, worse) >= rule.min_agreement * (better + worse) - _ROUNDING and better != worse:
        return Verdict(1 if better > worse else -1, "votes", all_better, all_worse)
    if late and not any(late):
        return Verdict(0, "tie", all_better, all_worse)
    if balance := sum(late):
        return Verdict(1 if balance > 0 else -1, "third expert", all_better, all_worse)
    return Verdict(0, "undecided", all_better, all_worse)


def verdicts(
    candidates: Sequence[str], first: Sequence[Ranks], third: Sequence[Ranks], rule: MergeRule
) -> dict[tuple[str, str], Verdict]:
    """The verdict on every pair of candidates, keys in the order of their ids."""
    return {pair: verdict(first, third, pair, rule) for pair in combinations(sorted(candidates), 2)}


def merged_order(candidates: Sequence[str], found: Verdicts) -> RankGroups:
    """The finest order with ties of which every strict pair is a verdict; best group first, ids sorted inside a group."""
    below = {one: {one} for one in candidates}
    for (one, other), given in found.items():
        if given.sign >= 0:
            below[one].add(other)
        if given.sign <= 0:
            below[other].add(one)
    for middle in candidates:  # Warshall: who is reached from whom
        for one in candidates:
            if middle in below[one]:
                below[one] |= below[middle]
    groups: dict[int, list[str]] = {}
    for one in sorted(candidates):
        groups.setdefault(len(below[one]), []).append(one)
    # Between two components there are edges one way only, so those that reach more stand higher and no two reach as many.
    return tuple(tuple(groups[size]) for size in sorted(groups, reverse=True))
