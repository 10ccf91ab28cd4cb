"""Taking pages out of WARC files: a record is overwritten by a blank one of the same length, so that all others keep their place.

Lineage names pages by file and offset, and an index of a WARC file does: records may not move. A blank is a `metadata` record
that says that something was removed on request; what fills it up to the length is padding.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from cmtmedqa import io
from cmtmedqa.errors import InputError

_CHUNK = 1 << 16
_LONGEST_HEAD = 1 << 16
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# A frame that readers of zst pass over: four bytes, its length, anything. One of them holds a dictionary of the whole file.
_SKIPPED, _DICTIONARY = b"\x50\x2a\x4d\x18", b"\x5d\x2a\x4d\x18"
_TEXT = b"removed on request"
_FIELD = re.compile(rb"^([A-Za-z-]+):[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_COMMENT = 0x10  # flag of a gzip member with a comment in its head

Wanted = Callable[[str, int], bool]


class Place(NamedTuple):
    """One record: where its bytes stand in the file, and the address that it is about ('' if about none)."""

    offset: int
    length: int
    url: str


def places(path: Path) -> list[Place]:
    """Every record of a plain, a gzip or a zst WARC file. Raises InputError for another file, or for a damaged one."""
    with path.open("rb") as stream:
        start = stream.read(4)
        if start == _DICTIONARY:
            raise InputError(f"{path}: is packed with a dictionary of its own, which cannot be taken apart")
        stream.seek(0)
        return list(_packed(stream, path, start) if start.startswith((_GZIP, _ZSTD)) else _plain(stream, path))


def blank(path: Path, wanted: Wanted) -> int:
    """Overwrite every record that is wanted (by address and offset); the file is replaced as a whole. Returns how many.

    Raises InputError when the file cannot be read through, or written.
    """
    found = [place for place in places(path) if wanted(place.url, place.offset)]
    if not found:
        return 0
    with path.open("rb") as stream:
        start = stream.read(4)
    fill = _blank_member if start.startswith(_GZIP) else _blank_frame if start == _ZSTD else _blank_record
    with io.replacing(path) as temporary, path.open("rb") as stream:
        temporary.touch(path.stat().st_mode & 0o777)
        with temporary.open("wb") as target:
            for place in found:
                _copied(stream, target, place.offset - stream.tell())
                target.write(fill(place.length, path))
                stream.seek(place.length, 1)
            _copied(stream, target, None)
    return len(found)


def _copied(stream: BinaryIO, target: BinaryIO, size: int | None) -> None:
    while size is None or size > 0:
        part = stream.read(_CHUNK if size is None else min(size, _CHUNK))
        if not part:
            return
        target.write(part)
        size = None if size is None else size - len(part)


def _packed(stream: BinaryIO, path: Path, start: bytes) -> Iterator[Place]:
    """The members of a gzip file or the frames of a zst one, each of which must hold one record; what is skipped ends the record before."""
    rest, offset = stream.read(_CHUNK), 0
    last: Place | None = None
    while rest:
        unpack = zlib.decompressobj(31) if start.startswith(_GZIP) else zstandard.ZstdDecompressor().decompressobj()
        head, size, length = b"", 0, 0
        while not unpack.eof:
            if not rest and not (rest := stream.read(_CHUNK)):
                raise _damaged(path, offset)
            try:
                data = unpack.decompress(rest)
            except (zlib.error, zstandard.ZstdError) as error:
                raise _damaged(path, offset) from error
            length += len(rest) - len(unpack.unused_data)
            rest = unpack.unused_data
            size += len(data)
            head = (head + data)[:_LONGEST_HEAD] if len(head) < _LONGEST_HEAD else head
        rest = rest or stream.read(_CHUNK)
        offset += length
        if not size and last:
            last = last._replace(length=last.length + length)
            continue
        if last:
            yield last
        begin, body, url = _read_head(head, path, offset - length)
        if size > begin + body + 4:
            raise InputError(f"{path}: holds several records in one compressed block, which cannot be taken apart")
        last = Place(offset - length, length, url)
    if last:
        yield last


def _plain(stream: BinaryIO, path: Path) -> Iterator[Place]:
    offset = 0
    while head := stream.read(_LONGEST_HEAD):
        start, body, url = _read_head(head, path, offset)
        length = start + body + 4
        stream.seek(offset + length - 4)
        if stream.read(4) != b"\r\n\r\n":
            raise _damaged(path, offset)
        yield Place(offset, length, url)
        offset += length


def _read_head(head: bytes, path: Path, offset: int) -> tuple[int, int, str]:
    """Length of the head of a record, length of its body, and the address it is about."""
    end = head.find(b"\r\n\r\n")
    fields = {name.lower(): value for name, value in _FIELD.findall(head[: max(end, 0)])}
    length = fields.get(b"content-length", b"")
    if not head.startswith(b"WARC/") or end < 0 or not length.isdigit():
        raise _damaged(path, offset)
    url = fields.get(b"warc-target-uri", b"").decode("utf-8", "surrogateescape").strip("<> ")
    return end + 4, int(length), url


def _damaged(path: Path, offset: int) -> InputError:
    return InputError(f"{path}: is no WARC file, or is damaged at byte {offset}")


def _record(padding: int) -> bytes:
    head = f"WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:uuid:{0:08d}-0000-0000-0000-{0:012d}>\r\n"
    head += "WARC-Date: 1970-01-01T00:00:00Z\r\nContent-Type: text/plain\r\n"
    body = _TEXT + b" " * padding
    return f"{head}Content-Length: {len(body):012d}\r\n\r\n".encode() + body + b"\r\n\r\n"


def _blank_record(length: int, path: Path) -> bytes:
    """A record of exactly so many bytes."""
    padding = length - len(_record(0))
    if padding < 0:
        raise _short(path, length)
    return _record(padding)


def _blank_member(length: int, path: Path) -> bytes:
    """A gzip member of exactly so many bytes: its head has a comment of blanks."""
    raw = _record(0)
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = pack.compress(raw) + pack.flush()
    tail = zlib.crc32(raw).to_bytes(4, "little") + len(raw).to_bytes(4, "little")
    padding = length - len(body) - 19
    if padding < 0:
        raise _short(path, length)
    return bytes([0x1F, 0x8B, 8, _COMMENT, 0, 0, 0, 0, 0, 255]) + b" " * padding + b"\0" + body + tail


def _blank_frame(length: int, path: Path) -> bytes:
    """A zst frame of exactly so many bytes, the rest of which is a frame that readers skip."""
    record = zstandard.ZstdCompressor(write_checksum=False).compress(_record(0))
    padding = length - len(record) - 8
    if padding < 0:
        raise _short(path, length)
    return record + _SKIPPED + padding.to_bytes(4, "little") + b" " * padding


def _short(path: Path, length: int) -> InputError:
    return InputError(f"{path}: a record of {length} bytes is too short to be overwritten")
