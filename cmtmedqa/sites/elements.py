"""The elements of a page by class, id and tag, so that a plain CSS selector is a look-up; XPath does what is not plain.

Most selectors of a spec name a class, and most classes are not there: one walk over a page answers them all.
"""

import bisect
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lxml import etree

_EXSLT = {"re": "http://exslt.org/regular-expressions"}
_STEP = re.compile(r"\s*([>\s])\s*")
_COMPOUND = re.compile(r"(?P<tag>[a-zA-Z][a-zA-Z0-9]*)?(?P<names>(?:[.#][\w-]+)*)\Z")
_NAMED = etree.XPath("descendant-or-self::*[@class or @id]", smart_strings=False)
_ATTRIBUTE = re.compile(r"([^,:]+)::attr\(([\w-]+)\)")
_CLASS_PART = re.compile(r"\[class\*=([\w-]+)\]")
_TWO = 2


class _Compound(NamedTuple):
    """`div.a.b` or `#id`: a tag ('' for any), classes, and an id."""

    tag: str
    classes: frozenset[str]
    id: str


class _Plain(NamedTuple):
    """Compounds from left to right; `joins[i]` ties number i to the next one: '>' or ' '.

    `key`: the name under which the last one is looked up; `enough`: whether being there is all that it takes.
    """

    key: str
    enough: bool
    compounds: tuple[_Compound, ...]
    joins: tuple[str, ...]


class _Index:
    """Every element of a tree under its classes (`.a`) and id (`#a`), in the order of the page; under its tag once that is asked for."""

    def __init__(self, root: Any) -> None:
        self.nodes = list(root.iter(etree.Element))
        self.places: dict[Any, int] = dict(zip(self.nodes, range(len(self.nodes)), strict=True))
        self.by: dict[str, list[int]] = {}
        self.none: set[str] = set()  # names looked up in vain
        by, places = self.by, self.places
        for node in _NAMED(root):
            place = places[node]
            for name in dict.fromkeys(node.get("class", "").split()):
                by.setdefault(f".{name}", []).append(place)
            if name := node.get("id"):
                by.setdefault(f"#{name}", []).append(place)
        self.root = root

    def look_up(self, key: str) -> None:
        """Have the elements of a tag, or of which a class holds the word of `*word`, under that name."""
        if key in self.by or key in self.none:
            return
        if key[0] == "*":
            names = [name for name in self.by if name[0] == "." and key[1:] in name]
            found = sorted({place for name in names for place in self.by[name]})
        else:
            found = [self.places[node] for node in self.root.iter(key)]
        if found:
            self.by[key] = found
        else:
            self.none.add(key)

    def end(self, node: Any) -> int:
        """The place behind the last element inside an element."""
        while node is not None and node in self.places:
            following = node.getnext()
            if following is not None:
                return self.places.get(following, len(self.nodes))
            node = node.getparent()
        return len(self.nodes)


class Elements:
    """What is inside an element, itself included: a part of the index of its page. `holes` are elements inside that are none of it."""

    def __init__(self, root: Any, index: _Index | None = None, holes: Sequence[Any] = ()) -> None:
        self.root, self.holes = root, holes
        self._index = index or _Index(root)
        self._start: int = self._index.places[root]
        self._end: int = self._index.end(root)
        if holes:
            self._end = self._index.places[holes[0]]

    def at(self, node: Any, holes: Sequence[Any] = ()) -> "Elements":
        """What is inside an element of the same page, up to the first of its holes."""
        return Elements(node, self._index, holes)

    def find(self, css: str) -> list[Any]:
        """The elements (or attributes) that a CSS selector finds."""
        return css_finder(css)(self)

    def plainly(self, plain: Sequence[_Plain]) -> list[Any]:
        """The elements that any of some plain selectors finds, each once."""
        index, root = self._index, self.root
        nodes, by = index.nodes, index.by
        found: list[int] = []
        for one in plain:
            places = by.get(one.key)
            if places:
                inside = places[bisect.bisect_left(places, self._start) : bisect.bisect_left(places, self._end)]
                found += inside if one.enough else [place for place in inside if _fits(nodes[place], one, root)]
        if len(found) > 1 and len(plain) > 1:
            found = sorted(set(found))
        return [nodes[place] for place in found]

    def lacks(self, keys: frozenset[str]) -> bool:
        """Whether none of these names is on the page."""
        return self._index.by.keys().isdisjoint(keys)

    def look_up(self, key: str) -> None:
        """Have the elements of a tag, or of which a class holds the word of `*word`, in the index."""
        self._index.look_up(key)


def _key(compound: _Compound) -> str:
    """Under which name the fewest elements stand."""
    if compound.id:
        return f"#{compound.id}"
    return f".{min(compound.classes)}" if compound.classes else compound.tag


def _enough(compounds: tuple[_Compound, ...]) -> bool:
    last = compounds[-1]
    return len(compounds) == 1 and bool(last.tag) + len(last.classes) + bool(last.id) == 1


def _is(node: Any, compound: _Compound) -> bool:
    if compound.tag and node.tag != compound.tag:
        return False
    if compound.id and node.get("id") != compound.id:
        return False
    return not compound.classes or compound.classes <= set(node.get("class", "").split())


def _fits(node: Any, plain: _Plain, root: Any) -> bool:
    """Whether an element is the last compound, and elements above it, up to the root, are the others."""
    if not _is(node, plain.compounds[-1]):
        return False
    for compound, join in zip(reversed(plain.compounds[:-1]), reversed(plain.joins), strict=True):
        while True:
            if node is root:
                return False
            node = node.getparent()
            if _is(node, compound):
                break
            if join == ">":
                return False
    return True


@functools.cache
def css_finder(css: str) -> Callable[[Elements], list[Any]]:
    """A function that finds what a CSS selector names; XPath is asked where it is not plain, and something of it is on the page."""
    if attribute := _ATTRIBUTE.fullmatch(css):
        owners, name = css_finder(attribute[1]), attribute[2]
        return lambda scope: [value for node in owners(scope) if (value := node.get(name)) is not None]
    plain = _alternatives(css)
    keys = frozenset(one.key for one in plain) if plain else frozenset(_needed(css))
    words = sorted(key for key in keys if key[0] not in ".#")
    path = xpath_finder(None, css) if not plain else None

    def find(scope: Elements) -> list[Any]:
        for word in words:
            scope.look_up(word)
        if keys and scope.lacks(keys):
            return []
        return path(scope) if path else scope.plainly(plain)

    return find


@functools.cache
def xpath_finder(xpath: str | None, css: str = "") -> Callable[[Elements], list[Any]]:
    """A function that finds what an XPath (or a CSS selector) names; true Booleans and numbers count as found."""
    look = xpath_of(css) if xpath is None else compiled(xpath)

    def find(scope: Elements) -> list[Any]:
        result = look(scope.root)
        return result if isinstance(result, list) else [result] if result else []

    return find


def _alternatives(css: str) -> tuple[_Plain, ...]:
    """The parts of a plain selector: tags, classes, ids, blanks and `>`, `[class*=word]`; none for any other, and for `a > b c`."""
    found = []
    for one in css.split(","):
        if part := _CLASS_PART.fullmatch(one.strip()):
            found.append(_Plain(f"*{part[1]}", True, (), ()))
            continue
        parts = _STEP.split(one.strip())
        matched = [_COMPOUND.match(part) for part in parts[::2]]
        joins = tuple(join if join == ">" else " " for join in parts[1::2])
        if not all(matched) or "" in parts[::2] or (">" in joins and len(joins) >= _TWO):
            return ()
        compounds = tuple(_compound(each) for each in matched if each)
        found.append(_Plain(_key(compounds[-1]), _enough(compounds), compounds, joins))
    return tuple(found)


def _compound(found: re.Match[str]) -> _Compound:
    names = re.findall(r"([.#])([\w-]+)", found["names"])
    classes = frozenset(name for mark, name in names if mark == ".")
    return _Compound((found["tag"] or "").lower(), classes, next((name for mark, name in names if mark == "#"), ""))


def _needed(css: str) -> tuple[str, ...]:
    """Classes and ids of which one must be there for a selector to find anything; empty if that cannot be told."""
    found = [re.findall(r"[.#][\w-]+", one) for one in css.split(",")]
    known = "(" not in css and "[" not in css and all(found)
    return tuple(one[-1] for one in found) if known else ()


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


def inside(selectors: tuple[str, ...], elements: Elements) -> set[Any]:
    """The elements that some CSS selectors find, without the root."""
    found = set(elements.find(_list(selectors))) if selectors else set()
    found.discard(elements.root)
    return found


@functools.cache
def _list(selectors: tuple[str, ...]) -> str:
    return ", ".join(selectors)
