"""What the page quotes from a dataset: kept dialogues, refused records, pairs of twins. The choice depends on hashes of ids
and on similarities alone. All of it comes from files that were de-identified; without de-identification no text is quoted.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.page.quote import Compared, Quote, compare, quote, quote_text

_A_REASON, _KEPT = 2, 2
_FROM = 2_000  # ids of the first shard that compete for a place as an example


class Refused(NamedTuple):
    """A record that is not in the dataset."""

    reason: str
    id: str
    file: str
    index: int  # type: ignore[assignment]
    detail: str
    quote: Quote | None


class Kept(NamedTuple):
    """A dialogue of the dataset."""

    id: str
    source: str
    department: str | None
    quote: Quote | None


class Twins(NamedTuple):
    """A member of a cluster beside the one that stays for it; `why` says for what the pair was chosen."""

    why: str
    kept_id: str
    dropped_id: str
    source: str
    similarity: float
    compared: Compared | None


def refused(folder: Path, texts: bool) -> dict[str, list[Refused]]:
    """Up to two records of each `step/reason` but the duplicates, which `twins` shows; `texts` False leaves out their texts."""
    places: defaultdict[str, list[tuple[bytes, Path, int]]] = defaultdict(list)
    for path in sorted((folder / "rejected").glob("*.parquet")):
        table = pq.ParquetFile(path).read(columns=["id", "file", "index", "step", "reason"])
        rows = pc.indices_nonzero(pc.not_equal(table["step"], "deduplicate"))
        for row, item in zip(rows.to_pylist(), table.take(rows).to_pylist(), strict=True):
            drawn = _lot(f"{item['file']}\x1f{item['index']}\x1f{item['id']}")
            places[f"{item['step']}/{item['reason']}"].append((drawn, path, row))
    chosen = {
        reason: [(path, row) for _, path, row in nsmallest(_A_REASON, places[reason])] for reason in sorted(places)
    }
    items = _items([place for some in chosen.values() for place in some], ["id", "file", "index", "detail", "record"])
    return {
        reason: [
            Refused(reason, item["id"], item["file"], item["index"], item["detail"], _quoted(item, texts))
            for item in (items[place] for place in some)
        ]
        for reason, some in chosen.items()
    }


def _quoted(item: dict[str, Any], texts: bool) -> Quote | None:
    if not texts:
        return None
    stored = _stored(item["record"])
    return quote_text(item["record"]) if stored is None else quote(stored)


def _stored(record: str) -> list[tuple[str, str]] | None:
    """The turns of a stored record, if it had come as far as to have any."""
    try:
        return [(turn["role"], turn["text"]) for turn in json.loads(record)["turns"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def kept(folder: Path, texts: bool) -> list[Kept]:
    """Two dialogues of the dataset."""
    shards = sorted((folder / "data").glob("train-*.parquet")) or sorted((folder / "data").glob("*.parquet"))
    if not shards:
        return []
    with pq.ParquetFile(shards[0]) as file:
        ids = next(file.iter_batches(batch_size=_FROM, columns=["id"]))["id"].to_pylist()
    rows = nsmallest(_KEPT, range(len(ids)), key=lambda row: _lot(ids[row]))
    items = _items([(shards[0], row) for row in rows], ["id", "source", "department", "turns"]).values()
    return [
        Kept(item["id"], item["source"], item["department"], quote(_spoken(item)) if texts else None) for item in items
    ]


def twins(folder: Path, texts: bool) -> list[Twins]:
    """The near pair that is least alike, the first near pair, the first exact one and one of the largest cluster."""
    members = pq.ParquetFile(folder / "clusters.parquet").read()
    dropped = members.filter(pc.not_equal(members["kind"], "winner"))
    if not dropped.num_rows:
        return []
    chosen: dict[str, tuple[str, dict[str, Any]]] = {}
    for why, rows in _candidates(members, dropped):
        if rows.num_rows:
            item = rows.slice(0, 1).to_pylist()[0]
            chosen.setdefault(item["id"], (why, item))
    spoken = _turns_of_twins(folder, [item for _, item in chosen.values()]) if texts else {}
    return [
        Twins(
            why,
            item["winner"],
            item["id"],
            item["source"],
            item["similarity"],
            compare(spoken.get(item["winner"], []), spoken[item["id"]]) if item["id"] in spoken else None,
        )
        for why, item in chosen.values()
    ]


def _candidates(members: pa.Table, dropped: pa.Table) -> Iterable[tuple[str, pa.Table]]:
    """For each kind of pair the rows of which the first is taken; clusters are ordered by digest, thus by chance."""
    near = dropped.filter(pc.equal(dropped["kind"], "near"))
    yield "least_alike", near.sort_by([("similarity", "ascending"), ("id", "ascending")])
    yield "near", near
    yield "exact", dropped.filter(pc.equal(dropped["kind"], "exact"))
    sizes = members.group_by("cluster").aggregate([([], "count_all")])
    largest = sizes.sort_by([("count_all", "descending"), ("cluster", "ascending")])["cluster"][0]
    yield "largest", dropped.filter(pc.equal(dropped["cluster"], largest))


def _turns_of_twins(folder: Path, items: Sequence[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """The turns of pairs of twins by id, those that stay from data/, the others from rejected/."""
    winners, losers = [item["winner"] for item in items], [item["id"] for item in items]
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted((folder / "data").glob("*.parquet")):
        found |= {item["id"]: _spoken(item) for item in _rows_with(path, winners, ["id", "turns"])}
    for path in sorted((folder / "rejected").glob("*.parquet")):
        for item in _rows_with(path, losers, ["id", "step", "record"]):
            turns = _stored(item["record"]) if item["step"] == "deduplicate" else None
            found |= {item["id"]: turns} if turns else {}
    return found


def _spoken(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turn["role"], turn["text"]) for turn in item["turns"]]


def _rows_with(path: Path, ids: Sequence[str], columns: list[str]) -> list[dict[str, Any]]:
    """The rows of a Parquet file with some ids."""
    column = pq.ParquetFile(path).read(columns=["id"])["id"]
    rows = pc.indices_nonzero(pc.is_in(column, pa.array(ids, pa.string()))).to_numpy().astype(np.int64)
    return [item for table in io.read_rows(path, rows, columns) for item in table.to_pylist()]


def _items(places: Sequence[tuple[Path, int]], columns: list[str]) -> dict[tuple[Path, int], dict[str, Any]]:
    """Rows of Parquet files by file and number, in the order given; each row group is read once."""
    found: dict[tuple[Path, int], dict[str, Any]] = {}
    for path in {path: None for path, _ in places}:
        rows = np.array(sorted(row for other, row in places if other == path), np.int64)
        items = [item for table in io.read_rows(path, rows, columns) for item in table.to_pylist()]
        found |= {(path, row): item for row, item in zip(rows.tolist(), items, strict=True)}
    return {place: found[place] for place in places}


def _lot(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()
