"""Selectors of a spec: what they find in an element or in JSON, and its text."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lxml import etree

from cmtmedqa.sites.elements import Elements, compiled, css_finder, inside, xpath_finder, xpath_of
from cmtmedqa.sites.json_paths import search
from cmtmedqa.sites.text import orphans, text_of, text_of_value

if TYPE_CHECKING:
    from cmtmedqa.sites.spec import Select

Found = list[Any]  # elements, texts or JSON values
Finder = Callable[[Any], Found]


@functools.cache
def pattern(text: str) -> re.Pattern[str]:
    """A compiled pattern; a full stop also stands for a line end."""
    return re.compile(text, re.DOTALL)


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


def alternatives_of(select: "Select") -> tuple[Finder, ...]:
    """A function for each selector, the first and those to try otherwise."""
    return tuple(_finder(select, one) for one in (_first(select), *select.otherwise))


def _finder(select: "Select", one: str) -> Finder:
    if select.jmespath is not None:
        look = search(one)
        return lambda scope: [] if isinstance(scope, Elements) else _values(look(scope))
    found = css_finder(one) if select.css is not None else xpath_finder(one)
    return lambda scope: found(scope) if isinstance(scope, Elements) else []


def _values(result: Any) -> Found:
    if isinstance(result, list):
        return [item for item in result if item is not None]
    return [] if result is None or result is False else [result]


def find(select: "Select", scope: Any) -> Found:
    """What a selector finds in `Elements` or a JSON value: elements, texts or values that are not null."""
    for look in select.alternatives:
        if found := look(scope):
            return found[:1] if select.first else found
    return []


def texts(select: "Select", scope: Any, taken: Sequence[Any] = (), prose: bool = False) -> tuple[list[str], list[Any]]:
    """The texts a selector finds, empty ones left out, and the elements they are from.

    Where what it finds holds no text, `otherwise` is tried. An element inside one that was taken before (also by an earlier
    selector: `taken`), or inside one that is dropped, gives nothing: no text comes twice. `prose`: paragraphs that a parser
    has moved out of the paragraph that was found belong to it.
    """
    result: list[str] = []
    used: list[Any] = []
    for look in select.alternatives:
        found = look(scope)
        if not found:
            continue
        if select.longest and len(found) > 1:
            found = [max(found, key=lambda node: len(text_of(node) if etree.iselement(node) else str(node)))]
        result, used = _texts(select, found, scope, taken, prose)
        if result:
            break
    return (result[:1] if select.first else result), used  # of JSON all values were read


def _texts(
    select: "Select", found: Found, scope: Any, taken: Sequence[Any], prose: bool
) -> tuple[list[str], list[Any]]:
    if not isinstance(scope, Elements):
        return [text for value in found if (text := _refined(text_of_value(value), select))], []
    dropped = inside(select.drop, scope) if select.drop else set()
    dropped.update(scope.holes)
    breaks = inside(select.breaks, scope) if select.breaks else set()
    result: list[str] = []
    used: list[Any] = []
    known = dropped.union(taken)
    for item in found:
        if not etree.iselement(item):
            text = text_of_value(item)
        elif known and (item in known or any(parent in known for parent in item.iterancestors())):
            continue
        else:
            own = [item, *orphans(item)] if prose else [item]
            known.update(own)
            used += own
            text = "\n".join(filter(None, [text_of(one, dropped, breaks) for one in own]))
        if text := _refined(text, select):
            result.append(text)
            if select.first:
                break
    return result, used


def _refined(text: str, select: "Select") -> str:
    match, strips = select.patterns
    if match:
        found = match.search(text)
        if not found:
            return ""
        text = next((group for group in found.groups() if group is not None), found[0])
    for one in strips:
        text = one.sub("", text)
    return text.strip()


def matches(select: "Select", scope: Any) -> bool:
    """Whether a selector finds anything; with `match`, whether one of the texts found matches."""
    return bool(texts(select, scope)[0]) if select.match else bool(find(select, scope))
