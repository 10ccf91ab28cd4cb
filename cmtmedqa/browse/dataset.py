"""A built dataset by the numbers of its records: kept ones first (train, dev, test), then the rejected, in file order.

Only the Parquet footers are held; rows are read one row group at a time, so memory does not grow with the dataset.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa.build.output import MANIFEST, missing_files, read_manifest
from cmtmedqa.errors import InputError
from cmtmedqa.records import SPLITS

_CLUSTERS = "clusters.parquet"


class Group(NamedTuple):
    """A row group: rows `start` to `start + rows` of the dataset. `split` is None for rejected records."""

    path: Path
    number: int
    start: int
    rows: int
    split: str | None


class Dataset(NamedTuple):
    """A finished dataset. `mark` changes when it is built again."""

    folder: Path
    report: dict[str, Any]
    groups: tuple[Group, ...]
    kept: int
    total: int
    mark: tuple[int, int]


class Cluster(NamedTuple):
    """Duplicates of each other: who stays, up to `MEMBERS` members as rows of `ClusterMember`, and how many there are."""

    winner: str
    members: tuple[dict[str, Any], ...]
    size: int


MEMBERS = 50


def open_dataset(folder: Path) -> Dataset:
    """Read the footers. Raises InputError when the folder holds no finished, whole dataset."""
    mark = mark_of(folder)
    read_manifest(folder)
    if missing := missing_files(folder):
        raise InputError(
            f"{folder}: {missing[0]} is missing or has another size than in {MANIFEST} ({len(missing)} such files); build it again"
        )
    try:
        report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        groups = tuple(_groups(folder))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{folder}: cannot be read; cmtmedqa validate {folder} says what is wrong") from error
    kept = sum(group.rows for group in groups if group.split)
    return Dataset(folder, report, groups, kept, sum(group.rows for group in groups), mark)


def mark_of(folder: Path) -> tuple[int, int]:
    """What tells one build in a folder from the next. Raises InputError when there is no finished one."""
    try:
        stat = (folder / MANIFEST).stat()
    except OSError as error:
        raise InputError(f"{folder}: holds no {MANIFEST}, so it is no finished dataset; build it first") from error
    return stat.st_mtime_ns, stat.st_size


def _groups(folder: Path) -> Iterable[Group]:
    files: list[tuple[Path, str | None]] = [
        (path, split) for split in SPLITS for path in sorted((folder / "data").glob(f"{split}-*.parquet"))
    ]
    files += [(path, None) for path in sorted((folder / "rejected").glob("*.parquet"))]
    start = 0
    for path, split in files:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                rows = file.metadata.row_group(number).num_rows
                yield Group(path, number, start, rows, split)
                start += rows


def read_group(group: Group, columns: Sequence[str]) -> pa.Table:
    """Columns of a row group; `turns.list.element.text` names a part of one."""
    with pq.ParquetFile(group.path) as file:
        return file.read_row_group(group.number, columns=list(columns))


def read_rows(dataset: Dataset, numbers: Sequence[int]) -> list[tuple[int, str | None, dict[str, Any]]]:
    """The records with these numbers (ascending): (number, split or None if rejected, row)."""
    starts = [group.start for group in dataset.groups]
    wanted: dict[int, list[int]] = {}
    for number in numbers:
        wanted.setdefault(bisect_right(starts, number) - 1, []).append(number)
    rows: list[tuple[int, str | None, dict[str, Any]]] = []
    for place, here in wanted.items():
        group = dataset.groups[place]
        with pq.ParquetFile(group.path) as file:
            table = file.read_row_group(group.number).take([number - group.start for number in here])
        rows += [(number, group.split, row) for number, row in zip(here, table.to_pylist(), strict=True)]
    return rows


def numbers_of(dataset: Dataset, identifier: str, kept_only: bool = False) -> list[int]:
    """The records with this id: at most one kept one, and any number of rejected ones."""
    found: list[int] = []
    for group in dataset.groups:
        if kept_only and group.split is None:
            break
        places = pc.indices_nonzero(pc.equal(read_group(group, ["id"])["id"], identifier)).to_pylist()
        found += [group.start + place for place in places]
        if found and kept_only:
            break
    return found


def cluster_of(dataset: Dataset, identifier: str) -> Cluster | None:
    """The cluster of a kept record or of a rejected duplicate; None when it has no twin."""
    with pq.ParquetFile(dataset.folder / _CLUSTERS) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=["id", "cluster"])
            at = pc.index(table["id"], identifier).as_py()
            if at >= 0:
                return _members(file, table["cluster"][at].as_py(), number)
    return None


def _members(file: pq.ParquetFile, cluster: str, near: int) -> Cluster:
    """The members of a cluster that has one in row group `near`; rows of a cluster stand together, winner first."""
    tables: list[pa.Table] = []
    for step, numbers in ((1, range(near, file.num_row_groups)), (-1, range(near - 1, -1, -1))):
        for number in numbers:
            table = file.read_row_group(number)
            inside = table.filter(pc.equal(table["cluster"], cluster))
            if not inside.num_rows:
                break
            tables.insert(0 if step < 0 else len(tables), inside)
    table = pa.concat_tables(tables)
    shown = tuple(table.slice(0, MEMBERS).to_pylist())
    return Cluster(table["winner"][0].as_py(), shown, table.num_rows)
