"""Whether dialogues may be published: the columnar form of `records.PublishedDialogue`; a property test holds both together."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.records import DEPARTMENTS, PROVENANCES

Mask = npt.NDArray[np.bool_]


def faults(table: pa.Table) -> list[str]:
    """For each row of a table of dialogues the first rule it breaks, or ''."""
    result = [""] * table.num_rows
    for name, broken in _rules(table).items():
        for row in np.flatnonzero(broken).tolist():
            result[row] = result[row] or name
    return result


def _rules(table: pa.Table) -> dict[str, Mask]:
    turns = table["turns"].combine_chunks()
    lengths = pc.list_value_length(turns).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = turns.flatten()
    row = np.repeat(np.arange(table.num_rows), lengths)
    first = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    place = np.arange(len(row)) - np.repeat(first, lengths)
    role = pc.index_in(flat.field("role"), pa.array(["patient", "doctor", "system"])).to_numpy(zero_copy_only=False)
    role = np.where(np.isnan(role.astype(float)), -1, role).astype(int)
    blank = pc.match_substring_regex(flat.field("text"), r"^\s*$").to_numpy(zero_copy_only=False)

    def any_turn(mask: Mask) -> Mask:
        return np.bincount(row[mask], minlength=table.num_rows) > 0

    opening_system = (role == 2) & (place == 0)
    system_first = any_turn(opening_system)
    expected = (place - system_first[row]) % 2
    last_role = np.full(table.num_rows, -1)
    last_role[row] = role
    age = table["patient"].combine_chunks().field("age")
    bad_age = pc.fill_null(pc.or_(pc.less(age, 0), pc.greater(age, 150)), False).to_numpy(zero_copy_only=False)
    return {
        "empty_id": _equal_empty(table["id"]),
        "empty_source": _equal_empty(table["source"]),
        "no_turns": lengths == 0,
        "unknown_role": any_turn(role < 0),
        "empty_turn": any_turn(blank),
        "role_order": any_turn((role != expected) & ~opening_system),
        "last_turn_not_doctor": (lengths > 0) & (last_role != 1),
        "unknown_department": _outside(table["department"], DEPARTMENTS),
        "unknown_provenance": _outside(table["provenance"], PROVENANCES),
        "age_out_of_range": bad_age,
    }


def _equal_empty(column: pa.ChunkedArray) -> Mask:
    found: Mask = pc.equal(column, "").to_numpy()
    return found


def _outside(column: pa.ChunkedArray, allowed: tuple[str, ...]) -> Mask:
    inside = pc.or_(pc.is_in(column, pa.array(allowed)), pc.is_null(column))
    outside: Mask = ~inside.to_numpy().astype(bool)
    return outside
