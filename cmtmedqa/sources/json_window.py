"""A window on a stream of JSON text: values are decoded at its cursor, and it grows only while one is incomplete."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from cmtmedqa.sources.encodings import MARK, MAX_RECORD
from cmtmedqa.sources.mend import ESCAPED_SURROGATE, Faults, mend
from cmtmedqa.sources.route import route

# NaN and the infinities are no JSON and no values: null.
DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
_DIGITS = 4_000
# For what the other refuses with "Exceeds the limit": a number of thousands of digits is none, and kept as text.
DIGITS = json.JSONDecoder(
    strict=False, parse_constant=lambda _: None, parse_int=lambda text: int(text) if len(text) < _DIGITS else text
)
SPACE = re.compile(r"[\s\ufeff\0]*")
STRAY = "\0\ufeff"  # between tokens they mean nothing, and in texts no more
NO_STRAY = dict.fromkeys(map(ord, STRAY))
_HALF_WORD = re.compile(r"[-+.\\\w]*\s*")
# Possessive, so that a text of a million brackets, quotes or spaces is walked through once.
STRING = r'"(?:[^"\\]++|\\.)*+"'
_BRACKET = re.compile(rf'{STRING}|[{{}}\[\]"]', re.DOTALL)
_BEHIND = re.compile(r'\s*+(?:[{\[]|,\s*+[{\["]|\]\s*+[,}]|[\]}]*+\s*+$)')
_NUMBER = 32  # a number this near to the window's end may go on behind it
_TRIES = 2_000  # a broken record holds no more objects than that
_EXCERPT = 1_000  # characters that are kept of a value without end
_FAR = 4 * 1024 * 1024  # how far behind a fault the next record of a known kind is looked for


class Element(NamedTuple):
    """A value, the key it stood under (in an object of records), and what was mended in it."""

    value: object
    key: str = ""
    repairs: tuple[str, ...] = ()


class TooLongError(ValueError):
    """A value that does not end within the limit."""


class TooDeepError(ValueError):
    """A value that is nested more deeply than the decoder goes."""


def decoded(text: str, at: int) -> tuple[object, int]:
    """The value at a place and where it ends. Raises JSONDecodeError for no JSON, TooDeepError."""
    try:
        return DECODER.raw_decode(text, at)
    except RecursionError as error:
        raise TooDeepError("nested too deeply") from error
    except json.JSONDecodeError:
        raise
    except ValueError:
        return DIGITS.raw_decode(text, at)


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
        self.faults = 0  # values in a row that could not be decoded

    def more(self) -> None:
        """Drop what was consumed and read on until the window has doubled or the stream ends."""
        parts = [self.text[self.at :]]
        size = len(parts[0])
        wanted = min(2 * size + 1, max(size, MAX_RECORD) + 1)
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
                value, end = decoded(self.text, self.at)
            except json.JSONDecodeError as error:
                if self.text[error.pos : error.pos + 1] in STRAY and error.pos < len(self.text):
                    self.text = self.text[: self.at] + self.text[self.at :].translate(NO_STRAY)
                    continue
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
            self.faults = 0
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

    def drop(self, known: re.Pattern[str]) -> str:
        """Like `skip` for what may have no end: of more than a window only the beginning is held and returned."""
        raw, start = self.text[self.at : self.at + _EXCERPT], self.at + 1
        if found := known.search(self.text, start):
            raw = self.text[self.at : found.end()]
        while not found and not self.ended:
            self.at = max(len(self.text) - 512, self.at + 1)
            self.more()
            found = known.search(self.text, 0)
        self.at = found.end() if found else len(self.text)
        return raw.replace(MARK, "\ufffd")

    def skip_brackets(self) -> tuple[str, bool]:
        """Move behind the bracket that closes the value at the cursor, however deep, and return what it was, and True.

        Where none closes it in reach, the cursor moves to where the value is deepest: no record begins before that.
        """
        depth = most = 0
        at = deepest = self.at
        while True:
            for found in _BRACKET.finditer(self.text, at):
                if found[0] == '"' and not self.ended:
                    break  # a string that goes on behind the window
                at = found.end()
                depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
                if depth <= 0:
                    return self._taken(at), True
                if depth > most:
                    most, deepest = depth, at
            if self.ended or len(self.text) - self.at > _FAR:
                return self._taken(deepest), False
            at, deepest = at - self.at, deepest - self.at
            self.more()

    def _taken(self, end: int) -> str:
        raw, self.at = self.text[self.at : end], end
        return raw.replace(MARK, "\ufffd")

    def _next_record(self, any_kind: re.Pattern[str], before: int) -> int:
        for found in islice(any_kind.finditer(self.text, self.at + 1, before), _TRIES):
            try:
                value, _ = decoded(self.text, found.end())
            except TooDeepError:
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
