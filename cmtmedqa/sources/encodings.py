"""The encoding ladder: byte order mark, strict UTF-8, strict GB18030, GB18030 with replacement and a count.

Files that mix encodings are decided line by line. No character of either encoding holds a byte below 0x30 behind its first,
so text can be cut at line ends, quotes and commas before it is decoded. What no encoding can give becomes `MARK`, which
stands for it until its record is complete (see mend.py) and can be told from a U+FFFD that the file itself holds.
"""

import codecs
import re
from collections.abc import Iterable, Iterator

MARK = "\ufdd0"
MAX_RECORD = 64 * 1024 * 1024  # characters or bytes; no dialogue is longer, a stream without end is
TOO_LONG = "\ufdd1" * 2  # this object itself, not its value, stands for a line that no memory should hold

_MAX_PIECE = 16 * 1024 * 1024

_PROBE_BYTES = 1 << 20
_WIDE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ASCII = bytes(range(128))
_WIDE_SHARE = 20  # at least one byte in so many is a zero; keys and punctuation of records are ASCII
_ONE_SIDE = 50
_UTF8_FFFD = "\ufffd".encode()
_CUTS = (b"\n", b'"', b",")
_LINE_END = re.compile(rb"\r\n?|\n")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins with the mark of the next one
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def probe(head: bytes) -> str:
    """The base encoding of a file from its first bytes: `utf-8`, `utf-8-sig`, `utf-16`, `utf-32` or `gb18030`.

    UTF-16 without its mark (`utf-16-le`, `utf-16-be`) shows by the zero bytes of its ASCII characters on one side only.
    In a file that mixes both, the one of most lines that can be told apart.
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    head = head[:_PROBE_BYTES]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * _WIDE_SHARE > len(head) and min(even, odd) * _ONE_SIDE < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    if _is_utf8(head, final=False):
        return "utf-8"
    lines = [line for line in head.splitlines() if not line.isascii()]
    utf8 = sum(_WIDE.search(line) is not None and (_is_utf8(line) or _damaged_utf8(line) is not None) for line in lines)
    return "utf-8" if utf8 * 2 > len(lines) else "gb18030"


def is_wide(encoding: str) -> bool:
    """Whether line ends have more than one byte in an encoding."""
    return encoding.startswith(("utf-16", "utf-32"))


def _is_utf8(data: bytes, final: bool = True) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(data, final)
    except UnicodeDecodeError:
        return False
    return True


def decode_line(line: bytes, base: str) -> str:
    """Decode one line by the ladder; `base` decides where a line is valid in both encodings."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return _not_utf8(line, base)
    if base == "gb18030" and not line.isascii() and not _WIDE.search(line):
        return _not_utf8(line, base)
    return text


def _not_utf8(line: bytes, base: str) -> str:
    """GB18030, but a few broken bytes in a line of a UTF-8 file, or in a line that is neither, do not make it that."""
    if base != "gb18030" and (damaged := _damaged_utf8(line)) is not None:
        return damaged
    try:
        return line.decode("gb18030")
    except UnicodeDecodeError:
        damaged = _damaged_utf8(line)
        return line.decode("gb18030", "replace").replace("\ufffd", MARK) if damaged is None else damaged


def _damaged_utf8(line: bytes) -> str | None:
    """The line as UTF-8 if most of it is: GB18030 read as UTF-8 gives hardly a valid three-byte character."""
    wide = len(_WIDE.findall(line))
    if not wide or wide * 6 < len(line.translate(None, _ASCII)):
        return None
    return "\ufffd".join(part.decode("utf-8", "replace").replace("\ufffd", MARK) for part in line.split(_UTF8_FFFD))


def decode_lines(blocks: Iterable[bytes], base: str) -> Iterator[str]:
    """Decode a stream of bytes into lines without their ends, whatever ends them (LF, CRLF, CR).

    A line of more than `MAX_RECORD` bytes is the object `TOO_LONG`.
    """
    if is_wide(base):
        yield from _text_lines(_decoded_wide(blocks, base))
        return
    for block in _cut_at_lines(_without_bom(blocks, base)):
        if block is None:
            yield TOO_LONG
        elif base != "gb18030" and (text := _whole_utf8(block)) is not None:
            yield from _split(text)
        else:
            for line in block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n"):
                yield decode_line(line, base)


def decode_pieces(blocks: Iterable[bytes], base: str) -> Iterator[str]:
    """Decode a stream of bytes into pieces of text of about a block, for text whose lines may be of any length (JSON)."""
    if is_wide(base):
        yield from _decoded_wide(blocks, base)
        return
    rest: list[bytes] = []
    size = 0
    for block in _without_bom(blocks, base):
        cut = max(block.rfind(mark) for mark in _CUTS) + 1
        if not cut and size + len(block) > _MAX_PIECE:  # of one string: at worst one character is cut in two
            cut = len(block)
        if cut:
            yield _piece(b"".join([*rest, block[:cut]]), base)
            rest, size = [], 0
        rest.append(block[cut:])
        size += len(rest[-1])
    yield _piece(b"".join(rest), base)


def _piece(data: bytes, base: str) -> str:
    if base != "gb18030" and (text := _whole_utf8(data)) is not None:
        return text
    return "\n".join(decode_line(line, base) for line in data.split(b"\n"))


def _without_bom(blocks: Iterable[bytes], base: str) -> Iterator[bytes]:
    first = base == "utf-8-sig"
    for block in blocks:
        yield block.removeprefix(codecs.BOM_UTF8) if first else block
        first = False


def _cut_at_lines(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    """The same bytes in pieces that end where a line ends; None for a line that is too long.

    A CR at the end of a block may be half of a CRLF.
    """
    rest: list[bytes] = []
    size = 0
    for block in blocks:
        if size > MAX_RECORD:  # in a line that is too long: on to its end
            found = _LINE_END.search(block)
            if not found:
                continue
            yield None
            rest, size, block = [], 0, block[found.end() :]
        if rest and rest[-1].endswith(b"\r"):
            block = rest.pop() + block
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1
        if cut:
            yield b"".join([*rest, block[:cut]])
            rest = []
        if block[cut:]:
            rest.append(block[cut:])
        size = sum(map(len, rest))
        if size > MAX_RECORD:
            rest = []
    if size > MAX_RECORD:
        yield None
    elif rest:
        yield b"".join(rest)


def _whole_utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _split(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _decoded_wide(blocks: Iterable[bytes], base: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(base)("replace")
    for block in blocks:
        yield decoder.decode(block).replace("\ufffd", MARK)
    yield decoder.decode(b"", final=True).replace("\ufffd", MARK)


def _text_lines(pieces: Iterable[str]) -> Iterator[str]:
    rest, lost = "", False
    for piece in pieces:
        text = rest + piece
        cut = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        rest = text[cut:]
        if cut:
            first, *lines = _split(text[:cut])
            yield from [TOO_LONG if lost else first, *lines]
            lost = False
        if len(rest) > MAX_RECORD:
            rest, lost = "", True
    if rest or lost:
        yield from [TOO_LONG] if lost else _split(rest)
