"""`cmtmedqa audit`: where personal data stands in a corpus of any known shape. The corpus is read, never changed or copied."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rich.console import Console

from cmtmedqa.build.audit_texts import (
    BATCH_TEXTS,
    NO_TEXT,
    Record,
    Text,
    rejected_parts,
    rejected_records,
    shown,
    unit_records,
)
from cmtmedqa.clean.deidentify import Span, spans_column
from cmtmedqa.clean.deidentify.fold import fold
from cmtmedqa.clean.deidentify.patterns import TAG_MARK
from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.progress import Meter, meter
from cmtmedqa.sources.files import LEFT_OUT, NO_RECORDS, SourceFile, expand, no_data
from cmtmedqa.sources.read import Plan, plan

UNIT_BYTES = 4 * 1024 * 1024
_BATCH_CHARS = 2_000_000
_CONTEXT = 12
_MASK = "■■■"
_DOCUMENTS = (".pdf", ".doc", ".ppt")  # hold text that nothing here can read
_SAYS_NOTHING = frozenset(("", "匿名", "匿名用户", "保密", "无", "未知", "不详", "nan", "none", "null", "0"))

# From texts and the number of the dialogue of each to the spans of every row that has any.
Detector = Callable[[pa.StringArray, npt.NDArray[np.int64]], Mapping[int, tuple[Span, ...]]]


class Finding(NamedTuple):
    """Personal data in one text: code points start to end of that text as it was read, its kind and rule; no value."""

    file: str
    record: int
    id: str
    field: str
    turn: int | None
    start: int
    end: int
    kind: str
    rule: str


class Tally:
    """Running counts of an audit: memory does not grow with the corpus.

    unread_files: those that could not be read, or not to their end, with the reason; passed_over: those left out by rule.
    """

    def __init__(self) -> None:
        self.records = self.texts = self.chars = self.unread = 0
        self.kinds: Counter[str] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.records_with: Counter[str] = Counter()
        self.files: dict[str, Counter[str]] = {}
        self.unread_files: dict[str, str] = {}
        self.passed_over: dict[str, str] = {}

    @property
    def findings(self) -> int:
        """All findings together."""
        return self.kinds.total()

    def rate(self, count: int) -> float:
        """Findings per 10,000 characters of the text that was looked at."""
        return 10_000 * count / self.chars if self.chars else 0.0

    def miss(self, file: str, why: str) -> None:
        """Note a file that could not be read, or not to its end. What a name says to be a picture or a program is passed over."""
        if no_data(file) and not file.lower().endswith(_DOCUMENTS) and why == NO_TEXT:
            self.passed_over[file] = NO_RECORDS
        else:
            self.unread_files.setdefault(file, why)

    def add(self, batch: Sequence[Record], found: Sequence[Finding]) -> None:
        """Count a batch of records and what was found in them."""
        self.records += len(batch)
        for record in batch:
            self.unread += not record.texts
            counts = self.files.setdefault(record.file, Counter())
            sizes = [len(text.text) for text in record.texts]
            self.texts += len(sizes)
            self.chars += sum(sizes)
            counts["records"] += 1
            counts["chars"] += sum(sizes)
        self.kinds.update(finding.kind for finding in found)
        self.rules.update((finding.kind, finding.rule) for finding in found)
        for finding in found:
            self.files[finding.file]["findings"] += 1
        seen = {(finding.file, finding.record, finding.id, finding.kind) for finding in found}
        self.records_with.update(kind for *_, kind in seen)
        self.records_with["any"] += len({key[:3] for key in seen})


def audit(
    paths: Sequence[str],
    kinds: Collection[str],
    console: Console,
    each: Callable[[Finding, str], None],
    detect: Detector = spans_column,
) -> Tally:
    """Look through every file behind `paths` and call `each` with every finding of these kinds and its masked context.

    Findings come in the order of the records. A file that cannot be read is noted in the tally, and the next one is read.
    Raises InputError when a path is missing or holds nothing to read.
    """
    tally = Tally()
    files, skipped = expand(paths, everything=True)
    for name, why in skipped:
        (tally.passed_over if why in LEFT_OUT else tally.unread_files)[name] = why
    rejected = [part for path in paths for part in rejected_parts(Path(path))]
    with meter(console, "examine", len(files)) as phase:
        plans = []
        for file in files:
            plans += _plans(file, tally)
            phase.advance(1)
    with meter(console, "audit", sum(item.size for item in plans) + len(rejected)) as phase:
        for item in plans:
            for unit in item.units:
                _look(unit_records(unit, tally.miss), kinds, tally, each, detect, phase)
                phase.advance(max(unit.end - unit.start, 0))
        for part in rejected:
            _look(rejected_records(part), kinds, tally, each, detect, phase)
            phase.advance(1)
    return tally


def _plans(file: SourceFile, tally: Tally) -> list[Plan]:
    try:
        return [plan(file, UNIT_BYTES)]
    except CmtmedqaError as error:
        tally.miss(file.name, str(error).removeprefix(f"{file.name}: "))
        return []


def _look(
    records: Iterable[Record],
    kinds: Collection[str],
    tally: Tally,
    each: Callable[[Finding, str], None],
    detect: Detector,
    phase: Meter,
) -> None:
    for batch in _batches(records):
        found = [(finding, masked) for finding, masked in _findings(batch, detect) if finding.kind in kinds]
        tally.add(batch, [finding for finding, _ in found])
        phase.count(len(batch), 0, 0)
        for finding, masked in found:
            each(finding, masked)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    texts = chars = 0
    for record in records:
        batch.append(record)
        texts += len(record.texts)
        chars += sum(len(text.text) for text in record.texts)
        if texts >= BATCH_TEXTS or chars >= _BATCH_CHARS:
            yield batch
            batch, texts, chars = [], 0, 0
    if batch:
        yield batch


def _findings(batch: Sequence[Record], detect: Detector) -> Iterator[tuple[Finding, str]]:
    """Every finding of some records, in their order, with its masked context."""
    flat = [(number, text) for number, record in enumerate(batch) for text in record.texts]
    column = pa.array(["" if text.named else text.text for _, text in flat], pa.string())
    spans = detect(column, np.array([number for number, _ in flat], np.int64))
    for row, (number, text) in enumerate(flat):
        found = _whole(text) if text.named else spans.get(row, ())
        record = batch[number]
        for span in found:
            place = (record.file, record.number, shown(record.id), text.field, text.turn)
            yield Finding(*place, *span), _masked(text.text, found, span)


def _whole(text: Text) -> tuple[Span, ...]:
    """The whole value of a field whose name tells what it holds, unless it says nothing."""
    said = fold(text.text).text.replace(TAG_MARK, "").strip().lower()
    return () if said in _SAYS_NOTHING else (Span(0, len(text.text), str(text.named), "field-name"),)


def _masked(text: str, found: Sequence[Span], span: Span) -> str:
    """What stands around a span, with every value near it, not only this one, replaced by a mark of fixed length."""
    pieces, done, at = [], 0, 0
    for other in found:
        pieces += [text[done : other.start], _MASK]
        done = other.end
        if other == span:
            at = sum(map(len, pieces))
    whole = "".join([*pieces, text[done:]])
    context = whole[max(0, at - len(_MASK) - _CONTEXT) : at + _CONTEXT]
    return " ".join(context.split())
