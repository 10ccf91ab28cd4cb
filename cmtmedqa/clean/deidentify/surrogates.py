"""Replacing found spans by typed tags that are consistent inside one dialogue and mean nothing outside it."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from cmtmedqa.clean.deidentify.fold import fold
from cmtmedqa.clean.deidentify.model import KINDS, Span
from cmtmedqa.clean.deidentify.validators import digits

_NUMERIC = frozenset(("mobile", "landline", "hotline", "bank_card"))
_USED = re.compile(r"\[([^\[\]0-9]+)([0-9]+)\]")


def replace(texts: Sequence[str], spans: Mapping[int, Sequence[Span]]) -> list[str]:
    """The texts of one dialogue with spans (by index of the text) replaced; the same value has the same tag.

    Tags that stand in the texts already keep their numbers: new ones count on from them.
    """
    counts = _used(texts)
    tags: dict[tuple[str, str], str] = {}
    replaced = list(texts)
    for index in sorted(spans):
        text, pieces, done = texts[index], [], 0
        for span in sorted(spans[index]):
            pieces += [
                text[done : span.start],
                _tag(span.kind, canonical(span.kind, text[span.start : span.end]), tags, counts),
            ]
            done = span.end
        replaced[index] = "".join([*pieces, text[done:]])
    return replaced


def canonical(kind: str, value: str) -> str:
    """What two forms of the same value have in common."""
    folded = fold(value).text
    if kind in _NUMERIC:
        number = digits(folded)
        return re.sub(r"^(?:00)?86(?=1[3-9][0-9]{9}$)", "", number)
    return re.sub(r"[ ·-]", "", folded).lower()


def keyed_hash(kind: str, value: str, key: bytes) -> str:
    """HMAC-SHA256 of a canonical value for lineage; without the key, which is never published, it tells nothing."""
    return hmac.new(key, f"{kind}\t{canonical(kind, value)}".encode(), hashlib.sha256).hexdigest()


def _used(texts: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text in texts:
        for label, number in _USED.findall(text):
            counts[label] = max(counts.get(label, 0), int(number[:6]))
    return counts


def _tag(kind: str, value: str, tags: dict[tuple[str, str], str], counts: dict[str, int]) -> str:
    label = KINDS[kind][0]
    if kind == "age":
        return label
    if (label, value) not in tags:
        counts[label] = counts.get(label, 0) + 1
        tags[label, value] = f"[{label}{counts[label]}]"
    return tags[label, value]
