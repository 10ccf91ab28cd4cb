"""Rows of Parquet files as dicts, one at a time."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa.errors import InputError
from cmtmedqa.sources.blocks import SAFE_BYTES, SAFE_RATIO
from cmtmedqa.sources.encodings import MARK, decode_line
from cmtmedqa.sources.files import SourceFile, reason_of
from cmtmedqa.sources.tables import BadRow, Row

_DAMAGE = (pa.ArrowException, OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError)
_BATCH = 64  # rows; a dictionary can make a few bytes of a file to megabytes a row


def parquet(file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of a Parquet file; what is neither text nor number nor a list or struct of those becomes text.

    A damaged row group is one bad row, and the next one is read.
    """
    try:
        with pq.ParquetFile(Path(file.path) if not file.member else pa.PythonFile(file.open())) as table:
            limit = max(SAFE_BYTES, SAFE_RATIO * file.stored_size())
            produced = 0
            for group in range(table.num_row_groups):
                for batch in _batches(table, group):
                    if isinstance(batch, BadRow):
                        yield batch
                        continue
                    produced += batch.nbytes
                    if produced > limit:
                        yield BadRow("compressed_too_large", f"in row group {group}", "")
                        return
                    yield from rows_of(batch)
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno:
            raise InputError(f"{file.name}: cannot be read: {reason_of(error)}") from error
        yield BadRow("damaged_parquet", type(error).__name__, "")


def _batches(table: pq.ParquetFile, group: int) -> Iterator[pa.RecordBatch | BadRow]:
    """The batches of one row group, up to a fault in it."""
    try:
        yield from table.iter_batches(batch_size=_BATCH, row_groups=[group])
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno:
            raise
        rows = table.metadata.row_group(group).num_rows
        yield BadRow("damaged_parquet", f"{type(error).__name__} in row group {group} of {rows} rows", "")


def rows_of(batch: pa.RecordBatch) -> Iterator[Row]:
    """The rows of a batch, value by value where Python has no form for one: text of no encoding, a date after 9999."""
    try:
        plain = all(_is_json(kind) for kind in batch.schema.types)
        rows = batch.to_pylist()
        rows = rows if plain else [{key: jsonable(value) for key, value in values.items()} for values in rows]
        yield from map(Row, rows)
    except (OverflowError, ValueError, LookupError, pa.ArrowException):
        for number in range(batch.num_rows):
            row = {name: _scalar(batch.column(place)[number]) for place, name in enumerate(batch.schema.names)}
            marks = sum(str(value).count(MARK) for value in row.values())
            values = json.loads(json.dumps(row, ensure_ascii=False).replace(MARK, "\ufffd"))
            yield Row(values, (f"replaced_characters:{marks}",) if marks else ())


def _scalar(value: pa.Scalar) -> object:
    """A value of Arrow as JSON; what is no text in UTF-8 is decoded by the ladder, what is no date is its number."""
    if not value.is_valid:
        return None
    if isinstance(value, pa.StructScalar):
        return {name: _scalar(item) for name, item in value.items()}
    if isinstance(value, pa.ListScalar) and not isinstance(value, pa.MapScalar):
        return [_scalar(item) for item in value]
    if isinstance(value, pa.StringScalar | pa.LargeStringScalar):
        return decode_line(value.as_buffer().to_pybytes(), "utf-8")
    try:
        return jsonable(value.as_py())
    except (ValueError, OverflowError, LookupError, pa.ArrowException):
        return str(getattr(value, "value", ""))


def _is_json(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return all(_is_json(kind.field(number).type) for number in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _is_json(kind.value_type)
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_boolean,
    )
    return any(test(kind) for test in tests)


def jsonable(value: Any) -> object:
    """The value with dates, decimals, bytes and the like as text."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
