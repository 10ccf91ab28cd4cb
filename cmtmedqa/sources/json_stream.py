"""JSON of any layout, one record at a time: memory is bounded by the largest record, not by the file.

A top-level array gives its elements, an object of objects its values with their keys, a wrapper such as {"data": [...]} the
elements of its list, several objects one after the other each of them. A broken element is reported and the next one is read.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s\ufeff]*")
_NEXT = re.compile(r"\}\s*,\s*(?=\{)|\]\s*,\s*(?=\[)")
_KEY = re.compile(r'\s*("(?:[^"\\]|\\.)*")\s*:\s*')
_MAX_RECORD = 256 * 1024 * 1024
_NUMBER = 32  # a number this near to the window's end may go on behind it


class Element(NamedTuple):
    """A value and the key it stood under (in an object of records)."""

    value: object
    key: str = ""


class Broken(NamedTuple):
    """Text that is no JSON: why, and what it was."""

    reason: str
    detail: str
    raw: str


class _Buffer:
    """A window on a stream of text that grows only while one value is incomplete."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self.text = ""
        self.at = 0
        self.ended = False

    def more(self) -> bool:
        """Drop what was consumed and read on, doubling the window; False at the end of the stream."""
        self.text = self.text[self.at :]
        self.at = 0
        wanted = max(2 * len(self.text), 1)
        parts = [self.text]
        size = len(self.text)
        while size < wanted and not self.ended:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.ended = True
            else:
                parts.append(chunk)
                size += len(chunk)
        self.text = "".join(parts)
        return not self.ended or size > len(parts[0])

    def peek(self) -> str:
        """The next character that is no white space, or '' at the end."""
        while True:
            found = _SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if self.ended or not self.more():
                return ""

    def value(self) -> object:
        """Decode the value at the cursor, reading on while it is incomplete. Raises ValueError when it is no JSON."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except RecursionError as error:
                raise ValueError("nested too deeply") from error
            except ValueError as error:
                if self.ended or len(self.text) - self.at > _MAX_RECORD or not self._may_grow(error):
                    raise
                self.more()
                continue
            if len(self.text) - end < _NUMBER and not self.ended and not isinstance(value, dict | list | str):
                self.more()
                continue
            self.at = end
            return value

    def _may_grow(self, error: ValueError) -> bool:
        """Whether the fault lies at the end of the window, where more text may mend it."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos >= len(self.text) - 16 or error.msg.startswith("Unterminated string")

    def skip_to_next(self) -> str:
        """Give up the value at the cursor: move behind the next `},{` and return what was passed over."""
        parts = []
        while True:
            found = _NEXT.search(self.text, self.at)
            if found:
                parts.append(self.text[self.at : found.start() + 1])
                self.at = found.end()
                return "".join(parts)
            keep = max(len(self.text) - 64, self.at)
            parts.append(self.text[self.at : keep])
            self.at = keep
            if self.ended or not self.more():
                parts.append(self.text[self.at :])
                self.at = len(self.text)
                return "".join(parts)


def elements(chunks: Iterator[str]) -> Iterator[Element | Broken]:
    """The records of a JSON text given in chunks."""
    buffer = _Buffer(chunks)
    opening = buffer.peek()
    if opening == "[":
        buffer.at += 1
        yield from _array(buffer, "")
    elif opening == "{":
        yield from _objects(buffer)
    elif opening:
        yield Broken("bad_json", "neither an array nor an object", buffer.skip_to_next())


def _array(buffer: _Buffer, key: str) -> Iterator[Element | Broken]:
    """The elements of an array whose bracket has been read."""
    while True:
        mark = buffer.peek()
        if mark == ",":
            buffer.at += 1
        elif mark == "]":
            buffer.at += 1
            return
        elif not mark:
            yield Broken("truncated_json", "the array is not closed", "")
            return
        else:
            element = _element(buffer, key)
            yield element
            if isinstance(element, Broken) and element.reason == "truncated_json":
                return


def _element(buffer: _Buffer, key: str) -> Element | Broken:
    try:
        return Element(buffer.value(), key)
    except ValueError as error:
        message = error.msg if isinstance(error, json.JSONDecodeError) else "not a value"
        raw = buffer.skip_to_next()
        return Broken("truncated_json" if buffer.ended and not buffer.peek() else "bad_json", message, raw)


def _objects(buffer: _Buffer) -> Iterator[Element | Broken]:
    """One object after the other: each a record, or an object that holds records."""
    while buffer.peek() == "{":
        if _holds_records(buffer):
            buffer.at += 1
            yield from _members(buffer)
        else:
            yield from _unwrapped(_element(buffer, ""))
        while buffer.peek() == ",":
            buffer.at += 1
    if buffer.peek():
        yield Broken("bad_json", "text behind the last object", buffer.skip_to_next())


def _unwrapped(element: Element | Broken) -> Iterator[Element | Broken]:
    """The records of a wrapper whose list is not its first member, or the element itself."""
    value = element.value if isinstance(element, Element) else None
    if isinstance(value, dict):
        for name in _WRAPPERS.intersection(value):
            inner = value[name]
            if isinstance(inner, list) and inner and isinstance(inner[0], dict):
                yield from (Element(item) for item in inner)
                return
    yield element


def _holds_records(buffer: _Buffer) -> bool:
    """Whether the object at the cursor maps keys to records (objects or lists of objects), by its first member."""
    while True:
        key = _KEY.match(buffer.text, buffer.at + 1)
        if key and key.end() + 256 < len(buffer.text):
            break
        if buffer.ended or not buffer.more():
            break
    key = _KEY.match(buffer.text, buffer.at + 1)
    if not key:
        return False
    rest = _SPACE.sub("", buffer.text[key.end() : key.end() + 256], count=1)
    if not rest.startswith(("{", "[")):
        return False
    name = json.loads(key[1], strict=False)
    return _opens_record(rest, str(name))


_WRAPPERS = frozenset(
    {"data", "rows", "records", "dialogues", "dialogs", "items", "train", "dev", "valid", "test", "examples"}
)
_FIELDS = frozenset(
    [
        "dialog",
        "dialogue",
        "dialogues",
        "history",
        "conversation",
        "conversations",
        "messages",
        "turns",
        "utterances",
        "content",
        "original_dialog",
        "Dialogue",
        "instruction",
        "output",
        "questions",
        "answers",
        "diagnosis",
        "patient",
        "question",
        "userinfo",
        "temp_kg",
        "label",
        "disease",
        "chosen",
        "rejected",
        "answer",
        "tags",
    ]
)


def _opens_record(rest: str, name: str) -> bool:
    if rest.startswith("["):
        return name in _WRAPPERS and bool(re.match(r"\[\s*[\[{]", rest))
    return name not in _FIELDS and bool(re.match(r"\{\s*\"", rest))


def _members(buffer: _Buffer) -> Iterator[Element | Broken]:
    """The members of an object of records whose brace has been read."""
    while True:
        mark = buffer.peek()
        if mark == ",":
            buffer.at += 1
        elif mark == "}":
            buffer.at += 1
            return
        elif not mark:
            yield Broken("truncated_json", "the object is not closed", "")
            return
        elif mark == '"':
            yield from _member(buffer)
        else:
            yield Broken("bad_json", "a key is missing", buffer.skip_to_next())
            if buffer.peek() == "{":
                yield _element(buffer, "")


def _member(buffer: _Buffer) -> Iterator[Element | Broken]:
    try:
        key = str(buffer.value())
    except ValueError:
        yield Broken("bad_json", "a key is broken", buffer.skip_to_next())
        return
    if buffer.peek() == ":":
        buffer.at += 1
    if buffer.peek() == "[" and key in _WRAPPERS:
        buffer.at += 1
        yield from _array(buffer, "")
    elif buffer.peek():
        yield _element(buffer, key)
