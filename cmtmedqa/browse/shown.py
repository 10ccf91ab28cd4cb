"""Rows of a dataset as pages show them: kept and rejected records in one form, search words marked, twins side by side."""

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from cmtmedqa.browse.search import stored_dialogue

_SNIPPET = 140
_RAW = 100_000
_COMPARED = 4_000_000

Turn = tuple[str, str]
Pieces = list[tuple[str, bool]]


class Shown(NamedTuple):
    """A record for reading. `facts` and `numbers` are (name, value); `raw` is set instead of turns for what could not be read."""

    number: int
    id: str
    source: str
    split: str | None
    department: str
    title: str | None
    turns: tuple[Turn, ...]
    raw: str
    raw_chars: int
    step: str
    reason: str
    detail: str
    facts: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[str, str], ...]

    @property
    def kept(self) -> bool:
        """Whether the record is in the dataset."""
        return self.split is not None

    @property
    def duplicate(self) -> bool:
        """Whether the record was rejected for a twin."""
        return self.step == "deduplicate"


def shown(number: int, split: str | None, row: dict[str, Any]) -> Shown:
    """A row of `data/` (with its split) or of `rejected/` (without)."""
    return _kept(number, split, row) if split else _rejected(number, row)


def _kept(number: int, split: str, row: dict[str, Any]) -> Shown:
    facts = {
        "department_raw": " / ".join(row["department_raw"]),
        "diseases": "、".join(row["diseases"]),
        "sex": row["patient"]["sex"],
        "age": row["patient"]["age"],
        "provenance": row["provenance"],
        "license": row["license"],
        "url": row["url"],
        "extra": row["extra"] if row["extra"] != "{}" else None,
    }
    return Shown(
        number=number,
        id=row["id"],
        source=row["source"],
        split=split,
        department=row["department"] or "",
        title=row["title"],
        turns=tuple((turn["role"], turn["text"]) for turn in row["turns"]),
        raw="",
        raw_chars=0,
        step="",
        reason="",
        detail="",
        facts=_filled(facts),
        numbers=_filled(row["features"] or {}),
    )


def _rejected(number: int, row: dict[str, Any]) -> Shown:
    readable = row["step"] != "read"
    title, turns = stored_dialogue(row["record"] if readable else "")
    numbers = _features(row["record"]) if readable else {}
    raw = "" if turns else _indented(row["record"])
    return Shown(
        number=number,
        id=row["id"],
        source=row["source"],
        split=None,
        department="",
        title=title,
        turns=tuple(turns),
        raw=raw[:_RAW],
        raw_chars=len(raw),
        step=row["step"],
        reason=row["reason"],
        detail=row["detail"],
        facts=_filled({"file": row["file"], "index": row["index"]}),
        numbers=_filled(numbers),
    )


def _features(record: str) -> dict[str, Any]:
    try:
        return json.loads(record).get("features") or {}
    except (ValueError, AttributeError):
        return {}


def _indented(record: str) -> str:
    if len(record) > _RAW:
        return record
    try:
        return json.dumps(json.loads(record), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        return record


def _filled(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in values.items() if value is not None and value != "")


def first_patient_text(record: Shown) -> str:
    """What a list shows of a record: its first patient turn, else its first turn, else what was stored."""
    texts = [text for role, text in record.turns if role == "patient" and text] or [text for _, text in record.turns]
    return (texts or [record.raw])[0]


def marked(text: str, word: str) -> Pieces:
    """The text in pieces (text, whether it is the word searched for)."""
    if not word:
        return [(text, False)]
    parts = re.split(f"({re.escape(word)})", text, flags=re.IGNORECASE)
    return [(part, number % 2 == 1) for number, part in enumerate(parts) if part]


def snippet(text: str, word: str) -> Pieces:
    """The beginning of a text, or the surroundings of the word if that stands further back."""
    found = re.search(re.escape(word), text, re.IGNORECASE) if word else None
    start = max(found.start() - _SNIPPET // 3, 0) if found and found.end() > _SNIPPET else 0
    cut = text[start : start + _SNIPPET]
    return marked(("…" if start else "") + cut + ("…" if start + _SNIPPET < len(text) else ""), word)


def elsewhere(record: Shown, word: str) -> Pieces | None:
    """The surroundings of the word where the first patient turn does not hold it."""
    folded = word.casefold()
    if not word or folded in first_patient_text(record).casefold():
        return None
    texts = [record.title or "", *(text for _, text in record.turns), record.raw]
    return next((snippet(text, word) for text in texts if folded in text.casefold()), None)


class Pair(NamedTuple):
    """A turn of one record beside that of its twin; None where one has no counterpart. In the pieces True means: differs."""

    role: str
    left: Pieces | None
    right: Pieces | None


def side_by_side(left: Sequence[Turn], right: Sequence[Turn]) -> list[Pair]:
    """Two dialogues turn by turn, with the characters that differ."""
    pairs: list[Pair] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        for place in range(max(b - a, d - c)):
            one = left[a + place] if a + place < b else None
            two = right[c + place] if c + place < d else None
            pairs += [Pair(*_pair(one, two, kind == "equal"))] if not one or not two or one[0] == two[0] else [
                Pair(*_pair(one, None, False)), Pair(*_pair(None, two, False))
            ]  # fmt: skip
    return pairs


def _pair(one: Turn | None, two: Turn | None, equal: bool) -> tuple[str, Pieces | None, Pieces | None]:
    if one is None or two is None:
        role = (one or two or ("", ""))[0]
        return role, ([(one[1], True)] if one else None), ([(two[1], True)] if two else None)
    if equal:
        return one[0], [(one[1], False)], [(two[1], False)]
    return one[0], *_differences(one[1], two[1])


def _differences(one: str, two: str) -> tuple[Pieces, Pieces]:
    if len(one) * len(two) > _COMPARED:
        return [(one, False)], [(two, False)]
    left, right = [], []
    for kind, a, b, c, d in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if a < b:
            left.append((one[a:b], kind != "equal"))
        if c < d:
            right.append((two[c:d], kind != "equal"))
    return left, right
