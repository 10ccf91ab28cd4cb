"""The global step: which dialogues are duplicates of which, under which id each is known, and in which split it stands.

Memory: the digests (16 bytes) and ids of all dialogues; signatures stay memory-mapped; texts are read for candidates only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.unit_files import UnitTask
from cmtmedqa.config import BuildConfig
from cmtmedqa.dedup.candidates import candidate_pairs
from cmtmedqa.dedup.clusters import components, jaccard, winners
from cmtmedqa.dedup.signatures import PERMUTATIONS, Signatures, gram_sets, keys_column
from cmtmedqa.records import PROVENANCES

Ints = npt.NDArray[np.int64]

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

    contaminated: those that stay for their cluster but hold an item of an evaluation set, and so are not in the dataset.
    """

    winner: Ints
    cluster: list[str]
    similarity: npt.NDArray[np.float64]
    exact: npt.NDArray[np.bool_]
    contaminated: npt.NDArray[np.bool_]

    def winners(self) -> npt.NDArray[np.bool_]:
        """Whether each dialogue stays for its cluster."""
        stays: npt.NDArray[np.bool_] = self.winner == np.arange(len(self.winner))
        return stays

    def kept(self) -> npt.NDArray[np.bool_]:
        """Whether each dialogue is in the dataset."""
        return self.winners() & ~self.contaminated


def load_corpus(tasks: Sequence[UnitTask]) -> Corpus:
    """Read the small columns of all units. Ids that occur twice get `~2`, `~3` ... in input order."""
    columns = ["id", "source", "provenance", "features"]
    tables = [pq.ParquetFile(task.dialogues).read(columns=columns) for task in tasks]
    table = pa.concat_tables(tables)
    provenance = table["provenance"].to_pylist()
    counts = [item.num_rows for item in tables]
    features = table["features"].combine_chunks()
    numbers = {name: features.field(name).to_numpy().astype(np.int64) for name in _LENGTHS}
    return Corpus(
        ids=unique_ids(table["id"].to_pylist()),
        sources=table["source"],
        provenance=np.array([PROVENANCES.index(name) for name in provenance], np.int64),
        chars=numbers["patient_chars"] + numbers["doctor_chars"],
        informative_chars=numbers["informative_chars"],
        digests=np.concatenate([task.digests() for task in tasks]),
        unit=np.repeat(np.arange(len(tasks)), counts),
        row=np.concatenate([np.arange(count) for count in counts]),
    )


def unique_ids(ids: Sequence[str]) -> list[str]:
    """The same ids, each repeated one with `~2`, `~3` ... behind it; a name that is taken is skipped."""
    if len(set(ids)) == len(ids):
        return list(ids)
    taken = set(ids)
    seen: dict[str, int] = {}
    result = []
    for identifier in ids:
        number = seen.get(identifier, 0) + 1
        name = identifier if number == 1 else f"{identifier}~{number}"
        while number > 1 and name in taken:
            number += 1
            name = f"{identifier}~{number}"
        seen[identifier] = number
        taken.add(name)
        result.append(name)
    return result


def find_duplicates(tasks: Sequence[UnitTask], corpus: Corpus, config: BuildConfig) -> Duplicates:
    """Exact duplicates by digest, near ones by verified Jaccard; clusters are connected components of both."""
    count = len(corpus.ids)
    first_of = _first_equal(corpus.digests)
    pairs = [(int(first), item) for item, first in enumerate(first_of.tolist()) if first != item]
    texts = _Texts(tasks, corpus)
    if config.deduplicate.near:
        pairs += _near_pairs(tasks, corpus, first_of, texts, config)
    component = components(count, pairs)
    winner = winners(component, corpus.informative_chars, corpus.provenance, corpus.ids)
    exact = (corpus.digests == corpus.digests[winner]).all(axis=1)
    similarity = np.ones(count)
    near = np.flatnonzero(~exact)
    similarity[near] = texts.jaccards(np.stack((near, winner[near]), axis=1))
    nothing = np.zeros(count, bool)
    return Duplicates(winner, _cluster_ids(component, corpus.digests), similarity, exact, contaminated=nothing)


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
    """The keys of the dialogues that candidates name, read from the units once per call."""

    def __init__(self, tasks: Sequence[UnitTask], corpus: Corpus) -> None:
        self._tasks, self._corpus = tasks, corpus

    def _keys(self, items: Ints) -> pa.StringArray:
        """The keys of some dialogues, in the order of `items` (ascending, distinct)."""
        parts = []
        for number, task in enumerate(self._tasks):
            rows = self._corpus.row[items[self._corpus.unit[items] == number]]
            if not len(rows):
                continue
            parts.extend(_unit_keys(task, rows))
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


def _unit_keys(task: UnitTask, rows: Ints) -> list[pa.StringArray]:
    """The keys of some rows of a unit, one array a row group that holds any."""
    keys = []
    for table in io.read_rows(task.dialogues, rows, ["turns"]):
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
    names = {item: f"{digests[best][0]:016x}" for item, best in smallest.items()}
    return [names[item] for item in component.tolist()]
