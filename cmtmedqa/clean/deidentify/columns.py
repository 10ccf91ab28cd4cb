"""De-identification of a column of texts that belong to dialogues, and the count of what a finished one still holds."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmedqa.clean.deidentify.engine import find_column
from cmtmedqa.clean.deidentify.model import CHECKABLE, Span
from cmtmedqa.clean.deidentify.surrogates import repeated_names, replace


def deidentify_column(
    texts: pa.StringArray, dialogue: npt.NDArray[np.int64]
) -> tuple[pa.StringArray, list[tuple[int, Span]]]:
    """Texts with personal data replaced, and (row, span) of all that was, offsets in the input.

    dialogue: the number of the dialogue of each row, ascending; tags agree inside a dialogue only.
    """
    found = dict(find_column(texts))
    if not found:
        return texts, []
    rows = np.array(sorted(found))
    replaced: dict[int, str] = {}
    for number in np.unique(dialogue[rows]).tolist():
        first, last = np.searchsorted(dialogue, [number, number + 1]).tolist()
        values = texts.slice(first, last - first).to_pylist()
        spans = repeated_names(values, {row - first: found[row] for row in range(first, last) if row in found})
        found |= {first + place: kept for place, kept in spans.items()}
        for place, value in enumerate(replace(values, spans)):
            if place in spans:
                replaced[first + place] = value
    changed = np.zeros(len(texts), bool)
    changed[list(replaced)] = True
    new = pa.array([replaced[row] for row in sorted(replaced)], pa.string())
    column = pa.compute.replace_with_mask(texts, pa.array(changed), new)
    return column, [(row, span) for row in sorted(found) for span in found[row]]


def residual_column(texts: pa.StringArray) -> dict[str, int]:
    """Rows that still hold personal data of a kind whose form alone tells it, by kind; every kind is listed."""
    rows = Counter(kind for _, spans in find_column(texts) for kind in {span.kind for span in spans})
    return {kind: rows[kind] for kind in CHECKABLE}
