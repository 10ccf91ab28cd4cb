"""Evaluation sets: read through the same adapters as any input, indexed once, and what the dialogues of a unit hold of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
from rich.console import Console

from cmtmedqa import io
from cmtmedqa.clean import normalise
from cmtmedqa.clean.batch import PATIENT, Batch
from cmtmedqa.config import BuildConfig, Decontaminate
from cmtmedqa.dedup.contamination import Index, Item, Limits, Overlap, find_overlaps, make_index
from cmtmedqa.dedup.folded import fold_table
from cmtmedqa.errors import InputError
from cmtmedqa.records import Contamination
from cmtmedqa.sources.exam import exam_item
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable
from cmtmedqa.sources.read import Plan, plan, read

CONTAMINATION_SCHEMA = io.arrow_schema(Contamination)
HELD_SCHEMA = pa.schema(
    [pa.field("row", pa.int64()), *(field for field in CONTAMINATION_SCHEMA if field.name not in ("id", "step"))]
)

_FOLDER = "evaluation"
_NAMES = "items.json"
_UNIT_BYTES = 64 * 1024 * 1024


class EvaluationSet(NamedTuple):
    """A named evaluation set: its files, and the digest of all of them."""

    name: str
    files: tuple[tuple[SourceFile, Plan], ...]
    sha256: str


class Known(NamedTuple):
    """Where an item stands: its set, its file, its number there, and its own id (may be empty)."""

    evaluation: str
    file: str
    number: int
    id: str


class Evaluations(NamedTuple):
    """All items of all sets in one index, and what the report says of each set."""

    grams: Index
    items: tuple[Known, ...]
    sets: dict[str, dict[str, Any]]


class _Raw(NamedTuple):
    """An item as its file states it; `question` numbers the texts that ask."""

    known: Known
    turns: Sequence[RawTurn]


def examine(settings: Decontaminate) -> list[EvaluationSet]:
    """The files and digests of the sets. Raises InputError when one is missing or empty, or two are the same file."""
    sets = []
    owners: dict[str, str] = {}
    for named in settings.against:
        try:
            files, _ = expand([named.path])
            planned = tuple((file, plan(file, _UNIT_BYTES)) for file in files)
        except InputError as error:
            raise InputError(f"decontaminate: evaluation set '{named.name}': {error}") from error
        digest = hashlib.sha256("".join(found.sha256 for _, found in planned).encode()).hexdigest()
        digest = planned[0][1].sha256 if len(planned) == 1 else digest
        if digest in owners:
            raise InputError(
                f"decontaminate: evaluation sets '{owners[digest]}' and '{named.name}' are the same; name it once"
            )
        owners[digest] = named.name
        sets.append(EvaluationSet(named.name, planned, digest))
    return sets


def read_evaluations(config: BuildConfig, sets: Sequence[EvaluationSet], console: Console) -> Evaluations | None:
    """Read and index all sets; None where none is named. Raises InputError for a set of which no item can be read."""
    if not sets:
        return None
    raw: list[_Raw] = []
    summary: dict[str, dict[str, Any]] = {}
    for evaluation in sets:
        items, unreadable = _read_set(evaluation)
        if not items:
            why = ", ".join(unreadable) or "it is empty"
            raise InputError(f"decontaminate: evaluation set '{evaluation.name}' holds no item that can be read: {why}")
        if unreadable:
            total = sum(unreadable.values())
            console.print(
                f"evaluation set {evaluation.name}: {total:,} records cannot be read ({', '.join(unreadable)})",
                highlight=False,
            )
        names = [file.name for file, _ in evaluation.files]
        summary[evaluation.name] = {
            "file": names[0] if len(names) == 1 else f"{len(names)} files",
            "sha256": evaluation.sha256,
            "items": len(items),
            "unreadable": sum(unreadable.values()),
            "unreadable_reasons": unreadable,
        }
        raw += items
    known = tuple(item.known for item in raw)
    index = make_index(_cleaned(raw, config), fold_table(normalise.simplify), config.decontaminate.ngram)
    short = Counter(item.evaluation for item, lost in zip(known, index.too_short().tolist(), strict=True) if lost)
    for name, counts in summary.items():
        counts["too_short"] = short[name]
    return Evaluations(index, known, summary)


def _read_set(evaluation: EvaluationSet) -> tuple[list[_Raw], dict[str, int]]:
    """The items of a set, and how many records are none, by reason."""
    items: list[_Raw] = []
    lost: Counter[str] = Counter()
    for file, planned in evaluation.files:
        for record in (record for unit in planned.units for record in read(unit)):
            if (found := _item(record)) is None:
                assert isinstance(record, Unreadable)
                lost[record.reason] += 1
            else:
                identifier, turns = found
                items.append(_Raw(Known(evaluation.name, file.name, record.index, identifier), turns))
    return items, {reason: lost[reason] for reason in sorted(lost)}


def _item(record: Mapped | Unreadable) -> tuple[str, Sequence[RawTurn]] | None:
    """The id of an item and its texts in order, the question as said by the patient; None for what is no item."""
    if isinstance(record, Mapped):
        return record.id, record.turns
    if record.reason != "unknown_shape" or not record.raw:
        return None
    try:
        found = exam_item(orjson.loads(record.raw))
    except orjson.JSONDecodeError:
        return None
    return found and (found.id, [("patient", found.question), *(("doctor", said) for said in found.beside)])


def _cleaned(raw: Sequence[_Raw], config: BuildConfig) -> list[Item]:
    """The items as the build would leave their text: normalised, and de-identified where the dialogues are."""
    flat = [turn for item in raw for turn in item.turns]
    texts = pa.array(
        [text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for _, text in flat], pa.string()
    )
    doctor = pa.array([role != "patient" for role, _ in flat], pa.bool_())
    texts = normalise.normalise_column(texts, config.normalise, doctor)
    if config.deidentify == "required":
        from cmtmedqa.clean.deidentify import deidentify_column

        texts, _ = deidentify_column(texts, np.repeat(np.arange(len(raw)), [len(item.turns) for item in raw]))
    left = iter(texts.to_pylist())
    items = []
    for item in raw:
        said = [(role, next(left)) for role, _ in item.turns]
        asked = [text for role, text in said if role == "patient"]
        items.append(Item("".join(asked), asked[0] if len(asked) > 1 else "", "".join(text for _, text in said)))
    return items


def write_index(folder: Path, evaluations: Evaluations) -> None:
    """Lay the index into the work folder, one array a file, so that every process maps the same pages."""
    for name, array in evaluations.grams._asdict().items():
        with io.replacing(folder / _FOLDER / f"{name}.npy") as temporary, temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
    io.write_text(folder / _FOLDER / _NAMES, json.dumps([list(item) for item in evaluations.items], ensure_ascii=False))


class Held:
    """The index in a worker process, and the evidence about its batches."""

    def __init__(self, folder: Path, settings: Decontaminate) -> None:
        arrays = {name: np.load(folder / _FOLDER / f"{name}.npy", mmap_mode="r") for name in Index._fields}
        self._index = Index(**{name: array.view(np.ndarray) for name, array in arrays.items()})
        self._items = [Known(*item) for item in orjson.loads((folder / _FOLDER / _NAMES).read_bytes())]
        self._limits = Limits(settings.ngram, settings.coverage, settings.min_shared, settings.jaccard)
        self._rows = 0

    def of(self, batch: Batch) -> pa.Table:
        """What the dialogues of the next batch of a unit hold, rows of `HELD_SCHEMA`; `row` counts through the unit."""
        origin = batch.rows.select(["source", "file", "index"])
        found = find_overlaps(batch.text, batch.dialogue, batch.role == PATIENT, self._index, self._limits)
        starts = batch.offsets()
        rows = [
            self._evidence(overlap, batch, starts) | origin.slice(overlap.dialogue, 1).to_pylist()[0]
            for overlap in found
        ]
        self._rows += batch.rows.num_rows
        return pa.Table.from_pylist(rows, schema=HELD_SCHEMA)

    def _evidence(self, overlap: Overlap, batch: Batch, starts: "np.ndarray[Any, Any]") -> dict[str, Any]:
        item = self._items[overlap.item]
        first = int(starts[overlap.dialogue])
        matched = [
            {**span._asdict(), "text": batch.text[first + span.turn].as_py()[span.start : span.end]}
            for span in overlap.spans
        ]
        return {
            "row": self._rows + overlap.dialogue,
            "evaluation": item.evaluation,
            "item": item.id or str(item.number),
            "item_file": item.file,
            "item_index": item.number,
            "measure": overlap.measure,
            "value": round(overlap.value, 4),
            "matched": matched,
        }
