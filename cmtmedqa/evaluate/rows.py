"""The rows of local files of items, whatever holds them: JSON, JSON Lines, delimited text, xlsx, Parquet, packed or not."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import orjson

from cmtmedqa.errors import InputError
from cmtmedqa.sources.blocks import Blocks
from cmtmedqa.sources.detect import Shape, detect
from cmtmedqa.sources.encodings import decode_lines, decode_pieces
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.json_stream import Broken, elements
from cmtmedqa.sources.parquet import parquet
from cmtmedqa.sources.tables import BadRow, Row, delimited, spreadsheet

_PACKED = frozenset({".gz", ".zst"})


class FileRow(NamedTuple):
    """One row: the file's name, the row's number in it from 1, and its fields; None where it cannot be read."""

    file: str
    place: int
    fields: dict[str, object] | None

    @property
    def stem(self) -> str:
        """The file's name without folders, archive and endings."""
        path = PurePosixPath(self.file.rpartition("!")[2])
        return PurePosixPath(path.stem).stem if path.suffix in _PACKED else path.stem


def rows_of(paths: Iterable[Path]) -> Iterator[FileRow]:
    """The rows of files, of the files of folders, and of the members of zip archives, in order.

    Raises InputError for a file that is missing, empty or of no such kind.
    """
    for file in expand([str(path) for path in paths])[0]:
        for place, value in enumerate(_values(file), 1):
            fields = {str(key): field for key, field in value.items()} if isinstance(value, dict) else None
            yield FileRow(file.name, place, fields)


def _values(file: SourceFile) -> Iterator[object]:
    shape = detect(file)
    if shape.container == "parquet":
        return _table(parquet(file))
    if shape.container == "xlsx":
        return _table(spreadsheet(file))
    if shape.container == "csv":
        return _table(delimited(decode_lines(Blocks(file, shape.compression), shape.encoding), shape.delimiter))
    if shape.container == "json":
        return _json(file, shape)
    if shape.container == "jsonl":
        return map(_line, filter(str.strip, decode_lines(Blocks(file, shape.compression), shape.encoding)))
    if shape.container == "empty":
        raise InputError(f"{file.name}: is empty")
    raise InputError(f"{file.name}: is neither JSON, delimited text, xlsx nor Parquet")


def _json(file: SourceFile, shape: Shape) -> Iterator[object]:
    """The values of a JSON file; one whose first value already is broken is none."""
    found = False
    for item in elements(decode_pieces(Blocks(file, shape.compression), shape.encoding)):
        if isinstance(item, Broken) and not found:
            raise InputError(f"{file.name}: is no JSON ({item.detail})")
        found = True
        yield None if isinstance(item, Broken) else item.value


def _line(line: str) -> object:
    try:
        return orjson.loads(line.strip().strip("\ufeff"))
    except orjson.JSONDecodeError:
        return None


def _table(rows: Iterable[Row | BadRow]) -> Iterator[object]:
    for row in rows:
        yield None if isinstance(row, BadRow) else row.values
