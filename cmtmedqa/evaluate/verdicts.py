"""What a judge said of two replies in both orders, and the figures that follow. Pure arithmetic; nothing here calls a model.

Rules: the same verdict in both orders is a win or a loss; different verdicts, a tie in either, or ties in both are a tie; an
unreadable verdict is `invalid` and counted by itself, never as a tie. Intervals resample dialogues with all their turns.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from cmtmedqa.records import Record
from cmtmedqa.reliability import Estimate, percentile_interval, ratio

Verdict = Literal["first", "second", "tie", "invalid"]
Outcome = Literal["win", "tie", "loss", "invalid"]
RESAMPLES = 2_000


class Judged(Record):
    """One comparison of systems `a` and `b` on one prompt in one dimension: `ab` when a stood first, `ba` when b did."""

    prompt_id: str
    dialogue_id: str
    department: str
    dimension: str
    a: str
    b: str
    ab: Verdict
    ba: Verdict
    chars_a: Annotated[int, Field(ge=0)]
    chars_b: Annotated[int, Field(ge=0)]


def outcome(judged: Judged) -> Outcome:
    """What the two verdicts say of system a."""
    if "invalid" in {judged.ab, judged.ba}:
        return "invalid"
    if (judged.ab, judged.ba) == ("first", "second"):
        return "win"
    return "loss" if (judged.ab, judged.ba) == ("second", "first") else "tie"


def score(judged: Judged) -> float:
    """The mean of both orders for system a: 1 where it is preferred, half for a tie; position bias cancels out in it."""
    points = {"first": 1.0, "tie": 0.5, "second": 0.0}
    return (points[judged.ab] + 1 - points[judged.ba]) / 2


def summary(judged: Sequence[Judged], seed: int = 0, resamples: int = RESAMPLES) -> dict[str, Any]:
    """The figures of one pair of systems in one dimension; `n` is the number of comparisons, `dialogues` that of clusters.

    `win`, `tie`, `loss` and `invalid` are counts that sum to n. `win_rate` is the mean score of a over valid comparisons;
    `controlled` the same at equal length. `first` is how often a verdict that is no tie prefers the reply shown first:
    `biased` when its interval leaves out one half.
    """
    counts = dict.fromkeys(("win", "tie", "loss", "invalid"), 0)
    for item in judged:
        counts[outcome(item)] += 1
    assert sum(counts.values()) == len(judged), "wins, ties, losses and invalid ones do not sum"
    valid = [item for item in judged if outcome(item) != "invalid"]
    groups = _by_dialogue(valid)
    rate = _share(groups, score, seed, resamples)
    first = _first_rate(groups, seed, resamples)
    return {
        "n": len(judged),
        "dialogues": len({item.dialogue_id for item in judged}),
        **counts,
        "win_rate": rate._asdict(),
        "net": _share(
            groups, lambda item: {"win": 1.0, "loss": -1.0}.get(outcome(item), 0.0), seed, resamples
        )._asdict(),
        "consistency": _share(groups, lambda item: float(_agrees(item)), seed, resamples)._asdict(),
        "first": first._asdict(),
        "biased": first.low is not None and first.high is not None and not first.low <= 0.5 <= first.high,
        "length_correlation": _correlation(valid),
        "controlled": _controlled(groups, seed, resamples)._asdict(),
        "smallest_difference": None if rate.low is None or rate.high is None else (rate.high - rate.low) / 2,
        "difference_shown": rate.low is not None and rate.high is not None and not rate.low <= 0.5 <= rate.high,
    }


def by_department(judged: Sequence[Judged], seed: int = 0) -> tuple[list[dict[str, Any]], float | None]:
    """The win rate of each department, most comparisons first, and their plain mean: every department weighs the same."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        if outcome(item) != "invalid":
            groups[item.department].append(item)
    order = sorted(groups, key=lambda name: (-len(groups[name]), name))
    rows = [
        {
            "department": name,
            "n": len(groups[name]),
            "win_rate": _share(_by_dialogue(groups[name]), score, seed, RESAMPLES)._asdict(),
        }
        for name in order
    ]
    rates = [row["win_rate"]["value"] for row in rows if isinstance(row["win_rate"], dict)]
    return rows, float(np.mean(rates)) if rates else None


def strengths(
    judged: Sequence[Judged], systems: Sequence[str], seed: int = 0, resamples: int = 500
) -> dict[str, Estimate] | None:
    """Bradley-Terry strengths of three or more systems as log-odds around their mean, with intervals over dialogues.

    Scores are those of both orders, a tie half a win for each (Hunter 2004, MM algorithm). None where the comparisons do not
    connect all systems by wins in both directions, for then no finite strengths exist. Raises ValueError for two systems.
    """
    if len(systems) < 3:
        raise ValueError("Bradley-Terry needs three systems or more")
    valid = [item for item in judged if outcome(item) != "invalid"]
    clusters = sorted({item.dialogue_id for item in valid})
    place = {name: number for number, name in enumerate(systems)}
    wins = np.zeros((len(clusters), len(systems), len(systems)))
    number_of = {name: number for number, name in enumerate(clusters)}
    for item in valid:
        points = score(item)
        wins[number_of[item.dialogue_id], place[item.a], place[item.b]] += points
        wins[number_of[item.dialogue_id], place[item.b], place[item.a]] += 1 - points
    found = _bradley_terry(wins.sum(0))
    if found is None:
        return None
    chance = np.random.default_rng([seed, len(clusters)])
    drawn = []
    for _ in range(resamples):
        again = _bradley_terry(wins[chance.integers(len(clusters), size=len(clusters))].sum(0))
        if again is not None:
            drawn.append(again)
    table = np.array(drawn)
    return {name: percentile_interval(float(found[at]), table[:, at], len(clusters)) for name, at in place.items()}


def _bradley_terry(wins: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]] | None":
    if not _strongly_connected(wins > 0):
        return None
    games, won = wins + wins.T, wins.sum(1)
    strength = np.ones(len(wins))
    for _ in range(10_000):
        new = won / (games / (strength[:, None] + strength[None, :])).sum(1)
        new /= np.exp(np.log(new).mean())
        if np.abs(np.log(new / strength)).max() < 1e-9:
            break
        strength = new
    result: np.ndarray[Any, np.dtype[np.float64]] = np.log(new)
    return result


def _strongly_connected(beats: "np.ndarray[Any, np.dtype[np.bool_]]") -> bool:
    """Whether each system reaches each other one over wins (Ford 1957)."""
    reach = beats | np.eye(len(beats), dtype=bool)
    for _ in range(len(beats)):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return bool(reach.all())


def _agrees(judged: Judged) -> bool:
    """Whether both orders gave the same verdict, ties included."""
    return outcome(judged) in {"win", "loss"} or judged.ab == judged.ba == "tie"


def _by_dialogue(judged: Sequence[Judged]) -> list[list[Judged]]:
    groups: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        groups[item.dialogue_id].append(item)
    return [groups[name] for name in sorted(groups)]


def _share(groups: Sequence[Sequence[Judged]], value: Callable[[Judged], float], seed: int, resamples: int) -> Estimate:
    return ratio([sum(map(value, group)) for group in groups], [float(len(group)) for group in groups], seed, resamples)


def _first_rate(groups: Sequence[Sequence[Judged]], seed: int, resamples: int) -> Estimate:
    said = [[verdict for item in group for verdict in (item.ab, item.ba) if verdict != "tie"] for group in groups]
    return ratio([float(one.count("first")) for one in said], [float(len(one)) for one in said], seed, resamples)


def _lengths(judged: Sequence[Judged]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """The difference of lengths in units of its spread, bounded by tanh so that one long reply decides nothing."""
    apart = np.array([item.chars_a - item.chars_b for item in judged], np.float64)
    spread = apart.std() if len(apart) else 0.0
    return np.tanh(apart / spread) if spread else np.zeros(len(apart))


def _correlation(judged: Sequence[Judged]) -> float | None:
    lengths, scores = _lengths(judged), np.array([score(item) for item in judged])
    if len(scores) < 3 or not lengths.std() or not scores.std():
        return None
    return float(np.corrcoef(lengths, scores)[0, 1])


def _controlled(groups: Sequence[Sequence[Judged]], seed: int, resamples: int) -> Estimate:
    """The win rate at equal length: the intercept of a regression of the score on the bounded difference of lengths.

    After Dubois et al. 2024 (length-controlled AlpacaEval), linear in place of logistic: scores of both orders take five values.
    """
    flat = [item for group in groups for item in group]
    if len(groups) < 3:
        return Estimate(None, None, None, len(groups))
    lengths, scores = _lengths(flat), np.array([score(item) for item in flat])
    sizes = np.array([len(group) for group in groups])
    owner = np.repeat(np.arange(len(groups)), sizes)
    sums = np.stack(
        [np.bincount(owner, weights) for weights in (np.ones(len(flat)), lengths, lengths**2, scores, lengths * scores)]
    )
    chance = np.random.default_rng([seed, len(groups)])
    weights = chance.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=resamples).astype(np.float64)
    drawn = _intercept(weights @ sums.T)
    value = float(_intercept(sums.sum(1)[None])[0])
    return percentile_interval(value, drawn[np.isfinite(drawn)], len(groups))


def _intercept(sums: "np.ndarray[Any, np.dtype[np.float64]]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    n, x, xx, y, xy = sums.T
    spread = n * xx - x * x
    slope = np.divide(n * xy - x * y, spread, out=np.zeros_like(n), where=spread > 1e-12)
    result: np.ndarray[Any, np.dtype[np.float64]] = (y - slope * x) / n
    return result
