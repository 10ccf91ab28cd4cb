"""The index of a published dataset: what later records are compared with, so that nothing of the old is computed again.

A record of it is its exact digest and 25 band keys of 32 bits: 116 bytes. Two unrelated records share a band key by chance
with probability 2^-32; every candidate is verified by exact Jaccard on the texts, as inside a build.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cmtmedqa.dedup.candidates import BANDS, Pairs, band_keys
from cmtmedqa.dedup.signatures import Signatures

# In a bucket of boilerplate a new record meets this many old ones a band; a twin shares eight of 25 bands on average.
_OLD_PER_BUCKET = 8

Bands = npt.NDArray[np.uint32]


class Index(NamedTuple):
    """Digests, shape (n, 2), and short band keys, shape (n, 25), of published records."""

    digests: npt.NDArray[np.uint64]
    bands: Bands


def short_band_keys(signatures: Signatures) -> Bands:
    """The upper 32 bits of the 25 band keys of each signature, shape (n, 25)."""
    result = np.empty((len(signatures), BANDS), np.uint32)
    for band in range(BANDS):
        result[:, band] = band_keys(signatures, band) >> np.uint64(32)
    return result


def exact_twins(digests: npt.NDArray[np.uint64], index: Index) -> Pairs:
    """(new, old) for every new record whose digest stands in the index; the first old one where there are several."""
    order = np.lexsort((np.arange(len(index.digests)), index.digests[:, 1], index.digests[:, 0]))
    ordered = np.ascontiguousarray(index.digests[order]).view([("high", "<u8"), ("low", "<u8")]).ravel()
    wanted = np.ascontiguousarray(digests).view(ordered.dtype).ravel()
    place = np.searchsorted(ordered, wanted)
    inside = np.flatnonzero(place < len(ordered))
    new = inside[ordered[place[inside]] == wanted[inside]]
    return np.stack((new, order[place[new]]), axis=1)


def near_candidates(bands: Bands, index: Index) -> Pairs:
    """(new, old) for records that share a band key with new ones of these short band keys; sorted, each once."""
    count = max(len(index.bands), 1)
    found = np.empty(0, np.int64)
    for band in range(BANDS):
        order = np.argsort(index.bands[:, band], kind="stable")
        ordered = index.bands[order, band]
        first = np.searchsorted(ordered, bands[:, band], "left")
        hits = np.searchsorted(ordered, bands[:, band], "right") - first
        for step in range(_OLD_PER_BUCKET):
            new = np.flatnonzero(hits > step)
            found = np.union1d(found, new * count + order[first[new] + step])
    return np.stack((found // count, found % count), axis=1)
