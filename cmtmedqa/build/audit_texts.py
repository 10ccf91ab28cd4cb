"""What an audit looks at: the texts of every record of every input, pages of WARC and HTML files included."""

import json
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from cmtmedqa.build.output import MANIFEST
from cmtmedqa.build.privacy import OWN_ID
from cmtmedqa.clean.deidentify import find, replace
from cmtmedqa.clean.deidentify.fields import OLDEST, kind_of, leaves
from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.sources.blocks import Blocks, head
from cmtmedqa.sources.encodings import decode_lines
from cmtmedqa.sources.files import SourceFile
from cmtmedqa.sources.mapped import Mapped, Unreadable, content_id
from cmtmedqa.sources.read import Unit, read

BATCH_TEXTS = 8_192
_HALF = re.compile("[\ud800-\udfff]")
_PROBE_BYTES = 1 << 16
_PAGE_BYTES = 10 * 1024 * 1024  # as much as a crawl stores of one page
_EMPTY = "empty_file"
NO_TEXT = "no known shape and no text"
_WARC = b"WARC/"
_PAGE = re.compile(rb"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_DAMAGE = frozenset({
    "compressed_too_large", "damaged_zip", "truncated_zip", "damaged_gz", "truncated_gz", "damaged_zst", "truncated_zst",
    "damaged_parquet", "damaged_arrow", "damaged_xlsx", "record_too_large",
})  # fmt: skip

# What is told of a file that could not be read, or not to its end: its name and why.
Unread = Callable[[str, str], None]


class Text(NamedTuple):
    """One text of a record: a turn (from 0), or a field. `named` is the kind that the field's name gives its whole value."""

    field: str
    turn: int | None
    text: str
    named: str | None = None


class Record(NamedTuple):
    """The texts of one record and where it stands; `number` counts from 0 in its file."""

    file: str
    number: int
    id: str
    texts: Sequence[Text]


def unit_records(unit: Unit, unread: Unread) -> Iterator[Record]:
    """The records of a unit; a record without any text has none."""
    loose = unit.shape.container == "unknown" or (unit.shape.container in {"csv", "text"} and not unit.shape.adapter)
    try:
        start = head(unit.file, unit.shape.compression, _PROBE_BYTES) if loose else b""
        if unit.shape.container == "unknown" or start.startswith(_WARC) or _PAGE.match(start):
            yield from _unknown_records(unit, start, unread)
            return
        for record in read(unit):
            texts = _mapped_texts(record) if isinstance(record, Mapped) else _raw_texts(record.raw)
            if (
                isinstance(record, Unreadable)
                and (record.reason in _DAMAGE or not record.raw)
                and record.reason != _EMPTY
            ):
                where = record.detail if record.reason in _DAMAGE else f"at record {record.index}"  # else it names keys
                unread(unit.file.name, f"{record.reason}, {where}")
            identifier = record.id or (content_id(record.turns) if isinstance(record, Mapped) else "")
            yield Record(unit.file.name, record.index, identifier, [*_id_of(record), *texts])
    except (InputError, MissingExtra) as error:
        unread(unit.file.name, str(error).removeprefix(f"{unit.file.name}: "))


def _unknown_records(unit: Unit, start: bytes, unread: Unread) -> Iterator[Record]:
    """A WARC file or a page as pages, any other text line by line; a binary file is told of as not read."""
    file, shape = unit.file, unit.shape
    if start.startswith(_WARC):
        yield from _pages(file, shape.compression, unread)
    elif not shape.encoding or b"\0" in start:
        unread(file.name, f"{shape.adapter}: unpack it first" if shape.adapter else NO_TEXT)
    elif _PAGE.match(start):
        yield from _page(file, shape.compression)
    else:
        blocks = Blocks(file, shape.compression)
        for index, line in enumerate(decode_lines(blocks, shape.encoding)):
            yield Record(file.name, index, "", [Text("raw", None, _plain(line))])
        if blocks.damage:
            unread(file.name, blocks.damage)


def _pages(file: SourceFile, compression: str, unread: Unread) -> Iterator[Record]:
    """Every response of a WARC file, packed or not, as one record; `number` counts them from 0 in the file."""
    try:
        from cmtmedqa.sites import http, plain, warc
    except ImportError as error:
        raise MissingExtra(error.name or "fastwarc", "parse", "reading pages") from error
    with _on_disk(file) as path:
        for number, page in enumerate(warc.pages(path)):
            answer = http.response(page.block) if page.http else http.Response(200, "", page.block)
            fault = (page.fault if page.fault != "digest_mismatch" else "") or answer.fault
            if fault and fault != "revisit":
                unread(file.name, f"{fault} at byte {page.offset}")
            texts = [Text("url", None, _plain(page.url))] if page.url else []
            for where, text in () if fault else plain.texts_of(answer.body, answer.content_type) or ():
                texts += _raw_texts(text) if where == "body" else [Text(where, None, _plain(text))]
            yield Record(file.name, number, "", texts)
    blocks = Blocks(file, compression)
    deque(blocks if compression else (), maxlen=0)
    if blocks.damage:
        unread(file.name, blocks.damage)  # a record that is torn in its head is none to a reader of WARC files


@contextmanager
def _on_disk(file: SourceFile) -> Iterator[Path]:
    """The path of a file; a member of an archive is written to a temporary one while it is read."""
    if not file.member:
        yield Path(file.path)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "member"
        with path.open("wb") as target:
            target.writelines(Blocks(file, ""))
        yield path


def _page(file: SourceFile, compression: str) -> Iterator[Record]:
    try:
        from cmtmedqa.sites import plain
    except ImportError as error:
        raise MissingExtra(error.name or "lxml", "parse", "reading pages") from error
    texts = plain.texts_of(head(file, compression, _PAGE_BYTES)) or ()
    yield Record(file.name, 0, "", [Text(where, None, _plain(text)) for where, text in texts])


def shown(identifier: str) -> str:
    """An id as it may be shown: with what is personal data in it replaced."""
    return identifier if OWN_ID.fullmatch(identifier) else replace([identifier], {0: find(identifier)})[0]


def _mapped_texts(record: Mapped) -> list[Text]:
    texts = [Text("turn", turn, _plain(text)) for turn, (_, text) in enumerate(record.turns)]
    if record.title:
        texts.insert(0, Text("title", None, _plain(record.title)))
    if record.url:
        texts.append(Text("url", None, _plain(record.url), "url"))
    if record.age is not None and record.age > OLDEST:
        texts.append(Text("age", None, str(record.age), "age"))
    texts += [Text(f"department[{place}]", None, _plain(text)) for place, text in enumerate(record.departments)]
    texts += [Text(f"disease[{place}]", None, _plain(text)) for place, text in enumerate(record.diseases)]
    return texts + [_field(f"extra.{path}", key, text) for path, key, text in leaves(record.extra)]


def _raw_texts(raw: str) -> list[Text]:
    """The texts of a record that no adapter knows: the fields of a JSON value, or what was there as it is."""
    if not raw:
        return []
    try:
        value = json.loads(raw) if raw.lstrip()[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        value = None
    if value is None:
        return [Text("raw", None, _plain(raw))]
    return [_field(path, key, text) for path, key, text in leaves(value)]


def _field(path: str, key: str, text: str) -> Text:
    return Text(shown(path), None, _plain(text), kind_of(key))


def _id_of(record: Mapped | Unreadable) -> list[Text]:
    return _id_texts(record.id) if record.id else []


def _id_texts(identifier: str) -> list[Text]:
    """An id is looked at like any text, but for the hashes that we give: their digits mean nothing."""
    return [] if OWN_ID.fullmatch(identifier) else [Text("id", None, _plain(identifier))]


def _plain(text: str) -> str:
    """The text with half surrogates, which Arrow cannot hold, replaced one for one, so that offsets stay."""
    return _HALF.sub("\ufffd", text) if not text.isascii() and _HALF.search(text) else text


def rejected_parts(folder: Path) -> list[Path]:
    """The rejected records of a published dataset, which `expand` passes over."""
    return sorted((folder / "rejected").glob("*.parquet")) if (folder / MANIFEST).is_file() else []


def rejected_records(part: Path) -> Iterator[Record]:
    """What a part of them still holds of each."""
    with pq.ParquetFile(part) as file:
        for rows in file.iter_batches(batch_size=BATCH_TEXTS, columns=["id", "index", "detail", "record"]):
            for row in rows.to_pylist():
                texts = [*_id_texts(row["id"]), Text("detail", None, row["detail"]), *_raw_texts(row["record"])]
                yield Record(f"{part.parent.name}/{part.name}", row["index"], row["id"], texts)
