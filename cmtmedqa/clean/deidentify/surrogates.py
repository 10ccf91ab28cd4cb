"""Replacing found spans by typed tags that are consistent inside one dialogue and mean nothing outside it."""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from cmtmedqa.clean.deidentify.cues import HONORIFIC, TITLE
from cmtmedqa.clean.deidentify.fold import fold
from cmtmedqa.clean.deidentify.model import KINDS, Span, free_place
from cmtmedqa.clean.deidentify.names import allowed, surname_length
from cmtmedqa.clean.deidentify.rules_hospitals import SUFFIX, WARD
from cmtmedqa.clean.deidentify.validators import digits

# Kinds whose values are looked for again in the rest of their dialogue.
REPEATED = ("doctor", "name")
_NUMERIC = frozenset(("mobile", "landline", "hotline", "bank_card"))
_WARD = re.compile(f"({SUFFIX}){WARD}$")
_CALLED = re.compile(f"(?:{TITLE}|{HONORIFIC})$")
_USED = re.compile(r"\[([^\[\]0-9]+)([0-9]+)\]")


def replace(texts: Sequence[str], spans: Mapping[int, Sequence[Span]]) -> list[str]:
    """The texts of one dialogue with spans (by index of the text) replaced; the same value has the same tag.

    Tags that stand in the texts already keep their numbers: new ones count on from them.
    """
    counts = _used(texts)
    tags: dict[tuple[str, str], str] = {}
    full = _full_names(texts, spans)
    replaced = list(texts)
    for index in sorted(spans):
        text, pieces, done = texts[index], [], 0
        for span in sorted(spans[index]):
            value = canonical(span.kind, text[span.start : span.end])
            value = full.get((span.kind, value.removeprefix("小").removeprefix("老")), value)
            pieces += [text[done : span.start], _tag(span.kind, value, tags, counts)]
            done = span.end
        replaced[index] = "".join([*pieces, text[done:]])
    return replaced


def repeated_names(texts: Sequence[str], spans: Mapping[int, Sequence[Span]]) -> dict[int, tuple[Span, ...]]:
    """The spans of one dialogue, and every further place where a name that a cue gave away stands without one."""
    names = {
        (span.kind, canonical(span.kind, texts[index][span.start : span.end]))
        for index, found in spans.items()
        for span in found
        if span.kind in REPEATED
    }
    known = sorted((-len(name), name, kind) for kind, name in names if len(name) > 1 and not allowed(name, 0))
    merged = {index: sorted(found) for index, found in spans.items()}
    for index, text in enumerate(texts):
        for _, name, kind in known:
            for match in re.finditer(re.escape(name), text):
                span, found = Span(*match.span(), kind, "repeated-name"), merged.setdefault(index, [])
                if (place := free_place(found, span)) is not None:
                    found.insert(place, span)
    return {index: tuple(found) for index, found in merged.items() if found}


def canonical(kind: str, value: str) -> str:
    """What two forms of the same value have in common."""
    folded = fold(value).text
    if kind in _NUMERIC:
        number = digits(folded)
        return re.sub(r"^(?:00)?86(?=1[3-9][0-9]{9}$)", "", number)
    value = re.sub(r"[ ·-]", "", folded).lower()
    if kind == "hospital":
        return _WARD.sub(r"\1", value)
    if kind in REPEATED:
        return _CALLED.sub("", value) or value
    return value


def keyed_hash(kind: str, value: str, key: bytes) -> str:
    """HMAC-SHA256 of a canonical value for lineage; without the key, which is never published, it tells nothing."""
    return hmac.new(key, f"{kind}\t{canonical(kind, value)}".encode(), hashlib.sha256).hexdigest()


def _full_names(texts: Sequence[str], spans: Mapping[int, Sequence[Span]]) -> dict[tuple[str, str], str]:
    """By kind and surname the full name, where only one person of that surname is named in full."""
    names: dict[tuple[str, str], set[str]] = {}
    for index, found in spans.items():
        for span in found:
            value = canonical(span.kind, texts[index][span.start : span.end])
            size = surname_length(value, 0) if span.kind in REPEATED else 0
            if size and len(value) > size:
                names.setdefault((span.kind, value[:size]), set()).add(value)
    return {key: min(values) for key, values in names.items() if len(values) == 1}


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
