"""An HTTP response as a WARC stores it: status, headers, and the body with its transfer and content codings undone."""

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]+)[ \t]*(?:;[^\r\n]*)?\r\n")
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
    if body.startswith(b"\x1f\x8b"):
        return _inflated(body, lambda: zlib.decompressobj(wbits=31))
    if coding == "deflate" and body[:1] == b"\x78":
        return _inflated(body, zlib.decompressobj)
    text = body[:512].lstrip()[:1] in {b"<", b"{", b"[", b""} or body.startswith(
        (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
    )
    if coding in {"br", "zstd"} and not text:
        return b"", "packed"
    return (b"", "too_large") if len(body) > MAX_BODY else (body, "")


def _inflated(body: bytes, engine: "Callable[[], zlib._Decompress]") -> tuple[bytes, str]:
    try:
        text = engine().decompress(body, MAX_BODY + 1)
    except zlib.error:
        return b"", "packed"
    return (b"", "too_large") if len(text) > MAX_BODY else (text, "")
