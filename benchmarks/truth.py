"""The exact near-duplicates of a corpus: every pair with Jaccard >= 0.7 of character 5-grams, and the clusters at >= 0.8.

python -m benchmarks.truth BENCH/70k

Reads corpus.jsonl, writes beside it normalised.jsonl (id, text: what the peers get), pairs.npy (two numbers and the Jaccard
of each pair) and truth.json. Nothing of cmtmedqa is used: the text is normalised and joined independently. The join is a
prefix filter: with grams in one global order (rare first), two sets of Jaccard >= t share at least l grams among the first
|x| - ceil(t|x|) + l of each. Exact but for collisions of 64-bit hashes (probability below 10^-4 for 10^7 distinct grams). Memory: about 20 bytes a gram.
"""

import argparse
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

GRAM = 5
LOWEST, CLUSTER = 0.7, 0.8
PREFIX_SHARED = 12
ROWS_AT_ONCE = 4_000
GRAMS_AT_ONCE = 1 << 24

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
PAIR = np.dtype([("a", np.int64), ("b", np.int64), ("jaccard", np.float64)])

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_BASE, _MIX = np.uint64(0x100000001B3), np.uint64(0xD6E8FEB86659FD93)


class Grams(NamedTuple):
    """Distinct hashed grams of all documents, ascending inside each: document i is values[offsets[i]:offsets[i + 1]]."""

    values: Hashes
    offsets: Ints

    def of(self, number: int) -> Hashes:
        """The grams of one document."""
        return self.values[self.offsets[number] : self.offsets[number + 1]]


class Score(NamedTuple):
    """A set of removed documents against the truth: `wrong` counts true clusters, single ones included, that lost every member."""

    removed: int
    right: int
    wrong: int
    recall: float
    precision: float


def normalised(turns: Iterable[str], to_simplified: Callable[[str], str]) -> str:
    """Turns without HTML, NFKC, simplified, without white space, lower case, joined by line ends."""
    return "\n".join(_plain(text, to_simplified) for text in turns)


def _plain(text: str, to_simplified: Callable[[str], str]) -> str:
    text = html.unescape(_TAG.sub("", text)) if "<" in text or "&" in text else text
    return "".join(to_simplified(unicodedata.normalize("NFKC", text)).split()).lower()


def turns_of(record: dict[str, Any]) -> list[str]:
    """The turns of a record of the CMtMedQA shape."""
    return [*(turn for pair in record["history"] for turn in pair), record["instruction"], record["output"]]


def hashed_grams(text: str) -> Hashes:
    """The sorted distinct hashes of the character 5-grams of a text."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)
    size = max(len(codes) - GRAM + 1, 0)
    value = np.zeros(size, np.uint64)
    for shift in range(GRAM):
        value = (value ^ codes[shift : shift + size]) * _BASE
        value ^= value >> np.uint64(32)
        value *= _MIX
    return np.unique(value ^ (value >> np.uint64(29)))


def all_grams(texts: Iterable[str]) -> Grams:
    """The grams of all texts, 8 bytes a gram."""
    parts = [hashed_grams(text) for text in texts]
    offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    return Grams(np.concatenate([np.empty(0, np.uint64), *parts]), offsets)


class _Prefixes(NamedTuple):
    """The prefix grams that occur twice or more: by document, and the documents grouped by gram."""

    offsets: Ints
    group: Ints
    starts: Ints
    members: Ints


def _frequencies(values: Hashes) -> npt.NDArray[np.uint16]:
    """In how many documents each gram occurs, capped at 65,535; one slice of the hash range at a time."""
    parts = max(1, len(values) // GRAMS_AT_ONCE)
    result = np.empty(len(values), np.uint16)
    part_of = (values % np.uint64(parts)).astype(np.uint16)
    for part in range(parts):
        places = np.flatnonzero(part_of == part)
        _, inverse, counts = np.unique(values[places], return_inverse=True, return_counts=True)
        result[places] = np.minimum(counts, 65_535)[inverse]
    return result


def _prefixes(grams: Grams, lowest: float) -> _Prefixes:
    frequency = _frequencies(grams.values)
    chosen, counts = [], []
    for number in range(len(grams.offsets) - 1):
        own = grams.of(number)
        often = frequency[grams.offsets[number] : grams.offsets[number + 1]]
        least = int(np.ceil(lowest * len(own) - 1e-9))
        length = len(own) - least + min(PREFIX_SHARED, least)
        prefix = np.argsort(often, kind="stable")[:length]
        prefix = prefix[often[prefix] > 1]
        chosen.append(own[prefix])
        counts.append(len(prefix))
    values = np.concatenate([np.empty(0, np.uint64), *chosen])
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    owner = np.repeat(np.arange(len(counts)), counts)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return _Prefixes(offsets, group, starts, owner[np.argsort(group, kind="stable")])


def candidates(grams: Grams, lowest: float) -> Iterator[tuple[int, int]]:
    """All pairs a < b that can reach the Jaccard `lowest`, and few others."""
    prefixes = _prefixes(grams, lowest)
    sizes = np.diff(grams.offsets)
    need = np.minimum(np.ceil(lowest * sizes - 1e-9), PREFIX_SHARED).astype(np.int64)
    count = len(sizes)
    for first in range(0, count, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, count)
        span = slice(prefixes.offsets[first], prefixes.offsets[last])
        group = prefixes.group[span]
        width = prefixes.starts[group + 1] - prefixes.starts[group]
        row = np.repeat(np.repeat(np.arange(first, last), np.diff(prefixes.offsets[first : last + 1])), width)
        ends = np.cumsum(width)
        place = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - width - prefixes.starts[group], width)
        other = prefixes.members[place]
        fits = (other > row) & (np.minimum(sizes[row], sizes[other]) >= lowest * np.maximum(sizes[row], sizes[other]))
        keys, shared = np.unique(row[fits] * count + other[fits], return_counts=True)
        a, b = keys // count, keys % count
        good = shared >= np.minimum(need[a], need[b])
        yield from zip(a[good].tolist(), b[good].tolist(), strict=True)


def join(grams: Grams, lowest: float = LOWEST) -> "npt.NDArray[np.void]":
    """Every pair a < b of documents with Jaccard >= `lowest`, as a PAIR array sorted by a, b."""
    found = []
    for a, b in candidates(grams, lowest):
        shared = len(np.intersect1d(grams.of(a), grams.of(b), assume_unique=True))
        union = len(grams.of(a)) + len(grams.of(b)) - shared
        if union and shared / union >= lowest:
            found.append((a, b, shared / union))
    return np.sort(np.array(found, PAIR), order=["a", "b"])


def clusters(count: int, pairs: Iterable[tuple[int, int]]) -> Ints:
    """For each document the smallest document of its connected component."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in pairs:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return np.array([root(item) for item in range(count)], np.int64)


def true_clusters(count: int, pairs: "npt.NDArray[np.void]") -> Ints:
    """The clusters at Jaccard >= 0.8."""
    near = pairs[pairs["jaccard"] >= CLUSTER]
    return clusters(count, zip(near["a"].tolist(), near["b"].tolist(), strict=True))


def score(cluster: Ints, removed: Sequence[int] | Ints) -> Score:
    """Removal against the truth: of each true cluster all members but one may go."""
    size = np.bincount(cluster, minlength=len(cluster))
    gone = np.bincount(cluster[np.asarray(removed, np.int64)], minlength=len(cluster))
    right = int(np.minimum(gone, np.maximum(size - 1, 0)).sum())
    allowed, total = int(np.maximum(size - 1, 0).sum()), int(gone.sum())
    wrong = int(((gone == size) & (size > 0)).sum())
    return Score(total, right, wrong, right / allowed if allowed else 1.0, right / total if total else 1.0)


def load(folder: Path) -> tuple[list[str], "npt.NDArray[np.void]", Ints]:
    """The ids, pairs and true clusters that main() wrote."""
    with (folder / "normalised.jsonl").open(encoding="utf-8") as stream:
        ids = [json.loads(line)["id"] for line in stream]
    pairs = np.load(folder / "pairs.npy")
    return ids, pairs, true_clusters(len(ids), pairs)


def summary(
    ids: list[str], sizes: Ints, pairs: "npt.NDArray[np.void]", planted: list[dict[str, Any]]
) -> dict[str, Any]:
    """The figures of the corpus: pairs, clusters, and per planted kind the Jaccard with its base."""
    number = {identifier: place for place, identifier in enumerate(ids)}
    value = {(int(a), int(b)): float(jaccard) for a, b, jaccard in pairs.tolist()}
    of_kind: dict[str, list[float]] = {}
    related = clusters(len(ids), [(number[row["id"]], number[row["base"]]) for row in planted])
    for row in planted:
        low, high = sorted((number[row["id"]], number[row["base"]]))
        of_kind.setdefault(row["kind"], []).append(value.get((low, high), 0.0))
    cluster = true_clusters(len(ids), pairs)
    _, members = np.unique(cluster, return_counts=True)
    return {
        "documents": len(ids),
        "grams": int(sizes.sum()),
        "pairs_0.7": len(pairs),
        "pairs_0.8": int((pairs["jaccard"] >= CLUSTER).sum()),
        "pairs_not_planted": int((related[pairs["a"]] != related[pairs["b"]]).sum()),
        "clusters_0.8": int((members > 1).sum()),
        "removable_0.8": int((members - 1).sum()),
        "largest_cluster": int(members.max(initial=0)),
        "kinds": {
            kind: {
                "n": len(found),
                "share_0.8": round(float(np.mean(np.array(found) >= CLUSTER)), 3),
                "share_0.7": round(float(np.mean(np.array(found) >= LOWEST)), 3),
                "median": round(float(np.median(found)), 3),
            }
            for kind, found in sorted(of_kind.items())
        },
    }


def write_normalised(folder: Path) -> None:
    """corpus.jsonl -> normalised.jsonl, line by line."""
    import opencc

    convert = opencc.OpenCC("t2s").convert
    with (
        (folder / "corpus.jsonl").open(encoding="utf-8") as source,
        (folder / "normalised.jsonl").open("w", encoding="utf-8") as target,
    ):
        for line in source:
            record = json.loads(line)
            row = {"id": record["id"], "text": normalised(turns_of(record), convert)}
            target.write(json.dumps(row, ensure_ascii=False) + "\n")


def _texts(folder: Path, ids: list[str]) -> Iterator[str]:
    with (folder / "normalised.jsonl").open(encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            ids.append(row["id"])
            yield row["text"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    write_normalised(folder)
    ids: list[str] = []
    grams = all_grams(_texts(folder, ids))
    pairs = join(grams)
    np.save(folder / "pairs.npy", pairs)
    with (folder / "planted.jsonl").open(encoding="utf-8") as stream:
        planted = [json.loads(line) for line in stream]
    result = summary(ids, np.diff(grams.offsets), pairs, planted)
    (folder / "truth.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
