"""A finished dataset as ids and 64-bit hashes of its columns: enough to compare two of them, and a small part of their size."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.output import missing_files, read_manifest
from cmtmedqa.errors import InputError
from cmtmedqa.records import SPLITS

Hashes = npt.NDArray[np.uint64]
NONE = "(none)"
SHOWN = ("source", "department", "split", "license")


class Side(NamedTuple):
    """One of two datasets: per dialogue its id, a hash of each field, and the values of the fields in `SHOWN`."""

    name: str
    manifest: dict[str, Any]
    ids: pa.StringArray
    hashes: dict[str, Hashes]
    values: dict[str, pa.StringArray]
    rejected: pa.Table


def load(folder: Path) -> Side:
    """Read a finished dataset. Raises InputError when it is none, is not whole or cannot be read."""
    manifest = read_manifest(folder)
    if missing := missing_files(folder):
        raise InputError(f"{folder}: {missing[0]} is missing or has another size; see cmtmedqa validate {folder}")
    try:
        parts = [part for name in SPLITS for part in _parts(folder, name)]
        paths = sorted((folder / "rejected").glob("*.parquet"))
        columns = ["id", "source", "step", "reason", "detail"]
        rejected = pa.concat_tables(pq.ParquetFile(path).read(columns=columns) for path in paths)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise InputError(f"{folder}: its Parquet files cannot be read; see cmtmedqa validate {folder}") from error
    ids = _joined([part[0] for part in parts])
    if len(ids) != pc.count_distinct(ids).as_py():
        raise InputError(f"{folder}: an id stands twice; see cmtmedqa validate {folder}")
    names = list(parts[0][1]) if parts else []
    hashes = {name: np.concatenate([part[1][name] for part in parts]) for name in names}
    values = {name: _joined([part[2][name] for part in parts]) for name in SHOWN}
    return Side(folder.name, manifest, ids, hashes, values, rejected.combine_chunks())


def _parts(folder: Path, split: str) -> Iterator[tuple[pa.Array, dict[str, Hashes], dict[str, pa.Array]]]:
    for shard in sorted((folder / "data").glob(f"{split}-*.parquet")):
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches(batch_size=io.ROWS_PER_GROUP):
                same = pa.array([split]).take(pa.array(np.zeros(len(batch), np.int64)))
                columns = dict(zip(batch.schema.names, batch.columns, strict=True)) | {"split": same}
                hashes = {
                    "text" if name == "turns" else name: row_hashes(column)
                    for name, column in columns.items()
                    if name != "id"
                }
                values = {name: columns[name].fill_null(NONE).dictionary_encode() for name in SHOWN}
                yield columns["id"], hashes, values


def _joined(parts: list[pa.Array]) -> pa.Array:
    if not parts:
        return pa.array([], pa.string())
    whole = pa.chunked_array(parts)
    return (whole.unify_dictionaries() if pa.types.is_dictionary(whole.type) else whole).combine_chunks()


def row_hashes(column: pa.Array) -> Hashes:
    """64-bit BLAKE2b of each row, equal for equal values; a value that occurs often is hashed once."""
    encoded = _as_text(column).dictionary_encode()
    _, offsets, data = encoded.dictionary.buffers()
    ends = np.frombuffer(offsets, np.int32)[encoded.dictionary.offset :].tolist()
    view = memoryview(data) if data is not None else memoryview(b"")
    hashes = b"".join(
        hashlib.blake2b(view[ends[row] : ends[row + 1]], digest_size=8).digest()
        for row in range(len(encoded.dictionary))
    )
    result: Hashes = np.frombuffer(hashes, np.uint64)[encoded.indices.to_numpy(zero_copy_only=False)]
    return result


def _as_text(column: pa.Array) -> pa.StringArray:
    """Each row as one string that tells null, empty and every nesting apart: leaves carry their length in front."""
    if pa.types.is_struct(column.type):
        inside = [_as_text(part) for part in column.flatten()]
        whole = pc.binary_join_element_wise("{", *inside, "}", ";")
        return pc.if_else(column.is_valid(), whole, "-")
    if pa.types.is_list(column.type):
        inside = pa.ListArray.from_arrays(_offsets(column), _as_text(column.flatten()))
        whole = pc.binary_join_element_wise("[", pc.binary_join(inside, ";"), "]", "")
        return pc.if_else(column.is_valid(), whole, "-")
    leaf = column.cast(pa.string())
    length = pc.binary_length(leaf).cast(pa.string())
    return pc.fill_null(pc.binary_join_element_wise(length, leaf, ":"), "-")


def _offsets(column: pa.ListArray) -> pa.Array:
    lengths = pc.fill_null(column.value_lengths(), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32())
