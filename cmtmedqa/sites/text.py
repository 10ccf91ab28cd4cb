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
_ESCAPED_TAG = re.compile(r"</?(?:br|p|div|span|ul|ol|li|em|strong|b|i|a|font|img)\b[^<>]*>", re.IGNORECASE)
_TWICE = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d{1,5});")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\x00]")
# What stands before and behind the text of an element.
_EDGES = dict.fromkeys(_BLOCKS, ("\n", "\n")) | {"br": ("\n", ""), "td": ("", " "), "th": ("", " ")}
_NO_EDGES = ("", "")
_HEADINGS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_ORPHANS = frozenset({"p", "ul", "ol", "br"})


def text_of(node: Any, dropped: Collection[Any] = (), breaks: Collection[Any] = ()) -> str:
    """The text of an element as lines: blocks, br and `breaks` begin one, white space is folded, `dropped` elements give nothing."""
    if not len(node) and node.tag != "pre":
        return "" if node.tag in _HIDDEN else lines(_one_line(node.text or ""))
    return lines("".join(_pieces(node, dropped, breaks)))


def _one_line(text: str) -> str:
    """The text without line ends, which mean nothing outside of `pre`."""
    return text.replace("\n", " ").replace("\r", " ")


def _pieces(root: Any, dropped: Collection[Any], breaks: Collection[Any]) -> list[str]:
    """Texts and line ends in order. Not recursive: where nothing is closed, a page is a thousand elements deep."""
    out: list[str] = []
    above: list[tuple[Any, str, bool]] = []  # the elements left to read, what follows them, whether line ends are kept
    nodes, after, kept = iter((root,)), "", False
    while True:
        for node in nodes:
            tag = node.tag
            tail = node.tail if node is not root else None
            if tail and not kept:
                tail = _one_line(tail)
            if tag in _HIDDEN or node in dropped or not isinstance(tag, str):
                if tail:
                    out.append(tail)
                continue
            begin, end = _EDGES.get(tag, _NO_EDGES)
            if begin:
                out.append(begin)
            elif node in breaks:
                out.append("\n")
                end = ""
            inner = kept or tag == "pre"
            if text := node.text:
                out.append(text if inner else _one_line(text))
            end = f"{end}{tail}" if tail else end
            if len(node):
                above.append((nodes, after, kept))
                nodes, after, kept = iter(node), end, inner
                break
            if end:
                out.append(end)
        else:
            out.append(after)
            if not above:
                return out
            nodes, after, kept = above.pop()


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
        if _ESCAPED_TAG.search(text):  # `&lt;br&gt;`: markup that was escaped with the rest
            text = _ESCAPED_TAG.sub("", _LINE_BREAK.sub("\n", text))
    return lines(text)


def lines(text: str) -> str:
    """Folded white space: no empty line, none at either end of a line."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" not in text:
        return _line(text)
    return "\n".join(line for part in text.split("\n") if (line := _line(part)))


def _line(text: str) -> str:
    if text.isprintable() and "  " not in text:  # of all white space only the blank is printable
        return text.strip()
    return _LINE_SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()
