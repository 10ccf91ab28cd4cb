"""Taking records out of a file of any container that exports and inputs have, the others kept as they are written.

Lines, elements of a JSON array and rows of CSV are cut out of the text; Parquet, Arrow and xlsx files are written anew.
"""

import csv
import gzip
import io as streams
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.sources.blocks import Blocks
from cmtmedqa.sources.detect import Shape, detect
from cmtmedqa.sources.encodings import decode_line
from cmtmedqa.sources.files import SourceFile

IsOf = Callable[[object], bool]
_SPACE = " \t\r\n"
_CONTAINERS = ("jsonl", "json", "csv", "parquet", "arrow", "xlsx")


def without(path: Path, is_of: IsOf) -> int | None:
    """Rewrite a file without the records of which `is_of` is true; returns how many, None for a container that has no records.

    Raises InputError when the file cannot be read through, or written; it is then as it was.
    """
    if zipfile.is_zipfile(path) and not _is_sheet(path):
        return _from_archive(path, is_of)
    shape = detect(SourceFile(path.name, str(path)))
    if shape.container not in _CONTAINERS:
        return 0 if shape.container == "empty" else None
    if shape.container in {"parquet", "arrow"}:
        return _from_table(path, shape.container, is_of)
    if shape.container == "xlsx":
        return _from_sheet(path, is_of)
    return _from_text(path, shape, is_of)


def _is_sheet(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(name.startswith("xl/") for name in archive.namelist())


def _from_text(path: Path, shape: Shape, is_of: IsOf) -> int:
    blocks = Blocks(SourceFile(path.name, str(path)), shape.compression)
    data = b"".join(blocks)
    if blocks.damage:
        raise InputError(f"{path}: is damaged ({blocks.damage})")
    if shape.container == "jsonl":
        kept, gone = _lines(data, shape.encoding, is_of)
    else:
        text = data.decode(shape.encoding)
        cut = _cut_rows(text, shape.delimiter, is_of) if shape.container == "csv" else _cut_array(text, is_of)
        kept, gone = cut[0].encode(shape.encoding), cut[1]
    if gone:
        _replace(path, _packed(kept, shape.compression))
    return gone


def _lines(data: bytes, encoding: str, is_of: IsOf) -> tuple[bytes, int]:
    kept, gone = [], 0
    for line in data.split(b"\n"):
        hit = is_of(_parsed(decode_line(line, encoding).strip("\ufeff \t\r\n")))
        gone += hit
        if not hit:
            kept.append(line)
    return b"\n".join(kept), gone


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _cut_array(text: str, is_of: IsOf) -> tuple[str, int]:
    """A JSON array without some elements; an object of records or lists without some of theirs is written anew."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix("\ufeff")
    start = len(body) - len(body.lstrip(_SPACE))
    if body[start : start + 1] != "[":
        value = json.loads(body)
        kept, gone = _pruned(value, is_of)
        return mark + json.dumps(kept, ensure_ascii=False, indent=1 if "\n" in body.strip() else None), gone
    decoder = json.JSONDecoder(strict=False)
    pieces: list[str] = []
    at, gone = start + 1, 0
    while (begin := _behind(body, at)) < len(body) and body[begin] != "]":
        value, end = decoder.raw_decode(body, begin)
        if is_of(value):
            gone += 1
        else:
            pieces.append(body[begin:end])
        at = end
    between = ",\n" if "\n" in body else ", "
    edge = "\n" if "\n" in body and pieces else ""
    return f"{mark}{body[: start + 1]}{edge}{between.join(pieces)}{edge}{body[begin:]}", gone


def _behind(text: str, at: int) -> int:
    """The place of the next character that is neither space nor a comma."""
    while at < len(text) and text[at] in _SPACE + ",":
        at += 1
    return at


def _pruned(value: Any, is_of: IsOf) -> tuple[Any, int]:
    if isinstance(value, list):
        kept = [item for item in value if not is_of(item)]
        return kept, len(value) - len(kept)
    if not isinstance(value, dict):
        return value, 0
    found = {name: _pruned(item, is_of) for name, item in value.items() if isinstance(item, list)}
    named = {name for name, item in value.items() if isinstance(item, dict) and is_of({"id": name, **item})}
    left = {name: found[name][0] if name in found else item for name, item in value.items() if name not in named}
    return left, len(named) + sum(gone for _, gone in found.values())


def _cut_rows(text: str, delimiter: str, is_of: IsOf) -> tuple[str, int]:
    """Delimited text without some rows; rows that share an id one after the other are one record."""
    csv.field_size_limit(1 << 30)
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)  # not at the line ends that only Unicode has
    reader = csv.reader(iter(lines), delimiter=delimiter)
    rows: list[tuple[list[str], str]] = []
    done = 0
    for fields in reader:
        rows.append((fields, "".join(lines[done : reader.line_num])))
        done = reader.line_num
    if not rows:
        return text, 0
    header = [name.strip().lstrip("\ufeff") for name in rows[0][0]]
    records = [(_named(header, fields), source) for fields, source in rows[1:]]
    kept, gone = _grouped(records, is_of)
    return rows[0][1] + "".join(kept), gone


def _named(header: list[str], fields: list[Any]) -> dict[str, Any]:
    return dict(zip(header, fields, strict=False))


def _grouped(records: list[tuple[dict[str, Any], Any]], is_of: IsOf) -> tuple[list[Any], int]:
    """What stays of some rows, each with its source, and how many records went."""
    kept: list[Any] = []
    gone = 0
    for identifier, group in groupby(enumerate(records), lambda item: item[1][0].get("id") or item[0]):
        found = [record for _, record in group]
        whole = {"id": str(identifier).removeprefix("'"), "rows": [fields for fields, _ in found]}
        if any(is_of(fields) for fields, _ in found) or is_of(whole):
            gone += 1
        else:
            kept += [source for _, source in found]
    return kept, gone


def _from_table(path: Path, container: str, is_of: IsOf) -> int:
    if container == "parquet":
        with pq.ParquetFile(path) as file:
            table = file.read()
            codec = file.metadata.row_group(0).column(0).compression if file.num_row_groups else "SNAPPY"
    else:
        table, codec = _arrow_table(path), ""
    kept = [
        number
        for batch_start, batch in _sliced(table)
        for number, row in enumerate(batch.to_pylist(), batch_start)
        if not is_of(row)
    ]
    if len(kept) == table.num_rows:
        return 0
    left = table.take(pa.array(kept, pa.int64())).replace_schema_metadata(table.schema.metadata)
    with io.replacing(path) as temporary:
        temporary.touch(path.stat().st_mode & 0o777)
        if container == "parquet":
            pq.write_table(left, temporary, compression=codec, row_group_size=io.ROWS_PER_GROUP)
        else:
            with pa.OSFile(str(temporary), "wb") as sink, _arrow_writer(path)(sink, left.schema) as writer:
                writer.write_table(left)
    return int(table.num_rows) - len(kept)


def _sliced(table: pa.Table) -> Iterator[tuple[int, pa.RecordBatch]]:
    start = 0
    for batch in table.to_batches(max_chunksize=1024):
        yield start, batch
        start += batch.num_rows


def _is_stream(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"\xff\xff\xff\xff"


def _arrow_table(path: Path) -> pa.Table:
    try:
        with pa.OSFile(str(path)) as stream:
            return (pa.ipc.open_stream if _is_stream(path) else pa.ipc.open_file)(stream).read_all()
    except pa.ArrowException as error:
        raise InputError(f"{path}: is damaged ({type(error).__name__})") from error


def _arrow_writer(path: Path) -> Any:
    return pa.ipc.new_stream if _is_stream(path) else pa.ipc.new_file


def _from_sheet(path: Path, is_of: IsOf) -> int:
    import openpyxl

    book = openpyxl.load_workbook(streams.BytesIO(path.read_bytes()))  # a path it would judge by its name
    gone = 0
    for sheet in book.worksheets:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        header = [str(name or "").strip() for name in rows[0]] if rows else []
        texts = [[str(value) if value is not None else "" for value in row] for row in rows[1:]]
        kept, removed = _grouped([(_named(header, row), number) for number, row in enumerate(texts, 2)], is_of)
        for number in sorted(set(range(2, len(rows) + 1)) - set(kept), reverse=True):
            sheet.delete_rows(number)
        gone += removed
    if gone:
        packed = streams.BytesIO()
        book.save(packed)
        _replace(path, packed.getvalue())
    book.close()
    return gone


def _from_archive(path: Path, is_of: IsOf) -> int:
    """A zip archive with its members rewritten, each on its own."""
    gone = 0
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        packed = streams.BytesIO()
        with zipfile.ZipFile(packed, "w") as target:
            for number, info in enumerate(archive.infolist()):
                member = Path(folder) / f"{number}-{Path(info.filename).name}"
                member.write_bytes(archive.read(info))
                if not info.is_dir():
                    gone += without(member, is_of) or 0
                target.writestr(info, member.read_bytes())
    if gone:
        _replace(path, packed.getvalue())
    return gone


def _packed(data: bytes, compression: str) -> bytes:
    if compression == "gz":
        packed = streams.BytesIO()
        with gzip.GzipFile("", "wb", 9, packed, mtime=0) as stream:
            stream.write(data)
        return packed.getvalue()
    return zstandard.ZstdCompressor().compress(data) if compression == "zst" else data


def _replace(path: Path, data: bytes) -> None:
    with io.replacing(path) as temporary:
        temporary.touch(path.stat().st_mode & 0o777)
        temporary.write_bytes(data)
