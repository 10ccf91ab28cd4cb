"""Finding personal data in one text or in a column of texts, where cheap gates spare most rows the rules."""

import re
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.deidentify.fold import TAG_MARK, UNUSUAL, Folded, fold
from cmtmedqa.clean.deidentify.gates import BEFORE, GATES, LIGHT
from cmtmedqa.clean.deidentify.model import KINDS, PRIORITY, Rule, Span
from cmtmedqa.clean.deidentify.rules import RULES

Rules = Mapping[str, tuple[Rule, ...]]

_RULES: Rules = {family: tuple(rule for rule in RULES if rule.family == family) for family in GATES}
_GATES = {family: re.compile(gate) for family, gate in GATES.items()}


def find(text: str) -> tuple[Span, ...]:
    """Spans of personal data, sorted and disjoint, in code points of the given text.

    After the first spans are cut out the rest is searched again, until nothing is left: what a second run over the
    replaced text would find is found at once.
    """
    return _search_all(fold(text), _RULES)


def find_column(texts: pa.StringArray, kinds: Collection[str] = KINDS) -> list[tuple[int, tuple[Span, ...]]]:
    """Row and spans of every row that has any, ascending; a row has the spans that `find` gives.

    With `kinds` only the rules of these run, so what other kinds would have claimed may be found as one of them.
    """
    rules = {family: kept for family, all_of in _RULES.items() if (kept := _of_kinds(all_of, kinds))}
    families: dict[int, list[str]] = {}
    light = _rows(texts, "|".join(GATES[family] for family in sorted(LIGHT & rules.keys())))
    few = texts.take(pa.array(light, pa.int64()))
    for family in rules:
        gate = GATES[family]
        hits = [light[place] for place in _rows(few, gate)] if family in LIGHT else _gated(texts, family, gate)
        for row in hits:
            families.setdefault(row, []).append(family)
    unusual = frozenset(_rows(texts, UNUSUAL))
    rows = sorted(unusual.union(families))
    candidates = texts.take(pa.array(rows, pa.int64())).to_pylist()
    found = (
        (row, _search_all(fold(text), rules) if row in unusual else _search(fold(text), families[row], rules))
        for row, text in zip(rows, candidates, strict=True)
    )
    return [(row, spans) for row, spans in found if spans]


def _gated(texts: pa.StringArray, family: str, gate: str) -> list[int]:
    """The rows that pass a gate; a slow gate looks only at those that pass the quick one before it."""
    if family not in BEFORE:
        return _rows(texts, gate)
    near = _rows(texts, BEFORE[family])
    return [near[place] for place in _rows(texts.take(pa.array(near, pa.int64())), gate)]


def _rows(texts: pa.StringArray, pattern: str) -> list[int]:
    hits = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    rows: list[int] = np.flatnonzero(hits).tolist()
    return rows


def _of_kinds(rules: tuple[Rule, ...], kinds: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.kind in kinds)


def _search_all(folded: Folded, rules: Rules) -> tuple[Span, ...]:
    return _search(folded, [family for family in rules if _GATES[family].search(folded.text)], rules)


def _search(folded: Folded, families: list[str], rules: Rules) -> tuple[Span, ...]:
    found: list[Span] = []
    while spans := _resolve([s for family in families for rule in rules[family] for s in apply(rule, folded.text)]):
        found += [Span(*folded.original(span.start, span.end), span.kind, span.rule) for span in spans]
        folded = folded.without([(span.start, span.end) for span in spans], TAG_MARK)
    return tuple(sorted(found))


def apply(rule: Rule, text: str) -> Iterator[Span]:
    """The spans of one rule in folded text, as it finds them."""
    match = rule.pattern.search(text)
    while match:
        extent = True if rule.check is None else rule.check(match)
        if extent is not False:
            yield Span(*(match.span("v") if extent is True else extent), rule.kind, rule.name)
        # What a refused match overlaps may still be a match.
        match = rule.pattern.search(text, match.start() + 1 if extent is False else max(match.end(), match.start() + 1))


def _resolve(spans: list[Span]) -> list[Span]:
    """Of overlapping spans the longest stays, then the kind of higher priority, then the leftmost."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, PRIORITY[s.kind], s.start, s.rule)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)
