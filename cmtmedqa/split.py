"""Train, dev and test, cut by cluster: duplicates can never stand on two sides."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cmtmedqa.config import Splits
from cmtmedqa.records import SPLITS

VERSION = "split-1"
_SPAN = float(1 << 64)


def split_of(
    clusters: Sequence[str], settings: Splits, before: Mapping[str, int] | None = None
) -> npt.NDArray[np.int8]:
    """The split of each cluster (index into `SPLITS`), shape (clusters,).

    `before`: the dialogues that each split holds already; they count towards a size that is a number.

    A hash of seed and cluster id decides, so a cluster keeps its split when others come or go. A share takes the clusters
    whose hash lies in its part of the range; a number takes the clusters with the smallest hashes.
    """
    hashes = np.array([place(settings.seed, cluster) for cluster in clusters], np.float64)
    result = np.zeros(len(clusters), np.int8)
    taken = np.zeros(len(clusters), bool)
    lower = 0.0
    for name, size in (("test", settings.test), ("dev", settings.dev)):
        if size >= 1:
            order = np.argsort(hashes, kind="stable")
            chosen = order[~taken[order]][: max(int(size) - (before or {}).get(name, 0), 0)]
        else:
            chosen = np.flatnonzero((hashes >= lower) & (hashes < lower + size) & ~taken)
            lower += size
        result[chosen] = SPLITS.index(name)
        taken[chosen] = True
    return result


def place(seed: str, cluster: str) -> float:
    """Where in [0, 1) the hash of a cluster lies: below `test` it is the test split, then follows dev, then train."""
    digest = hashlib.blake2b(f"{seed}\x1f{cluster}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _SPAN
