"""The columns of `records.Trace` beside a batch: they follow each row through the stages, to the dataset or to the rejected."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.build.convert import storable
from cmtmedqa.build.unit_files import TRACE_SCHEMA
from cmtmedqa.clean.batch import Batch
from cmtmedqa.records import PiiSpan
from cmtmedqa.sources.mapped import Mapped

HASHES = ("read_hash", "normalised_hash", "arranged_hash", "deidentified_hash")

Rows = npt.NDArray[Any]


def begin(batch: Batch, records: Sequence[Mapped]) -> Batch:
    """The batch with all trace columns: what is known of each record when it has been read."""
    repairs = [list(dict.fromkeys(repair.partition(":")[0] for repair in item.repairs)) for item in records]
    columns: dict[str, object] = {
        "adapter": [record.adapter for record in records],
        "read_hash": batch.hashes(),
        "repairs": repairs,
        "spans": [[] for _ in records],
        "warc": [_warc_place(record.extra.get("warc")) for record in records],
        "url_hash": [None if record.url is None else url_hash(record.url) for record in records],
    }
    rows = batch.rows
    for field in TRACE_SCHEMA:
        values = columns.get(field.name, [None] * len(records))
        rows = rows.append_column(field, values if isinstance(values, pa.Array) else pa.array(values, field.type))
    return batch._replace(rows=rows)


def _warc_place(stated: object) -> dict[str, object] | None:
    """What a parsed record says of its page; several pages of one dialogue: the first."""
    first = stated[0] if isinstance(stated, list) and stated else stated
    if (
        not isinstance(first, dict)
        or not isinstance(first.get("file"), str)
        or not isinstance(first.get("offset"), int)
    ):
        return None
    digest = first.get("digest")
    return {
        "file": storable(first["file"]),
        "offset": first["offset"],
        "digest": digest if isinstance(digest, str) else None,
    }


def url_hash(url: str) -> str:
    """What stays of a page's address, which leads back to the patient's own question: 16 hex digits of its SHA-256."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def hashed(batch: Batch, name: str) -> Batch:
    """The batch with one more of `HASHES`: null where the stage changed nothing."""
    now = batch.hashes()
    earlier = [batch.rows[column].combine_chunks() for column in reversed(HASHES[: HASHES.index(name)])]
    return _with(batch, name, pc.if_else(pc.equal(now, pc.coalesce(*earlier)), None, now))


def repaired(batch: Batch, changes: Iterable[tuple[str, Rows]]) -> Batch:
    """The batch with further names of repairs, each with the numbers of the rows it changed or a mask of them."""
    lists: list[list[str]] = batch.rows["repairs"].to_pylist()
    for name, rows in changes:
        numbers = np.flatnonzero(rows) if rows.dtype == bool else np.unique(rows)
        for row in numbers.tolist():
            lists[row].append(name)
    return _with(batch, "repairs", pa.array(lists, TRACE_SCHEMA.field("repairs").type))


def with_spans(batch: Batch, spans: Sequence[Sequence[PiiSpan]]) -> Batch:
    """The batch with the spans of personal data that were replaced in each row."""
    return _with(batch, "spans", pa.array([list(map(dict, row)) for row in spans], TRACE_SCHEMA.field("spans").type))


def unreadable(adapter: str, raw: str) -> Mapping[str, object]:
    """The trace of a record that no adapter could map: the hash of what was there."""
    digest = hashlib.blake2b(raw.encode(), digest_size=8).hexdigest()
    return {"adapter": adapter, "read_hash": digest, "repairs": [], "spans": []}


def _with(batch: Batch, name: str, values: pa.Array) -> Batch:
    place = batch.rows.schema.get_field_index(name)
    return batch._replace(rows=batch.rows.set_column(place, TRACE_SCHEMA.field(name), values))
