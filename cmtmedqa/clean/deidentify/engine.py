"""Finding personal data in one text or in a column of texts, where cheap gates spare most rows the rules."""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.deidentify.fold import TAG_MARK, UNUSUAL, Folded, fold
from cmtmedqa.clean.deidentify.gates import GATES
from cmtmedqa.clean.deidentify.model import PRIORITY, Rule, Span
from cmtmedqa.clean.deidentify.rules import RULES

_ANY_GATE = "|".join(f"(?:{gate})" for gate in (UNUSUAL, *GATES.values()))
_FAMILIES = tuple(
    (re.compile(gate), tuple(rule for rule in RULES if rule.family == family)) for family, gate in GATES.items()
)


def find(text: str) -> tuple[Span, ...]:
    """Spans of personal data, sorted and disjoint, in code points of the given text.

    After the first spans are cut out the rest is searched again, until nothing is left: what a second run over the
    replaced text would find is found at once.
    """
    folded = fold(text)
    found: list[Span] = []
    while spans := _resolve(_matches(folded)):
        found += [Span(*folded.original(span.start, span.end), span.kind, span.rule) for span in spans]
        folded = folded.without([(span.start, span.end) for span in spans], TAG_MARK)
    return tuple(sorted(found))


def find_column(texts: pa.StringArray) -> list[tuple[int, tuple[Span, ...]]]:
    """Row and spans of every row that has any, ascending; a row has the spans that `find` gives."""
    rows = np.flatnonzero(pc.match_substring_regex(texts, _ANY_GATE).to_numpy(zero_copy_only=False))
    candidates = texts.take(pa.array(rows)).to_pylist()
    found = ((row, find(text)) for row, text in zip(rows.tolist(), candidates, strict=True))
    return [(row, spans) for row, spans in found if spans]


def _matches(folded: Folded) -> list[Span]:
    text = folded.text
    return [span for gate, rules in _FAMILIES if gate.search(text) for rule in rules for span in apply(rule, text)]


def apply(rule: Rule, text: str) -> Iterator[Span]:
    """The spans of one rule in folded text, as it finds them."""
    for match in rule.pattern.finditer(text):
        if rule.check is None or rule.check(match):
            yield Span(*match.span("v"), rule.kind, rule.name)


def _resolve(spans: list[Span]) -> list[Span]:
    """Of overlapping spans the longest stays, then the kind of higher priority, then the leftmost."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, PRIORITY[s.kind], s.start, s.rule)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)
