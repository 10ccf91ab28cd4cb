"""The bytes of a source file in blocks, decompressed on the way; damage ends the stream and is kept for the report."""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import zstandard

from cmtmedqa.errors import InputError
from cmtmedqa.sources.files import SourceFile

BLOCK = 1 << 20

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

# Real text packs 3 to 50 times; a stream that grows more than 500 times past 64 MB is a bomb.
_MAX_RATIO = 500
_RATIO_FROM = 64 * 1024 * 1024


class Blocks:
    """Iterates over blocks of bytes; afterwards `damage` says why the stream ended early ('' if it did not)."""

    def __init__(self, file: SourceFile, compression: str, start: int = 0, end: int = -1) -> None:
        self._file, self._compression, self._start, self._end = file, compression, start, end
        self.damage = ""

    def __iter__(self) -> Iterator[bytes]:
        with self._file.open() as raw:
            if self._start:
                raw.seek(self._start)
            counted = _Counted(raw)
            stream = _opened(counted, self._compression)
            left = self._end - self._start if self._end >= 0 else -1
            produced = 0
            while left != 0:
                block = self._read(stream, BLOCK if left < 0 else min(BLOCK, left))
                if not block:
                    return
                produced += len(block)
                left -= len(block) if left > 0 else 0
                if self._compression and produced > max(_RATIO_FROM, _MAX_RATIO * counted.count):
                    self.damage = "compressed_too_large"
                    return
                yield block

    def _read(self, stream: IO[bytes], size: int) -> bytes:
        try:
            return stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
            self.damage = (
                f"truncated_{self._compression}" if isinstance(error, EOFError) else f"damaged_{self._compression}"
            )
            return b""
        except OSError as error:
            raise InputError(
                f"{self._file.name}: cannot be read: {(error.strerror or 'input/output error').lower()}"
            ) from error


class _Counted:
    """A readable that counts the bytes taken from it, and hands out gzip blocks small enough to keep what precedes a cut."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self.count = raw, 0

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size)
        self.count += len(data)
        return data


def _opened(counted: _Counted, compression: str) -> IO[bytes]:
    if compression == "gz":
        return cast(IO[bytes], _Gunzip(counted))
    if compression == "zst":
        return cast(
            IO[bytes], zstandard.ZstdDecompressor().stream_reader(cast(BinaryIO, counted), read_across_frames=True)
        )
    return cast(IO[bytes], counted)


class _Gunzip:
    """gzip members one after the other. Unlike `gzip.open` it gives every byte that precedes a cut before it complains."""

    def __init__(self, counted: _Counted) -> None:
        self._source = counted
        self._engine = zlib.decompressobj(wbits=31)
        self._input = b""
        self._started = False

    def read(self, size: int) -> bytes:
        while True:
            if self._engine.eof:
                self._input = self._engine.unused_data.lstrip(b"\0") or self._source.read(BLOCK // 4).lstrip(b"\0")
                if not self._input:
                    return b""
                self._engine = zlib.decompressobj(wbits=31)
            if not self._input:
                self._input = self._source.read(BLOCK // 4)
                if not self._input:
                    raise EOFError
            data = self._engine.decompress(self._input, size)
            self._input = self._engine.unconsumed_tail
            if data:
                return data


def head(file: SourceFile, compression: str, size: int) -> bytes:
    """The first `size` bytes, as far as they can be had."""
    parts = bytearray()
    for block in Blocks(file, compression):
        parts += block
        if len(parts) >= size:
            break
    return bytes(parts[:size])
