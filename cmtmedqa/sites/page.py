"""One saved page: its text, its tree and its JSON, each made once and only when a rule asks for it."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from lxml import etree

from cmtmedqa.sites.elements import Elements
from cmtmedqa.sites.encoding import Decoded
from cmtmedqa.sites.json_paths import search
from cmtmedqa.sites.scripts import json_after, json_ld
from cmtmedqa.sites.selectors import find, pattern, patterns
from cmtmedqa.sites.spec import Layout, Spec

_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*>")
_STATED = ("canonical", "og:url", "mobile-agent", "alternate")


class Address(NamedTuple):
    """The id of a dialogue and the number of the page, from 1, as an address states them; `form` is the pattern that it fits."""

    id: str
    page: int
    form: int = -1


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
            value = json_after(self.text, layout.json_after)
            return search(layout.json_within)(value) if layout.json_within else value
        return json_ld(self.text, layout.json_ld) if layout.json_ld else self.elements

    def own_ids(self, spec: Spec, form: int | None = None) -> set[str]:
        """The ids by which the page calls itself; of its addresses only those of one form, as a twin may count otherwise."""
        ids = set()
        for stated in self._addresses():
            if (address := address_of(spec, stated)) and form in {None, address.form}:
                ids.add(address.id)
        for select in spec.page_id:
            for found in find(select, self.elements):
                stated = str(found).strip() if not etree.iselement(found) else "".join(found.itertext()).strip()
                if select.match and (inside := pattern(select.match).search(stated)):
                    ids.add(inside[1] if inside.groups() else inside[0])
                elif (address := address_of(spec, stated)) and form in {None, address.form}:
                    ids.add(address.id)
        return ids

    def _addresses(self) -> Iterator[str]:
        """The addresses that the head of a page gives as its own: canonical, og:url, and those of its twins."""
        if not any(word in self.text for word in _STATED):
            return
        for link in self.elements.find("link"):
            if link.get("rel") == "canonical" or (link.get("rel") == "alternate" and link.get("media")):
                yield link.get("href", "")
        for meta in self.elements.find("meta"):
            if "mobile-agent" in (meta.get("http-equiv"), meta.get("name")) or meta.get("property") == "og:url":
                yield meta.get("content", "")


def address_of(spec: Spec, url: str) -> Address | None:
    """What an address says by the patterns of a spec, None for one that is no page of a dialogue."""
    for place, one in enumerate(patterns(spec.page)):
        if found := one.search(url):
            groups = found.groupdict()
            number = next((int(value) for name, value in groups.items() if name.startswith("page") and value), 1)
            space = f"{spec.spaces[place]}-" if spec.spaces else ""
            return Address(space + groups["id"], max(number, 1), place)
    return None
