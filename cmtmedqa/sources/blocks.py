"""The bytes of a source file in blocks, decompressed on the way; damage ends the stream and is kept for the report."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

import zstandard

from cmtmedqa.errors import InputError
from cmtmedqa.sources.files import SourceFile, reason_of

BLOCK = 1 << 20

GZIP_MAGIC = b"\x1f\x8b"
ARROW_MAGIC = b"ARROW1\0\0"  # of a file with a footer
ARROW_STREAM_MAGIC = b"\xff\xff\xff\xff"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_SKIPPED = tuple(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))  # frames of parallel compressors

# Text packs 3 to 50 times. What grows more than 200 times and past 256 MiB is a bomb.
SAFE_BYTES = 1 << 28
SAFE_RATIO = 200
# So few packed bytes can grow to no more than 16 MiB at once (zstandard's shortest block of one repeated byte).
_STEP = 512


class _Engine(Protocol):
    """What zlib and zstandard agree on: one member or frame of a compressed stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class Blocks:
    """Iterates over blocks of bytes; afterwards `damage` says why the stream ended early ('' if it did not)."""

    def __init__(self, file: SourceFile, compression: str, start: int = 0, end: int = -1) -> None:
        self._file, self._compression, self._start, self._end = file, compression, start, end
        self.damage = ""

    def __iter__(self) -> Iterator[bytes]:
        packed = bool(self._compression or self._file.member)
        limit = max(SAFE_BYTES, SAFE_RATIO * self._file.stored_size()) if packed else 0
        produced = 0
        for block in _unpacked(self) if self._compression else self.stored():
            produced += len(block)
            if packed and produced > limit:
                self.damage = "compressed_too_large"
                return
            yield block

    def stored(self) -> Iterator[bytes]:
        """The bytes as stored. Raises InputError when they cannot be read."""
        try:
            stream = self._file.open()
        except zipfile.BadZipFile:
            self.damage = "damaged_zip"
            return
        with stream as raw:
            if self._start:
                raw.seek(self._start)
            left = self._end - self._start if self._end >= 0 else -1
            while left and (block := self._read(raw, BLOCK if left < 0 else min(BLOCK, left))):
                left -= len(block) if left > 0 else 0
                yield block

    def _read(self, raw: BinaryIO, size: int) -> bytes:
        try:
            return raw.read(size)
        except EOFError:
            self.damage = "truncated_zip"
        except (zipfile.BadZipFile, zlib.error):
            self.damage = "damaged_zip"
        except OSError as error:
            raise InputError(f"{self._file.name}: cannot be read: {reason_of(error)}") from error
        return b""

    def engine(self) -> _Engine:
        """A decompressor of one member."""
        return (
            zlib.decompressobj(wbits=31) if self._compression == "gz" else zstandard.ZstdDecompressor().decompressobj()
        )

    def broken(self, how: str) -> None:
        """Note how the compressed stream ended, unless the archive around it says more."""
        self.damage = self.damage or f"{how}_{self._compression}"


def _unpacked(blocks: Blocks) -> Iterator[bytes]:
    """The members of a compressed stream one after the other, up to the last byte before a fault."""
    engine: _Engine | None = None
    parts: list[bytes] = []
    size = 0
    for piece in _steps(blocks.stored()):
        while piece:
            if engine is None:
                piece = piece.lstrip(b"\0")  # archives on tape are padded with zeros
                if not piece:
                    break
                engine = blocks.engine()
            try:
                parts.append(engine.decompress(piece))
            except (zlib.error, zstandard.ZstdError):
                yield b"".join(parts)
                blocks.broken("damaged")
                return
            size += len(parts[-1])
            piece = engine.unused_data if engine.eof else b""
            engine = None if engine.eof else engine
        if size >= BLOCK:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)
    if engine is not None:
        blocks.broken("truncated")


def _steps(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for at in range(0, len(block), _STEP):
            yield block[at : at + _STEP]


def head(file: SourceFile, compression: str, size: int) -> bytes:
    """The first `size` bytes, as far as they can be had."""
    parts = bytearray()
    for block in Blocks(file, compression):
        parts += block
        if len(parts) >= size:
            break
    return bytes(parts[:size])
