"""Candidate pairs: dialogues that share at least one band of their signatures.

25 bands of 5 rows find a pair of Jaccard 0.8 with probability 1 - (1 - 0.8^5)^25 = 0.99995. Inside a bucket every member is
paired with its first member and with its neighbour, not with all others: buckets of boilerplate stay linear.
"""

import numpy as np
import numpy.typing as npt

from cmtmedqa.dedup.signatures import Signatures

BANDS = 25
ROWS = 5
ESTIMATE_MARGIN = 0.2
_CHUNK = 1 << 16
_MIX = np.uint64(0x9E3779B97F4A7C15)

Pairs = npt.NDArray[np.int64]


def band_keys(signatures: Signatures, band: int) -> npt.NDArray[np.uint64]:
    """One 64-bit key per signature for a band: its five rows hashed together, shape (n,)."""
    rows = signatures[:, band * ROWS : (band + 1) * ROWS].astype(np.uint64)
    key = rows[:, 0].copy()
    for column in range(1, ROWS):
        key ^= key >> np.uint64(29)
        key *= _MIX
        key += rows[:, column]
    key ^= key >> np.uint64(32)
    return key * _MIX


def candidate_pairs(signatures: Signatures, threshold: float) -> Pairs:
    """Pairs (a, b), a < b, that share a band and whose estimate reaches threshold - 0.2; shape (pairs, 2), sorted."""
    count = len(signatures)
    found = np.empty(0, np.int64)
    for band in range(BANDS):
        edges = _bucket_edges(band_keys(signatures, band))
        found = np.union1d(found, edges[:, 0] * count + edges[:, 1])
    pairs = np.stack((found // max(count, 1), found % max(count, 1)), axis=1)
    return pairs[_estimates(signatures, pairs) >= threshold - ESTIMATE_MARGIN]


def _bucket_edges(keys: npt.NDArray[np.uint64]) -> Pairs:
    """Star and chain edges of every bucket of equal keys, as (smaller, larger)."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    heads = np.ones(len(keys), bool)
    heads[same] = False
    head = np.maximum.accumulate(np.where(heads, np.arange(len(keys)), 0))
    chain = np.stack((order[same - 1], order[same]), axis=1)
    star = np.stack((order[head[same]], order[same]), axis=1)
    edges = np.concatenate((chain, star)).astype(np.int64)
    return np.sort(edges, axis=1)


def _estimates(signatures: Signatures, pairs: Pairs) -> npt.NDArray[np.float64]:
    """The share of equal signature rows of each pair, shape (pairs,)."""
    parts = [
        (signatures[pairs[start : start + _CHUNK, 0]] == signatures[pairs[start : start + _CHUNK, 1]]).mean(axis=1)
        for start in range(0, len(pairs), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty(0)
