"""The elements of a page by class, id and tag, so that a plain CSS selector is a look-up; XPath does what is not plain.

Most selectors of a spec name a class, and most classes are not there: one walk over a page answers them all.
"""

import bisect
import functools
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from lxml import etree

from cmtmedqa.sites.css import Plain, alternatives, fits_alone, names_of, needed
from cmtmedqa.sites.text import text_of

_EXSLT = {"re": "http://exslt.org/regular-expressions"}
_ATTRIBUTE = re.compile(r"([^,:]+)::attr\(([\w-]+)\)")
_TWO = 2

Finder = Callable[[Any], list[Any]]
Inside = Callable[["Elements"], Collection[Any]]


class _Index:
    """Every element of a tree under its classes (`.a`) and id (`#a`), in the order of the page; under its tag once that is asked for."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.nodes = list(root.iter(etree.Element))
        self.places: dict[Any, int] = dict(zip(self.nodes, range(len(self.nodes)), strict=True))
        self.by: dict[str, list[int]] = {}
        self.found: dict[str, list[int]] = {}  # what selectors find, by their text
        self.texts: dict[Any, str] = {}  # of elements, as far as they were asked for
        self.plans: dict[Any, Any] = {}  # what callers keep for the page
        by = self.by
        for place, node in enumerate(self.nodes):
            get = node.get
            if classes := get("class"):
                for name in names_of(classes):
                    if name in by:
                        by[name].append(place)
                    else:
                        by[name] = [place]
            if name := get("id"):
                by.setdefault(f"#{name}", []).append(place)
        self.classes = frozenset([name for name in by if name[0] == "."])

    def under(self, key: str) -> list[int]:
        """The places of the elements under a name; `*word`: those of which a class holds the word."""
        if (found := self.by.get(key)) is None:
            if key[0] == "*":
                names = [name for name in self.by if name[0] == "." and key[1:] in name]
                found = sorted({place for name in names for place in self.by[name]})
            elif key[0] in ".#":
                return []
            else:
                found = [self.places[node] for node in self.root.iter(key)]
            self.by[key] = found
        return found

    def every(self, css: str, plain: Sequence[Plain]) -> list[int]:
        """The places of all elements of the page that a selector finds for which it does not matter what stands around them."""
        if len(plain) == 1 and not plain[0].rest:
            found = self.under(plain[0].key)
        else:
            nodes = self.nodes
            each = [
                place
                for one in plain
                for place in self.under(one.key)
                if not one.rest or fits_alone(nodes[place], one.rest)
            ]
            found = sorted(set(each)) if len(plain) > 1 else each
        self.found[css] = found
        return found

    def end(self, node: Any) -> int:
        """The place behind the last element inside an element."""
        places = self.places
        while node is not None and node in places:
            following = node.getnext()
            if following is not None:
                return places.get(following, len(self.nodes))
            node = node.getparent()
        return len(self.nodes)


class Elements:
    """What is inside an element, itself included: a part of the index of its page. `holes` are elements inside that are none of it."""

    __slots__ = ("classes", "end", "found", "holes", "index", "nodes", "plans", "root", "start", "texts")

    def __init__(self, root: Any, index: _Index | None = None, holes: Sequence[Any] = ()) -> None:
        self.root, self.holes = root, holes
        self.index = index = index or _Index(root)
        self.classes = index.classes
        self.nodes, self.found, self.plans, self.texts = index.nodes, index.found, index.plans, index.texts
        self.start: int = index.places[root]
        self.end: int = index.places[holes[0]] if holes else index.end(root)

    def at(self, node: Any, holes: Sequence[Any] = ()) -> "Elements":
        """What is inside an element of the same page, up to the first of its holes."""
        return Elements(node, self.index, holes)

    def page(self) -> "Elements":
        """All of the page that this is a part of."""
        return self if self.root is self.index.root else Elements(self.index.root, self.index)

    def find(self, css: str) -> list[Any]:
        """The elements (or attributes) that a CSS selector finds."""
        return css_finder(css)(self)

    def text(self, node: Any) -> str:
        """The text of an element of the page: several fields are often read from one."""
        found = self.texts.get(node)
        if found is None:
            found = self.texts[node] = text_of(node)
        return found

    def part(self, places: list[int]) -> list[Any]:
        """Those of some elements of the page, given in its order, that are inside."""
        start, end, nodes = self.start, self.end, self.nodes
        if start <= places[0] and places[-1] < end:
            return [nodes[place] for place in places]
        return [nodes[place] for place in places[bisect.bisect_left(places, start) : bisect.bisect_left(places, end)]]

    def plainly(self, plain: Sequence[Plain]) -> list[Any]:
        """The elements that any of some plain selectors finds, each once, in the order of the page."""
        index, root = self.index, self.root
        found: list[Any] = []
        for one in plain:
            if places := index.under(one.key):
                found += [node for node in self.part(places) if _fits(node, one, root)]
        if len(found) < _TWO or len(plain) == 1:
            return found
        return sorted(dict.fromkeys(found), key=index.places.__getitem__)

    def lacks(self, keys: frozenset[str]) -> bool:
        """Whether nothing on the page stands under any of these names."""
        return not any(map(self.index.under, keys))


def _fits(node: Any, plain: Plain, root: Any) -> bool:
    """Whether an element under the key of a selector is all of its last compound, and elements above it, up to the root, the others."""
    if plain.rest and not fits_alone(node, plain.rest):
        return False
    for compound, parent in plain.above:
        while True:
            if node is root:
                return False
            node = node.getparent()
            if fits_alone(node, compound):
                break
            if parent:
                return False
    return True


@functools.cache
def css_finder(css: str) -> Finder:
    """A function that finds what a CSS selector names; XPath is asked where it is not plain, and something of it is on the page."""
    if attribute := _ATTRIBUTE.fullmatch(css):
        owners, name = css_finder(attribute[1]), attribute[2]
        return lambda scope: [value for node in owners(scope) if (value := node.get(name)) is not None]
    plain = alternatives(css)
    if plain and not any(one.above for one in plain):
        return _anywhere(css, plain)
    keys = needed(css)
    path = None if plain else xpath_finder(None, css)

    def find(scope: Elements) -> list[Any]:
        if keys and scope.lacks(keys):
            return []
        return path(scope) if path else scope.plainly(plain)

    return find


def _anywhere(css: str, plain: tuple[Plain, ...]) -> Finder:
    """A finder for a selector that an element fits wherever it stands: all of the page is looked through once."""

    def find(scope: Elements) -> list[Any]:
        places = scope.found.get(css)
        if places is None:
            places = scope.index.every(css, plain)
        return scope.part(places) if places else []

    return find


@functools.cache
def inside(css: str) -> Inside:
    """A function that gives what a CSS selector finds inside a scope, without its root, to ask whether an element is one of them.

    For a selector that an element fits wherever it stands, the elements are those of all of the page, found once.
    """
    look = css_finder(css)
    plain = alternatives(css)
    if not plain or any(one.above for one in plain):
        return lambda scope: {node for node in look(scope) if node is not scope.root}

    def on_page(scope: Elements) -> Collection[Any]:
        found = scope.plans.get(css)
        if found is None:
            scope.plans[css] = found = frozenset(look(scope.page()))
        return found - {scope.root} if scope.root in found else found

    return on_page


@functools.cache
def xpath_finder(xpath: str | None, css: str = "") -> Finder:
    """A function that finds what an XPath (or a CSS selector) names; true Booleans and numbers count as found."""
    look = xpath_of(css) if xpath is None else compiled(xpath)
    if xpath == "string(.)":
        return lambda scope: [text] if (text := "".join(scope.root.itertext())) else []

    def find(scope: Elements) -> list[Any]:
        result = look(scope.root)
        return result if isinstance(result, list) else [result] if result else []

    return find


@functools.cache
def xpath_of(css: str) -> Any:
    """A compiled CSS selector, with ::text and ::attr(name) as in parsel."""
    from parsel.csstranslator import HTMLTranslator

    return compiled(HTMLTranslator().css_to_xpath(css))


@functools.cache
def compiled(xpath: str) -> Any:
    """A compiled XPath; its `re:` functions are looked up only where they are used, as that costs more than most paths."""
    regexp = "re:" in xpath
    return etree.XPath(xpath, namespaces=_EXSLT if regexp else None, regexp=regexp, smart_strings=False)
