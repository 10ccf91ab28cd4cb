"""What is counted of the kept dialogues, turn by turn, while pass 2 writes them.

A tally is taken of every table; tallies add up, so that no figure depends on how the input was cut or on the number of
workers, and a build that appends goes on from the stored tally of the older dataset. Exact values are counted, not bins.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa import io
from cmtmedqa.clean.features import FAREWELL, INQUIRY
from cmtmedqa.errors import InputError

FILE = "statistics.json"


class Tally(NamedTuple):
    """Counts of some dialogues. Keys are numbers: of rounds, of characters, of a doctor's turn in its dialogue (from 1)."""

    rounds: Counter[int]
    dialogue_chars: Counter[int]
    patient_chars: Counter[int]
    doctor_chars: Counter[int]
    doctor_at: Counter[int]
    inquiry_at: Counter[int]
    facts: Counter[str]


def count(table: pa.Table) -> Tally:
    """What is counted of dialogues: a table with `turns` and `marks` (a list of int8 per turn, `features.Measured`)."""
    turns = table["turns"].combine_chunks()
    lengths = pc.list_value_length(turns).to_numpy(zero_copy_only=False)
    marks = table["marks"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    spoken = turns.flatten()
    chars = pc.utf8_length(spoken.field("text")).to_numpy(zero_copy_only=False)
    doctor = pc.equal(spoken.field("role"), "doctor").to_numpy(zero_copy_only=False)
    patient = pc.equal(spoken.field("role"), "patient").to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(len(lengths)), lengths)
    said = np.cumsum(doctor)
    start = np.concatenate(([0], np.cumsum(lengths)))
    position = (said - np.concatenate(([0], said))[start[:-1]][row])[doctor]
    inquiry, farewell = (marks & INQUIRY) > 0, (marks & FAREWELL) > 0

    def per_dialogue(mask: npt.NDArray[np.bool_], weights: Any = None) -> npt.NDArray[np.int64]:
        chosen = None if weights is None else weights[mask]
        return np.bincount(row[mask], chosen, minlength=len(lengths)).astype(np.int64)

    facts = {
        "dialogues": len(lengths),
        "turns": len(chars),
        "patient_turns": int(patient.sum()),
        "doctor_turns": int(doctor.sum()),
        "patient_farewells": int((farewell & patient).sum()),
        "doctor_farewells": int((farewell & doctor).sum()),
        "with_farewell": int((per_dialogue(farewell) > 0).sum()),
        "ending_in_farewell": int(farewell[start[1:][lengths > 0] - 1].sum()),
        "with_inquiry": int((per_dialogue(inquiry) > 0).sum()),
    }
    return Tally(
        counted(per_dialogue(doctor)),
        counted(per_dialogue(doctor | patient, chars)),
        counted(chars[patient]),
        counted(chars[doctor]),
        counted(position),
        counted(position[inquiry[doctor]]),
        Counter(facts),
    )


def counted(values: npt.NDArray[np.int64]) -> Counter[int]:
    """How often each value occurs."""
    distinct, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(distinct.tolist(), counts.tolist(), strict=True)))


def total(tallies: Sequence[Tally]) -> Tally:
    """The sum of some tallies."""
    nothing = Tally(*(Counter() for _ in Tally._fields))
    return Tally(*(_added(parts) for parts in zip(nothing, *tallies, strict=True)))


def _added(parts: Iterable[Counter[Any]]) -> Counter[Any]:
    result = Counter[Any]()
    for part in parts:
        result.update(part)
    return result


def save(folder: Path, tally: Tally) -> None:
    """Write `statistics.json`, from which a later build that appends to the dataset goes on."""
    value = {name: dict(counts) for name, counts in tally._asdict().items()}
    io.write_text(folder / FILE, io.canonical_json(value) + "\n")


def load(folder: Path) -> Tally:
    """The tally of a finished dataset. Raises InputError if it has none that can be read."""
    path = folder / FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        facts = Counter[str](value.pop("facts"))
        numbers = {name: Counter({int(key): count for key, count in counts.items()}) for name, counts in value.items()}
        return Tally(**numbers, facts=facts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: cannot be read; build the dataset again before records are appended to it"
        ) from error
