"""What must not go to experts: sets that a screen cannot show, that hold personal data, or that give a model away. Ids only."""

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from cmtmedqa.annotate.screen import K
from cmtmedqa.clean.deidentify import residual_rows
from cmtmedqa.judgements import CandidateSet

_BROKEN = re.compile("[\0\ud800-\udfff]")  # PostgreSQL takes no NUL, and JSON no half of a surrogate pair
_SPOKEN_OF = frozenset(("doctor", "expert", "human", "model", "original", "patient", "reference"))
_NAME = re.compile(r"[a-z]{3}", re.IGNORECASE)


def unfit(sets: Sequence[CandidateSet]) -> dict[str, str]:
    """Set id → why it cannot be judged blindly by people, for those that cannot."""
    found = {}
    for item in sets:
        if why := next(_faults(item), None):
            found[item.id] = why
    texts = [(item.id, text) for item in sets if item.id not in found for text in _texts(item)]
    for row, kinds in residual_rows(pa.array([text for _, text in texts], pa.string())).items():
        found.setdefault(texts[row][0], f"holds personal data ({', '.join(kinds)}); de-identify it first")
    return {item.id: found[item.id] for item in sets if item.id in found}


def _texts(item: CandidateSet) -> list[str]:
    return [message.content for message in item.prompt] + [candidate.text for candidate in item.candidates]


def _faults(item: CandidateSet) -> Iterator[str]:
    texts = _texts(item)
    replies = [candidate.text.strip() for candidate in item.candidates]
    if len(replies) not in K:
        yield f"has {len(replies)} candidates; a screen shows {K[0]} to {K[-1]}"
    if any(not text.strip() for text in texts):
        yield "has an empty text"
    if any(_BROKEN.search(text) for text in texts):
        yield "holds a character that cannot be stored (NUL or half of a surrogate pair)"
    if len(set(replies)) < len(replies):
        yield "has two equal candidates; sample distinct ones"
    if told := [candidate.id for candidate in item.candidates if "identity" in candidate.flags]:
        yield f"candidate {told[0]} says who it is (flag identity)"
    for name in sorted({candidate.model for candidate in item.candidates}):
        if any(_names(name, reply) for reply in replies):
            yield "a reply names one of its models"


def _names(model: str, reply: str) -> bool:
    """Whether a reply holds the name of a model; words that are also said of people do not count."""
    if not _NAME.search(model) or model.lower() in _SPOKEN_OF:
        return False
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(model)}(?![a-z0-9])", reply, re.IGNORECASE))
