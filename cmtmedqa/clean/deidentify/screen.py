"""Which rules can match a text at all, told from its pairs of neighbouring characters in one pass over many texts.

Every match of a rule holds one pair out of a set that is derived from the rule's own pattern. A text without such a pair
needs no further look. The pairs of all rules are looked up together, which is far cheaper than as many searches.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cmtmedqa.clean.deidentify.patterns import Chars, Pair
from cmtmedqa.codepoints import joined_code_points

_SIZE = 0x10000  # what lies above counts as one character
_WORD = 64

Masks = npt.NDArray[np.uint64]


class Screen:
    """The pairs of several rules."""

    def __init__(self, rules: Sequence[Sequence[Pair]]) -> None:
        """rules: the pairs of each."""
        flat = [(number, pair) for number, held in enumerate(rules) for pair in held]
        left, self._left, lefts = _classes([pair[0] for _, pair in flat])
        right, self._right, rights = _classes([pair[1] for _, pair in flat])
        self._left *= rights
        masks = np.zeros((lefts, rights, -(-len(rules) // _WORD)), np.uint64)
        for (number, _), starts, ends in zip(flat, left, right, strict=True):
            masks[starts[:, None], ends, number // _WORD] |= np.uint64(1 << number % _WORD)
        kinds: dict[bytes, int] = {bytes(masks.itemsize * masks.shape[2]): 0}
        rows = masks.reshape(lefts * rights, -1)
        busy = np.flatnonzero(rows.any(axis=1))
        self._kind = np.zeros(lefts * rights, np.uint16)
        self._kind[busy] = [kinds.setdefault(row.tobytes(), len(kinds)) for row in rows[busy]]
        self._masks = np.frombuffer(b"".join(kinds), np.uint64).reshape(len(kinds), -1)

    def look(self, texts: Sequence[str]) -> Masks:
        """A row of bits for each text: those set tell the rules that it may match, in `bits` of a rule's number."""
        found = np.zeros((len(texts), self._masks.shape[1]), np.uint64)
        codes, bounds = joined_code_points(texts)
        if len(codes):
            codes = np.minimum(codes, _SIZE - 1)
            kinds = self._kind[self._left[codes] + np.append(self._right[codes[1:]], self._right[0])]
            places = np.flatnonzero(kinds)
            inside = np.searchsorted(places, bounds)
            some = np.flatnonzero(np.diff(inside))
            if len(some):
                found[some] = np.bitwise_or.reduceat(self._masks[kinds[places]], inside[some], axis=0)
        return found


def may_match(masks: Masks, rule: int) -> list[int]:
    """The numbers of the texts that the rule of this number may match."""
    numbers: list[int] = np.flatnonzero(masks[:, rule // _WORD] & np.uint64(1 << rule % _WORD)).tolist()
    return numbers


def rules_of(mask: Masks) -> list[int]:
    """The numbers of the rules that may match one text."""
    numbers: list[int] = np.flatnonzero(np.unpackbits(mask.astype("<u8").view(np.uint8), bitorder="little")).tolist()
    return numbers


def _classes(sets: Sequence[Chars]) -> tuple[list[npt.NDArray[np.int64]], npt.NDArray[np.int32], int]:
    """Characters that lie in the same sets make a class: the classes of each set, the class of each code point, how many."""
    distinct = {chars: number for number, chars in enumerate(dict.fromkeys(sets))}
    inside: defaultdict[int, list[int]] = defaultdict(list)
    for chars, number in distinct.items():
        for code in {min(code, _SIZE - 1) for code in chars or ()}:
            inside[code].append(number)
    numbers: dict[tuple[int, ...], int] = {(): 0}
    classes = np.zeros(_SIZE, np.int32)
    for code, member in inside.items():
        classes[code] = numbers.setdefault(tuple(member), len(numbers))
    held: defaultdict[int, list[int]] = defaultdict(list)
    for sets_of_class, number in numbers.items():
        for item in sets_of_class:
            held[item].append(number)
    every = np.arange(len(numbers))
    return (
        [every if chars is None else np.array(held[distinct[chars]], np.int64) for chars in sets],
        classes,
        len(numbers),
    )
