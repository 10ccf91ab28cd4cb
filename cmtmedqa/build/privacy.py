"""De-identification of batches and of what was rejected. It fails closed: without a working stage nothing is written."""

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.batch import Batch
from cmtmedqa.clean.deidentify import Span, deidentify_column
from cmtmedqa.records import PiiSpan

TITLE, EXTRA = -1, -2


def deidentify_batch(batch: Batch) -> tuple[Batch, list[list[PiiSpan]]]:
    """Replace personal data in turns, titles and extras, consistently inside each dialogue; also the spans of each row.

    The address of the page is dropped: it leads back to the patient's own question.
    """
    count = batch.rows.num_rows
    title, extra = batch.rows["title"].combine_chunks(), batch.rows["extra"].combine_chunks()
    texts = pa.chunked_array([pc.fill_null(title, ""), batch.text, extra], pa.string()).combine_chunks()
    dialogue = np.concatenate([np.arange(count), batch.dialogue, np.arange(count)])
    order = np.argsort(dialogue, kind="stable")
    replaced, spans = deidentify_column(texts.take(pa.array(order)), dialogue[order])
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    replaced = replaced.take(pa.array(back))
    turns = len(batch.role)
    rows = _with_column(batch.rows, "title", pc.if_else(pc.is_null(title), None, replaced.slice(0, count)))
    rows = _with_column(rows, "extra", _valid_json(replaced.slice(count + turns), extra))
    rows = _with_column(rows, "url", pa.nulls(count, pa.string()))
    return Batch(rows, batch.dialogue, batch.role, replaced.slice(count, turns)), _by_row(spans, order, batch)


def _by_row(spans: list[tuple[int, Span]], order: npt.NDArray[np.int64], batch: Batch) -> list[list[PiiSpan]]:
    """The spans of each row; `order` says which text (titles, then turns, then extras) each searched text was."""
    count, first = batch.rows.num_rows, batch.offsets()
    result: list[list[PiiSpan]] = [[] for _ in range(count)]
    for place, span in spans:
        text = int(order[place])
        if text < count:
            row, turn = text, TITLE
        elif text < count + len(batch.role):
            row = int(batch.dialogue[text - count])
            turn = text - count - int(first[row])
        else:
            row, turn = text - count - len(batch.role), EXTRA
        found = PiiSpan.model_construct(turn=turn, start=span.start, end=span.end, kind=span.kind, rule=span.rule)
        result[row].append(found)
    return result


def deidentify_rejections(table: pa.Table) -> pa.Table:
    """The rejections with personal data replaced in what was kept of each record, and in the keys that a detail names."""
    if not table.num_rows:
        return table
    replaced, _ = deidentify_column(table["record"].combine_chunks(), np.arange(table.num_rows))
    table = _with_column(table, "record", replaced)
    unread = pc.equal(table["step"], "read").combine_chunks()
    if not pc.any(unread).as_py():
        return table
    details = table["detail"].combine_chunks()
    named, _ = deidentify_column(details.filter(unread), np.arange(pc.sum(unread).as_py()))
    return _with_column(table, "detail", pc.replace_with_mask(details, unread, named))


def _with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), values)


def _valid_json(texts: pa.StringArray, original: pa.StringArray) -> pa.StringArray:
    """Extras whose text changed must still be JSON; one that is not is emptied rather than published broken."""
    changed = pc.not_equal(texts, original)
    rows = pc.indices_nonzero(changed).to_pylist()
    if not rows:
        return texts
    checked = [text if _is_json(text) else "{}" for text in texts.filter(changed).to_pylist()]
    return pc.replace_with_mask(texts, changed, pa.array(checked, pa.string()))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
