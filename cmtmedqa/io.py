"""Files: atomic writes, digests, canonical JSON, and Arrow schemas derived from the pydantic records.

Arrow is loaded by the functions that need it: that takes as long as all else that a command loads, and most write text alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import orjson
from pydantic import BaseModel

from cmtmedqa.errors import InputError
from cmtmedqa.records import LONG

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

COMPRESSION = "zstd"
COMPRESSION_LEVEL = 1
ROWS_PER_GROUP = 2_048


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no NaN and no insignificant white space: equal values give equal bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def parsed(text: bytes) -> Any:
    """The value of a JSON text: that of json.loads, at the speed of orjson where orjson takes it. Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # NaN, an integer beyond 64 bits, half of a surrogate pair
        return json.loads(text)


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary sibling that takes the name `path`, flushed to disk, only if the block ends without an error.

    Raises InputError when the folder cannot be written to or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # on a read-only or vanished file system there is nothing to remove
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: object) -> None:
    """Write indented JSON atomically; keys keep the order given, which must not depend on chance."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def write_parquet(path: Path, table: pa.Table, **options: Any) -> None:
    """Write one Parquet file atomically, with fixed compression and row groups; `options` are those of pyarrow."""
    import pyarrow.parquet as pq

    settings = {"compression": COMPRESSION, "compression_level": COMPRESSION_LEVEL, "row_group_size": ROWS_PER_GROUP}
    with replacing(path) as temporary:
        pq.write_table(table, temporary, **(settings | options))


def read_rows(path: Path, rows: npt.NDArray[np.int64], columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a Parquet file with these numbers (ascending), one table a row group that holds any; all columns by default."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            end = start + file.metadata.row_group(group).num_rows
            inside = rows[(rows >= start) & (rows < end)] - start
            if len(inside):
                yield file.read_row_group(group, columns=columns).take(pa.array(inside))
            start = end


def arrow_schema(model: type[BaseModel]) -> pa.Schema:
    """The Arrow schema of a record: one field per model field, in order; optional fields are nullable."""
    import pyarrow as pa

    return pa.schema(_fields(model))


def _fields(model: type[BaseModel]) -> list[pa.Field]:
    return [_field(name, info.annotation, LONG in info.metadata) for name, info in model.model_fields.items()]


def _field(name: str, annotation: Any, long: bool) -> pa.Field:
    import pyarrow as pa

    kind, optional = _strip_optional(annotation)
    return pa.field(name, pa.int64() if long else _type(kind), nullable=optional)


def _strip_optional(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) is Annotated:
        return _strip_optional(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        (inner,) = [item for item in get_args(annotation) if item is not type(None)]
        return _strip_optional(inner)[0], True
    return annotation, False


def _type(annotation: Any) -> pa.DataType:
    import pyarrow as pa

    annotation, _ = _strip_optional(annotation)
    plain = {str: pa.string(), int: pa.int32(), float: pa.float64(), bool: pa.bool_()}
    if annotation in plain:
        return plain[annotation]
    if get_origin(annotation) is Literal:
        return pa.string()
    if get_origin(annotation) is tuple:
        return pa.list_(pa.field("item", _type(get_args(annotation)[0]), nullable=False))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(_fields(annotation))
    raise TypeError(f"no Arrow type for {annotation!r}")
