"""Plain CSS selectors taken apart: tags, classes, ids, blanks and `>`, `[class*=word]`, and lists of them."""

import functools
import re
from typing import Any, NamedTuple

_STEP = re.compile(r"\s*([>\s])\s*")
_COMPOUND = re.compile(r"(?P<tag>[a-zA-Z][a-zA-Z0-9]*)?(?P<names>(?:[.#][\w-]+)*)\Z")
_CLASS_PART = re.compile(r"\[class\*=([\w-]+)\]")
_TWO = 2


class Compound(NamedTuple):
    """`div.a.b` or `#id`: a tag ('' for any), classes written as `.a`, and an id."""

    tag: str
    classes: frozenset[str]
    id: str


class Plain(NamedTuple):
    """`key`: the name under which the last compound is looked up. `rest`: what it must be besides; `above`: the compounds around
    it from the inside out, each with whether it must be the parent (else any ancestor).
    """

    key: str
    rest: Compound | None
    above: tuple[tuple[Compound, bool], ...] = ()


@functools.lru_cache(maxsize=4096)
def names_of(classes: str) -> frozenset[str]:
    """The classes of an attribute, each as `.name`."""
    return frozenset([f".{name}" for name in classes.split()])


def fits_alone(node: Any, compound: Compound) -> bool:
    """Whether an element has the tag, the classes and the id, whatever stands around it."""
    tag, classes, name = compound
    if tag and node.tag != tag:
        return False
    if name and node.get("id") != name:
        return False
    return not classes or classes <= names_of(node.get("class", ""))


def alternatives(css: str) -> tuple[Plain, ...]:
    """The parts of a plain selector: tags, classes, ids, blanks and `>`, `[class*=word]`; none for any other, and for `a > b c`."""
    found = []
    for one in css.split(","):
        if part := _CLASS_PART.fullmatch(one.strip()):
            found.append(Plain(f"*{part[1]}", None))
            continue
        parts = _STEP.split(one.strip())
        matched = [_COMPOUND.match(part) for part in parts[::2]]
        joins = parts[1::2]
        if not all(matched) or "" in parts[::2] or (">" in joins and len(joins) >= _TWO):
            return ()
        *outer, last = (_compound(each) for each in matched if each)
        key, rest = _keyed(last)
        above = zip(reversed(outer), [join == ">" for join in reversed(joins)], strict=True)
        found.append(Plain(key, rest, tuple(above)))
    return tuple(found)


def _compound(found: re.Match[str]) -> Compound:
    names = re.findall(r"[.#][\w-]+", found["names"])
    classes = frozenset(name for name in names if name[0] == ".")
    return Compound((found["tag"] or "").lower(), classes, next((name[1:] for name in names if name[0] == "#"), ""))


def _keyed(compound: Compound) -> tuple[str, Compound | None]:
    """The name under which the fewest elements stand, and what else they must be."""
    if compound.id:
        key, rest = f"#{compound.id}", compound._replace(id="")
    elif compound.classes:
        key = min(compound.classes)
        rest = compound._replace(classes=compound.classes - {key})
    else:
        key, rest = compound.tag, compound._replace(tag="")
    return key, rest if any(rest) else None


@functools.cache
def needed(css: str) -> frozenset[str]:
    """Names of the index of which one must be on a page for a selector to find anything; empty if that cannot be told."""
    if plain := alternatives(css):
        return frozenset(one.key for one in plain)
    found = [re.findall(r"[.#][\w-]+", one) for one in css.split(",")]
    known = "(" not in css and "[" not in css and all(found)
    return frozenset(one[-1] for one in found) if known else frozenset()
