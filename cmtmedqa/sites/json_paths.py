"""JMESPath compiled to functions where it is plain (fields, indices, ||, &&, !); the library walks its tree for each value."""

import functools
from collections.abc import Callable
from typing import Any

import jmespath

Search = Callable[[Any], Any]
_NUMBERS = (int, float)


@functools.cache
def search(expression: str) -> Search:
    """What an expression finds in a JSON value. Raises JMESPathError when it does not compile."""
    parsed = jmespath.compile(expression)
    return _compiled(parsed.parsed) or parsed.search


def _compiled(node: dict[str, Any]) -> Search | None:
    """A function for a plain node, None for any other."""
    kind = node["type"]
    if kind == "field":
        name = node["value"]
        return lambda value: value.get(name) if isinstance(value, dict) else None
    if kind == "current":
        return lambda value: value
    if kind == "index":
        place = node["value"]
        return lambda value: value[place] if isinstance(value, list) and -len(value) <= place < len(value) else None
    if kind not in _KINDS and kind != "not_expression":
        return None
    parts = [part for child in node["children"] if (part := _compiled(child))]
    if len(parts) < len(node["children"]):
        return None
    return _not(parts[0]) if kind == "not_expression" else functools.reduce(_KINDS[kind], parts)


def _then(first: Search, second: Search) -> Search:
    return lambda value: second(first(value))


def _or(first: Search, second: Search) -> Search:
    def either(value: Any) -> Any:
        found = first(value)
        return found if found or type(found) in _NUMBERS else second(value)

    return either


def _and(first: Search, second: Search) -> Search:
    def both(value: Any) -> Any:
        found = first(value)
        return second(value) if found or type(found) in _NUMBERS else found

    return both


def _not(inner: Search) -> Search:
    return lambda value: _false(inner(value))


def _false(value: Any) -> bool:
    """As JMESPath has it: null, false, and empty text, list or object; 0 is true."""
    return not value and type(value) not in _NUMBERS


_KINDS: dict[str, Callable[[Search, Search], Search]] = {
    "subexpression": _then,
    "index_expression": _then,
    "or_expression": _or,
    "and_expression": _and,
}
