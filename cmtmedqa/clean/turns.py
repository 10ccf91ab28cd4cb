"""The order of turns: speaker labels resolved, runs of one role merged, patient first, doctor last.

`arrange` is the scalar form, `arrange_batch` the columnar one; a property test holds them together.
"""

import re
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.batch import DOCTOR, PATIENT, SYSTEM, Batch, Ints, Mask
from cmtmedqa.config import Normalise
from cmtmedqa.records import ROLES, Role, Turn

VERSION = "turns-1"

_ROLE_OF: dict[str, Role] = {
    "患者": "patient",
    "病人": "patient",
    "来访者": "patient",
    "医生": "doctor",
    "大夫": "doctor",
    "医师": "doctor",
    "心理咨询师": "doctor",
    "咨询师": "doctor",
}
_NAMES = "|".join(_ROLE_OF)
LABEL_GATE = rf"(?:{_NAMES})："
_LABEL = re.compile(rf"(?:(?<=[。！？…~：\s])|^)(?P<name>{_NAMES})：[ ]*", re.MULTILINE)
_ADDRESSED = re.compile(r"[,，]?(?:您好|你好|请问|麻烦|谢谢|感谢|帮忙|我|男|女|性别|年龄|[0-9])")


def resolve_labels(turn: Turn) -> tuple[Turn, ...]:
    """Remove `患者：` and `医生：` from a turn's text, splitting it where the speaker changes.

    A label of the other role is a form of address when a greeting or a question follows (`医生：您好，我…`): its colon becomes
    a comma. No label is left, so that a second pass changes nothing.
    """
    pieces: list[tuple[Role, str]] = []
    role, start, text = turn.role, 0, turn.text
    for label in _LABEL.finditer(text):
        spoken = _ROLE_OF[label["name"]]
        pieces.append((role, text[start : label.start()]))
        if spoken != turn.role and _ADDRESSED.match(text, label.end()):
            pieces.append((role, f"{label['name']}，"))
        else:
            role = spoken
            pieces.append((role, "\n"))
        start = label.end()
    pieces.append((role, text[start:]))
    joined = ((spoken, "".join(part for _, part in run)) for spoken, run in groupby(pieces, key=lambda piece: piece[0]))
    return tuple(Turn.model_construct(role=spoken, text=_tidy(part)) for spoken, part in joined)


def _tidy(text: str) -> str:
    return re.sub(r" *\n[ \n]*", "\n", text).strip()


def arrange(turns: Sequence[Turn], settings: Normalise) -> tuple[Turn, ...]:
    """Resolve labels, drop empty turns, merge runs, drop what precedes the patient's first and follows the doctor's last."""
    if settings.speaker_labels:
        turns = [piece for turn in turns for piece in (resolve_labels(turn) if turn.role != "system" else (turn,))]
    runs = groupby((turn for turn in turns if turn.text), key=lambda turn: turn.role)
    merged = [
        Turn.model_construct(role=role, text=settings.merge_separator.join(turn.text for turn in run))
        for role, run in runs
    ]
    return tuple(_ends_trimmed(merged, settings))


def _ends_trimmed(turns: list[Turn], settings: Normalise) -> list[Turn]:
    system, spoken = turns[:1], turns[1:]
    if not system or system[0].role != "system":
        system, spoken = [], turns
    inner = [turn for turn in spoken if turn.role != "system"]
    if len(inner) != len(spoken):
        separator = settings.merge_separator
        inner = [
            Turn.model_construct(role=role, text=separator.join(turn.text for turn in run))
            for role, run in groupby(inner, key=lambda turn: turn.role)
        ]
    first = 1 if inner and inner[0].role == "doctor" else 0
    last = len(inner) - 1 if inner and inner[-1].role == "patient" else len(inner)
    return system + inner[first:last] if first < last else []


def arrange_batch(batch: Batch, settings: Normalise) -> tuple[Batch, dict[str, Mask]]:
    """`arrange` on a batch, and for each kind of repair the rows it changed. A row may be left without turns."""
    repairs: dict[str, Mask] = {}
    if settings.speaker_labels:
        batch, repairs["speaker_label"] = _labels_resolved(batch)
    empty = pc.equal(pc.binary_length(batch.text), 0).to_numpy(zero_copy_only=False)
    repairs["empty_turn"] = _rows_with(batch, empty)
    batch, repairs["same_role_run"] = _merged(batch.keep_turns(~empty), settings.merge_separator)
    inner = (batch.role == SYSTEM) & ~_first_of_row(batch)
    repairs["inner_system_turn"] = _rows_with(batch, inner)
    if inner.any():
        batch, _ = _merged(batch.keep_turns(~inner), settings.merge_separator)
    lead = (batch.role == DOCTOR) & (_first_of_row(batch) | _after_system(batch))
    tail = (batch.role == PATIENT) & _last_of_row(batch)
    repairs["leading_doctor_turn"], repairs["trailing_patient_turn"] = _rows_with(batch, lead), _rows_with(batch, tail)
    batch = batch.keep_turns(~(lead | tail))
    spoken = np.bincount(batch.dialogue[batch.role != SYSTEM], minlength=batch.rows.num_rows)
    return batch.keep_turns(spoken[batch.dialogue] > 0), repairs


def _labels_resolved(batch: Batch) -> tuple[Batch, Mask]:
    hits = pc.match_substring_regex(batch.text, LABEL_GATE).to_numpy(zero_copy_only=False) & (batch.role != SYSTEM)
    if not hits.any():
        return batch, np.zeros(batch.rows.num_rows, bool)
    texts, roles = batch.text.to_pylist(), batch.role.tolist()
    out_text: list[str] = []
    out_role: list[int] = []
    counts = np.ones(len(texts), np.int64)
    changed = np.zeros(len(texts), bool)
    for row, (text, role) in enumerate(zip(texts, roles, strict=True)):
        pieces = resolve_labels(Turn.model_construct(role=ROLES[role], text=text)) if hits[row] else None
        if pieces is None:
            out_text.append(text)
            out_role.append(role)
            continue
        counts[row] = len(pieces)
        changed[row] = len(pieces) != 1 or pieces[0].text != text
        out_text.extend(piece.text for piece in pieces)
        out_role.extend(ROLES.index(piece.role) for piece in pieces)
    resolved = Batch(
        batch.rows, np.repeat(batch.dialogue, counts), np.array(out_role, np.int8), pa.array(out_text, pa.string())
    )
    return resolved, _rows_with(batch, changed)


def _merged(batch: Batch, separator: str) -> tuple[Batch, Mask]:
    """Join consecutive turns of one role; also the rows where that happened."""
    count = len(batch.role)
    if count == 0:
        return batch, np.zeros(batch.rows.num_rows, bool)
    starts = np.ones(count, bool)
    starts[1:] = (batch.dialogue[1:] != batch.dialogue[:-1]) | (batch.role[1:] != batch.role[:-1])
    first = np.flatnonzero(starts)
    if len(first) == count:
        return batch, np.zeros(batch.rows.num_rows, bool)
    offsets = pa.array(np.append(first, count), pa.int32())
    text = pc.binary_join(pa.ListArray.from_arrays(offsets, batch.text), separator)
    return Batch(batch.rows, batch.dialogue[first], batch.role[first], text), _rows_with(batch, ~starts)


def _first_of_row(batch: Batch) -> Mask:
    first = np.ones(len(batch.dialogue), bool)
    first[1:] = batch.dialogue[1:] != batch.dialogue[:-1]
    return first


def _last_of_row(batch: Batch) -> Mask:
    last = np.ones(len(batch.dialogue), bool)
    last[:-1] = batch.dialogue[1:] != batch.dialogue[:-1]
    return last


def _after_system(batch: Batch) -> Mask:
    first = _first_of_row(batch)
    after = np.zeros(len(first), bool)
    after[1:] = first[:-1] & (batch.role[:-1] == SYSTEM) & ~first[1:]
    return after


def _rows_with(batch: Batch, turns: Mask) -> Mask:
    hits: Ints = np.bincount(batch.dialogue[turns], minlength=batch.rows.num_rows)
    return hits > 0
