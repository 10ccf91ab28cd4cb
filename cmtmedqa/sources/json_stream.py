"""JSON of any layout, one record at a time: memory is bounded by the largest record, not by the file.

A top-level array gives its elements, an object of records its values with their keys, a wrapper such as {"data": [...]} the
elements of its lists, several objects one after the other each of them. A broken record is reported and the next one is read.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from cmtmedqa.sources.json_window import (
    SPACE,
    STRING,
    Decoded,
    Element,
    TooDeepError,
    TooLongError,
    Window,
    decoded,
)
from cmtmedqa.sources.route import route

_KEY = re.compile(rf"[\s,]*+{STRING}\s*+:\s*+")
_FIRST_KEY = re.compile(rf"\{{\s*+({STRING})\s*+:")
_ANY_OBJECT = re.compile(rf"(?=\{{\s*+{STRING}\s*+:)")
_BETWEEN_LISTS = re.compile(r"\]\s*+(?:,\s*+)?(?=\[)")
_BETWEEN_MEMBERS = re.compile(rf"[}}\]]\s*+,\s*+(?={STRING}\s*+:\s*+[{{\[])")
_NEVER = re.compile(r"(?!)")
_OUTSIDE = re.compile(r"(?=[{\[])")
_WHOLE = 4 * 1024 * 1024  # an object of up to so many characters is looked at as a whole
_KINDS = 8
_PATIENCE = 100  # faults in a row; behind them only what looks like a record is tried


class Broken(NamedTuple):
    """Text that is no JSON: why, and what it was."""

    reason: str
    detail: str
    raw: str


class _Kinds:
    """The first keys of the records seen so far: what the beginning of the next one looks like."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def add(self, value: object) -> None:
        """Learn from a sound record."""
        if isinstance(value, dict) and value and len(self._keys) < _KINDS:
            key = next(iter(value))
            self._keys.update([json.dumps(key), json.dumps(key, ensure_ascii=False)])

    def pattern(self, window: Window, before: str = "", unknown: re.Pattern[str] = _OUTSIDE) -> re.Pattern[str]:
        """Where a record like those, or like the broken one at the cursor, begins, behind `before`; else `unknown`."""
        own = _FIRST_KEY.match(window.text, window.at)
        keys = sorted(self._keys | {own[1]}) if own else sorted(self._keys)
        return re.compile(rf"(?={before}\{{\s*(?:{'|'.join(map(re.escape, keys))})\s*:)") if keys else unknown


def elements(chunks: Iterator[str]) -> Iterator[Element | Broken]:
    """The records of a JSON text given in chunks."""
    window = Window(chunks)
    kinds = _Kinds()
    while mark := window.peek():
        if mark == ",":
            window.at += 1
        elif mark == "[":
            window.at += 1
            yield from _array(window)
        elif mark == "{":
            yield from _object(window, kinds)
        elif mark == '"':  # an object that a stray brace has closed too early goes on
            yield from _members(window)
        else:
            window.faults += 1
            tired = window.faults > _PATIENCE
            raw = window.drop(_ANY_OBJECT) if tired else window.skip(_OUTSIDE, None)
            yield Broken("bad_json", "text outside of any array or object", raw)


def _array(window: Window) -> Iterator[Element | Broken]:
    """The elements of an array whose bracket has been read."""
    kinds = _Kinds()
    while (mark := window.peek()) != "]":
        if mark == ",":
            window.at += 1
        elif mark:
            item = _item(window, kinds)
            yield item
            if isinstance(item, Broken) and not window.peek():
                return
        else:
            yield Broken("truncated_json", "the array is not closed", "")
            return
    window.at += 1


def _item(window: Window, kinds: _Kinds) -> Element | Broken:
    """An element of an array; behind a broken one the cursor stands at the next."""
    try:
        item = window.value()
    except ValueError as error:
        listed = window.text.startswith("[", window.at)
        return _broken(window, error, _BETWEEN_LISTS if listed else kinds.pattern(window), _ANY_OBJECT)
    kinds.add(item.value)
    return item.element(item.value)


def _broken(window: Window, error: ValueError, known: re.Pattern[str], any_kind: re.Pattern[str]) -> Broken:
    """Report the value at the cursor and move behind it. What the end of the file cuts off is one fault, not several."""
    message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:80]
    window.faults += 1
    if isinstance(error, TooDeepError):
        raw, closed = window.skip_brackets()
        raw += "" if closed else window.drop(_ANY_OBJECT)
        return Broken("bad_json", message, raw)
    if isinstance(error, TooLongError) or window.faults > _PATIENCE:
        raw = window.drop(_ANY_OBJECT)
        return Broken("record_too_large" if isinstance(error, TooLongError) else "bad_json", message, raw)
    cut_off = window.truncated(error)
    raw = window.skip(known, None if cut_off else any_kind)
    return Broken("truncated_json" if cut_off and not window.peek() else "bad_json", message, raw)


def _object(window: Window, kinds: _Kinds) -> Iterator[Element | Broken]:
    """An object at the top: a record, or one that holds records."""
    try:
        whole = window.value(_WHOLE)
    except ValueError as error:
        if isinstance(error, TooLongError) or _begins_with_records(window):
            window.at += 1
            yield from _members(window)
        else:
            yield _broken(window, error, kinds.pattern(window), _ANY_OBJECT)
        return
    kinds.add(whole.value)
    assert isinstance(whole.value, dict)
    yield from _records_in(whole, whole.value)


def _records_in(whole: Decoded, members: dict[str, object]) -> Iterator[Element]:
    """The object itself if it is a record, its members if one of them is, else the elements of its lists."""
    if route(members) is None:
        if any(route(item) for item in members.values()):
            yield from (whole.element(item, key) for key, item in members.items())
            return
        lists = [
            item for item in members.values() if isinstance(item, list) and item and isinstance(item[0], dict | list)
        ]
        if len(lists) == 1 or any(route(items[0]) for items in lists):
            yield from (whole.element(item) for items in lists for item in items)
            return
    yield whole.element(members)


def _begins_with_records(window: Window) -> bool:
    """Whether an object that cannot be decoded as a whole holds records, by the first one that can be."""
    at = window.at + 1
    while key := _KEY.match(window.text, at):
        at = key.end()
        try:
            if window.text.startswith("[", at):
                first, _ = decoded(window.text, _end_of(SPACE, window.text, at + 1))
                if route(first) is not None:
                    return True
            value, at = decoded(window.text, at)
        except ValueError:
            return False
        if route(value) is not None:
            return True
    return False


def _end_of(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _members(window: Window) -> Iterator[Element | Broken]:
    """The members of a large or broken object of records, whose brace has been read."""
    kinds = _Kinds()
    found = False
    while (mark := window.peek()) != "}":
        if mark == ",":
            window.at += 1
        elif mark == '"':
            for item in _member(window, kinds):
                found = True
                yield item
                if isinstance(item, Broken) and not window.peek():
                    return
        elif mark == "{":
            yield _item(window, kinds)
        elif mark:
            known = kinds.pattern(window, rf"{STRING}\s*:\s*", _BETWEEN_MEMBERS)
            yield Broken("bad_json", "a key is missing", window.skip(known, _ANY_OBJECT))
        else:
            yield Broken("truncated_json", "the object is not closed", "")
            return
    window.at += 1
    if not found:
        yield Broken("record_too_large", "an object too large to be a record, and without a record in it", "")


def _member(window: Window, kinds: _Kinds) -> Iterator[Element | Broken]:
    """A key and what it holds: a record, a list of records, or something that says nothing."""
    try:
        key = str(window.value().value)
        if window.peek() == ":":
            window.at += 1
        listed = window.peek() == "["
        item = window.value(_WHOLE) if listed else window.value()
    except ValueError as error:
        if window.peek() == "[":
            window.at += 1
            yield from _array(window)
            return
        before = rf"{STRING}\s*:\s*"
        yield _broken(window, error, kinds.pattern(window, before, _BETWEEN_MEMBERS), _NEVER)
        return
    kinds.add(item.value)
    if isinstance(item.value, dict) or route(item.value):
        yield item.element(item.value, key)
    elif isinstance(item.value, list):
        yield from (item.element(inner) for inner in item.value if isinstance(inner, dict | list))
