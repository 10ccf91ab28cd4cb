"""A published dataset that a new build is compared with: its ids, its index, and where its texts lie."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.output import MANIFEST, missing_files, read_manifest
from cmtmedqa.build.unit_files import UnitTask
from cmtmedqa.dedup.candidates import BANDS
from cmtmedqa.dedup.index import Index, short_band_keys
from cmtmedqa.dedup.signatures import SCHEME
from cmtmedqa.errors import InputError

FOLDER = "index"
SCHEMA = pa.schema([
    pa.field("id", pa.string(), nullable=False),
    pa.field("digest", pa.string(), nullable=False),
    pa.field("bands", pa.string(), nullable=False),
])  # fmt: skip
PARQUET_OPTIONS = {
    "use_dictionary": False,
    "column_encoding": dict.fromkeys(SCHEMA.names, "DELTA_LENGTH_BYTE_ARRAY"),
    "write_statistics": False,
    "row_group_size": 16_384,
}

Ints = npt.NDArray[np.int64]


class Published(NamedTuple):
    """A published dataset and what is `known` of its records; record i lies in row `row[i]` of `shards[shard[i]]`."""

    folder: Path
    manifest: dict[str, Any]
    sha256: str
    ids: list[str]
    known: Index
    shards: list[Path]
    shard: Ints
    row: Ints


def load(folder: Path) -> Published:
    """Read the index of a dataset. Raises InputError when it is unfinished, damaged, or of another scheme of signatures."""
    manifest = read_manifest(folder)
    if missing := missing_files(folder):
        raise InputError(
            f"{folder}: is damaged, {missing[0]} is missing or cut short; cmtmedqa validate {folder} says more"
        )
    if (scheme := manifest["versions"]["signatures"]) != SCHEME:
        raise InputError(
            f"{folder}: its signatures are of another scheme ({scheme}) and cannot be compared; build it again"
        )
    shards = sorted((folder / "data").glob("*.parquet"))
    parts = [folder / FOLDER / shard.name for shard in shards]
    if absent := [part for part in parts if not part.is_file()]:
        raise InputError(f"{folder}: holds no index ({FOLDER}/{absent[0].name}); build it with publish.index: true")
    tables = [pq.ParquetFile(part).read() for part in parts]
    table = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    counts = [item.num_rows for item in tables]
    return Published(
        folder,
        manifest,
        io.sha256_file(folder / MANIFEST),
        table["id"].to_pylist(),
        Index(_numbers(table["digest"], "<u8", 2), _numbers(table["bands"], "<u4", BANDS)),
        shards,
        np.repeat(np.arange(len(tables)), counts),
        np.concatenate([np.arange(count) for count in counts]) if counts else np.empty(0, np.int64),
    )


def _numbers(column: pa.ChunkedArray, kind: str, width: int) -> npt.NDArray[Any]:
    return np.frombuffer(bytes.fromhex("".join(column.to_pylist())), kind).reshape(-1, width)


def index_table(unit: UnitTask, rows: Ints, ids: list[str]) -> pa.Table:
    """The index of some rows of a unit under the ids they are published under."""
    digests, bands = unit.digests()[rows], short_band_keys(unit.signatures()[rows])
    columns = [
        pa.array(ids, pa.string()),
        _hex(digests.astype("<u8")),
        _hex(bands.astype("<u4")),
    ]
    return pa.table(columns, schema=SCHEMA)


def _hex(values: npt.NDArray[Any]) -> pa.StringArray:
    """Each row as hex digits: compressed they take no more room than bytes, and any reader of tables can show them."""
    return pa.array([row.tobytes().hex() for row in values], pa.string())
