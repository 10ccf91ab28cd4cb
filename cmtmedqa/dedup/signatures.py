"""The key of a dialogue, its exact digest and its MinHash signature.

Key: the texts of the turns, lower case, without white space, joined by line ends. Signature: 128 permutations over the set of
hashed character 5-grams of the key (rensa's R-MinHash; never its `rho` sketch, whose recall is 0.36). Seeds and scheme are
fixed here and written into the manifest, because signatures of different schemes compare without an error.
"""

import hashlib
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import rensa

from cmtmedqa.codepoints import CodePoints, code_points, ngram_hashes, windows_inside

GRAM = 5
PERMUTATIONS = 128
SEED = 42
KEY_BYTES = 16

SCHEME = (
    f"character {GRAM}-grams of the key (lower case, no white space, turns joined by line ends), 64-bit rolling hash with a "
    f"MurmurHash3 finaliser, rensa R-MinHash version {rensa.RMinHash.ALGORITHM_VERSION}, {PERMUTATIONS} permutations, seed {SEED}"
)

Signatures = npt.NDArray[np.uint32]


def keys_column(texts: pa.StringArray, offsets: npt.NDArray[np.int64]) -> pa.StringArray:
    """The keys of dialogues whose turns are texts[offsets[i]:offsets[i + 1]], shape (len(offsets) - 1,)."""
    plain = pc.utf8_lower(texts)
    spaced = pc.match_substring_regex(plain, r"\s")
    if pc.any(spaced, min_count=0).as_py():
        stripped = pc.replace_substring_regex(plain.filter(spaced), r"\s+", "")
        plain = pc.replace_with_mask(plain, spaced, stripped)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), plain), "\n")


def digests(keys: pa.StringArray) -> npt.NDArray[np.uint64]:
    """The 128-bit BLAKE2b digests of keys, shape (n, 2): equal exactly for exact duplicates."""
    data = b"".join(hashlib.blake2b(key.encode("utf-8"), digest_size=KEY_BYTES).digest() for key in keys.to_pylist())
    return np.frombuffer(data, "<u8").reshape(-1, 2).astype(np.uint64)


def digest_text(digest: npt.NDArray[np.uint64]) -> str:
    """A digest as 32 hex digits."""
    return digest.astype("<u8").tobytes().hex()


def cluster_id(digest: npt.NDArray[np.uint64]) -> str:
    """The id of the cluster whose smallest digest this is."""
    return f"{int(digest[0]):016x}"


def signatures(keys: pa.StringArray) -> Signatures:
    """MinHash signatures, shape (n, 128). A key shorter than a 5-gram gives the signature of no grams at all."""
    points = code_points(keys)
    starts = windows_inside(points.offsets, GRAM)
    grams = ngram_hashes(points.codes, GRAM)[starts] if len(starts) else np.empty(0, np.uint64)
    return signatures_of_grams(grams, _gram_offsets(points))


def signatures_of_grams(grams: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64]) -> Signatures:
    """Signatures of sets of hashed grams: set i is grams[offsets[i]:offsets[i + 1]]."""
    if len(offsets) == 1:
        return np.empty((0, PERMUTATIONS), np.uint32)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(
        np.ascontiguousarray(grams), offsets.astype(np.uint64), PERMUTATIONS, SEED
    )
    return np.array(matrix.to_rows(), np.uint32).reshape(-1, PERMUTATIONS)


def gram_sets(keys: pa.StringArray) -> list[npt.NDArray[np.uint64]]:
    """The sorted distinct gram hashes of each key: what exact Jaccard is computed on.

    A pair of dialogues has about 10^3 grams; two of them share a 64-bit hash by chance with probability below 10^-13.
    """
    points = code_points(keys)
    starts = windows_inside(points.offsets, GRAM)
    grams = ngram_hashes(points.codes, GRAM)[starts] if len(starts) else np.empty(0, np.uint64)
    bounds = _gram_offsets(points).tolist()
    return [_distinct(grams[start:end]) for start, end in pairwise(bounds)]


def _distinct(grams: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Sorted distinct values; three times faster than numpy's own on a thousand values."""
    ordered = np.sort(grams)
    if not len(ordered):
        return ordered
    fresh = np.empty(len(ordered), bool)
    fresh[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    distinct: npt.NDArray[np.uint64] = ordered[fresh]
    return distinct


def _gram_offsets(points: CodePoints) -> npt.NDArray[np.int64]:
    counts = np.maximum(np.diff(points.offsets) - GRAM + 1, 0)
    return np.concatenate(([0], np.cumsum(counts)))
