"""Pass 1 of a build: one unit of input is read, cleaned, measured, filtered, validated and signed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa import io
from cmtmedqa.build import validate
from cmtmedqa.build.convert import storable, to_batch
from cmtmedqa.build.engine import Report, Tick
from cmtmedqa.build.unit_files import (
    REJECTION_SCHEMA,
    STAGE_SCHEMA,
    Counts,
    UnitTask,
    UnitWriter,
    finished,
    write_counts,
)
from cmtmedqa.clean import departments, features, filters, normalise, turns
from cmtmedqa.clean.batch import DOCTOR, PATIENT, Batch, Mask
from cmtmedqa.clean.lexicon import Lexicon, load_lexicon
from cmtmedqa.dedup.signatures import digests, keys_column, signatures
from cmtmedqa.errors import InputError
from cmtmedqa.sources.mapped import Mapped, Unreadable, content_id
from cmtmedqa.sources.read import read

BATCH_DIALOGUES = 2_048
BATCH_CHARS = 2_000_000


def clean_unit(task: UnitTask, report: Report) -> Counts:
    """Do pass 1 for one unit; nothing is done twice. Raises InputError with on_error=stop at the first unreadable record."""
    if (counts := finished(task)) is not None:
        report(Tick(counts.read, counts.kept, sum(counts.rejected.values())))
        return counts
    work = _Work(task)
    with UnitWriter(task) as files:
        for records in _batches(read(task.unit)):
            batch, table = work.clean(records)
            keys = keys_column(batch.text, batch.offsets())
            files.keep(table, digests(keys), signatures(keys))
            refused = work.take_rejections()
            files.refuse(refused)
            report(Tick(len(records), table.num_rows, refused.num_rows))
    counts = work.counts()
    write_counts(task, counts)
    return counts


def _batches(records: Iterator[Mapped | Unreadable]) -> Iterator[list[Mapped | Unreadable]]:
    batch: list[Mapped | Unreadable] = []
    chars = 0
    for record in records:
        batch.append(record)
        chars += sum(len(text) for _, text in record.turns) if isinstance(record, Mapped) else len(record.raw)
        if len(batch) >= BATCH_DIALOGUES or chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


class _Work:
    """The running counts of one unit, and the rejections of the batch at hand."""

    def __init__(self, task: UnitTask) -> None:
        self.task, self.config = task, task.config
        self.lexicon: Lexicon = load_lexicon(task.config.lexicon)
        self.aliases = {**departments.ALIASES, **task.config.departments}
        self.read = self.kept = 0
        self.rejections: list[dict[str, Any]] = []
        self.rejected: Counter[str] = Counter()
        self.repairs: Counter[str] = Counter()
        self.adapters: Counter[str] = Counter()
        self.unmapped: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.pii: Counter[str] = Counter()

    def clean(self, records: Iterable[Mapped | Unreadable]) -> tuple[Batch, pa.Table]:
        """The dialogues of some records that pass every stage, as a batch and as rows of `STAGE_SCHEMA`."""
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
        self.kept += batch.rows.num_rows
        return batch, _stage_table(batch, column)

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
        from cmtmedqa.build.privacy import deidentify_batch, means, residual

        batch, found = deidentify_batch(batch, means(self.config))
        self.pii.update(found)
        refused, reasons = residual(batch)
        self._reject(batch, refused, "deidentify", lambda row: (reasons[row], ""))
        return batch.keep_rows(~refused)

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

    def _reject(self, batch: Batch, refused: Mask, step: str, why: Callable[[int], tuple[str, str]]) -> None:
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
        self.rejected[f"{step}/{reason}"] += 1
        self.rejections.append(
            {"id": identifier, "source": self.task.origin.source, "file": self.task.unit.file.name, "index": index}
            | {"step": step, "reason": reason, "detail": detail, "record": record}
        )

    def take_rejections(self) -> pa.Table:
        """What was rejected since the last call, de-identified."""
        table = pa.Table.from_pylist(self.rejections, schema=REJECTION_SCHEMA)
        self.rejections = []
        if self.config.deidentify == "required":
            from cmtmedqa.build.privacy import deidentify_rejections, means

            return deidentify_rejections(table, means(self.config))
        return table

    def counts(self) -> Counts:
        """The counts of the whole unit. Raises AssertionError if a record was lost."""
        assert self.read == self.kept + self.rejected.total(), "a record was lost"
        return Counts(
            read=self.read,
            kept=self.kept,
            rejected=_plain(self.rejected),
            repairs=_plain(self.repairs),
            adapters=_plain(self.adapters),
            unmapped_departments=_plain(self.unmapped),
            filters_alone=dict(self.alone),
            pii=_plain(self.pii),
        )


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
