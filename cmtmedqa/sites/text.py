"""The text of elements and of JSON values, as lines of folded white space."""

import html
import re
from collections.abc import Collection
from typing import Any

_HIDDEN = frozenset(
    {"script", "style", "noscript", "template", "select", "button", "iframe", "object", "svg", "head", "textarea"}
)
_BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header
    hr li main nav ol p pre section table tbody tfoot thead tr ul""".split()  # noqa: SIM905
)
_LINE_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)
_LINE_SPACES = re.compile(r"[ \t\f\v\u00a0]+")
_WIDE_SPACES = re.compile(r"[\t\f\v\u00a0]|  ")
_TWICE = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d{1,5});")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\x00]")
_NEW_LINES = str.maketrans("\r\n", "  ")
_HEADINGS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_ORPHANS = frozenset({"p", "ul", "ol", "br"})


def text_of(node: Any, dropped: Collection[Any] = (), breaks: Collection[Any] = ()) -> str:
    """The text of an element as lines: blocks, br and `breaks` begin one, white space is folded, `dropped` elements give nothing."""
    if not len(node) and node.tag != "pre":
        return "" if node.tag in _HIDDEN else lines((node.text or "").translate(_NEW_LINES))
    return lines("".join(_pieces(node, dropped, breaks)))


def _pieces(root: Any, dropped: Collection[Any], breaks: Collection[Any]) -> list[str]:
    """Texts and line ends in order. Not recursive: where nothing is closed, a page is a thousand elements deep."""
    out: list[str] = []
    stack: list[Any] = [(root, False)]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            out.append(item)
            continue
        node, kept = item
        tag = node.tag
        if tag in _HIDDEN or node in dropped or not isinstance(tag, str):
            continue
        kept = kept or tag == "pre"
        if tag in _BLOCKS:
            out.append("\n")
            stack.append("\n")
        elif tag == "br" or node in breaks:
            out.append("\n")
        elif tag in {"td", "th"}:
            stack.append(" ")
        if node.text:
            out.append(node.text if kept else node.text.translate(_NEW_LINES))
        for child in reversed(node):
            if child.tail:
                stack.append(child.tail if kept else child.tail.translate(_NEW_LINES))
            stack.append((child, kept))
    return out


def orphans(node: Any) -> list[Any]:
    """The paragraphs behind a paragraph or heading with a class that were inside it on the page.

    A parser ends `<p class="said"><p>…</p><p>…</p></p>` before the first inner one, which leaves `p.said` without its text.
    """
    found: list[Any] = []
    if node.tag in _HEADINGS and node.get("class"):
        following = node.getnext()
        while following is not None and following.tag in _ORPHANS and not following.get("class"):
            found.append(following)
            following = following.getnext()
    return [one for one in found if one.tag != "br"]


def text_of_value(value: Any) -> str:
    """The text of an attribute or a JSON value; markup inside is read as such."""
    if value is True or value is False:
        return str(value).lower()
    text = value if isinstance(value, str) else "" if isinstance(value, dict | list) else str(value)
    if "<" in text or "&" in text:
        text = html.unescape(_TAG.sub("", _LINE_BREAK.sub("\n", text)))
        text = html.unescape(text) if _TWICE.search(text) else text
    return lines(text)


def lines(text: str) -> str:
    """Folded white space: no empty line, none at either end of a line."""
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _WIDE_SPACES.search(text):
        text = _LINE_SPACES.sub(" ", text)
    if "\n" not in text:
        return text.strip()
    return "\n".join(line for part in text.split("\n") if (line := part.strip()))
