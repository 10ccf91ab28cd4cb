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
    both = np.sort(np.concatenate((first, second)), kind="stable")
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (len(first) + len(second) - shared)


def components(count: int, pairs: Sequence[tuple[int, int]] | Ints) -> Ints:
    """Union-find: for each of `count` items the smallest item of its component, shape (count,)."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    edges = np.asarray(pairs, np.int64).reshape(-1, 2)
    for a, b in edges.tolist():
        first, second = root(a), root(b)
        parent[max(first, second)] = min(first, second)
    result = np.arange(count)
    for item in np.unique(edges).tolist():
        result[item] = root(item)
    return result


def winners(component: Ints, informative_chars: Ints, provenance: Ints, identifiers: Sequence[str]) -> Ints:
    """For each item the item of its component that stays, shape (n,).

    The rule: most characters in informative turns (all but farewells), then the more original provenance (real before
    rewritten ...), then the smaller id. It does not depend on the order of the input.
    """
    best = np.arange(len(component))
    smallest, counts = np.unique(component, return_counts=True)
    members = np.flatnonzero(np.isin(component, smallest[counts > 1])).tolist()
    first: dict[int, int] = {}
    for item in sorted(members, key=lambda item: (-informative_chars[item], provenance[item], identifiers[item])):
        first.setdefault(int(component[item]), item)
    best[members] = [first[int(component[item])] for item in members]
    return best
