"""What both halves of the report of agreement stand on: its limits, the verdicts as arrays, estimates as they are stated."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from cmtmedqa.annotate.judged import Judged
from cmtmedqa.judgements import Annotation
from cmtmedqa.reliability import RESAMPLES, Estimate, Floats, coincidences, mid_ranks, tau_b

RANK = "rank"
_DIGITS = 6


class Limits(NamedTuple):
    """Beyond these an expert is flagged, never left out; a share or an alpha is beyond where its whole interval is.

    `alpha`: least agreement with the others on ranks. `gain`: least rise of alpha without the expert, where its interval lies
    above 0. `consistency`, `calibration`: least share of pairs ordered as before, as the gold says. `vetoes`: least
    share of the replies vetoed by gold that the expert vetoes too. `fast_share`: greatest share of
    tasks faster than `seconds`. `ties`: greatest share of tied pairs. `position`: least p of the test of the first position.
    """

    alpha: float = 0.4
    gain: float = 0.05
    consistency: float = 0.7
    calibration: float = 0.7
    vetoes: float = 0.7
    seconds: float = 10
    fast_share: float = 0.1
    ties: float = 0.5
    position: float = 0.01


class Table(NamedTuple):
    """The independent verdicts as arrays. `values` of each measure: index of what an expert gave a candidate, -1 for nothing,
    shape (candidates, experts), and how many values there are; `items`: the set of each candidate, as an index of `sets`.
    """

    sets: tuple[str, ...]
    experts: tuple[str, ...]
    items: Any
    values: dict[str, tuple[Any, int]]

    def pairs(self, measure: str, experts: Sequence[int]) -> Floats:
        """Coincidences by set of what some experts gave."""
        values, size = self.values[measure]
        return coincidences(values[:, list(experts)], self.items, len(self.sets), size)


class Chance(NamedTuple):
    """What decides the intervals."""

    seed: int = 20260101
    resamples: int = RESAMPLES


def table_of(judged: Judged, dimensions: Sequence[str]) -> Table:
    """The independent verdicts as arrays, sets and experts by name.

    A dimension holds scores; where all verdicts are comparisons of two, the ranks in that dimension.
    """
    sets = tuple(sorted(judged.first))
    experts = tuple(sorted({one.annotator for some in judged.first.values() for one in some}))
    column = {name: place for place, name in enumerate(experts)}
    units = [(place, key) for place, name in enumerate(sets) for key in sorted(judged.first[name][0].shown)]
    row = {unit: number for number, unit in enumerate(units)}
    ranks = np.full((len(units), len(experts)), -1, np.int64)
    scores = {name: ranks.copy() for name in dimensions}
    compared = all(one.verdicts for some in judged.first.values() for one in some)
    for place, name in enumerate(sets):
        for one in judged.first[name]:
            for key, rank in mid_ranks(one.rank_groups).items():
                where = (row[place, key], column[one.annotator])
                ranks[where] = _half_steps(rank)
                for dimension in dimensions:
                    if compared:
                        scores[dimension][where] = _half_steps(mid_ranks(one.verdicts[dimension])[key])
                    elif not one.verdicts:
                        scores[dimension][where] = one.scores[key][dimension] - 1
    size = int(ranks.max(initial=0)) + 1
    items = np.array([place for place, _ in units], np.int64)
    return Table(sets, experts, items, {RANK: (ranks, size)} | {name: (scores[name], 5) for name in dimensions})


def _half_steps(rank: float) -> int:
    """A mid-rank, which is a multiple of one half from 1 on, as a number from 0."""
    return round(2 * rank) - 2


def stated(found: Estimate) -> dict[str, Any]:
    """An estimate as it stands in the report."""
    return {
        name: None if value is None else value if name == "n" else round(value, _DIGITS)
        for name, value in found._asdict().items()
    }


def taus(verdicts: Sequence[Annotation]) -> list[float]:
    """Tau-b of every two verdicts on one set that has one."""
    ranks = [mid_ranks(one.rank_groups) for one in verdicts]
    return [tau for one, other in combinations(ranks, 2) if (tau := tau_b(one, other)) is not None]
