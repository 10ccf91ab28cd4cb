"""Rows of Arrow files as dicts: streams, as `datasets` saves and caches them, and files with a footer (Feather)."""

import zipfile
import zlib
from collections.abc import Iterator

import pyarrow as pa

from cmtmedqa.errors import InputError
from cmtmedqa.sources.blocks import ARROW_MAGIC, SAFE_BYTES, SAFE_RATIO
from cmtmedqa.sources.files import SourceFile, reason_of
from cmtmedqa.sources.parquet import rows_of
from cmtmedqa.sources.tables import BadRow, Row

_DAMAGE = (pa.ArrowException, OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError)
_SLICE = 64  # rows that are Python objects at a time


def arrow(file: SourceFile) -> Iterator[Row | BadRow]:
    """The rows of an Arrow file. What stands behind damage cannot be found and is one bad row."""
    try:
        with pa.OSFile(file.path) if not file.member else pa.PythonFile(file.open()) as stream:
            limit = max(SAFE_BYTES, SAFE_RATIO * file.stored_size())
            produced = 0
            for number, batch in enumerate(_batches(stream)):
                produced += batch.nbytes
                if produced > limit:
                    yield BadRow("compressed_too_large", f"in batch {number}", "")
                    return
                batch.validate(full=True)  # offsets that lead out of a buffer are not looked at by the reader
                for start in range(0, batch.num_rows, _SLICE):
                    yield from rows_of(batch.slice(start, _SLICE))
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno:
            raise InputError(f"{file.name}: cannot be read: {reason_of(error)}") from error
        yield BadRow("damaged_arrow", type(error).__name__, "")


def _batches(stream: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    start = stream.read(len(ARROW_MAGIC))
    stream.seek(0)
    if start != ARROW_MAGIC:
        yield from pa.ipc.open_stream(stream)
        return
    reader = pa.ipc.open_file(stream)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)
