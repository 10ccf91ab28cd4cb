"""`cmtmedqa audit`: where personal data stands in a corpus of any known shape. The corpus is read, never changed or copied."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from cmtmedqa.build.output import MANIFEST
from cmtmedqa.build.privacy import OWN_ID
from cmtmedqa.clean.deidentify import Span, find, replace, spans_column
from cmtmedqa.clean.deidentify.fields import OLDEST, kind_of, leaves
from cmtmedqa.clean.deidentify.fold import fold
from cmtmedqa.clean.deidentify.patterns import TAG_MARK
from cmtmedqa.progress import Meter, meter
from cmtmedqa.sources.blocks import Blocks, head
from cmtmedqa.sources.encodings import decode_lines
from cmtmedqa.sources.files import expand
from cmtmedqa.sources.mapped import Mapped, Unreadable, content_id
from cmtmedqa.sources.read import Unit, plan, read

UNIT_BYTES = 4 * 1024 * 1024
_BATCH_TEXTS = 8_192
_BATCH_CHARS = 2_000_000
_CONTEXT = 12
_MASK = "■■■"
_HALF = re.compile("[\ud800-\udfff]")

_PROBE_BYTES = 1 << 16
_SAYS_NOTHING = frozenset(("", "匿名", "匿名用户", "保密", "无", "未知", "不详", "nan", "none", "null", "0"))

# From texts and the number of the dialogue of each to the spans of every row that has any.
Detector = Callable[[pa.StringArray, npt.NDArray[np.int64]], Mapping[int, tuple[Span, ...]]]


class Text(NamedTuple):
    """One text of a record: a turn (from 0), or a field. `named` is the kind that the field's name gives its whole value."""

    field: str
    turn: int | None
    text: str
    named: str | None = None


class Record(NamedTuple):
    """The texts of one record and where it stands; `number` counts from 0 in its file."""

    file: str
    number: int
    id: str
    texts: Sequence[Text]


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
    """Running counts of an audit: memory does not grow with the corpus."""

    def __init__(self) -> None:
        self.records = self.texts = self.chars = self.unread = 0
        self.kinds: Counter[str] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()
        self.records_with: Counter[str] = Counter()
        self.files: dict[str, Counter[str]] = {}
        self.unread_files: list[str] = []

    @property
    def findings(self) -> int:
        """All findings together."""
        return self.kinds.total()

    def rate(self, count: int) -> float:
        """Findings per 10,000 characters of the text that was looked at."""
        return 10_000 * count / self.chars if self.chars else 0.0

    def add(self, batch: Sequence[Record], found: Sequence[Finding]) -> None:
        """Count a batch of records and what was found in them."""
        self.records += len(batch)
        for record in batch:
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

    Findings come in the order of the records. Raises InputError when a path is missing or holds nothing to read.
    """
    tally = Tally()
    files = expand(paths)[0]
    rejected = [part for path in paths for part in _rejected_parts(Path(path))]
    with meter(console, "examine", len(files)) as phase:
        plans = []
        for file in files:
            plans.append(plan(file, UNIT_BYTES))
            phase.advance(1)
    with meter(console, "audit", sum(item.size for item in plans) + len(rejected)) as phase:
        for item in plans:
            for unit in item.units:
                _look(_unit_records(unit, tally), kinds, tally, each, detect, phase)
                phase.advance(max(unit.end - unit.start, 0))
        for part in rejected:
            _look(_rejected_records(part), kinds, tally, each, detect, phase)
            phase.advance(1)
    return tally


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
        if texts >= _BATCH_TEXTS or chars >= _BATCH_CHARS:
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
            place = (record.file, record.number, _shown(record.id), text.field, text.turn)
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


def _shown(identifier: str) -> str:
    """An id as it may be shown: with what is personal data in it replaced."""
    return identifier if OWN_ID.fullmatch(identifier) else replace([identifier], {0: find(identifier)})[0]


def _unit_records(unit: Unit, tally: Tally) -> Iterator[Record]:
    if unit.shape.container == "unknown":
        yield from _line_records(unit, tally)
        return
    for record in read(unit):
        texts = _mapped_texts(record) if isinstance(record, Mapped) else _raw_texts(record.raw)
        tally.unread += not texts
        identifier = record.id or (content_id(record.turns) if isinstance(record, Mapped) else "")
        yield Record(unit.file.name, record.index, identifier, [*_id_of(record), *texts])


def _line_records(unit: Unit, tally: Tally) -> Iterator[Record]:
    """A text that is no known shape, line by line; a binary file is counted as not read."""
    compression = unit.shape.compression
    if not unit.shape.encoding or b"\0" in head(unit.file, compression, _PROBE_BYTES):
        tally.unread += 1
        tally.unread_files.append(unit.file.name)
        return
    for index, line in enumerate(decode_lines(Blocks(unit.file, compression), unit.shape.encoding)):
        yield Record(unit.file.name, index, "", [Text("raw", None, _plain(line))])


def _mapped_texts(record: Mapped) -> list[Text]:
    texts = [Text("turn", turn, _plain(text)) for turn, (_, text) in enumerate(record.turns)]
    if record.title:
        texts.insert(0, Text("title", None, _plain(record.title)))
    if record.url:
        texts.append(Text("url", None, _plain(record.url), "url"))
    if record.age is not None and record.age > OLDEST:
        texts.append(Text("age", None, str(record.age), "age"))
    texts += [Text(f"department[{place}]", None, _plain(text)) for place, text in enumerate(record.departments)]
    texts += [Text(f"disease[{place}]", None, _plain(text)) for place, text in enumerate(record.diseases)]
    return texts + [_field(f"extra.{path}", key, text) for path, key, text in leaves(record.extra)]


def _raw_texts(raw: str) -> list[Text]:
    """The texts of a record that no adapter knows: the fields of a JSON value, or what was there as it is."""
    if not raw:
        return []
    try:
        value = json.loads(raw) if raw.lstrip()[:1] in {"{", "["} else None
    except (ValueError, RecursionError):
        value = None
    if value is None:
        return [Text("raw", None, _plain(raw))]
    return [_field(path, key, text) for path, key, text in leaves(value)]


def _field(path: str, key: str, text: str) -> Text:
    return Text(_shown(path), None, _plain(text), kind_of(key))


def _id_of(record: Mapped | Unreadable) -> list[Text]:
    return _id_texts(record.id) if record.id else []


def _id_texts(identifier: str) -> list[Text]:
    """An id is looked at like any text, but for the hashes that we give: their digits mean nothing."""
    return [] if OWN_ID.fullmatch(identifier) else [Text("id", None, _plain(identifier))]


def _plain(text: str) -> str:
    """The text with half surrogates, which Arrow cannot hold, replaced one for one, so that offsets stay."""
    return _HALF.sub("\ufffd", text) if not text.isascii() and _HALF.search(text) else text


def _rejected_parts(folder: Path) -> list[Path]:
    """The rejected records of a published dataset, which `expand` passes over."""
    return sorted((folder / "rejected").glob("*.parquet")) if (folder / MANIFEST).is_file() else []


def _rejected_records(part: Path) -> Iterator[Record]:
    with pq.ParquetFile(part) as file:
        for rows in file.iter_batches(batch_size=_BATCH_TEXTS, columns=["id", "index", "detail", "record"]):
            for row in rows.to_pylist():
                texts = [*_id_texts(row["id"]), Text("detail", None, row["detail"]), *_raw_texts(row["record"])]
                yield Record(f"{part.parent.name}/{part.name}", row["index"], row["id"], texts)
