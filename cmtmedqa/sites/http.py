"""An HTTP response as a WARC stores it: status, headers, and the body with its transfer and content codings undone."""

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]+)[ \t]*(?:;[^\r\n]*)?\r\n")
_LAYERS = 3  # `gzip, gzip` occurs
_STEP = 16 * 1024
MAX_BODY = 10 * 1024 * 1024  # as much as a crawl stores of one page


class Response(NamedTuple):
    """`fault` is why the body is none: `packed`, `too_large`, `no_http`."""

    status: int
    content_type: str
    body: bytes
    fault: str = ""


def response(block: bytes) -> Response:
    """The response in the block of a WARC record."""
    found = _STATUS.match(block)
    end = _HEAD_END.search(block)
    if not found or not end:
        return Response(0, "", b"", "no_http")
    headers: dict[str, str] = {}
    for line in block[: end.start()].split(b"\n")[1:]:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    body = block[end.end() :]
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _unchunked(body)
    body, fault = _unpacked(body, headers.get("content-encoding", "").lower())
    return Response(int(found[1]), headers.get("content-type", ""), body, fault)


def _unchunked(body: bytes) -> bytes:
    """The body without its chunk marks; as it is where the archive has removed them already."""
    parts: list[bytes] = []
    at = 0
    while found := _CHUNK.match(body, at):
        size = int(found[1], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(body[found.end() : found.end() + size])
        at = found.end() + size
        at += 2 if body[at : at + 2] == b"\r\n" else 0
    return b"".join(parts) if parts and at >= len(body) else body


def _unpacked(body: bytes, coding: str) -> tuple[bytes, str]:
    """Unpacked where the bytes are packed, whatever the header says; archives often store what was unpacked."""
    for _ in range(_LAYERS):
        engine = _engine(body, coding)
        if engine is None or len(body) > MAX_BODY:
            break
        coding = coding.rpartition(",")[0]
        try:
            body = engine(body)
        except (zlib.error, ValueError, ImportError, _brotli_error()):
            return b"", "packed"
    return (b"", "too_large") if len(body) > MAX_BODY else (body, "")


def _engine(body: bytes, coding: str) -> Callable[[bytes], bytes] | None:
    """What unpacks a body that does not look like text; None for one that does."""
    if body.startswith(b"\x1f\x8b"):
        return lambda packed: zlib.decompressobj(wbits=31).decompress(packed, MAX_BODY + 1)
    if body[:512].lstrip()[:1] in {b"<", b"{", b"[", b""} or body.startswith(
        (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
    ):
        return None
    if "deflate" in coding:  # with the head of zlib, or as some servers send it, without
        wbits = zlib.MAX_WBITS if body[:1] == b"\x78" else -zlib.MAX_WBITS
        return lambda packed: zlib.decompressobj(wbits=wbits).decompress(packed, MAX_BODY + 1)
    if "zstd" in coding:
        return _unknown
    return _unbrotli if "br" in coding else None


def _unknown(_: bytes) -> bytes:
    raise ValueError("no library for it")


def _brotli_error() -> type[Exception]:
    try:
        import brotli
    except ImportError:
        return ImportError
    error: type[Exception] = brotli.error
    return error


def _unbrotli(packed: bytes) -> bytes:
    import brotli

    engine = brotli.Decompressor()
    text = b""
    for at in range(0, len(packed), _STEP):
        text += engine.process(packed[at : at + _STEP])
        if len(text) > MAX_BODY:
            break
    return text
