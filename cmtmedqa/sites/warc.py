"""The responses of a WARC file, ours or a foreign one. Damage is reported, and reading goes on behind it.

FastWARC gives a record that a kill tore short without an error, and skips what does not verify without a word: so lengths and
digests are compared here.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cmtmedqa.errors import InputError

_MEMBER = b"\x1f\x8b\x08"
_PLAIN = b"WARC/1."
_WINDOW = 1 << 20


class Page(NamedTuple):
    """One response or resource: where it stands and what was stored. `fault`: why it cannot be used ('' if it can)."""

    offset: int
    url: str
    date: str
    digest: str
    block: bytes
    http: bool
    fault: str = ""
    verified: bool = False


def pages(path: Path) -> Iterator[Page]:
    """Every response of a file in order; a fault of the file itself is a page without url. Raises InputError if unreadable."""
    try:
        size = path.stat().st_size
        start: int | None = 0 if size else None
        while start is not None:
            last = _Last(start)
            yield from _until_damage(path, last)
            if not last.damaged:
                return
            if last.offset == 0 and not _looks_like_warc(path):
                raise InputError(f"{path}: is no WARC file, or is packed in an unknown way")
            if not last.torn:
                yield Page(last.offset, "", "", "", b"", False, "damaged_warc")
            start = _next_record(path, last.offset + 1, size)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or 'input/output error').lower()}") from error


class _Last:
    """How far reading came: the offset of the last record, whether it was torn, and whether the file is damaged behind it."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.torn = self.damaged = False


def _until_damage(path: Path, last: _Last) -> Iterator[Page]:
    records = _from(path, last.offset)
    while True:
        try:
            offset, page = next(records)
        except StopIteration:
            return
        except OSError as error:
            if error.errno is not None:  # the disk, not the file
                raise
            last.damaged = True
            return
        last.offset, last.torn = offset, page is not None and page.fault == "truncated_warc"
        if page is not None:
            yield page


def _from(path: Path, start: int) -> Iterator[tuple[int, Page | None]]:
    """The offset of every record from `start` on, with its page where it is one."""
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    with path.open("rb") as stream:
        stream.seek(start)
        for record in ArchiveIterator(stream, record_types=WarcRecordType.any_type, parse_http=False):
            block = record.reader.read()
            kind = record.record_type
            offset = start + record.stream_pos
            torn = len(block) < record.content_length or "Content-Length" not in record.headers
            if torn:
                yield offset, Page(offset, "", "", "", b"", False, "truncated_warc")
            elif kind in (
                WarcRecordType.response,
                WarcRecordType.resource,
                WarcRecordType.revisit,
            ):  # a tuple: they cannot be hashed
                yield (
                    offset,
                    _page(record, block, offset, kind == WarcRecordType.response, kind == WarcRecordType.revisit),
                )
            else:
                yield offset, None


def _page(record: Any, block: bytes, offset: int, http: bool, revisit: bool) -> Page:
    headers = record.headers
    stated = headers.get("WARC-Block-Digest") or ""
    digest = headers.get("WARC-Payload-Digest") or stated
    checked = _verified(block, stated)
    fault = "revisit" if revisit else "digest_mismatch" if checked is False else ""
    url = (headers.get("WARC-Target-URI") or "").strip("<> ")
    return Page(
        offset, url, headers.get("WARC-Date") or "", digest or _sha1(block), block, http, fault, checked is True
    )


def _verified(block: bytes, stated: str) -> bool | None:
    """Whether a digest fits, None where there is none that can be checked."""
    name, _, value = stated.partition(":")
    if name.lower() not in {"sha1", "sha256", "md5"} or not value:
        return None
    digest = hashlib.new(name.lower(), block, usedforsecurity=False)
    return value.lower() == digest.hexdigest() or value.upper() == base64.b32encode(digest.digest()).decode()


def _sha1(block: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(block, usedforsecurity=False).digest()).decode()


def _looks_like_warc(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_WINDOW)
    return head.startswith(_PLAIN) or _begins_record(head)


def _begins_record(data: bytes) -> bool:
    try:
        return zlib.decompressobj(wbits=31).decompress(data, 64).startswith(_PLAIN)
    except zlib.error:
        return False


def _next_record(path: Path, start: int, size: int) -> int | None:
    """Where the next whole record begins: a gzip member, or a plain version line, behind an offset."""
    with path.open("rb") as stream:
        at = start
        while at < size:
            stream.seek(at)
            window = stream.read(_WINDOW + 4096)
            place = _candidate(window, 0)
            while 0 <= place < _WINDOW:
                if window.startswith(_PLAIN, place) or _begins_record(window[place:]):
                    return at + place
                place = _candidate(window, place + 1)
            at += _WINDOW
    return None


def _candidate(window: bytes, start: int) -> int:
    places = [place for mark in (_MEMBER, b"\n" + _PLAIN) if (place := window.find(mark, start)) >= 0]
    return min(places) + (window[min(places)] == 0x0A) if places else -1
