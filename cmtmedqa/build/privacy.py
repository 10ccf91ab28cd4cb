"""De-identification of batches and of what was rejected. It fails closed: without a working stage nothing is written."""

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.clean.batch import Batch
from cmtmedqa.clean.deidentify import deidentify_column


def deidentify_batch(batch: Batch) -> tuple[Batch, dict[str, int]]:
    """Replace personal data in turns, titles and extras, consistently inside each dialogue; also spans per kind.

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
    found = Counter(span.kind for _, span in spans)
    return Batch(rows, batch.dialogue, batch.role, replaced.slice(count, turns)), dict(sorted(found.items()))


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
