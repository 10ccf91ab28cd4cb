"""How far judgements agree: ranks with ties, Kendall's tau-b and W, Krippendorff's alpha, and intervals over items.

Pure functions on numbers. Where a measure is not defined (nothing varies, or nobody can be compared) it is None, never 0 or 1.
Items are the unit of chance: an interval draws whole items, because the candidates and the pairs of one item depend on each other.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Ranks = Mapping[str, float]
Floats = npt.NDArray[np.float64]
Level = Literal["nominal", "ordinal", "interval"]

RESAMPLES = 2_000
_AT_ONCE = 250  # resamples drawn together, so that memory stays flat
_Z = 1.959963984540054  # of a two-sided 95 % interval


class Estimate(NamedTuple):
    """A measure with its 95 % interval and the number of items behind it; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def mid_ranks(groups: Sequence[Sequence[str]]) -> dict[str, float]:
    """The rank of each candidate from 1, best group first; those of one group share the mean of the places they take.

    Unlike the number of the group, this does not move a candidate when two better ones are tied.
    """
    ranks: dict[str, float] = {}
    for group in groups:
        ranks |= dict.fromkeys(group, len(ranks) + (len(group) + 1) / 2)
    return ranks


def sign(ranks: Ranks, first: str, second: str) -> int:
    """1 where `first` has the better rank of the two, -1 where `second` has it, 0 for a tie."""
    return (ranks[first] < ranks[second]) - (ranks[first] > ranks[second])


def tau_b(first: Ranks, second: Ranks) -> float | None:
    """Kendall's tau-b of two rankings over the candidates that stand in both; None where one of them ties all.

    (concordant - discordant) / sqrt((pairs - ties of one) (pairs - ties of the other)), Kendall 1945.
    """
    both = [key for key in first if key in second]
    signs = [(sign(first, a, b), sign(second, a, b)) for a, b in combinations(both, 2)]
    untied = sum(a != 0 for a, _ in signs) * sum(b != 0 for _, b in signs)
    return sum(a * b for a, b in signs) / math.sqrt(untied) if untied else None


def kendall_w(rankings: Sequence[Ranks]) -> float | None:
    """Kendall's W of two or more rankings (mid-ranks) of the same candidates, corrected for ties; None where all tie all.

    W = 12 S / (m^2 (k^3 - k) - m T): S the squared deviations of the rank sums, T the sum of t^3 - t over groups of t tied.
    """
    if len(rankings) < 2:
        return None
    keys, m = list(rankings[0]), len(rankings)
    k = len(keys)
    sums = [sum(ranks[key] for ranks in rankings) for key in keys]
    spread = sum((value - m * (k + 1) / 2) ** 2 for value in sums)
    ties = 0
    for ranks in rankings:
        values = list(ranks.values())
        ties += sum(values.count(value) ** 3 - values.count(value) for value in set(values))
    whole = m * m * (k**3 - k) - m * ties
    return 12 * spread / whole if whole else None


def coincidences(values: npt.NDArray[np.int64], items: npt.NDArray[np.int64], n_items: int, n_values: int) -> Floats:
    """Krippendorff's coincidences by item, shape (n_items, n_values, n_values).

    `values`: what each rater gave each unit, as an index of the sorted values, -1 for nothing; shape (units, raters). `items`:
    the item of each unit. A unit with m values adds 1 / (m - 1) for each ordered pair of them; one value alone adds nothing.
    """
    counts = np.zeros((len(values), n_values))
    for column in values.T:
        given = np.flatnonzero(column >= 0)
        counts[given, column[given]] += 1
    m = counts.sum(1)
    usable = m >= 2
    counts, weights = counts[usable], 1 / (m[usable] - 1)
    pairs = np.einsum("uc,ud,u->ucd", counts, counts, weights)
    pairs[:, np.arange(n_values), np.arange(n_values)] -= counts * weights[:, None]
    found = np.zeros((n_items, n_values, n_values))
    np.add.at(found, items[usable], pairs)
    return found


def alpha(pairs: Floats, level: Level = "ordinal", scale: Sequence[float] = ()) -> Floats:
    """Krippendorff's alpha of coincidences, shape (..., values, values) to (...); nan where nothing varies.

    1 - (n - 1) sum(o d) / sum(n_c n_k d), Krippendorff 2011, "Computing Krippendorff's alpha-reliability". `scale`: the values
    themselves, which only the interval level needs.
    """
    counts = pairs.sum(-1)
    n = counts.sum(-1)
    if level == "nominal":
        size = counts.shape[-1]
        apart = np.broadcast_to(1.0 - np.eye(size), pairs.shape)
    else:
        # Ordinal: the values that lie between two, with half of each end, is the difference of their places.
        place = np.cumsum(counts, -1) - counts / 2 if level == "ordinal" else np.asarray(scale, np.float64)
        apart = (place[..., :, None] - place[..., None, :]) ** 2
    observed = (pairs * apart).sum((-1, -2))
    expected = (counts[..., :, None] * counts[..., None, :] * apart).sum((-1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(expected > 0, 1 - (n - 1) * observed / expected, np.nan)
    return result


def _draws(items: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each item is drawn in each resample, in blocks of shape (some, items); the same for one seed and size."""
    chance = np.random.default_rng([seed, items])
    sizes = [_AT_ONCE] * (resamples // _AT_ONCE) + [resamples % _AT_ONCE] * bool(resamples % _AT_ONCE)
    for size in sizes:
        drawn = chance.integers(items, size=(size, items)) + np.arange(size)[:, None] * items
        yield np.bincount(drawn.ravel(), minlength=size * items).reshape(size, items).astype(np.float64)


def alphas(tables: Sequence[Floats], seed: int, resamples: int = RESAMPLES) -> Floats:
    """Ordinal alpha of some tables of coincidences over the same items in the same resamples; shape (tables, resamples).

    Paired, so that the difference of two rows is that of two measures on the same items.
    """
    items, size = tables[0].shape[:2]
    upper = np.triu_indices(size)  # coincidences are symmetric: half of them is enough to add up
    flat = np.concatenate([table[:, *upper] for table in tables], axis=1)
    drawn = []
    for block in _draws(items, resamples, seed):
        sums = (block @ flat).reshape(len(block), len(tables), -1)
        whole = np.zeros((*sums.shape[:2], size, size))
        whole[..., upper[0], upper[1]] = sums
        whole[..., upper[1], upper[0]] = sums
        drawn.append(alpha(whole))
    return np.concatenate(drawn).T


def alpha_estimate(table: Floats, seed: int, resamples: int = RESAMPLES) -> Estimate:
    """Ordinal alpha with a percentile interval over the items that have something to compare."""
    used = table[table.sum((-1, -2)) > 0]
    if not len(used):
        return Estimate(None, None, None, 0)
    value = float(alpha(used.sum(0)))
    if math.isnan(value):
        return Estimate(None, None, None, len(used))
    return percentile_interval(value, alphas([used], seed, resamples)[0], len(used))


def ratio(parts: Sequence[float], wholes: Sequence[float], seed: int, resamples: int = RESAMPLES) -> Estimate:
    """The sum of `parts` by that of `wholes` with a percentile interval over items, or Wilson's where each item is yes or no.

    Items with a whole of 0 do not count. A share of none or all would have no width when drawn again; it gets Wilson's
    interval with one trial an item, which is the wider one.
    """
    part, whole = (np.asarray(values, np.float64) for values in (parts, wholes))
    part, whole = part[whole > 0], whole[whole > 0]
    n = len(whole)
    if not n:
        return Estimate(None, None, None, 0)
    value = float(part.sum() / whole.sum())
    shares = bool((part >= 0).all() and (part <= whole).all())
    if shares and (value in {0.0, 1.0} or bool(((whole == 1) & (np.isin(part, (0, 1)))).all())):
        return Estimate(value, *wilson(value, n), n)
    drawn = [(block @ part) / (block @ whole) for block in _draws(n, resamples, seed)]
    return percentile_interval(value, np.concatenate(drawn), n)


def median(values: Sequence[float], seed: int, resamples: int = RESAMPLES) -> Estimate:
    """The median with a percentile interval."""
    found = np.asarray(values, np.float64)
    if not len(found):
        return Estimate(None, None, None, 0)
    chance = np.random.default_rng([seed, len(found)])
    steps = max(1, 1_000_000 // len(found))
    drawn = [
        np.median(found[chance.integers(len(found), size=(min(steps, resamples - start), len(found)))], axis=1)
        for start in range(0, resamples, steps)
    ]
    return percentile_interval(float(np.median(found)), np.concatenate(drawn), len(found))


def wilson(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n independent trials."""
    middle = share + _Z * _Z / (2 * n)
    reach = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
    whole = 1 + _Z * _Z / n
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def two_sided(z: float) -> float:
    """The probability of a standard normal value at least as far from 0."""
    return math.erfc(abs(z) / math.sqrt(2))


def percentile_interval(value: float, drawn: Floats, n: int) -> Estimate:
    """A value with the 2.5th and 97.5th percentile of its resamples; no interval for one item or where most draws are undefined."""
    known = drawn[np.isfinite(drawn)]
    if n < 2 or 2 * len(known) < len(drawn):
        return Estimate(value, None, None, n)
    low, high = np.percentile(known, (2.5, 97.5))
    return Estimate(value, float(low), float(high), n)
