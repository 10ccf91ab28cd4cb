"""Texts as letters and digits alone, for comparing what was written differently.

NFKC, lower case, simplified, white space and punctuation out, every number one mark, so that changed digits hide nothing. All of
it is one look-up a character, so that every folded character knows its place in the original.
"""

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmedqa.codepoints import Codes, Ints, code_points

_NUMBER = ord("0")
_CODES = 0x30000  # all that Unicode assigns to letters
_INSIDE_NUMBER = 2  # digits at most this far apart are one number: 38.5


class Folded(NamedTuple):
    """Folded codes of some texts one after the other, the place of each in the original codes, and where groups begin."""

    codes: Codes
    place: Ints
    offsets: Ints

    def only(self, chosen: npt.NDArray[np.bool_]) -> "Folded":
        """The same groups without the codes where `chosen` is false."""
        before = np.concatenate(([0], np.cumsum(chosen)))
        return Folded(self.codes[chosen], self.place[chosen], before[self.offsets])


def fold_table(simplify: Callable[[str], str]) -> Codes:
    """For each code point its folded form: letters and digits of NFKC in lower case, simplified; digits are one mark; else 0."""
    folded = [_fold_character(chr(code)) for code in range(_CODES)]
    simple = simplify("\n".join(folded)).split("\n")
    return np.array([ord(new) if len(new) == 1 else 0 for new in simple], np.uint32)


def _fold_character(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return ""
    plain = [part for part in unicodedata.normalize("NFKC", character).lower() if part.isalnum()]
    if len(plain) != 1:  # one letter cannot stand for several; units such as ㎎ are written out before
        return character if plain else ""
    return chr(_NUMBER) if plain[0].isdecimal() else plain[0]


def fold_column(texts: pa.StringArray, table: Codes) -> Folded:
    """Texts folded, each a group of its own."""
    points = code_points(texts)
    return fold_turns(points.codes, points.offsets, np.arange(len(texts)), table)


def fold_turns(codes: Codes, offsets: Ints, group: Ints, table: Codes) -> Folded:
    """Texts codes[offsets[i]:offsets[i + 1]] folded and joined by group (of each text, ascending from 0)."""
    folded = table[np.minimum(codes, len(table) - 1)]
    place = np.flatnonzero(folded)
    kept = folded[place]
    text = np.searchsorted(offsets, place, side="right")
    again = (kept[1:] == _NUMBER) & (kept[:-1] == _NUMBER)
    again &= (np.diff(place) <= _INSIDE_NUMBER) & (text[1:] == text[:-1])
    place = place[np.concatenate(([True], ~again))] if len(place) else place
    groups = int(group[-1]) + 1 if len(group) else 0
    bounds = offsets[np.searchsorted(group, np.arange(groups + 1))]
    return Folded(folded[place], place, np.searchsorted(place, bounds))
