"""The encoding ladder: byte order mark, strict UTF-8, strict GB18030, GB18030 with replacement and a count.

Files that mix encodings are decided line by line. A line end byte never occurs inside a character of either encoding, so
lines can be cut before they are decoded.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_PROBE_BYTES = 1 << 20
_THREE_BYTES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Line(NamedTuple):
    """A decoded line without its line end; `replaced` counts characters that no encoding could give."""

    text: str
    replaced: int = 0


def probe(head: bytes) -> str:
    """The base encoding of a file from its first bytes: `utf-8`, `utf-8-sig`, `utf-16` or `gb18030`."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    return "utf-8" if _is_utf8(head[:_PROBE_BYTES]) else "gb18030"


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def decode_line(line: bytes, base: str) -> Line:
    """Decode one line by the ladder; `base` decides where a line is valid in both encodings."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return _gb18030(line)
    if base == "gb18030" and not line.isascii() and not _THREE_BYTES.search(line):
        return _gb18030(line)
    return Line(text)


def _gb18030(line: bytes) -> Line:
    try:
        return Line(line.decode("gb18030"))
    except UnicodeDecodeError:
        text = line.decode("gb18030", "replace")
        return Line(text, text.count("\ufffd"))


def decode_lines(blocks: Iterable[bytes], base: str) -> Iterator[Line]:
    """Decode a stream of bytes into lines, whatever ends them (LF, CRLF, CR)."""
    if base == "utf-16":
        yield from _decode_utf16(blocks)
        return
    rest = b""
    first = True
    for block in blocks:
        if first and base == "utf-8-sig":
            block = block.removeprefix(codecs.BOM_UTF8)
        first = False
        block = rest + block
        # A \r at the very end may be the first half of \r\n.
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        rest = block[cut:]
        yield from _decode_block(block[:cut], base)
    yield from _decode_block(rest, base)


def _decode_block(block: bytes, base: str) -> Iterator[Line]:
    if not block:
        return
    lines = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    if base != "gb18030" and _is_whole_utf8(block):
        for line in lines:
            yield Line(line.decode("utf-8"))
    else:
        for line in lines:
            yield decode_line(line, base)


def _is_whole_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode_utf16(blocks: Iterable[bytes]) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    rest = ""
    for block in blocks:
        text = rest + decoder.decode(block)
        cut = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        rest = text[cut:]
        yield from _utf16_lines(text[:cut])
    yield from _utf16_lines(rest + decoder.decode(b"", final=True))


def _utf16_lines(text: str) -> Iterator[Line]:
    if text:
        for line in text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n"):
            yield Line(line, line.count("\ufffd"))
