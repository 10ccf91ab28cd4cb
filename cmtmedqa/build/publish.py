"""Pass 2 of a build: the kept dialogues as Parquet shards by split, the rejected ones, the clusters."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import statistics
from cmtmedqa.build.deduplicate import Corpus, Duplicates
from cmtmedqa.build.engine import Report, Tick
from cmtmedqa.build.unit_files import REJECTION_SCHEMA, UnitTask
from cmtmedqa.records import SPLITS, ClusterMember, Dialogue

SCHEMA = io.arrow_schema(Dialogue)

Ints = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """Rows of one unit's dialogues (ascending) and the ids they are published under."""

    path: str
    rows: Ints
    ids: list[str]


class ShardTask(NamedTuple):
    """One Parquet file of the dataset."""

    path: str
    pieces: tuple[Piece, ...]


def shard_tasks(
    folder: Path,
    tasks: Sequence[UnitTask],
    corpus: Corpus,
    kept: npt.NDArray[np.bool_],
    split: Ints,
    rows_per_shard: int,
) -> list[ShardTask]:
    """The shards of the dataset: each split in input order, `rows_per_shard` dialogues a file; an empty split has none."""
    shards = []
    for number, name in enumerate(SPLITS):
        items = np.flatnonzero(kept & (split == number))
        total = -(-len(items) // rows_per_shard)
        for shard in range(total):
            part = items[shard * rows_per_shard : (shard + 1) * rows_per_shard]
            path = folder / "data" / f"{name}-{shard:05d}-of-{total:05d}.parquet"
            shards.append(ShardTask(str(path), tuple(_pieces(tasks, corpus, part))))
    return shards


def _pieces(tasks: Sequence[UnitTask], corpus: Corpus, items: Ints) -> Iterator[Piece]:
    for unit in np.unique(corpus.unit[items]).tolist():
        here = items[corpus.unit[items] == unit]
        yield Piece(str(tasks[unit].dialogues), corpus.row[here], [corpus.ids[item] for item in here.tolist()])


def write_shard(task: ShardTask, report: Report) -> statistics.Tally:
    """Write one shard, a row group at a time; returns what was counted of its dialogues."""
    path, tallies = Path(task.path), []
    with (
        io.replacing(path) as temporary,
        pq.ParquetWriter(
            temporary, SCHEMA, compression=io.COMPRESSION, compression_level=io.COMPRESSION_LEVEL
        ) as writer,
    ):
        for table in _regrouped(table for piece in task.pieces for table in _read(piece)):
            tallies.append(statistics.tally(table))
            writer.write_table(table.drop_columns("marks"), row_group_size=io.ROWS_PER_GROUP)
            report(Tick(table.num_rows, table.num_rows, 0))
    return statistics.total(tallies)


def _read(piece: Piece) -> Iterator[pa.Table]:
    """The rows of a piece under the ids they are published under."""
    done = 0
    for table in io.read_rows(Path(piece.path), piece.rows, [*SCHEMA.names, "marks"]):
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


def rejections(tasks: Sequence[UnitTask], corpus: Corpus, found: Duplicates) -> Iterator[pa.Table]:
    """Everything that is not in the dataset, unit by unit, in the order of the records."""
    lost = ~found.kept()
    for number, task in enumerate(tasks):
        early = pq.ParquetFile(task.rejected).read().cast(REJECTION_SCHEMA)
        late = _duplicate_rows(task, corpus, found, np.flatnonzero(lost & (corpus.unit == number)))
        both = pa.concat_tables([early, late])
        yield both.take(pc.sort_indices(both["index"]))


def _duplicate_rows(task: UnitTask, corpus: Corpus, found: Duplicates, items: Ints) -> pa.Table:
    if not len(items):
        return REJECTION_SCHEMA.empty_table()
    columns = ["source", "title", "turns", "file", "index"]
    stored = io.read_rows(task.dialogues, corpus.row[items], columns)
    rows = [row for table in stored for row in table.to_pylist()]
    values = [
        {
            "id": corpus.ids[item],
            "source": row["source"],
            "file": row["file"],
            "index": row["index"],
            "step": "deduplicate",
            "reason": "exact_duplicate" if found.exact[item] else "near_duplicate",
            "detail": f"kept {corpus.ids[found.winner[item]]}, Jaccard {found.similarity[item]:.4f}",
            "record": io.canonical_json({"title": row["title"], "turns": row["turns"]}),
        }
        for item, row in zip(items.tolist(), rows, strict=True)
    ]
    return pa.Table.from_pylist(values, schema=REJECTION_SCHEMA)


def write_rejections(folder: Path, tables: Iterator[pa.Table], rows_per_shard: int) -> int:
    """Write `rejected/part-00000.parquet` and on; at least one file, so that the folder always tells. Returns the rows."""
    waiting: list[pa.Table] = [REJECTION_SCHEMA.empty_table()]
    total = number = 0
    for table in tables:
        waiting.append(table)
        while sum(item.num_rows for item in waiting) >= rows_per_shard:
            joined = pa.concat_tables(waiting)
            io.write_parquet(
                folder / "rejected" / f"part-{number:05d}.parquet", joined.slice(0, rows_per_shard).combine_chunks()
            )
            waiting, number, total = [joined.slice(rows_per_shard)], number + 1, total + rows_per_shard
    rest = pa.concat_tables(waiting).combine_chunks()
    if rest.num_rows or number == 0:
        io.write_parquet(folder / "rejected" / f"part-{number:05d}.parquet", rest)
    written: int = total + rest.num_rows
    return written


def clusters_table(corpus: Corpus, found: Duplicates) -> pa.Table:
    """Every member of every cluster of two or more, winners first, clusters in the order of their ids."""
    size = np.bincount(found.winner, minlength=len(found.winner))
    members = np.flatnonzero(size[found.winner] > 1)
    stays = found.kept()
    sources = corpus.sources.take(pa.array(members)).to_pylist()
    values = [
        {
            "cluster": found.cluster[item],
            "id": corpus.ids[item],
            "source": source,
            "kept": bool(stays[item]),
            "winner": corpus.ids[found.winner[item]],
            "kind": "winner" if stays[item] else "exact" if found.exact[item] else "near",
            "similarity": round(float(found.similarity[item]), 4),
        }
        for item, source in zip(members.tolist(), sources, strict=True)
    ]
    values.sort(key=lambda row: (row["cluster"], not row["kept"], row["id"]))
    return pa.Table.from_pylist(values, schema=io.arrow_schema(ClusterMember))
