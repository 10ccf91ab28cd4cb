"""Clusters of duplicates: exact Jaccard of candidate pairs, union-find, and the member that stays."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Grams = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


def jaccard(first: Grams, second: Grams) -> float:
    """|A and B| / |A or B| of two sorted arrays of distinct hashes; two empty sets are equal."""
    if not len(first) and not len(second):
        return 1.0
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (len(first) + len(second) - shared)


def components(count: int, pairs: Sequence[tuple[int, int]] | Ints) -> Ints:
    """Union-find: for each of `count` items the smallest item of its component, shape (count,)."""
    parent = np.arange(count)

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = int(parent[item])
        return item

    for a, b in np.asarray(pairs, np.int64).reshape(-1, 2).tolist():
        first, second = root(a), root(b)
        parent[max(first, second)] = min(first, second)
    return np.fromiter((root(item) for item in range(count)), np.int64, count) if len(pairs) else parent


def winners(component: Ints, informative_chars: Ints, provenance: Ints, identifiers: Sequence[str]) -> Ints:
    """For each item the item of its component that stays, shape (n,).

    The rule: most characters in informative turns (all but farewells), then the more original provenance (real before
    rewritten ...), then the smaller id. It does not depend on the order of the input.
    """
    rank = np.empty(len(component), np.int64)
    tied = np.unique(component, return_counts=True)
    shared = np.isin(component, tied[0][tied[1] > 1])
    members = np.flatnonzero(shared)
    order = sorted(members.tolist(), key=lambda item: (-informative_chars[item], provenance[item], identifiers[item], item))
    rank[order] = np.arange(len(order))
    best = np.arange(len(component))
    by_component = sorted(members.tolist(), key=lambda item: (component[item], rank[item]))
    first: dict[int, int] = {}
    for item in by_component:
        best[item] = first.setdefault(int(component[item]), item)
    return best
