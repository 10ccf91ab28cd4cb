"""Texts as arrays of code points, and hashes of their n-grams: what features and deduplication count on.

Chinese needs no segmenter for either: characters are the units.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

# Odd 64-bit constants: the multiplier of the rolling polynomial and the finaliser of MurmurHash3 (public domain).
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_BLOCK = 1 << 16


class CodePoints(NamedTuple):
    """All texts of a column one after the other: text i is codes[offsets[i]:offsets[i + 1]]."""

    codes: Codes
    offsets: Ints


def code_points(texts: pa.StringArray) -> CodePoints:
    """Decode a string column without nulls; the column must not be sliced from a larger buffer by an unaligned cut."""
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    joined = pc.binary_join(_one_list(texts), "")[0].as_py() if len(texts) else ""
    codes = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    return CodePoints(codes, np.concatenate(([0], np.cumsum(lengths))))


def joined_code_points(texts: Sequence[str]) -> CodePoints:
    """The same of a list of texts, lone surrogates included."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return CodePoints(codes, np.cumsum([0, *map(len, texts)]))


def _one_list(texts: pa.StringArray) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)


def ngram_hashes(codes: Codes, n: int) -> Hashes:
    """The 64-bit hash of every window of n code points, shape (len(codes) - n + 1,); deterministic, well mixed."""
    size = max(len(codes) - n + 1, 0)
    hashes = np.empty(size, np.uint64)
    for start in range(0, size, _BLOCK):
        end = min(start + _BLOCK, size)
        window = codes[start : end + n - 1].astype(np.uint64)
        value = _polynomial(window, n)[: end - start]
        value ^= value >> np.uint64(33)
        value *= _MIX_1
        value ^= value >> np.uint64(33)
        value *= _MIX_2
        value ^= value >> np.uint64(33)
        hashes[start:end] = value
    return hashes


def _polynomial(window: Hashes, n: int) -> Hashes:
    """The polynomials of degree n - 1 of every n values in a row, by doubling: h(a + b) = h(a) * base^b + h(b) shifted."""
    value, length = window.copy(), 1
    for bit in bin(n)[3:]:
        value = value[: len(value) - length] * _power(length) + value[length:]
        length *= 2
        if bit == "1":
            value = value[: len(window) - length] * _BASE + window[length:]
            length += 1
    return value


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(int(_BASE), exponent, 1 << 64))


def windows_inside(offsets: Ints, n: int) -> Ints:
    """The start positions of all windows of n code points that lie inside one text, ascending."""
    counts = np.maximum(np.diff(offsets) - n + 1, 0)
    total = int(counts.sum())
    first = np.concatenate(([0], np.cumsum(counts)))[:-1]
    places: npt.NDArray[np.int64] = np.arange(total) + np.repeat(offsets[:-1] - first, counts)
    return places
