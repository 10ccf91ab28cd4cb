"""What the matches of a pattern have in common, derived from the pattern: their first characters, and pairs of neighbours.

A pattern is taken apart by Python's own parser. Of a sequence of parts, the rarest pairs are taken: those inside a part
that must be there, or those across the border between two.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from cmtmedqa.clean.deidentify.frequencies import OFTEN, WORDS

TAG_MARK = "\ue000"  # what a tag is to the rules: one character, whatever stood there before

Chars = frozenset[int] | None  # None: any character
Pair = tuple[Chars, Chars]

_COMMON, _ANY = 30.0, 9000.0
_LONGEST_RANGE = 3000


class Part(NamedTuple):
    """What is known of every match of a part of a pattern.

    empty: it may match nothing; first, last: the characters that it may begin and end with; pairs: the text of a match
    holds one of these, None if that cannot be said; choices: the alternatives it stands for, if there are any.
    """

    empty: bool
    first: Chars
    last: Chars
    pairs: tuple[Pair, ...] | None
    choices: tuple["Part", ...] = ()


_NOTHING = Part(True, frozenset(), frozenset(), None)
_UNKNOWN = Part(True, None, None, None)


@dataclass(frozen=True)
class Pattern:
    """A pattern, and pairs of which the text of every match holds one; the end of a text makes a pair with any."""

    source: str
    flags: int
    pairs: tuple[Pair, ...]

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled at its first use, because few texts bring all rules into play and compiling them all takes half a second."""
        return re.compile(self.source, self.flags)


def compiled(pattern: str, flags: int = 0) -> Pattern:
    """The pattern with its pairs, led by a look at the one character that it can begin with unless `re` does so itself.

    It is parsed here and compiled when it is needed.
    """
    tokens = parser.parse(pattern, flags)
    part = _sequence(tokens)
    pairs = part.pairs or ((None, None),)
    if flags & re.IGNORECASE:
        return Pattern(pattern, flags, tuple((_cases(left), _cases(right)) for left, right in pairs))
    lead = "" if part.empty or part.first is None or _begins_plainly(tokens) else _look(part.first)
    return Pattern(lead + pattern, flags, pairs)


def led(words: str) -> str:
    """An alternation led by a look at the first character, which saves most places of a text a comparison with every word."""
    first = _sequence(parser.parse(words)).first
    assert first is not None
    return f"{_look(first)}(?:{words})"


def branched(words: str) -> str:
    """The same alternation sorted by first character, each written once: what cannot match here is passed over at once.

    At a place only alternatives that may begin with its character can match, and these stay in their order.
    """
    choices = _choices(words)
    firsts = [_sequence(parser.parse(choice)).first or frozenset() for choice in choices]
    held: dict[int, list[str]] = {}
    for choice, chars in zip(choices, firsts, strict=True):
        for code in sorted(chars):
            held.setdefault(code, []).append(choice)
    groups: dict[tuple[str, ...], list[int]] = {}
    for code, members in held.items():
        groups.setdefault(tuple(members), []).append(code)
    return f"{_look(frozenset(held))}(?:{'|'.join(_branch(codes, members) for members, codes in groups.items())})"


def _branch(codes: list[int], members: tuple[str, ...]) -> str:
    head = chr(codes[0])
    if len(codes) == 1 and all(choice[0] == head and choice[1:2] not in ("?", "*", "+", "{") for choice in members):
        return f"{head}(?:{'|'.join(choice[1:] for choice in members)})"
    return f"{_look(frozenset(codes))}(?:{'|'.join(members)})"


def _choices(words: str) -> list[str]:
    """The alternatives of a pattern, without those inside its brackets."""
    found, depth = [""], 0
    for char in words:
        depth += (char in "([") - (char in ")]")
        if char == "|" and not depth:
            found.append("")
        else:
            found[-1] += char
    return found


def _look(chars: frozenset[int]) -> str:
    return f"(?=[{''.join(re.escape(chr(code)) for code in sorted(chars))}])"


def _begins_plainly(tokens: Sequence[Any]) -> bool:
    """Whether `re` itself finds the places where a match may begin."""
    if not tokens:
        return False
    code, argument = tokens[0]
    if code is sre.SUBPATTERN:
        return _begins_plainly(argument[-1])
    if code is sre.BRANCH:
        return all(item and item[0][0] is sre.LITERAL for item in argument[1])
    return code in (sre.LITERAL, sre.IN) or (code is sre.ASSERT and argument[0] == 1)


def _cases(chars: Chars) -> Chars:
    return None if chars is None else chars.union(*({ord(chr(code).lower()), ord(chr(code).upper())} for code in chars))


def _sequence(tokens: Sequence[Any]) -> Part:
    if all(code is sre.LITERAL for code, _ in tokens):
        return _word(tuple(argument for _, argument in tokens))
    return _joined([_part(code, argument) for code, argument in tokens])


@cache  # the same words stand in many patterns
def _word(codes: tuple[int, ...]) -> Part:
    return _joined([_one(frozenset([code])) for code in codes])


def _joined(parts: list[Part]) -> Part:
    if len(parts) <= 1:
        return parts[0] if parts else _NOTHING
    found = [part.pairs for part in parts if part.pairs is not None]
    for place, part in enumerate(parts):
        before, behind = _until_full(parts[:place][::-1]), _until_full(parts[place + 1 :])
        around = _ends(before), _starts(behind)
        if not part.empty and (best := _bordered(part, *around)) is not None:
            found.append(best)
    return Part(
        all(part.empty for part in parts),
        _union([part.first for part in _until_full(parts)]),
        _union([part.last for part in _until_full(parts[::-1])]),
        min(found, key=_weight, default=None),
    )


def _starts(parts: list[Part]) -> Chars:
    """What the parts may begin with; no character if they may be nothing."""
    return _union([part.first for part in parts]) if parts and not parts[-1].empty else frozenset()


def _ends(parts: list[Part]) -> Chars:
    return _union([part.last for part in parts]) if parts and not parts[-1].empty else frozenset()


def _bordered(part: Part, ends: Chars, starts: Chars) -> tuple[Pair, ...] | None:
    """The rarest pairs of each choice: its own, or those across its borders to what stands before and behind it."""
    chosen: list[Pair] = []
    for choice in part.choices or (part,):
        ways = [] if choice.pairs is None else [choice.pairs]
        if not choice.empty and starts != frozenset():
            ways.append(((choice.last, starts),))
        if not choice.empty and ends != frozenset():
            ways.append(((ends, choice.first),))
        if not ways:
            return None
        chosen += min(ways, key=_weight)
    return tuple(chosen)


def _until_full(parts: list[Part]) -> list[Part]:
    """The parts up to the first one that cannot be empty."""
    full = next((place for place, part in enumerate(parts) if not part.empty), len(parts) - 1)
    return parts[: full + 1]


def _part(code: Any, argument: Any) -> Part:
    if code is sre.LITERAL:
        return _one(frozenset([argument]))
    if code is sre.IN:
        return _one(_class(argument))
    if code in (sre.ANY, sre.NOT_LITERAL):
        return _one(None)
    if code is sre.SUBPATTERN:
        return _UNKNOWN if argument[1] else _sequence(argument[-1])  # flags of its own change what its letters mean
    if code is sre.BRANCH:
        return _either([_sequence(item) for item in argument[1]])
    if code in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return _repeated(*argument)
    if code is sre.ASSERT:
        return _NOTHING._replace(pairs=_sequence(argument[1]).pairs)
    return _NOTHING if code in (sre.AT, sre.ASSERT_NOT) else _UNKNOWN


def _one(chars: Chars) -> Part:
    if chars is not None and ord(TAG_MARK) in chars:
        chars = None  # a tag stands where a longer text stood
    return Part(False, chars, chars, None if chars is None else ((chars, None),))


def _class(items: Sequence[Any]) -> Chars:
    if any(code not in (sre.LITERAL, sre.RANGE) for code, _ in items):
        return None
    found: set[int] = set()
    for code, value in items:
        first, last = (value, value) if code is sre.LITERAL else value
        if last - first > _LONGEST_RANGE:
            return None
        found.update(range(first, last + 1))
    return frozenset(found)


def _either(parts: Sequence[Part]) -> Part:
    choices = tuple(choice for part in parts for choice in (part.choices or (part,)))
    held = [part.pairs for part in parts]
    every = None if any(item is None for item in held) else tuple(pair for item in held for pair in item or ())
    first, last = _union([part.first for part in parts]), _union([part.last for part in parts])
    return Part(any(part.empty for part in parts), first, last, every, choices)


def _repeated(least: int, most: int, tokens: Sequence[Any]) -> Part:
    part = _sequence(tokens)
    if least == 0:
        return Part(True, part.first, part.last, None)
    if least == 1:
        return part if most == 1 else part._replace(choices=())
    twice = part.last, part.first
    better = not part.empty and (part.pairs is None or _weight([twice]) < _weight(part.pairs))
    return part._replace(pairs=(twice,) if better else part.pairs, choices=())


def _union(sets: Sequence[Chars]) -> Chars:
    return None if any(item is None for item in sets) else frozenset().union(*(item for item in sets if item))


def _weight(held: Iterable[Pair]) -> float:
    return sum(map(_pair_weight, held))


@cache
def _pair_weight(pair: Pair) -> float:
    return _mass(pair[0]) * _mass(pair[1]) + _ANY * (_single(pair) in WORDS)


def _single(pair: Pair) -> tuple[int, int] | None:
    left, right = pair
    return (min(left), min(right)) if left and right and len(left) == len(right) == 1 else None


@cache
def _mass(chars: Chars) -> float:
    return _ANY if chars is None else min(_ANY, len(chars) + (_COMMON - 1) * len(chars & OFTEN))
