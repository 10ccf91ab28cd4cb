"""Text of a dialogue in a form fit to be shown: short, with what the eye cannot see made visible, twins side by side."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

_TURNS, _CHARS = 4, 160
_EQUAL = 2  # turns of twins that do not differ
_RAW_CHARS = 320
_BEFORE = 30  # characters shown before the first difference
_ALIGNED = 200  # turns that are aligned

# Controls, line and paragraph separators, zero-width characters and those that turn the direction of writing around.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

Turns = Sequence[tuple[str, str]]
Pieces = list[tuple[str, bool]]


class Quote(NamedTuple):
    """The first turns of a dialogue, or of a record without turns its raw text with an empty role; `more` turns are left out."""

    turns: list[tuple[str, str]]
    more: int


class Row(NamedTuple):
    """A turn of both twins in pieces, each with whether it differs; None where a twin has no such turn."""

    role: str
    kept: Pieces | None
    dropped: Pieces | None


class Compared(NamedTuple):
    """The turns in which twins differ (the first ones if in none); `more` turns are left out."""

    rows: list[Row]
    more: int


def visible(text: str) -> str:
    """The text with every character that cannot be seen written as its number, such as [U+202E]."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis behind `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def quote(turns: Turns) -> Quote:
    """The first turns, each shortened."""
    shown = [(role, visible(shortened(text, _CHARS))) for role, text in turns[:_TURNS]]
    return Quote(shown, max(len(turns) - _TURNS, 0))


def quote_text(raw: str) -> Quote:
    """A record that has no turns."""
    return Quote([("", visible(shortened(raw, _RAW_CHARS)))] if raw.strip() else [], 0)


def compare(kept: Turns, dropped: Turns) -> Compared:
    """Twins turn by turn."""
    pairs = _aligned(kept[:_ALIGNED], dropped[:_ALIGNED])
    differing = [pair for pair in pairs if pair[0] is None or pair[1] is None or pair[0][1] != pair[1][1]]
    shown = differing[:_TURNS] or pairs[:_EQUAL]
    return Compared([_row(*pair) for pair in shown], max(len(kept), len(dropped)) - len(shown))


Pair = tuple[tuple[str, str] | None, tuple[str, str] | None]


def _aligned(kept: Turns, dropped: Turns) -> list[Pair]:
    """Turns beside their counterparts: equal ones first, what lies between them in order."""
    matcher = SequenceMatcher(None, [text for _, text in kept], [text for _, text in dropped], autojunk=False)
    pairs: list[Pair] = []
    for _, a, b, c, d in matcher.get_opcodes():
        pairs += zip_longest(kept[a:b], dropped[c:d])
    return pairs


def _row(kept: tuple[str, str] | None, dropped: tuple[str, str] | None) -> Row:
    if kept is None or dropped is None:
        role, text = kept or dropped or ("", "")
        alone: Pieces = [(visible(shortened(text, _CHARS)), True)]
        return Row(role, alone if kept else None, alone if dropped else None)
    left, right = _window(kept[1], dropped[1])
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    one: Pieces = []
    two: Pieces = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if a < b:
            one.append((visible(left[a:b]), kind != "equal"))
        if c < d:
            two.append((visible(right[c:d]), kind != "equal"))
    return Row(kept[0], one, two)


def _window(left: str, right: str) -> tuple[str, str]:
    """The same stretch of both texts, around their first difference."""
    same = next(
        (place for place, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    start = same - _BEFORE if left != right and same > 2 * _BEFORE else 0
    before = "…" if start else ""
    return before + shortened(left[start:], _CHARS), before + shortened(right[start:], _CHARS)
