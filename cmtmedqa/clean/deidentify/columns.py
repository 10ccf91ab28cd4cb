"""De-identification of a column of texts that belong to dialogues, and the count of what a finished one still holds."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmedqa.clean.deidentify.engine import find_column
from cmtmedqa.clean.deidentify.model import CHECKABLE, Span
from cmtmedqa.clean.deidentify.surrogates import REPEATED, repeated_names, replace


def spans_column(texts: pa.StringArray, dialogue: npt.NDArray[np.int64]) -> dict[int, tuple[Span, ...]]:
    """The spans of every row that has any, ascending; a name that a cue gave away counts wherever its dialogue repeats it.

    dialogue: the number of the dialogue of each row, ascending.
    """
    found = dict(find_column(texts))
    rows = np.array(sorted(found), np.int64)
    for number in np.unique(dialogue[rows]).tolist():
        first, last = np.searchsorted(dialogue, [number, number + 1]).tolist()
        inside = {row - first: found[row] for row in range(first, last) if row in found}
        if not any(span.kind in REPEATED for spans in inside.values() for span in spans):
            continue
        spans = repeated_names(texts.slice(first, last - first).to_pylist(), inside)
        found |= {first + place: kept for place, kept in spans.items()}
    return dict(sorted(found.items()))


def deidentify_column(
    texts: pa.StringArray, dialogue: npt.NDArray[np.int64]
) -> tuple[pa.StringArray, list[tuple[int, Span]]]:
    """Texts with personal data replaced, and (row, span) of all that was, offsets in the input.

    dialogue: the number of the dialogue of each row, ascending; tags agree inside a dialogue only.
    """
    found = spans_column(texts, dialogue)
    return replace_column(texts, dialogue, found), [(row, span) for row, spans in found.items() for span in spans]


def replace_column(
    texts: pa.StringArray, dialogue: npt.NDArray[np.int64], found: Mapping[int, Sequence[Span]]
) -> pa.StringArray:
    """Texts with the given spans (by row, ascending) replaced, consistently inside each dialogue."""
    if not found:
        return texts
    replaced: dict[int, str] = {}
    for number in np.unique(dialogue[np.array(list(found))]).tolist():
        first, last = np.searchsorted(dialogue, [number, number + 1]).tolist()
        spans = {row - first: found[row] for row in range(first, last) if row in found}
        values = replace(texts.slice(first, last - first).to_pylist(), spans)
        replaced |= {first + place: values[place] for place in spans}
    changed = np.zeros(len(texts), bool)
    changed[list(replaced)] = True
    new = pa.array([replaced[row] for row in sorted(replaced)], pa.string())
    return pa.compute.replace_with_mask(texts, pa.array(changed), new)


def residual_rows(texts: pa.StringArray) -> dict[int, tuple[str, ...]]:
    """By row the kinds whose form alone tells them (`CHECKABLE`) that a finished text still holds, sorted."""
    found = find_column(texts, CHECKABLE)
    return {row: tuple(sorted({span.kind for span in spans})) for row, spans in found}


def residual_column(texts: pa.StringArray) -> dict[str, int]:
    """Rows that still hold personal data of a kind whose form alone tells it, by kind; every kind is listed."""
    rows = Counter(kind for kinds in residual_rows(texts).values() for kind in kinds)
    return {kind: rows[kind] for kind in CHECKABLE}
