"""Filters with named thresholds. Each gives the rows it refuses; the first that refuses a row names the reason.

All count characters or turns. Filters made for languages with spaces (mean word length, share of stop words, lines that end
in a full stop) refuse every Chinese dialogue and are not here.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.batch import Batch, Mask
from cmtmedqa.config import Filters

VERSION = "filters-1"

Numbers = npt.NDArray[np.float64]


class Refusals(NamedTuple):
    """Per row: the reason ('' when kept) and the value beside its threshold; `alone` counts each filter on its own."""

    reason: list[str]
    detail: list[str]
    alone: dict[str, int]


def _values(batch: Batch, features: pa.StructArray) -> dict[str, Callable[[], Numbers]]:
    """How to get the number that each threshold is compared with."""

    def feature(name: str) -> Numbers:
        numbers: Numbers = features.field(name).to_numpy(zero_copy_only=False).astype(np.float64)
        return numbers

    def longest_turn() -> Numbers:
        longest = np.zeros(batch.rows.num_rows)
        np.maximum.at(longest, batch.dialogue, pc.utf8_length(batch.text).to_numpy(zero_copy_only=False))
        return longest

    return {
        "turns": lambda: feature("turns"),
        "chars": lambda: feature("patient_chars") + feature("doctor_chars"),
        "turn_chars": longest_turn,
        "doctor_chars": lambda: feature("doctor_chars"),
        "han_share": lambda: feature("han_share"),
        "repetition": lambda: feature("repetition"),
        "repeated_turns": lambda: feature("repeated_turns"),
        "medical_terms": lambda: feature("medical_terms"),
        "inquiry_turns": lambda: feature("inquiry_turns"),
    }


def refusals(batch: Batch, features: pa.StructArray, settings: Filters) -> Refusals:
    """Apply every filter that is on, in the order of the settings."""
    values = _values(batch, features)
    reason, detail = [""] * batch.rows.num_rows, [""] * batch.rows.num_rows
    alone: dict[str, int] = {}
    for name in type(settings).model_fields:
        threshold: float | None = dict(settings)[name]
        if threshold is None:
            continue
        bound, quantity = name.split("_", 1)
        numbers = values[quantity]()
        refused: Mask = numbers < threshold if bound == "min" else numbers > threshold
        alone[name] = int(refused.sum())
        for row in np.flatnonzero(refused).tolist():
            if not reason[row]:
                reason[row] = name
                detail[row] = f"{quantity} {numbers[row]:g}, {name} {threshold:g}"
    return Refusals(reason, detail, alone)
