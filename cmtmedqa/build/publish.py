"""Pass 2 of a build: the kept dialogues as Parquet shards by split, the rejected ones, the clusters."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import against, tally
from cmtmedqa.build.deduplicate import Corpus, Duplicates
from cmtmedqa.build.engine import Report, Tick
from cmtmedqa.build.unit_files import REJECTION_SCHEMA, UnitTask
from cmtmedqa.config import Publish
from cmtmedqa.records import SPLITS, ClusterMember, Dialogue

SCHEMA = io.arrow_schema(Dialogue)

Ints = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """Rows of one unit's dialogues (ascending) and the ids they are published under."""

    unit: UnitTask
    rows: Ints
    ids: list[str]


class ShardTask(NamedTuple):
    """One Parquet file of the dataset, and its index where one is wanted."""

    path: str
    pieces: tuple[Piece, ...]
    index_path: str | None


def shard_tasks(
    folder: Path,
    tasks: Sequence[UnitTask],
    corpus: Corpus,
    kept: npt.NDArray[np.bool_],
    split: Ints,
    settings: Publish,
    before: Mapping[str, int],
) -> list[ShardTask]:
    """The shards of the dataset: each split in input order, `rows_per_shard` dialogues a file; an empty split has none.

    `before`: the number of shards of each split that older records fill.
    """
    shards = []
    for number, name in enumerate(SPLITS):
        items = np.flatnonzero(kept & (split == number))
        count = -(-len(items) // settings.rows_per_shard)
        for shard in range(count):
            part = items[shard * settings.rows_per_shard : (shard + 1) * settings.rows_per_shard]
            file = f"{name}-{before[name] + shard:05d}-of-{before[name] + count:05d}.parquet"
            index = str(folder / against.FOLDER / file) if settings.index else None
            shards.append(ShardTask(str(folder / "data" / file), tuple(_pieces(tasks, corpus, part)), index))
    return shards


def _pieces(tasks: Sequence[UnitTask], corpus: Corpus, items: Ints) -> Iterator[Piece]:
    for unit in np.unique(corpus.unit[items]).tolist():
        here = items[corpus.unit[items] == unit]
        yield Piece(tasks[unit], corpus.row[here], [corpus.ids[item] for item in here.tolist()])


def write_shard(task: ShardTask, report: Report) -> tally.Tally:
    """Write one shard, a row group at a time; returns what was counted of its dialogues."""
    path, tallies = Path(task.path), []
    with (
        io.replacing(path) as temporary,
        pq.ParquetWriter(
            temporary, SCHEMA, compression=io.COMPRESSION, compression_level=io.COMPRESSION_LEVEL
        ) as writer,
    ):
        for table in _regrouped(table for piece in task.pieces for table in _read(piece)):
            tallies.append(tally.count(table))
            writer.write_table(table.drop_columns("marks"), row_group_size=io.ROWS_PER_GROUP)
            report(Tick(table.num_rows, table.num_rows, 0))
    if task.index_path:
        parts = [against.index_table(piece.unit, piece.rows, piece.ids) for piece in task.pieces]
        io.write_parquet(Path(task.index_path), pa.concat_tables(parts).combine_chunks(), **against.PARQUET_OPTIONS)
    return tally.total(tallies)


def _read(piece: Piece) -> Iterator[pa.Table]:
    """The rows of a piece under the ids they are published under."""
    done = 0
    for table in io.read_rows(piece.unit.dialogues, piece.rows, [*SCHEMA.names, "marks"]):
        ids = pa.array(piece.ids[done : done + table.num_rows], pa.string())
        done += table.num_rows
        yield table.set_column(0, SCHEMA.field("id"), ids)


def _regrouped(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `ROWS_PER_GROUP`, so that the file does not depend on how the input was cut."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        while count >= io.ROWS_PER_GROUP:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, io.ROWS_PER_GROUP).combine_chunks()
            waiting = [joined.slice(io.ROWS_PER_GROUP)]
            count = waiting[0].num_rows
    if count:
        yield pa.concat_tables(waiting).combine_chunks()


def rejections(
    tasks: Sequence[UnitTask], corpus: Corpus, found: Duplicates, held: Mapping[int, str]
) -> Iterator[pa.Table]:
    """Everything that is not in the dataset, unit by unit, in the order of the records; `held`: details of contaminated ones."""
    lost = ~found.kept()
    for number, task in enumerate(tasks):
        early = pq.ParquetFile(task.rejected).read(columns=REJECTION_SCHEMA.names).cast(REJECTION_SCHEMA)
        late = _late_rows(task, corpus, found, held, np.flatnonzero(lost & (corpus.unit == number)))
        both = pa.concat_tables([early, late])
        yield both.take(pc.sort_indices(both["index"]))


def _late_rows(task: UnitTask, corpus: Corpus, found: Duplicates, held: Mapping[int, str], items: Ints) -> pa.Table:
    if not len(items):
        return REJECTION_SCHEMA.empty_table()
    columns = ["source", "title", "turns", "features", "file", "index"]
    stored = io.read_rows(task.dialogues, corpus.row[items], columns)
    rows = [row for table in stored for row in table.to_pylist()]
    values = [
        {
            "id": corpus.ids[item],
            "source": row["source"],
            "file": row["file"],
            "index": row["index"],
            **_why_late(item, corpus, found, held),
            "record": io.canonical_json({name: row[name] for name in ("title", "turns", "features")}),
        }
        for item, row in zip(items.tolist(), rows, strict=True)
    ]
    return pa.Table.from_pylist(values, schema=REJECTION_SCHEMA)


def _why_late(item: int, corpus: Corpus, found: Duplicates, held: Mapping[int, str]) -> dict[str, str]:
    step, reason = found.fate(item)
    kept = f"kept {found.winner_id(corpus, item)}, Jaccard {found.similarity[item]:.4f}"
    return {"step": step, "reason": reason, "detail": held[item] if step == "decontaminate" else kept}


def write_parts(
    folder: Path, tables: Iterator[pa.Table], schema: pa.Schema, rows_per_part: int, first: int = 0, **options: Any
) -> None:
    """Write `part-00000.parquet`, or that of number `first`, and on; at least one file, so that the folder always tells."""
    waiting: list[pa.Table] = [schema.empty_table()]
    number = first
    for table in tables:
        waiting.append(table)
        while sum(item.num_rows for item in waiting) >= rows_per_part:
            joined = pa.concat_tables(waiting)
            path = folder / f"part-{number:05d}.parquet"
            io.write_parquet(path, joined.slice(0, rows_per_part).combine_chunks(), **options)
            waiting, number = [joined.slice(rows_per_part)], number + 1
    rest = pa.concat_tables(waiting).combine_chunks()
    if rest.num_rows or number == first:
        io.write_parquet(folder / f"part-{number:05d}.parquet", rest, **options)


def clusters_table(corpus: Corpus, found: Duplicates) -> pa.Table:
    """Every member of every cluster of two or more, winners first, clusters in the order of their ids."""
    members = np.flatnonzero(found.in_cluster())
    stays, winners = found.kept(), found.winners()
    sources = corpus.sources.take(pa.array(members)).to_pylist()
    values = [
        {
            "cluster": found.cluster[item],
            "id": corpus.ids[item],
            "source": source,
            "kept": bool(stays[item]),
            "winner": found.winner_id(corpus, item),
            "kind": "winner" if winners[item] else "exact" if found.exact[item] else "near",
            "similarity": round(float(found.similarity[item]), 4),
        }
        for item, source in zip(members.tolist(), sources, strict=True)
    ]
    values.sort(key=lambda row: (row["cluster"], not row["kept"], row["id"]))
    return pa.Table.from_pylist(values, schema=io.arrow_schema(ClusterMember))
