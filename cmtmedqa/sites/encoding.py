"""The text of a page from its bytes. A declared charset is believed last: it is the part that lies.

Order: forced by the spec, byte order mark, strict UTF-8, UTF-8 with a few broken bytes, strict GB18030, what header and
meta declare, then whichever of UTF-8 and GB18030 has fewer errors. Nothing readable is `None`.
"""

import codecs
import re
from collections.abc import Sequence
from typing import NamedTuple

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with the mark of the next one
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE
)
_HEADER = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_META_BYTES = 8_192
_SAMPLE, _HALF, _MOST = 600, 0.5, 0.8  # most pages of GB18030 are told by the first bytes above ASCII
_WIDE = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_ASCII = bytes(range(128))
_LONGEST_CHARACTER = 4
_QUARANTINE = 20  # one broken byte in so many that are not ASCII: no encoding that is known


class Decoded(NamedTuple):
    """A page as text. `declared`: the charsets it names, header first; `damaged`: U+FFFD stands for bytes of it."""

    text: str
    encoding: str
    declared: tuple[str, ...]
    damaged: bool = False
    cut: bool = False


def declared_in(body: bytes, content_type: str = "") -> tuple[str, ...]:
    """The charsets that header and meta elements name, in lower case, each once."""
    header = _HEADER.findall(content_type)
    metas = [name.decode("ascii") for name in _META.findall(body[:_META_BYTES])]
    return tuple(dict.fromkeys(name.lower() for name in (*header, *metas)))


def decode(body: bytes, content_type: str = "", forced: str | None = None) -> Decoded | None:
    """The text of a page, None when no encoding gives one. An incomplete last character is cut."""
    declared = declared_in(body, content_type)
    if forced:
        return _damaged(body, [forced], declared)
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _damaged(body[len(mark) :], [name], declared)
    if found := _strict(body, "utf-8", declared):
        return found
    if _mostly_utf8(body):
        return _damaged(body, ["utf-8"], declared)
    for name in ("gb18030", *filter(None, map(_known, declared))):
        if found := _strict(body, name, declared):
            return found
    return _damaged(body, ["utf-8", "gb18030"], declared)


def _strict(body: bytes, encoding: str, declared: tuple[str, ...]) -> Decoded | None:
    try:
        return Decoded(body.decode(encoding), encoding, declared)
    except UnicodeDecodeError as error:
        at = error.start
    if at == 0 or len(body) - at >= _LONGEST_CHARACTER:
        return None
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        return Decoded(decoder.decode(body), encoding, declared, cut=True)  # what is incomplete stays in the decoder
    except UnicodeDecodeError:
        return None


def _damaged(body: bytes, encodings: Sequence[str], declared: tuple[str, ...]) -> Decoded | None:
    """The candidate with the fewest errors; the first of equals."""
    texts = []
    for name in encodings:
        if found := _strict(body, name, declared):
            return found
        decoder = codecs.getincrementaldecoder(name)("replace")
        texts.append(Decoded(decoder.decode(body), name, declared, damaged=True, cut=bool(decoder.getstate()[0])))
    best = min(texts, key=lambda one: one.text.count("\ufffd"))
    foreign = len(body.translate(None, _ASCII))
    lost = best.text.count("\ufffd")
    if encodings == ["utf-8", "gb18030"] and lost > 1 and lost * _QUARANTINE > foreign:
        return None
    return best


def _mostly_utf8(body: bytes) -> bool:
    """Whether most bytes above ASCII form characters of UTF-8: a broken byte does not turn a page into GB18030."""
    foreign = body.translate(None, _ASCII)
    return _formed(foreign[:_SAMPLE]) > _HALF and _formed(foreign) > _MOST


def _formed(foreign: bytes) -> float:
    """The share of bytes above ASCII that form characters of UTF-8."""
    return len(b"".join(_WIDE.findall(foreign))) / max(1, len(foreign))


def _known(name: str) -> str | None:
    """The codec of a declared charset, None for one that Python does not know or that decodes anything."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        return None
    single = found.name.startswith(("iso8859", "latin", "cp125", "ascii", "koi8"))
    return None if single or not found._is_text_encoding else found.name
