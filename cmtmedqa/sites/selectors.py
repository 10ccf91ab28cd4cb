"""Selectors of a spec, compiled once, and the text of what they find."""

import functools
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import jmespath
from lxml import etree
from parsel.csstranslator import HTMLTranslator

if TYPE_CHECKING:
    from cmtmedqa.sites.spec import Select

Found = list[Any]  # elements, texts or JSON values

Names = frozenset[str] | None

_EXSLT = {"re": "http://exslt.org/regular-expressions"}
_HIDDEN = frozenset(
    {"script", "style", "noscript", "template", "select", "button", "iframe", "object", "svg", "head", "textarea"}
)
_BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header
    hr li main nav ol p pre section table tbody tfoot thead tr ul""".split()  # noqa: SIM905
)
_LINE_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)
_SPACES = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_LINE_SPACES = re.compile(r"[ \t\f\v\u00a0]+")
_NAMED = re.compile(r"[.#]([\w-]+)")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\x00]")


_NAMES_OF = etree.XPath("descendant-or-self::*/@class | descendant-or-self::*/@id", regexp=False, smart_strings=False)


@functools.cache
def _xpath(css: str | None, xpath: str | None) -> Any:
    if css is not None:
        xpath = _translated(css)
    regexp = "re:" in (xpath or "")  # looking up these functions costs more than most selectors
    return etree.XPath(xpath or "", namespaces=_EXSLT if regexp else None, regexp=regexp, smart_strings=False)


def _translated(css: str) -> str:
    return HTMLTranslator().css_to_xpath(css)


@functools.cache
def _jmespath(expression: str) -> Any:
    return jmespath.compile(expression)


@functools.cache
def pattern(text: str) -> re.Pattern[str]:
    """A compiled pattern; a full stop also stands for a line end."""
    return re.compile(text, re.DOTALL)


def compile_all(select: "Select") -> None:
    """Raise ValueError where a selector does not compile."""
    import cssselect

    for one in (select.css or select.xpath or select.jmespath or "", *select.otherwise):
        try:
            if select.jmespath is not None:
                _jmespath(one)
            else:
                _xpath(one, None) if select.css is not None else _xpath(None, one)
        except (cssselect.SelectorError, etree.XPathSyntaxError, jmespath.exceptions.JMESPathError) as error:
            raise ValueError(f"'{one}' does not compile: {str(error).splitlines()[0]}") from error
    for one in (*select.drop, *select.breaks):
        try:
            _xpath(one, None)
        except (cssselect.SelectorError, etree.XPathSyntaxError) as error:
            raise ValueError(f"'{one}' does not compile: {error}") from error


def find(select: "Select", scope: Any, names: Names = None) -> Found:
    """What a selector finds in an element or a JSON value: elements, texts or values that are not null.

    `names`: the classes and ids inside the element, if they are known: most selectors need not be tried then.
    """
    first = select.css if select.css is not None else select.xpath if select.xpath is not None else select.jmespath
    for one in (first or "", *select.otherwise):
        if select.jmespath is not None:
            found = _values(_jmespath(one).search(scope)) if not etree.iselement(scope) else []
        elif not etree.iselement(scope) or (select.css is not None and _hopeless(one, names)):
            continue
        else:
            found = _nodes(_xpath(one, None)(scope) if select.css is not None else _xpath(None, one)(scope))
        if found:
            return found[:1] if select.first else found
    return []


def names_in(node: Any) -> frozenset[str]:
    """The classes and ids of an element and all that is inside it."""
    return frozenset(" ".join(_NAMES_OF(node)).split())


def _hopeless(css: str, names: Names) -> bool:
    needed = _needed(css)
    return names is not None and bool(needed) and names.isdisjoint(needed)


@functools.cache
def _needed(css: str) -> frozenset[str]:
    """Classes and ids of which one must be there for a CSS selector to find anything; empty if that cannot be told."""
    found = [_NAMED.findall(one) for one in css.split(",")]
    known = "[" not in css and ":" not in css and all(found)
    return frozenset(one[-1] for one in found) if known else frozenset()


def _nodes(result: Any) -> Found:
    """Booleans and numbers of XPath count as found where they are true."""
    if isinstance(result, list):
        return result
    return [result] if result else []


def _values(result: Any) -> Found:
    if isinstance(result, list):
        return [item for item in result if item is not None]
    return [] if result is None or result is False else [result]


def texts(select: "Select", scope: Any, names: Names = None, taken: Sequence[Any] = ()) -> tuple[list[str], list[Any]]:
    """The texts a selector finds, empty ones left out, and the elements they are from.

    An element inside one that was taken before (also by an earlier selector: `taken`) gives nothing: no text comes twice.
    """
    used: list[Any] = []
    result = []
    known = set(taken)
    for item in find(select, scope, names):
        if etree.iselement(item):
            if item in known or any(parent in known for parent in item.iterancestors()):
                continue
            known.add(item)
            used.append(item)
            text = text_of(item, _inside(select.drop, item, names), _inside(select.breaks, item, names))
        else:
            text = text_of_value(item)
        if text := _refined(text, select):
            result.append(text)
    return result, used


def _inside(selectors: tuple[str, ...], node: Any, names: Names) -> set[Any]:
    if not selectors or _hopeless(css := ", ".join(selectors), names):
        return set()
    return {found for found in _xpath(css, None)(node) if found is not node}


def _refined(text: str, select: "Select") -> str:
    if select.match:
        found = pattern(select.match).search(text)
        if not found:
            return ""
        text = next((group for group in found.groups() if group is not None), found[0])
    for one in select.strip:
        text = pattern(one).sub("", text)
    return text.strip()


def matches(select: "Select", scope: Any, names: Names = None) -> bool:
    """Whether a selector finds anything; with `match`, whether one of the texts found matches."""
    return bool(texts(select, scope, names)[0]) if select.match else bool(find(select, scope, names))


def text_of(node: Any, dropped: Collection[Any] = (), breaks: Collection[Any] = ()) -> str:
    """The text of an element as lines: blocks, br and `breaks` begin one, white space is folded, `dropped` elements give nothing."""
    out: list[str] = []
    _gather(node, out, dropped, breaks, node.tag == "pre")
    return lines("".join(out))


def _gather(node: Any, out: list[str], dropped: Collection[Any], breaks: Collection[Any], kept: bool) -> None:
    tag = node.tag
    if tag in _HIDDEN or node in dropped or not isinstance(tag, str):
        return
    if tag == "br" or node in breaks:
        out.append("\n")
    block = tag in _BLOCKS
    kept = kept or tag == "pre"
    if block:
        out.append("\n")
    if node.text:
        out.append(node.text if kept else _SPACES.sub(" ", node.text))
    for child in node:
        _gather(child, out, dropped, breaks, kept)
        if child.tail:
            out.append(child.tail if kept else _SPACES.sub(" ", child.tail))
    if block:
        out.append("\n")
    elif tag in {"td", "th"}:
        out.append(" ")


def text_of_value(value: Any) -> str:
    """The text of an attribute or a JSON value; markup inside is read as such."""
    if value is True or value is False:
        return str(value).lower()
    text = value if isinstance(value, str) else "" if isinstance(value, dict | list) else str(value)
    if "<" in text or "&" in text:
        import html

        text = html.unescape(_TAG.sub("", _LINE_BREAK.sub("\n", text)))
    return lines(text)


def lines(text: str) -> str:
    """Folded white space: no empty line, none at either end of a line."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if "\n" not in text:
        return _LINE_SPACES.sub(" ", text).strip()
    return "\n".join(line for part in text.split("\n") if (line := _LINE_SPACES.sub(" ", part).strip()))
