"""Finding personal data in one text or in a column of texts, where a quick look at all texts spares most of them the rules."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa

from cmtmedqa.clean.deidentify.fold import Folded, fold_column
from cmtmedqa.clean.deidentify.model import KINDS, PRIORITY, Rule, Span, free_place
from cmtmedqa.clean.deidentify.patterns import TAG_MARK
from cmtmedqa.clean.deidentify.rules import RULES
from cmtmedqa.clean.deidentify.screen import Masks, Screen, may_match, rules_of

_FEW = 16
# Of values that are strung together without a word between them each round may find one more: a bound keeps the time linear.
_ROUNDS = 32
_WIDENED = (frozenset(("name", "doctor")), frozenset(("address",)))


class _Rules(NamedTuple):
    rules: tuple[Rule, ...]
    screen: Screen


@lru_cache(maxsize=8)
def _rules(kinds: frozenset[str]) -> _Rules:
    rules = tuple(rule for rule in RULES if rule.kind in kinds)
    return _Rules(rules, Screen([rule.pattern.pairs for rule in rules]))


def find(text: str) -> tuple[Span, ...]:
    """Spans of personal data, sorted and disjoint, in code points of the given text.

    After the first spans are cut out the rest is searched again, until nothing is left: what a second run over the
    replaced text would find is found at once.
    """
    found = _find([text], frozenset(KINDS))
    return found[0][1] if found else ()


def find_column(texts: pa.StringArray, kinds: Collection[str] = KINDS) -> list[tuple[int, tuple[Span, ...]]]:
    """Row and spans of every row that has any, ascending; a row has the spans that `find` gives.

    With `kinds` only the rules of these run, so what other kinds would have claimed may be found as one of them.
    """
    return _find([text or "" for text in texts.to_pylist()], frozenset(kinds))


def _find(texts: Sequence[str], kinds: frozenset[str]) -> list[tuple[int, tuple[Span, ...]]]:
    rules, screen = _rules(kinds)
    folded, rare = fold_column(texts)
    masks = screen.look(folded)
    matching = _matching(rules, folded, masks)
    found = []
    for row in sorted(matching):
        whole = rare.get(row) or Folded(folded[row], None, None)
        if spans := _search(whole, matching[row], rules, masks[row]):
            found.append((row, spans))
    return found


def _matching(rules: Sequence[Rule], texts: Sequence[str], masks: Masks) -> dict[int, list[Rule]]:
    """By number of a text the rules whose pattern matches it; rule by rule, which is faster unless there are few texts."""
    matching: dict[int, list[Rule]] = {}
    if len(texts) <= _FEW:
        for row, text in enumerate(texts):
            if held := [rules[n] for n in rules_of(masks[row]) if rules[n].pattern.regex.search(text)]:
                matching[row] = held
        return matching
    for number, rule in enumerate(rules):
        if rows := may_match(masks, number):
            search = rule.pattern.regex.search
            for row in [row for row in rows if search(texts[row])]:
                matching.setdefault(row, []).append(rule)
    return matching


def _search(folded: Folded, matching: Sequence[Rule], rules: Sequence[Rule], mask: Masks) -> tuple[Span, ...]:
    """The spans that the matching rules find, and those that any rule finds in what is left."""
    found: list[Span] = []
    for _ in range(_ROUNDS):
        spans = _resolve([span for rule in matching for span in apply(rule, folded.text)])
        if not spans:
            break
        found += [Span(*folded.original(span.start, span.end), span.kind, span.rule) for span in spans]
        folded = folded.without([(span.start, span.end) for span in spans], TAG_MARK)
        matching = [rules[number] for number in rules_of(mask)]
    return tuple(sorted(found))


def apply(rule: Rule, text: str) -> Iterator[Span]:
    """The spans of one rule in folded text, as it finds them."""
    match = rule.pattern.regex.search(text)
    while match:
        extent = True if rule.check is None else rule.check(match)
        if extent is not False:
            yield Span(*(match.span("v") if extent is True else extent), rule.kind, rule.name)
        # What a refused match overlaps may still be a match.
        match = rule.pattern.regex.search(
            text, match.start() + 1 if extent is False else max(match.end(), match.start() + 1)
        )


def _resolve(spans: list[Span]) -> list[Span]:
    """Of overlapping spans the longest stays, then the kind of higher priority, then the leftmost; of names, and of addresses, that overlap in part nothing is left over."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, PRIORITY[s.kind], s.start, s.rule)):
        if (place := free_place(kept, span)) is not None:
            kept.insert(place, span)
        else:
            _widen(kept, span)
    return kept


def _widen(kept: list[Span], span: Span) -> None:
    """Widen the one name or address that a further one overlaps in part, unless what it gains is taken."""
    touched = [place for place, other in enumerate(kept) if other.start < span.end and span.start < other.end]
    if len(touched) == 1 and any({span.kind, kept[touched[0]].kind} <= kinds for kinds in _WIDENED):
        old = kept[touched[0]]
        kept[touched[0]] = old._replace(start=min(old.start, span.start), end=max(old.end, span.end))
