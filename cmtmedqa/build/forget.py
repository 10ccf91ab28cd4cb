"""Removing a record from a finished dataset on request, with all copies of it, from every file; and proving that it is gone.

The new dataset is made beside the old one and takes its place when it is whole. In lineage and among the rejected a tombstone
stays, so that counts add up: file and place in the input, no id, no hash, no text.
"""

import html
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import against, lineage, trace
from cmtmedqa.build.forgotten import REASON, STEP, tombstone_id
from cmtmedqa.build.output import CONTAMINATION, LINEAGE
from cmtmedqa.build.publish import SCHEMA
from cmtmedqa.build.trace import HASHES
from cmtmedqa.build.unit_files import REJECTION_SCHEMA
from cmtmedqa.dedup.signatures import digest_text, digests, keys_column

CLUSTERS = "clusters.parquet"

Row = dict[str, Any]


class Request(NamedTuple):
    """The records that go: their lineage, their turns as far as the dataset holds them, and which of these others say as well."""

    rows: list[Row]
    turns: dict[str, list[Row]]
    shared: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the records."""
        return frozenset(row["id"] for row in self.rows)

    def own_texts(self) -> list[str]:
        """The turns that are long enough to be searched for and that no record which stays holds as well."""
        texts = {turn["text"] for turns in self.turns.values() for turn in turns}
        return sorted(text for text in texts - self.shared if len(text) >= SEARCHED)

    def hashes(self) -> list[str]:
        """The lines by which later builds know these records, for the list of forgotten ones."""
        lines = {f"content {row['read_hash']}" for row in self.rows if row["read_hash"]}
        lines |= {f"url {row['url_hash']}" for row in self.rows if row["url_hash"]}
        for turns in self.turns.values():
            texts = pa.array([turn["text"] for turn in turns], pa.string())
            lines.add(f"digest {digest_text(digests(keys_column(texts, np.array([0, len(texts)])))[0])}")
        return sorted(lines)


def find(folder: Path, ids: Iterable[str], url_hashes: Iterable[str]) -> Request:
    """The records of these ids and pages, and every other member of their clusters: copies of the same dialogue."""
    table = _lineage_columns(folder, ["id", "url_hash", "cluster", "step"])
    gone = pc.equal(table["step"], STEP).fill_null(False)
    named = pc.or_(
        pc.is_in(table["id"], pa.array(sorted(ids), pa.string())),
        pc.is_in(table["url_hash"], pa.array(sorted(url_hashes), pa.string())),
    )
    clusters = pc.unique(table.filter(named)["cluster"].drop_null())
    wanted = pc.and_(pc.or_(named, pc.is_in(table["cluster"], clusters)), pc.invert(gone))
    rows = [row for part in _parts(folder, LINEAGE) for row in _rows_of(part, table.filter(wanted)["id"])]
    request = Request([row for row in rows if row["step"] != STEP], dict(_turns(folder, rows)))
    return request._replace(shared=frozenset(_shared(folder, request)))


def _shared(folder: Path, request: Request) -> Iterator[str]:
    """The turns of the request that other records hold too: a greeting, an answer that a doctor gives to many."""
    texts = request.own_texts()
    forms = [io.canonical_json(text)[1:-1] for text in texts]
    found: set[str] = set()
    for path, column in [
        *((path, "turns") for path in _parts(folder, "data")),
        *((path, "record") for path in _parts(folder, "rejected")),
    ]:
        with pq.ParquetFile(path) as file:
            others = _without(file.read(columns=["id", column]), request.ids).select([column])
        for strings in _strings(others):
            pairs = zip(texts, texts if column == "turns" else forms, strict=True)
            found |= {text for text, form in pairs if pc.any(pc.match_substring(strings, form)).as_py()}
    yield from found


def _lineage_columns(folder: Path, columns: list[str]) -> pa.Table:
    return pa.concat_tables(pq.ParquetFile(part).read(columns=columns) for part in _parts(folder, LINEAGE))


def _parts(folder: Path, name: str) -> list[Path]:
    return sorted((folder / name).glob("*.parquet"))


def _rows_of(path: Path, ids: pa.ChunkedArray) -> list[Row]:
    with pq.ParquetFile(path) as file:
        hits = pc.is_in(file.read(columns=["id"])["id"], ids.combine_chunks())
        names = file.schema_arrow.names
    numbers = np.flatnonzero(hits.to_numpy())
    return [row for table in io.read_rows(path, numbers, names) for row in table.to_pylist()]


def _turns(folder: Path, rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The turns of records that are published, or that were rejected after they could be compared."""
    ids = pa.chunked_array([[row["id"] for row in rows]], pa.string())
    for path in (*_parts(folder, "data"), *_parts(folder, "rejected")):
        for row in _rows_of(path, ids):
            turns = row["turns"] if "turns" in row else _stored_turns(row["record"])
            if turns:
                yield row["id"], turns


def _stored_turns(record: str) -> list[Row]:
    try:
        value = json.loads(record)
    except ValueError:
        return []
    turns = value.get("turns") if isinstance(value, dict) else None
    return turns if isinstance(turns, list) and all(isinstance(turn, dict) and "text" in turn for turn in turns) else []


def rewrite(folder: Path, target: Path, request: Request) -> None:
    """Write all tables of a dataset to `target` without these records; a shard that is left empty is none."""
    for shard in _parts(folder, "data"):
        left = _without(pq.ParquetFile(shard).read(), request.ids)
        if not left.num_rows:
            continue
        io.write_parquet(target / "data" / shard.name, left.cast(SCHEMA))
        if (index := folder / against.FOLDER / shard.name).is_file():
            table = _without(pq.ParquetFile(index).read(), request.ids).cast(against.SCHEMA)
            io.write_parquet(target / against.FOLDER / shard.name, table, **against.PARQUET_OPTIONS)
    for part in _parts(folder, "rejected"):
        io.write_parquet(target / "rejected" / part.name, _buried(part, request, _tombstone, REJECTION_SCHEMA))
    _add_tombstones(target, request)
    for part in _parts(folder, LINEAGE):
        table = _buried(part, request, _traceless, lineage.SCHEMA)
        io.write_parquet(target / LINEAGE / part.name, table, **lineage.PARQUET_OPTIONS)
    for name in (CLUSTERS, CONTAMINATION):
        if (folder / name).is_file():
            io.write_parquet(target / name, _without(pq.ParquetFile(folder / name).read(), request.ids))


def _without(table: pa.Table, ids: Iterable[str]) -> pa.Table:
    return table.filter(pc.invert(pc.is_in(table["id"], pa.array(sorted(ids), pa.string())))).combine_chunks()


def _buried(path: Path, request: Request, bury: Any, schema: pa.Schema) -> pa.Table:
    """The rows of a part, those of the request replaced by tombstones in their place."""
    table = pq.ParquetFile(path).read().cast(schema)
    hits = pc.is_in(table["id"], pa.array(sorted(request.ids), pa.string()))
    pieces, done = [], 0
    for number in np.flatnonzero(hits.to_numpy()).tolist():
        row = table.slice(number, 1).to_pylist()[0]
        pieces += [table.slice(done, number - done), pa.Table.from_pylist([bury(row)], schema=schema)]
        done = number + 1
    return pa.concat_tables([*pieces, table.slice(done)]).combine_chunks()


def _tombstone(row: Row) -> Row:
    place = {name: row[name] for name in ("source", "file", "index")}
    return {**place, "id": tombstone_id(row["id"]), "step": STEP, "reason": REASON, "detail": "", "record": ""}


def _traceless(row: Row) -> Row:
    place = {name: row[name] for name in ("source", "file", "index", "build", "adapter")}
    empty = {"read_hash": "", "repairs": [], "spans": []}
    return {**place, **empty, "id": tombstone_id(row["id"]), "step": STEP, "reason": REASON}


def _add_tombstones(target: Path, request: Request) -> None:
    """Records that were published get a tombstone among the rejected, at the end of the last part."""
    published = [_tombstone(row) for row in request.rows if row["step"] is None]
    if published:
        last = _parts(target, "rejected")[-1]
        table = pa.concat_tables(
            [pq.ParquetFile(last).read(), pa.Table.from_pylist(published, schema=REJECTION_SCHEMA)]
        )
        io.write_parquet(last, table.combine_chunks())


def traces(folder: Path, request: Request, urls: Iterable[str]) -> list[str]:
    """Where anything of these records is still found in any file of a dataset: the proof that they are gone is an empty list.

    Looked for are ids, hashes and page addresses as whole values, and as a part of any text every turn of at least twelve characters
    that no record which stays has said too.
    """
    values = {*request.ids, *urls, *(line.split(" ")[1] for line in request.hashes())}
    values |= {row[name] for row in request.rows for name in HASHES if row[name]}
    texts = request.own_texts()
    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        if path.suffix == ".parquet":
            held = held_by_table(path, values, texts)
        else:
            text = path.read_text(encoding="utf-8", errors="replace")
            held = any(form in text for part in texts for form in forms_of(part))
        if held:
            found.append(path.relative_to(folder).as_posix())
    return found


SEARCHED = 12


def forms_of(text: str) -> set[str]:
    """How a text is written in files: as it is, in JSON, in JSON of ASCII alone, in HTML."""
    return {text, io.canonical_json(text)[1:-1], json.dumps(text)[1:-1], html.escape(text)}


def held_by_table(path: Path, values: Iterable[str], texts: Sequence[str]) -> bool:
    """Whether any text of a Parquet file is one of these values, or holds one of these texts."""
    known = pa.array(sorted(values), pa.string())
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches():
            for column in _strings(pa.Table.from_batches([batch])):
                if pc.any(pc.is_in(column, known)).as_py():
                    return True
                if any(pc.any(pc.match_substring(column, text)).as_py() for text in texts):
                    return True
    return False


def _strings(table: pa.Table) -> Iterator[pa.ChunkedArray]:
    """Every column of text in a table, however deep it lies."""
    flat = table
    while any(pa.types.is_struct(field.type) for field in flat.schema):
        flat = flat.flatten()
    for field in flat.schema:
        column = flat[field.name]
        if pa.types.is_list(field.type):
            yield from _strings(pa.table({"item": pc.list_flatten(column)}))
        elif pa.types.is_string(field.type):
            yield column


def url_hashes(urls: Iterable[str]) -> list[str]:
    """The hashes of page addresses, as lineage holds them."""
    return [trace.url_hash(url) for url in urls]
