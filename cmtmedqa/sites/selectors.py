"""Selectors of a spec: what they find in an element or in JSON, and its text."""

import functools
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lxml import etree

from cmtmedqa.sites.css import needed
from cmtmedqa.sites.elements import (
    Elements,
    Finder,
    Inside,
    compiled,
    css_finder,
    inside,
    xpath_finder,
    xpath_of,
)
from cmtmedqa.sites.json_paths import search
from cmtmedqa.sites.text import orphans, text_of, text_of_value

if TYPE_CHECKING:
    from cmtmedqa.sites.spec import Select

Found = list[Any]  # elements, texts or JSON values


@functools.cache
def pattern(text: str) -> re.Pattern[str]:
    """A compiled pattern; a full stop also stands for a line end."""
    return re.compile(text, re.DOTALL)


@functools.cache
def patterns(given: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """Several of them."""
    return tuple(map(pattern, given))


def compile_all(select: "Select") -> None:
    """Raise ValueError where a selector does not compile."""
    import cssselect
    import jmespath

    kind = search if select.jmespath is not None else xpath_of if select.css is not None else compiled
    given = [(kind, one) for one in (_first(select), *select.otherwise)]
    for compile_one, one in [*given, *((xpath_of, css) for css in (*select.drop, *select.breaks))]:
        try:
            compile_one(one)
        except (cssselect.SelectorError, etree.XPathSyntaxError, jmespath.exceptions.JMESPathError) as error:
            raise ValueError(f"'{one}' does not compile: {str(error).splitlines()[0]}") from error


def _first(select: "Select") -> str:
    return select.css or select.xpath or select.jmespath or ""


def within(found: Any, scope: Any) -> Any:
    """What was found in a scope as a scope of its own: the elements in it, or the JSON value as it is."""
    return scope.at(found) if isinstance(scope, Elements) and etree.iselement(found) else found


class Rule(NamedTuple):
    """A selector of a spec as it is run. `keys`: names of which one must be on a page for it to find anything; empty if unknown."""

    json: bool
    looks: tuple[Finder, ...]
    keys: frozenset[str]
    match: re.Pattern[str] | None
    strips: tuple[re.Pattern[str], ...]
    drop: Inside | None
    breaks: Inside | None
    first: bool
    longest: bool


def rule_of(select: "Select") -> Rule:
    """What a selector says, compiled."""
    given = (_first(select), *select.otherwise)
    json = select.jmespath is not None
    needs = [needed(one) for one in given] if select.css is not None else []
    return Rule(
        json,
        tuple(_values_of(one) if json else css_finder(one) if needs else xpath_finder(one) for one in given),
        frozenset().union(*needs) if all(needs) else frozenset(),
        pattern(select.match) if select.match else None,
        patterns(select.strip),
        inside(", ".join(select.drop)) if select.drop else None,
        inside(", ".join(select.breaks)) if select.breaks else None,
        select.first,
        select.longest,
    )


def _values_of(expression: str) -> Finder:
    look = search(expression)

    def find_values(scope: Any) -> Found:
        result = look(scope)
        if isinstance(result, list):
            return [item for item in result if item is not None]
        return [] if result is None or result is False else [result]

    return find_values


def possible(select: "Select", classes: frozenset[str] | None) -> bool:
    """Whether a selector may find something on a page with these classes (`.name`; None: in JSON). False only if it cannot."""
    rule = select.rule
    if rule.json or classes is None:
        return rule.json and classes is None
    return not rule.keys or any(_may_be(key, classes) for key in rule.keys)


def _may_be(key: str, classes: frozenset[str]) -> bool:
    if key[0] == "*":
        return any(key[1:] in name for name in classes)
    return key[0] != "." or key in classes


def find(select: "Select", scope: Any) -> Found:
    """What a selector finds in `Elements` or a JSON value: elements, texts or values that are not null."""
    rule = select.rule
    if rule.json is not isinstance(scope, Elements):
        for look in rule.looks:
            if found := look(scope):
                return found[:1] if rule.first else found
    return []


def matches(select: "Select", scope: Any) -> bool:
    """Whether a selector finds anything; with `match`, whether one of the texts found matches."""
    return bool(texts(select, scope)[0] if select.rule.match else find(select, scope))


def texts(select: "Select", scope: Any, taken: Sequence[Any] = (), prose: bool = False) -> tuple[list[str], list[Any]]:
    """The texts a selector finds, empty ones left out, and the elements they are from.

    Where what it finds holds no text, `otherwise` is tried. An element inside one that was taken before (also by an earlier
    selector: `taken`), or inside one that is dropped, gives nothing: no text comes twice. `prose`: paragraphs that a parser
    has moved out of the paragraph that was found belong to it.
    """
    rule = select.rule
    elements = isinstance(scope, Elements)
    result: list[str] = []
    used: list[Any] = []
    if rule.json is elements:
        return result, used
    for look in rule.looks:
        found = look(scope)
        if not found:
            continue
        if rule.longest and len(found) > 1:
            found = [max(found, key=lambda node: len(text_of(node) if etree.iselement(node) else str(node)))]
        if elements:
            result, used = _texts(rule, found, scope, taken, prose)
        else:
            result = [text for value in found if (text := _refined(text_of_value(value), rule))]
        if result:
            break
    return (result[:1] if rule.first else result), used  # of JSON all values were read


def _texts(rule: Rule, found: Found, scope: Elements, taken: Sequence[Any], prose: bool) -> tuple[list[str], list[Any]]:
    root = scope.root
    dropped = rule.drop(scope) if rule.drop else ()
    breaks = rule.breaks(scope) if rule.breaks else ()
    if scope.holes:
        dropped = {*dropped, *scope.holes}
    known = {*dropped, *taken} if taken else set(dropped)
    result: list[str] = []
    used: list[Any] = []
    for item in found:
        if not isinstance(item, etree._Element):
            text = text_of_value(item)
        elif known and _within(item, known, root):
            continue
        else:
            text = text_of(item, dropped, breaks) if dropped or breaks else scope.text(item)
            known.add(item)
            used.append(item)
            if prose and (moved := orphans(item)):
                known.update(moved)
                used += moved
                text = "\n".join(filter(None, [text, *[text_of(one, dropped, breaks) for one in moved]]))
        if text := _refined(text, rule):
            result.append(text)
            if rule.first:
                break
    return result, used


def _within(node: Any, known: Collection[Any], root: Any) -> bool:
    """Whether an element, or one around it up to the root, is known."""
    while node is not None and node not in known:
        if node is root:
            return False
        node = node.getparent()
    return node is not None


def _refined(text: str, rule: Rule) -> str:
    if rule.match:
        found = rule.match.search(text)
        if not found:
            return ""
        text = next((group for group in found.groups() if group is not None), found[0])
    for one in rule.strips:
        text = one.sub("", text)
    return text.strip()
