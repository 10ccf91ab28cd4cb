"""The global step: which dialogues are duplicates of which, under which id each is known, and in which split it stands.

Memory: the digests (16 bytes) and ids of all dialogues; signatures stay memory-mapped; texts are read for candidates only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.against import Published
from cmtmedqa.build.unit_files import UnitTask
from cmtmedqa.config import BuildConfig
from cmtmedqa.dedup.candidates import candidate_pairs
from cmtmedqa.dedup.clusters import components, jaccard, winners
from cmtmedqa.dedup.index import exact_twins, near_candidates, short_band_keys
from cmtmedqa.dedup.signatures import PERMUTATIONS, Signatures, cluster_id, gram_sets, keys_column
from cmtmedqa.records import PROVENANCES

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_PAIRS_AT_ONCE = 2_000
_LENGTHS = ("patient_chars", "doctor_chars", "informative_chars")


class Corpus(NamedTuple):
    """What the global step needs to know of every dialogue, in input order."""

    ids: list[str]
    sources: pa.ChunkedArray
    provenance: Ints
    chars: Ints
    informative_chars: Ints
    digests: npt.NDArray[np.uint64]
    unit: Ints
    row: Ints


class Duplicates(NamedTuple):
    """Per dialogue: the one that stays for it (itself if it is one), the cluster's id, the Jaccard with the one that stays.

    A winner from len(ids) on is a record of the dataset that was published before; `older` has its id. `contaminated`: those
    that stay for their cluster but hold an item of an evaluation set, and so are not in the dataset.
    """

    winner: Ints
    cluster: list[str]
    similarity: npt.NDArray[np.float64]
    exact: npt.NDArray[np.bool_]
    older: dict[int, str]
    contaminated: Mask

    def winners(self) -> Mask:
        """Whether each dialogue stays for its cluster."""
        stays: Mask = self.winner == np.arange(len(self.winner))
        return stays

    def kept(self) -> Mask:
        """Whether each dialogue is in the dataset."""
        return self.winners() & ~self.contaminated

    def published_before(self) -> Mask:
        """Whether each dialogue has a twin in the dataset that was published before."""
        old: Mask = self.winner >= len(self.winner)
        return old

    def in_cluster(self) -> Mask:
        """Whether each dialogue belongs to a cluster of two or more."""
        size = np.bincount(self.winner, minlength=len(self.winner))
        member: Mask = (size[self.winner] > 1) | self.published_before()
        return member

    def winner_id(self, corpus: Corpus, item: int) -> str:
        """The id of the record that stays for a dialogue."""
        number = int(self.winner[item])
        return self.older[number] if number >= len(corpus.ids) else corpus.ids[number]

    def fate(self, item: int) -> tuple[str, str]:
        """Step and reason by which a dialogue that is not in the dataset was dropped."""
        if self.contaminated[item]:
            return "decontaminate", "in_evaluation_set"
        kind = "exact_duplicate" if self.exact[item] else "near_duplicate"
        return "deduplicate", f"older_{kind}" if self.winner[item] >= len(self.winner) else kind


def load_corpus(tasks: Sequence[UnitTask], taken: Sequence[str] = ()) -> Corpus:
    """Read the small columns of all units. Ids that occur twice, or are `taken`, get `~2`, `~3` ... in input order."""
    columns = ["id", "source", "provenance", "features"]
    tables = [pq.ParquetFile(task.dialogues).read(columns=columns) for task in tasks]
    table = pa.concat_tables(tables)
    provenance = table["provenance"].to_pylist()
    counts = [item.num_rows for item in tables]
    features = table["features"].combine_chunks()
    numbers = {name: features.field(name).to_numpy().astype(np.int64) for name in _LENGTHS}
    return Corpus(
        ids=unique_ids(table["id"].to_pylist(), taken),
        sources=table["source"],
        provenance=np.array([PROVENANCES.index(name) for name in provenance], np.int64),
        chars=numbers["patient_chars"] + numbers["doctor_chars"],
        informative_chars=numbers["informative_chars"],
        digests=np.concatenate([task.digests() for task in tasks]),
        unit=np.repeat(np.arange(len(tasks)), counts),
        row=np.concatenate([np.arange(count) for count in counts]),
    )


def unique_ids(ids: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """The same ids, each repeated or `taken` one with `~2`, `~3` ... behind it; a name that is taken is skipped."""
    if not taken and len(set(ids)) == len(ids):
        return list(ids)
    seen: dict[str, int] = dict.fromkeys(taken, 1)
    names = set(ids).union(taken)
    result = []
    for identifier in ids:
        number = seen.get(identifier, 0) + 1
        name = identifier if number == 1 else f"{identifier}~{number}"
        while number > 1 and name in names:
            number += 1
            name = f"{identifier}~{number}"
        seen[identifier] = number
        names.add(name)
        result.append(name)
    return result


def find_duplicates(
    tasks: Sequence[UnitTask], corpus: Corpus, config: BuildConfig, published: Published | None = None
) -> Duplicates:
    """Exact duplicates by digest, near ones by verified Jaccard; clusters are connected components of both.

    A cluster that holds a record that was `published` before loses all its new members to it.
    """
    count = len(corpus.ids)
    first_of = _first_equal(corpus.digests)
    pairs = [(int(first), item) for item, first in enumerate(first_of.tolist()) if first != item]
    texts = _Texts(tasks, corpus, published)
    if config.deduplicate.near:
        pairs += _near_pairs(tasks, corpus, first_of, texts, config)
    old = _old_pairs(tasks, corpus, first_of, texts, config, published) if published else np.empty((0, 2), np.int64)
    component = components(count + (len(published.ids) if published else 0), [*pairs, *map(tuple, old.tolist())])
    new = component[:count]
    winner = winners(new, corpus.informative_chars, corpus.provenance, corpus.ids)
    digests = corpus.digests
    if published:
        digests = np.concatenate((digests, published.known.digests))
        winner = _old_winners(new, component, old, texts, published, winner)
    exact = (corpus.digests == digests[winner]).all(axis=1)
    similarity = np.ones(count)
    near = np.flatnonzero(~exact)
    similarity[near] = texts.jaccards(np.stack((near, winner[near]), axis=1))
    older = {item: published.ids[item - count] for item in winner[winner >= count].tolist()} if published else {}
    return Duplicates(
        winner, _cluster_ids(new, corpus.digests), similarity, exact, older, contaminated=np.zeros(count, bool)
    )


def _old_pairs(
    tasks: Sequence[UnitTask],
    corpus: Corpus,
    first_of: Ints,
    texts: "_Texts",
    config: BuildConfig,
    published: Published,
) -> Ints:
    """(new, old) of all verified twins; old ones are numbered from the number of new ones on."""
    settings = config.deduplicate
    found = np.add(exact_twins(corpus.digests, published.known), (0, len(corpus.ids)))
    if not settings.near:
        return found
    rest = first_of == np.arange(len(first_of))
    rest[found[:, 0]] = False
    items = np.flatnonzero(rest & (corpus.chars >= settings.min_chars))
    near = near_candidates(short_band_keys(_signatures_of(tasks, corpus, items)), published.known)
    near = np.stack((items[near[:, 0]], near[:, 1] + len(corpus.ids)), axis=1)
    return np.concatenate((found, near[texts.jaccards(near) >= settings.threshold]))


def _old_winners(new: Ints, component: Ints, old: Ints, texts: "_Texts", published: Published, winner: Ints) -> Ints:
    """The winners, where a cluster that touches old records gives each new one the most similar of them."""
    olds: dict[int, set[int]] = {}
    for item in np.unique(old[:, 1]).tolist():
        olds.setdefault(int(component[item]), set()).add(item)
    members = np.flatnonzero(np.isin(new, list(olds))).tolist()
    pairs = [(item, twin) for item in members for twin in sorted(olds[int(new[item])])]
    scores = texts.jaccards(np.array(pairs, np.int64).reshape(-1, 2)).tolist()
    best: dict[int, tuple[float, str, int]] = {}
    for (item, twin), score in zip(pairs, scores, strict=True):
        rank = (-score, published.ids[twin - len(new)], twin)
        best[item] = min(best.get(item, rank), rank)
    result = winner.copy()
    for item, (_, _, twin) in best.items():
        result[item] = twin
    return result


def _first_equal(digests: npt.NDArray[np.uint64]) -> Ints:
    """For each dialogue the first one with the same digest."""
    order = np.lexsort((np.arange(len(digests)), digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    starts = np.ones(len(order), bool)
    starts[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))]
    return first


def _near_pairs(
    tasks: Sequence[UnitTask], corpus: Corpus, first_of: Ints, texts: "_Texts", config: BuildConfig
) -> list[tuple[int, int]]:
    settings = config.deduplicate
    items = np.flatnonzero(first_of == np.arange(len(first_of)))
    items = items[corpus.chars[items] >= settings.min_chars]
    pairs = items[candidate_pairs(_signatures_of(tasks, corpus, items), settings.threshold)]
    verified = pairs[texts.jaccards(pairs) >= settings.threshold]
    return [(int(a), int(b)) for a, b in verified.tolist()]


def _signatures_of(tasks: Sequence[UnitTask], corpus: Corpus, items: Ints) -> Signatures:
    """The signatures of some dialogues (ascending), one copy in memory."""
    result = np.empty((len(items), PERMUTATIONS), np.uint32)
    units = corpus.unit[items]
    for number, task in enumerate(tasks):
        here = np.flatnonzero(units == number)
        if len(here):
            result[here[0] : here[-1] + 1] = task.signatures()[corpus.row[items[here]]]
    return result


class _Texts:
    """The keys of the dialogues that candidates name, read from the units (and the published shards) once per call."""

    def __init__(self, tasks: Sequence[UnitTask], corpus: Corpus, published: Published | None) -> None:
        self._paths = [task.dialogues for task in tasks] + (published.shards if published else [])
        self._file, self._row = corpus.unit, corpus.row
        if published:
            self._file = np.concatenate((corpus.unit, published.shard + len(tasks)))
            self._row = np.concatenate((corpus.row, published.row))

    def _keys(self, items: Ints) -> pa.StringArray:
        """The keys of some dialogues, in the order of `items` (ascending, distinct)."""
        parts = []
        files = self._file[items]
        for number in np.unique(files).tolist():
            parts.extend(_keys_of(self._paths[number], self._row[items[files == number]]))
        return pa.chunked_array(parts, pa.string()).combine_chunks() if parts else pa.array([], pa.string())

    def jaccards(self, pairs: Ints) -> npt.NDArray[np.float64]:
        """The exact Jaccard of each pair, shape (pairs,)."""
        if not len(pairs):
            return np.empty(0)
        items, place = np.unique(pairs, return_inverse=True)
        place = place.reshape(pairs.shape)
        keys = self._keys(items)
        order = np.argsort(place.min(axis=1), kind="stable")
        result = np.empty(len(pairs))
        for start in range(0, len(order), _PAIRS_AT_ONCE):
            chunk = order[start : start + _PAIRS_AT_ONCE]
            needed, local = np.unique(place[chunk], return_inverse=True)
            grams = gram_sets(keys.take(pa.array(needed)))
            for pair, (a, b) in zip(chunk.tolist(), local.reshape(-1, 2).tolist(), strict=True):
                result[pair] = jaccard(grams[a], grams[b])
        return result


def _keys_of(path: Path, rows: Ints) -> list[pa.StringArray]:
    """The keys of some rows of a file of dialogues, one array a row group that holds any."""
    keys = []
    for table in io.read_rows(path, rows, ["turns"]):
        turns = table["turns"].combine_chunks()
        offsets = turns.offsets.to_numpy() - turns.offsets[0].as_py()
        keys.append(keys_column(turns.flatten().field("text"), offsets.astype(np.int64)))
    return keys


def _cluster_ids(component: Ints, digests: npt.NDArray[np.uint64]) -> list[str]:
    """The id of each dialogue's cluster: the smallest digest in it, so that it does not depend on the input's order."""
    order = np.lexsort((digests[:, 1], digests[:, 0], component))
    ordered = component[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(order) else order
    smallest = dict(zip(ordered[starts].tolist(), order[starts].tolist(), strict=True))
    names = {item: cluster_id(digests[best]) for item, best in smallest.items()}
    return [names[item] for item in component.tolist()]
