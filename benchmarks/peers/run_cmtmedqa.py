"""Near-deduplication with cmtmedqa.dedup alone: run_cmtmedqa.py INPUT.jsonl WORK BANDS ROWS (the last two are fixed there)."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.json

from cmtmedqa.dedup.candidates import candidate_pairs
from cmtmedqa.dedup.clusters import components, jaccard
from cmtmedqa.dedup.signatures import digests, gram_sets, signatures

THRESHOLD = 0.8
DOCUMENTS = 4_096
PAIRS_AT_ONCE = 2_000

Ints = npt.NDArray[np.int64]


def batches(texts: pa.ChunkedArray) -> Iterator[pa.StringArray]:
    for start in range(0, len(texts), DOCUMENTS):
        yield texts.slice(start, DOCUMENTS).combine_chunks()


def verified(texts: pa.ChunkedArray, pairs: Ints) -> Ints:
    """The pairs whose exact Jaccard reaches the threshold: as the build does it."""
    items, place = np.unique(pairs, return_inverse=True)
    place = place.reshape(-1, 2)
    named = pa.concat_arrays(texts.take(pa.array(items)).chunks)
    keep = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        needed, local = np.unique(place[start : start + PAIRS_AT_ONCE], return_inverse=True)
        grams = gram_sets(named.take(pa.array(needed)))
        values = [jaccard(grams[a], grams[b]) for a, b in local.reshape(-1, 2).tolist()]
        keep[start : start + len(values)] = np.array(values) >= THRESHOLD
    return pairs[keep]


def main(source: Path, work: Path) -> None:
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    options = pyarrow.json.ParseOptions(explicit_schema=schema)
    texts = pyarrow.json.read_json(source, parse_options=options)["text"]
    keys = np.concatenate([digests(batch) for batch in batches(texts)])
    _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    first_of = first[group.reshape(-1)]
    items = np.flatnonzero(first_of == np.arange(len(texts)))
    signed = np.concatenate([signatures(batch) for batch in batches(texts)])[items]
    near = verified(texts, items[candidate_pairs(signed, THRESHOLD)])
    exact = np.stack((first_of, np.arange(len(texts))), axis=1)[first_of != np.arange(len(texts))]
    stays = components(len(texts), np.concatenate((exact, near))) == np.arange(len(texts))
    with source.open("rb") as lines, (work / "kept.jsonl").open("wb") as target:
        target.writelines(line for line, keep in zip(lines, stays.tolist(), strict=True) if keep)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
