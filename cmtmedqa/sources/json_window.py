"""A window on a stream of JSON text: values are decoded at its cursor, and it grows only while one is incomplete."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.mend import ESCAPED_SURROGATE, Faults, mend
from cmtmedqa.sources.route import route

MAX_RECORD = 64 * 1024 * 1024  # characters; no dialogue is longer, a stream without end is

# NaN and the infinities are no JSON and no values: null.
DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)
SPACE = re.compile(r"[\s\ufeff]*")
_NUMBER = 32  # a number this near to the window's end may go on behind it
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
        """Whether the fault lies at the end of the window, where more text may mend it."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos >= len(self.text) - 16 or error.msg.startswith("Unterminated string")

    def skip(self, known: re.Pattern[str], any_kind: re.Pattern[str] | None) -> str:
        """Give up the value at the cursor, move to where the next one begins, and return what was passed over.

        That is where `known` matches; only if that is nowhere near, behind the first `any_kind` that a record follows.
        """
        start = self.at + 1
        while not (found := known.search(self.text, start)) and not self.ended and len(self.text) - self.at < _FAR:
            start = max(len(self.text) - self.at - 512, 1)
            self.more()
        end = found.end() if found else self._next_record(any_kind) if any_kind else len(self.text)
        raw, self.at = self.text[self.at : end], end
        return raw.rstrip(", \r\n\t").replace(MARK, "\ufffd")

    def _next_record(self, between: re.Pattern[str]) -> int:
        for found in between.finditer(self.text, self.at + 1):
            try:
                value, _ = DECODER.raw_decode(self.text, found.end())
            except (ValueError, RecursionError):
                continue
            if route(value) is not None:
                return found.end()
        return len(self.text)
