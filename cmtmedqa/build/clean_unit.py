"""Pass 1 of a build: one unit of input is read, cleaned, measured, filtered and signed.

A unit leaves four files in the work folder: the dialogues (Parquet), their digests and signatures (npy), what was rejected
(Parquet), and last its counts (JSON), whose presence says that the unit is finished.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import validate
from cmtmedqa.build.convert import Origin, storable, to_batch
from cmtmedqa.build.engine import Report, Tick
from cmtmedqa.clean import departments, features, filters, normalise, turns
from cmtmedqa.clean.batch import DOCTOR, PATIENT, Batch, Mask
from cmtmedqa.clean.lexicon import Lexicon, load_lexicon
from cmtmedqa.config import BuildConfig
from cmtmedqa.dedup.signatures import PERMUTATIONS, digests, keys_column, signatures
from cmtmedqa.errors import InputError
from cmtmedqa.records import Dialogue, Rejection
from cmtmedqa.sources.mapped import Mapped, Unreadable, content_id
from cmtmedqa.sources.read import Unit, read

BATCH_DIALOGUES = 2_048
BATCH_CHARS = 2_000_000

STAGE_SCHEMA = io.arrow_schema(Dialogue).append(pa.field("file", pa.string())).append(pa.field("index", pa.int32()))
REJECTION_SCHEMA = io.arrow_schema(Rejection)


class UnitTask(NamedTuple):
    """One unit of input with all that its cleaning depends on; `number` is its place in the input."""

    number: int
    unit: Unit
    origin: Origin
    config: BuildConfig
    folder: str

    def path(self, suffix: str) -> Path:
        """Where a file of this unit lies."""
        return Path(self.folder) / f"{self.number:06d}{suffix}"


class Counts(NamedTuple):
    """What happened to the records of a unit; the keys of `rejected` are `step/reason`."""

    read: int
    kept: int
    rejected: dict[str, int]
    repairs: dict[str, int]
    adapters: dict[str, int]
    unmapped_departments: dict[str, int]
    filters_alone: dict[str, int]
    pii: dict[str, int]


def finished(task: UnitTask) -> Counts | None:
    """The counts of a unit that an earlier run has finished."""
    done = task.path(".json")
    return Counts(**json.loads(done.read_text(encoding="utf-8"))) if done.exists() else None


def clean_unit(task: UnitTask, report: Report) -> Counts:
    """Do pass 1 for one unit; nothing is done twice. Raises InputError with on_error=stop at the first unreadable record."""
    if (counts := finished(task)) is not None:
        report(Tick(counts.read, counts.kept, sum(counts.rejected.values())))
        return counts
    work = _Work(task)
    with (
        io.replacing(task.path(".parquet")) as temporary,
        pq.ParquetWriter(
            temporary, STAGE_SCHEMA, compression=io.COMPRESSION, compression_level=io.COMPRESSION_LEVEL
        ) as writer,
    ):
        for records in _batches(read(task.unit)):
            before = (work.read, work.kept, len(work.rejections))
            table = work.clean(records)
            if table.num_rows:
                writer.write_table(table, row_group_size=io.ROWS_PER_GROUP)
            report(Tick(work.read - before[0], work.kept - before[1], len(work.rejections) - before[2]))
    return work.finish()


def _batches(records: Iterator[Mapped | Unreadable]) -> Iterator[list[Mapped | Unreadable]]:
    batch: list[Mapped | Unreadable] = []
    chars = 0
    for record in records:
        batch.append(record)
        if isinstance(record, Mapped):
            chars += sum(len(text) for _, text in record.turns)
        if len(batch) >= BATCH_DIALOGUES or chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


class _Work:
    """The running state of one unit: counts, rejections and signatures."""

    def __init__(self, task: UnitTask) -> None:
        self.task, self.config = task, task.config
        self.lexicon: Lexicon = load_lexicon(task.config.lexicon)
        self.aliases = {**departments.ALIASES, **task.config.departments}
        self.read = self.kept = 0
        self.rejections: list[dict[str, Any]] = []
        self.repairs: Counter[str] = Counter()
        self.adapters: Counter[str] = Counter()
        self.unmapped: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.pii: Counter[str] = Counter()
        self.digests: list[np.ndarray[Any, Any]] = []
        self.signatures: list[np.ndarray[Any, Any]] = []

    def clean(self, records: Iterable[Mapped | Unreadable]) -> pa.Table:
        """The dialogues of some records that pass every stage, as rows of `STAGE_SCHEMA`."""
        mapped: list[Mapped] = []
        for record in records:
            self.read += 1
            self.adapters[record.adapter or "unknown"] += 1
            if isinstance(record, Unreadable):
                self._reject_unreadable(record)
            else:
                self.repairs.update(repair.partition(":")[0] for repair in record.repairs)
                mapped.append(record)
        batch = to_batch(mapped, self.task.unit.file.name, self.task.origin, self.aliases)
        batch = self._normalise(batch)
        if self.config.deidentify == "required":
            batch = self._deidentify(batch)
        batch, column = self._filter(batch)
        batch, column = self._validate(batch, column)
        self._sign(batch)
        self.kept += batch.rows.num_rows
        return _stage_table(batch, column)

    def _normalise(self, batch: Batch) -> Batch:
        settings = self.config.normalise
        for names, known in zip(
            batch.rows["department_raw"].to_pylist(), batch.rows["department"].is_valid().to_pylist(), strict=True
        ):
            if not known:
                self.unmapped["/".join(names)] += 1
        text = normalise.normalise_column(batch.text, settings, pa.array(batch.role == DOCTOR))
        changed = pc.not_equal(text, batch.text).to_numpy(zero_copy_only=False)
        self.repairs["normalised_turn"] += int(changed.sum())
        title = batch.rows["title"].combine_chunks()
        plain = normalise.normalise_column(pc.fill_null(title, ""), settings, pa.array(np.zeros(len(title), bool)))
        rows = batch.rows.set_column(
            batch.rows.schema.get_field_index("title"), "title", pc.if_else(pc.equal(plain, ""), None, plain)
        )
        before = Batch(rows, batch.dialogue, batch.role, text)
        after, repairs = turns.arrange_batch(before, settings)
        self.repairs.update({name: int(mask.sum()) for name, mask in repairs.items() if mask.any()})
        left = np.bincount(after.dialogue, minlength=rows.num_rows) > 0
        reasons = _why_empty(before)
        self._reject(before, ~left, "normalise", lambda row: (reasons[row], ""))
        return after.keep_rows(left)

    def _deidentify(self, batch: Batch) -> Batch:
        from cmtmedqa.build.privacy import deidentify_batch

        batch, found = deidentify_batch(batch)
        self.pii.update(found)
        return batch

    def _filter(self, batch: Batch) -> tuple[Batch, pa.StructArray]:
        column = features.features_column(batch, self.lexicon)
        refused = filters.refusals(batch, column, self.config.filters)
        self.alone.update(refused.alone)
        keep = np.array([not reason for reason in refused.reason], bool)
        self._reject(batch, ~keep, "filter", lambda row: (refused.reason[row], refused.detail[row]))
        return batch.keep_rows(keep), column.filter(pa.array(keep))

    def _validate(self, batch: Batch, column: pa.StructArray) -> tuple[Batch, pa.StructArray]:
        faults = validate.faults(_stage_table(batch, column))
        keep = np.array([not fault for fault in faults], bool)
        self._reject(batch, ~keep, "validate", lambda row: (faults[row], ""))
        return batch.keep_rows(keep), column.filter(pa.array(keep))

    def _sign(self, batch: Batch) -> None:
        keys = keys_column(batch.text, batch.offsets())
        self.digests.append(digests(keys))
        self.signatures.append(signatures(keys))

    def _reject(self, batch: Batch, refused: Mask, step: str, why: Any) -> None:
        rows = batch.rows.select(["id", "title", "index"]) if refused.any() else None
        for row in np.flatnonzero(refused).tolist():
            assert rows is not None
            values = rows.slice(row, 1).to_pylist()[0]
            spoken = [{"role": turn.role, "text": turn.text} for turn in batch.turns_of(row)]
            reason, detail = why(row)
            record = io.canonical_json({"title": values["title"], "turns": spoken})
            self._add_rejection(values["id"], values["index"], step, reason, detail, record)

    def _reject_unreadable(self, record: Unreadable) -> None:
        if self.config.on_error == "stop":
            where = f"{self.task.unit.file.name}, record {record.index}"
            raise InputError(f"{where}: {record.reason} ({storable(record.detail)}); --on-error reject keeps going")
        raw = storable(record.raw)
        identifier = record.id or content_id([("raw", f"{self.task.unit.file.name}:{record.index}:{raw}")])
        self._add_rejection(storable(identifier), record.index, "read", record.reason, storable(record.detail), raw)

    def _add_rejection(self, identifier: str, index: int, step: str, reason: str, detail: str, record: str) -> None:
        self.rejections.append(
            {"id": identifier, "source": self.task.origin.source, "file": self.task.unit.file.name, "index": index}
            | {"step": step, "reason": reason, "detail": detail, "record": record}
        )

    def finish(self) -> Counts:
        """Write what the unit leaves beside its dialogues, the counts last."""
        task = self.task
        rejected = pa.Table.from_pylist(self.rejections, schema=REJECTION_SCHEMA)
        if self.config.deidentify == "required":
            from cmtmedqa.build.privacy import deidentify_rejections

            rejected = deidentify_rejections(rejected)
        io.write_parquet(task.path(".rejected.parquet"), rejected)
        with io.replacing(task.path(".digests.npy")) as path, path.open("wb") as stream:
            np.save(stream, np.concatenate([np.empty((0, 2), np.uint64), *self.digests]))
        with io.replacing(task.path(".signatures.npy")) as path, path.open("wb") as stream:
            np.save(stream, np.concatenate([np.empty((0, PERMUTATIONS), np.uint32), *self.signatures]))
        counts = Counts(
            read=self.read,
            kept=self.kept,
            rejected=_plain(Counter(f"{item['step']}/{item['reason']}" for item in self.rejections)),
            repairs=_plain(self.repairs),
            adapters=_plain(self.adapters),
            unmapped_departments=_plain(self.unmapped),
            filters_alone=dict(self.alone),
            pii=_plain(self.pii),
        )
        assert counts.read == counts.kept + sum(counts.rejected.values()), "a record was lost"
        io.write_json(task.path(".json"), counts._asdict())
        return counts


def _plain(counter: Mapping[str, int]) -> dict[str, int]:
    return {key: counter[key] for key in sorted(counter) if counter[key]}


def _why_empty(batch: Batch) -> list[str]:
    """For each row the reason why no exchange of patient and doctor could be left of it."""
    text = pc.greater(pc.binary_length(batch.text), 0).to_numpy(zero_copy_only=False)
    rows = batch.rows.num_rows
    patient = np.bincount(batch.dialogue[text & (batch.role == PATIENT)], minlength=rows) > 0
    doctor = np.bincount(batch.dialogue[text & (batch.role == DOCTOR)], minlength=rows) > 0
    names = {(False, False): "no_text", (True, False): "no_doctor_turn", (False, True): "no_patient_turn"}
    return [
        names.get((bool(asks), bool(answers)), "no_answered_turn")
        for asks, answers in zip(patient, doctor, strict=True)
    ]


def _stage_table(batch: Batch, column: pa.StructArray) -> pa.Table:
    rows = {name: batch.rows[name].combine_chunks() for name in batch.rows.column_names}
    patient_type = STAGE_SCHEMA.field("patient").type
    arrays = rows | {
        "patient": pa.StructArray.from_arrays([rows["sex"], rows["age"]], fields=list(patient_type)),
        "turns": batch.turns_column(),
        "features": column,
    }
    return pa.table([arrays[field.name] for field in STAGE_SCHEMA], schema=STAGE_SCHEMA)
