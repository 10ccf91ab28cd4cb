"""One saved page: its text, its tree and its JSON, each made once and only when a rule asks for it."""

import json
import re
from functools import cached_property
from typing import Any, NamedTuple

from lxml import etree

from cmtmedqa.sites.elements import Elements
from cmtmedqa.sites.encoding import Decoded
from cmtmedqa.sites.selectors import find, pattern
from cmtmedqa.sites.spec import Layout, Select, Spec

_DECODER = json.JSONDecoder(strict=False)
_CANDIDATES = 20
_LD = re.compile(r"""<script\b[^>]*type\s*=\s*["']?application/ld\+json[^>]*>""", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*>")
_STATED = ("canonical", "og:url", "mobile-agent", "alternate")
_OWN = Select(
    xpath="""//link[@rel="canonical"]/@href | //meta[@property="og:url"]/@content
    | //meta[@http-equiv="mobile-agent" or @name="mobile-agent"]/@content | //link[@rel="alternate"][@media]/@href"""
)


class Address(NamedTuple):
    """The id of a dialogue and the number of the page, from 1, as an address states them."""

    id: str
    page: int


class Page:
    """A decoded page and where it is from ('' if that is not known)."""

    def __init__(self, decoded: Decoded, url: str) -> None:
        self.decoded, self.url = decoded, url

    @property
    def text(self) -> str:
        """All of the page as text."""
        return self.decoded.text

    @cached_property
    def tree(self) -> Any:
        """The root element; an empty one for a page without any. Comments are gone: they split texts.

        `huge_tree`: where nothing is closed, a page of many messages is deeper than the 254 elements that lxml reads by default.
        """
        parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, recover=True, huge_tree=True)
        text = _DECLARATION.sub("", self.text).replace("\0", "")
        try:
            root = etree.fromstring(text.encode("utf-8", "replace"), parser)
        except etree.XMLSyntaxError:  # not a single element
            root = None
        return etree.Element("html") if root is None else root

    @cached_property
    def elements(self) -> Elements:
        """What the selectors of a page look in."""
        return Elements(self.tree)

    def scope(self, layout: Layout) -> Any:
        """What the selectors of a layout work on by default: the JSON it names, or the tree. None: there is no such JSON."""
        if layout.json_after:
            return json_after(self.text, layout.json_after)
        return json_ld(self.text, layout.json_ld) if layout.json_ld else self.elements

    def own_ids(self, spec: Spec) -> set[str]:
        """The ids by which the page calls itself."""
        ids = set()
        general = (_OWN,) if any(word in self.text for word in _STATED) else ()
        for select in (*general, *spec.page_id):
            for found in find(select, self.elements):
                stated = str(found).strip() if not etree.iselement(found) else "".join(found.itertext()).strip()
                if select is not _OWN and select.match and (inside := pattern(select.match).search(stated)):
                    ids.add(inside[1] if inside.groups() else inside[0])
                elif address := address_of(spec, stated):
                    ids.add(address.id)
        return ids


def address_of(spec: Spec, url: str) -> Address | None:
    """What an address says by the patterns of a spec, None for one that is no page of a dialogue."""
    for place, one in enumerate(spec.page):
        if found := pattern(one).search(url):
            groups = found.groupdict()
            number = next((int(value) for name, value in groups.items() if name.startswith("page") and value), 1)
            space = f"{spec.spaces[place]}-" if spec.spaces else ""
            return Address(space + groups["id"], max(number, 1))
    return None


def json_after(text: str, marker: str) -> Any:
    """The JSON object behind a pattern, read by a decoder that stops at its end; None if there is none."""
    for count, found in enumerate(pattern(marker).finditer(text)):
        start = text.find("{", found.end())
        if start < 0 or count == _CANDIDATES:
            return None
        if text[found.end() : start].strip():
            continue
        try:
            value, _ = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if value:
            return value
    return None


def json_ld(text: str, kind: str) -> Any:
    """The first JSON-LD object of a type, wherever it stands in its script; None if there is none."""
    for script in _LD.finditer(text):
        start = next((at for at in range(script.end(), min(script.end() + 200, len(text))) if text[at] in "[{"), -1)
        try:
            value, _ = _DECODER.raw_decode(text, start) if start >= 0 else (None, 0)
            if (found := _typed(value, kind)) is not None:
                return found
        except (ValueError, RecursionError):
            continue
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
