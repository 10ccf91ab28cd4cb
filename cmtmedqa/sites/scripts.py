"""The JSON that a page carries in its scripts, strict or as JavaScript writes it: text that is parsed, trailing commas, bare keys."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from cmtmedqa.sites.selectors import pattern

_DECODER = json.JSONDecoder(strict=False)
_CANDIDATES = 20
_NEAR = 400  # characters between the pattern and the object: `JSON.parse(`, `(function(){return `
_LD = re.compile(r"""<script\b[^>]*type\s*=\s*["']?application/ld\+json[^>]*>""", re.IGNORECASE)
_CDATA = re.compile(r"(?:\s*(?://|/\*|<!--)?\s*<!\[CDATA\[)?")
_QUOTED = re.compile(r"""\(?\s*(?:[\w$.]+\(\s*){1,3}("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)
_RETURNED = re.compile(r"\(?\s*function\s*\w*\([^()]*\)\s*\{\s*(?:[^{};]*;\s*)*return\s*(?=[{\[])")
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<mark>[{}\[\],])
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-z_$][\w$]*)|(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_BAD_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([^\"\\/bfnrtu]))", re.DOTALL)
_WORDS = {"true", "false", "null"}


def json_after(text: str, marker: str) -> Any:
    """The JSON value behind a pattern, up to where it ends; None if there is none that is not empty."""
    for count, found in enumerate(pattern(marker).finditer(text)):
        if count == _CANDIDATES:
            return None
        if value := _value_at(text, found.end()):
            return value
    return None


def json_ld(text: str, kind: str) -> Any:
    """The first JSON-LD object of a type, wherever it stands in its script; None if there is none."""
    for script in _LD.finditer(text):
        after = _CDATA.match(text, script.end()).end()  # type: ignore[union-attr]  # matches nothing as well
        start = next((at for at in range(after, min(after + 200, len(text))) if text[at] in "[{"), -1)
        if start >= 0 and (found := _typed(_object_at(text, start), kind)) is not None:
            return found
    return None


def _typed(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return next((found for item in value if (found := _typed(item, kind)) is not None), None)
    if not isinstance(value, dict):
        return None
    types = value.get("@type")
    if kind in (types if isinstance(types, list) else [types]):
        return value
    return next((found for item in value.values() if (found := _typed(item, kind)) is not None), None)


def _value_at(text: str, at: int) -> Any:
    near = text[at : at + _NEAR]
    start = at + len(near) - len(near.lstrip())
    if text[start : start + 1] in {"{", "["}:
        return _object_at(text, start)
    if quoted := _QUOTED.match(text, start):
        inner = _unquoted(quoted[1])
        inner = unquote(inner) if inner.lstrip().startswith("%") else inner
        return _object_at(inner, len(inner) - len(inner.lstrip()))
    returned = _RETURNED.match(text, start)
    return _object_at(text, returned.end()) if returned else None


def _object_at(text: str, start: int) -> Any:
    """The object or list that begins here, read strictly, then as a script; None if it is neither."""
    if text.startswith(("{&quot;", "[{&quot;"), start):
        text, start = html.unescape(text[start:].partition("</script")[0]), 0
    try:
        return _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return _DECODER.decode("".join(_as_json(text, start)))
    except (ValueError, RecursionError):
        return None


def _as_json(text: str, start: int) -> Iterator[str]:
    """The tokens of a JavaScript literal as JSON, up to the end of the object that begins here."""
    depth, comma = 0, False
    for found in _TOKEN.finditer(text, start):
        kind, piece = found.lastgroup, found[0]
        if kind == "comment" or piece.isspace():
            continue
        if comma and piece not in {"}", "]"}:
            yield ","
        comma = piece == ","
        if comma:
            continue
        if kind == "text":
            yield json.dumps(_unquoted(piece), ensure_ascii=False)
        elif kind == "word" and piece not in _WORDS:
            yield json.dumps(piece) if text[found.end() : found.end() + 20].lstrip().startswith(":") else "null"
        elif piece != "!":
            negated = text[found.start() - 1] == "!" and piece in {"0", "1"}  # !0 and !1 of minified scripts
            yield ({"0": "true", "1": "false"}[piece]) if negated else piece
        depth += (piece in {"{", "["}) - (piece in {"}", "]"})
        if depth == 0:
            return


def _unquoted(piece: str) -> str:
    """The text of a JavaScript string."""
    inner = piece[1:-1]
    if piece[0] == "'":
        inner = inner.replace("\\'", "'").replace('\\"', '"')
        inner = re.sub(r'"', r"\"", inner)
    inner = _BAD_ESCAPE.sub(lambda bad: f"\\u00{bad[1]}" if bad[1] else bad[2], inner)
    return str(json.loads(f'"{inner}"', strict=False))
