"""Characters that cannot be kept: bytes that no encoding could give (`encodings.MARK`) and half surrogates from JSON escapes.

Both become U+FFFD wherever they stand in a record, keys included, and the record says how often as a repair.
"""

import re

from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.mapped import Mapped, Unreadable

ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

_HALF = re.compile("[\ud800-\udfff]")


class Faults:
    """What was mended in one record."""

    def __init__(self) -> None:
        self.marks = self.halves = 0

    def repairs(self) -> tuple[str, ...]:
        """The repairs to name, none for a sound record."""
        replaced = (f"replaced_characters:{self.marks}",) if self.marks else ()
        return (*replaced, "lone_surrogate") if self.halves else replaced


def mend(value: object, faults: Faults) -> object:
    """The same JSON value with every faulty character replaced and counted."""
    if isinstance(value, str):
        return _text(value, faults)
    if isinstance(value, list):
        return [mend(item, faults) for item in value]
    if isinstance(value, tuple):
        return tuple(mend(item, faults) for item in value)
    if isinstance(value, dict):
        return {mend(key, faults): mend(item, faults) for key, item in value.items()}
    return value


def _text(text: str, faults: Faults) -> str:
    if text.isascii():
        return text
    faults.marks += text.count(MARK)
    whole, halves = _HALF.subn("\ufffd", text)
    faults.halves += halves
    return whole.replace(MARK, "\ufffd")


def mend_record(record: Mapped | Unreadable) -> Mapped | Unreadable:
    """A record as an adapter of plain text gave it, mended in all its fields."""
    faults = Faults()
    if isinstance(record, Unreadable):
        return Unreadable._make(mend(item, faults) for item in record)
    mended = Mapped._make(mend(item, faults) for item in record)
    return mended._replace(repairs=[*mended.repairs, *faults.repairs()])
