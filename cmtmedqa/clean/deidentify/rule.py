"""What a rule is: one named pattern of one kind, with examples that are its tests.

In `yes` the value stands between ‹ and ›; a text of `no` holds nothing that the rule may find. Patterns never use \\b, \\w
or \\d: a Han character is a word character, and there are digits of many scripts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Extent = tuple[int, int]
FILLER = "\ue000"


class Span(NamedTuple):
    """A value of one kind at text[start:end] (code points), found by the named rule; never the value itself."""

    start: int
    end: int
    kind: str
    rule: str


def marked(found: re.Match[str]) -> Extent | None:
    """The extent of the group `v`; of the whole match where the pattern has none or it took no part."""
    if "v" in found.re.groupindex and found.start("v") >= 0:
        return found.span("v")
    return found.span()


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and the function that says which part of a match is the value, or None when it is none after all."""

    name: str
    kind: str
    pattern: re.Pattern[str]
    yes: tuple[str, ...]
    no: tuple[str, ...] = ()
    extent: Callable[[re.Match[str]], Extent | None] = marked


class Family(NamedTuple):
    """Rules behind one gate: a cheap RE2 pattern without look-around that is in every text where a rule can match."""

    name: str
    gate: str
    rules: tuple[Rule, ...]


def example(text: str) -> tuple[str, tuple[Extent, ...]]:
    """A text of `yes` without its marks, and the extents that stood between them."""
    extents, plain = [], ""
    for part in re.split("(‹[^›]*›)", text):
        value = part[1:-1] if part.startswith("‹") else part
        if part.startswith("‹"):
            extents.append((len(plain), len(plain) + len(value)))
        plain += value
    return plain, tuple(extents)
