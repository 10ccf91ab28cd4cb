"""What a rule and a span of personal data are, and the kinds there are with the labels that replace them."""

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cmtmedqa.clean.deidentify.patterns import Pattern
from cmtmedqa.records import PII_KINDS

Check = Callable[[re.Match[str]], bool | tuple[int, int]]

# In order of priority: of two spans of the same length the kind that stands first wins.
KINDS = PII_KINDS
PRIORITY = {kind: place for place, kind in enumerate(KINDS)}

# Kinds whose form alone tells them: what an audit of a finished corpus can count.
CHECKABLE = ("id_card", "email", "url", "ip", "mobile", "landline", "hotline", "wechat", "qq", "bank_card", "plate")


class Span(NamedTuple):
    """Personal data in a text: code points start to end, its kind and the name of the rule that found it."""

    start: int
    end: int
    kind: str
    rule: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern over folded text whose group `v` is the personal value, with the examples that test it.

    `check` may refuse a match or say which part of it is the value.
    """

    name: str
    kind: str
    pattern: Pattern
    yes: tuple[str, ...]
    no: tuple[str, ...]
    check: Check | None = None


def free_place(spans: Sequence[Span], span: Span) -> int | None:
    """Where a span stands among sorted and disjoint ones; None where it overlaps one of them."""
    place = bisect.bisect_left(spans, span.start, key=lambda other: other.start)
    before, behind = spans[max(place - 1, 0) : place], spans[place : place + 1]
    taken = any(other.end > span.start for other in before) or any(other.start < span.end for other in behind)
    return None if taken else place
