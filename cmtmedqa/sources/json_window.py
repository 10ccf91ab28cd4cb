"""A window on a stream of JSON text: values are decoded at its cursor, and it grows only while one is incomplete."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.mend import ESCAPED_SURROGATE, Faults, mend
from cmtmedqa.sources.route import route

MAX_RECORD = 64 * 1024 * 1024  # characters; no dialogue is longer, a stream without end is

# NaN and the infinities are no JSON and no values: null.
DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
SPACE = re.compile(r"[\s\ufeff]*")
_HALF_WORD = re.compile(r"[-+.\\\w]*\s*")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]"]')
_BEHIND = re.compile(r'\s*(?:[{\[]|,\s*[{\["]|\]\s*[,}]|[\]}]*\s*$)')
_NUMBER = 32  # a number this near to the window's end may go on behind it
_TRIES = 2_000  # a broken record holds no more objects than that
_FAR = 4 * 1024 * 1024  # how far behind a fault the next record of a known kind is looked for


class Element(NamedTuple):
    """A value, the key it stood under (in an object of records), and what was mended in it."""

    value: object
    key: str = ""
    repairs: tuple[str, ...] = ()


class TooLongError(ValueError):
    """A value that does not end within the limit."""


class Decoded(NamedTuple):
    """A value as decoded; `faulty` if its text holds characters that have to be mended."""

    value: object
    faulty: bool

    def element(self, value: object, key: str = "") -> Element:
        """The record that is this value or stands inside it."""
        if not self.faulty:
            return Element(value, key)
        faults = Faults()
        return Element(mend(value, faults), str(mend(key, faults)), faults.repairs())


class Window:
    """A window on a stream of text that grows only while one value is incomplete."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self.text = ""
        self.at = 0
        self.ended = False

    def more(self) -> None:
        """Drop what was consumed and read on until the window has doubled or the stream ends."""
        parts = [self.text[self.at :]]
        size = len(parts[0])
        wanted = 2 * size + 1
        while size < wanted and not self.ended:
            chunk = next(self._chunks, None)
            self.ended = chunk is None
            parts.append(chunk or "")
            size += len(parts[-1])
        self.text = "".join(parts)
        self.at = 0

    def peek(self) -> str:
        """The next character that is no white space, or '' at the end."""
        while True:
            found = SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.more()

    def value(self, limit: int = MAX_RECORD) -> Decoded:
        """Decode the value at the cursor, reading on while it is incomplete. Raises ValueError when it is no JSON."""
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except RecursionError as error:
                raise ValueError("nested too deeply") from error
            except json.JSONDecodeError as error:
                if self.ended or not self.cut_off(error):
                    raise
                if len(self.text) - self.at > limit:
                    raise TooLongError("longer than any record") from error
                self.more()
                continue
            if len(self.text) - end < _NUMBER and not self.ended and not isinstance(value, dict | list | str):
                self.more()
                continue
            start, self.at = self.at, end
            marked = self.text.find(MARK, start, end) >= 0
            return Decoded(value, marked or ESCAPED_SURROGATE.search(self.text, start, end) is not None)

    def cut_off(self, error: ValueError) -> bool:
        """Whether the fault may lie in the end of the window, where more text could mend it."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos >= len(self.text) - 16 or error.msg.startswith("Unterminated string")

    def truncated(self, error: ValueError) -> bool:
        """Whether the fault is the end of the stream: nothing but half a word stands behind it."""
        if not self.ended or not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated string") or bool(_HALF_WORD.fullmatch(self.text, error.pos))

    def skip(self, known: re.Pattern[str], any_kind: re.Pattern[str] | None) -> str:
        """Give up the value at the cursor, move to where the next one begins, and return what was passed over.

        That is where `known` matches, or before that where the brackets of the value close, or where `any_kind` matches
        and a record stands.
        """
        start = self.at + 1
        while not (found := known.search(self.text, start)) and not self.ended and len(self.text) - self.at < _FAR:
            start = max(len(self.text) - self.at - 512, 1)
            self.more()
        end = found.end() if found else len(self.text)
        if any_kind:
            end = self._brackets_close(self._next_record(any_kind, end))
        raw, self.at = self.text[self.at : end], end
        return raw.rstrip(", \r\n\t").replace(MARK, "\ufffd")

    def _next_record(self, any_kind: re.Pattern[str], before: int) -> int:
        for found in islice(any_kind.finditer(self.text, self.at + 1, before), _TRIES):
            try:
                value, _ = DECODER.raw_decode(self.text, found.end())
            except RecursionError:
                break
            except ValueError:
                continue
            if route(value) is not None:
                return found.end()
        return before

    def _brackets_close(self, before: int) -> int:
        depth = 0
        if not self.text.startswith(("{", "["), self.at):
            return before
        for found in _BRACKET.finditer(self.text, self.at, before):
            if found[0] == '"':
                return before
            if found[0][0] != '"':
                depth += 1 if found[0] in "{[" else -1
                if depth == 0:
                    return found.end() if _BEHIND.match(self.text, found.end()) else before
        return before
