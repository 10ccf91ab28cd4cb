"""De-identification of batches and of what was rejected. It fails closed: without a working stage nothing is written."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa import io
from cmtmedqa.clean.batch import Batch, Mask
from cmtmedqa.clean.deidentify import Span, find_column, replace, replace_column, residual_rows, spans_column
from cmtmedqa.clean.deidentify.dates import change_column, changer
from cmtmedqa.clean.deidentify.fields import KEYS, OLDEST, kind_of, without_named
from cmtmedqa.config import BuildConfig
from cmtmedqa.records import PiiSpan
from cmtmedqa.sources.mapped import content_id

TITLE, EXTRA = -1, -2

# What `content_id` and `tombstone_id` give, and the numbers behind ids that occur twice; a bank card has no letters.
OWN_ID = re.compile(r"(?=.*[a-f])(?:forgotten-)?[0-9a-f]{16}(?:~[0-9]+)?")

# From texts and the number of the dialogue of each to the spans of every row that has any.
Detector = Callable[[pa.StringArray, npt.NDArray[np.int64]], Mapping[int, tuple[Span, ...]]]


class Means(NamedTuple):
    """What a build de-identifies with: the rules, or the rules and a model; what happens to dates; the key of their shift."""

    detect: Detector = spans_column
    dates: str = "keep"
    key: bytes | None = None


@lru_cache(maxsize=4)
def _means(ner: str | None, dates: str) -> Means:
    from cmtmedqa.build import date_key
    from cmtmedqa.build.ner import detector

    return Means(detector(ner) if ner else spans_column, dates, date_key.read_key() if dates == "shift" else None)


def means(config: BuildConfig) -> Means:
    """The means that a configuration asks for. Raises ConfigError or MissingExtra when one of them is not at hand."""
    return _means(config.ner, config.deidentify_dates)


def fingerprints(config: BuildConfig) -> dict[str, str]:
    """Digests of the model and the key that decide the output of a build; neither can be told from them."""
    from cmtmedqa.build import date_key, ner

    key = means(config).key
    found = {"dates": date_key.fingerprint(key)} if key else {}
    return found | ({"ner": ner.fingerprint(config.ner)} if config.ner else {})


def deidentify_batch(batch: Batch, by: Means | None = None) -> tuple[Batch, dict[str, int], list[list[PiiSpan]]]:
    """Replace personal data in turns, titles, extras and lists, consistently inside each dialogue.

    The address of the page is dropped: it leads back to the patient's own question. So are fields of the extras whose name
    says that they hold personal data. An age above 89 becomes 90, which stands for all of them. Without `by` the rules alone
    run, and dates stay. Also gives the number of replacements per kind, and the spans of each row (title, turns, extra).
    """
    by = by or Means()
    found: Counter[str] = Counter()
    rows = _with_column(batch.rows, "extra", _without_named(_column(batch.rows, "extra"), found))
    rows = _old_ages(rows, found)
    rows = _with_column(rows, "id", impersonal_ids(_column(rows, "id"), batch.hashes(), found))
    for name in ("department_raw", "diseases"):
        rows = _with_column(rows, name, _list_column(_column(rows, name), found))
    count, turns = rows.num_rows, len(batch.role)
    title, extra = _column(rows, "title"), _column(rows, "extra")
    texts = pa.chunked_array([pc.fill_null(title, ""), batch.text, extra], pa.string()).combine_chunks()
    order, back = _by_dialogue(batch)
    dialogue = np.concatenate([np.arange(count), batch.dialogue, np.arange(count)])[order]
    texts = texts.take(pa.array(order))
    spans = by.detect(texts, dialogue)
    found.update(span.kind for row in spans.values() for span in row)
    replaced = replace_column(texts, dialogue, spans)
    replaced = _dated(replaced, dialogue, by, batch.rows["id"].to_pylist()).take(pa.array(back))
    rows = _with_column(rows, "title", pc.if_else(pc.is_null(title), None, replaced.slice(0, count)))
    rows = _with_column(rows, "extra", _valid_json(replaced.slice(count + turns), extra))
    rows = _with_column(rows, "url", pa.nulls(count, pa.string()))
    counts = dict(sorted(found.items()))
    return Batch(rows, batch.dialogue, batch.role, replaced.slice(count, turns)), counts, _by_row(spans, order, batch)


def _by_row(spans: Mapping[int, tuple[Span, ...]], order: npt.NDArray[np.int64], batch: Batch) -> list[list[PiiSpan]]:
    """The spans of each row; `order` says which text (titles, then turns, then extras) each searched text was."""
    count, first = batch.rows.num_rows, batch.offsets()
    result: list[list[PiiSpan]] = [[] for _ in range(count)]
    for place in sorted(spans):
        text = int(order[place])
        if text < count:
            row, turn = text, TITLE
        elif text < count + len(batch.role):
            row = int(batch.dialogue[text - count])
            turn = text - count - int(first[row])
        else:
            row, turn = text - count - len(batch.role), EXTRA
        result[row] += [PiiSpan.model_construct(turn=turn, **span._asdict()) for span in spans[place]]
    return result


def residual(batch: Batch) -> tuple[Mask, list[str]]:
    """Which dialogues must not be published because their finished text still matches a class whose form alone tells it.

    Also the reason for each, `residual_<kind>`, '' for the others. The check looks at the final columns and shares no state
    with the replacement, so a fault of either shows.
    """
    reasons = [""] * batch.rows.num_rows
    columns = [(np.arange(len(reasons)), pc.fill_null(_column(batch.rows, name), "")) for name in ("title", "extra")]
    for name in ("department_raw", "diseases"):
        lists = _column(batch.rows, name)
        columns.append((pc.list_parent_indices(lists).to_numpy(), pc.list_flatten(lists)))
    for dialogue, texts in (*columns, (batch.dialogue, batch.text)):
        for row, kinds in residual_rows(texts).items():
            reasons[dialogue[row]] = f"residual_{kinds[0]}"
    return np.array([bool(reason) for reason in reasons], bool), reasons


def deidentify_rejections(table: pa.Table, by: Means | None = None) -> pa.Table:
    """The rejections with personal data replaced in what was kept of each record.

    A record that still matches a class whose form alone tells it is withheld, and its detail says so.
    """
    if not table.num_rows:
        return table
    by = by or Means()
    each = np.arange(table.num_rows)
    places = zip(table["file"].to_pylist(), table["index"].to_pylist(), strict=True)
    instead = pa.array([content_id([("raw", f"{file}:{index}")]) for file, index in places], pa.string())
    table = _with_column(table, "id", impersonal_ids(_column(table, "id"), instead, Counter()))
    record = _without_named(_column(table, "record"), Counter())
    record = replace_column(record, each, by.detect(record, each))
    early = pc.is_in(
        _column(table, "step"), pa.array(["read", "normalise"])
    )  # later ones have their dates changed already
    record = pc.if_else(early, _dated(record, each, by, table["id"].to_pylist()), record)
    detail = _column(table, "detail")
    detail = replace_column(detail, each, by.detect(detail, each))
    left = residual_rows(record)
    if left:
        records, details = record.to_pylist(), detail.to_pylist()
        for row, kinds in left.items():
            records[row] = ""
            details[row] = "; ".join(part for part in (details[row], f"record withheld: residual_{kinds[0]}") if part)
        record, detail = pa.array(records, pa.string()), pa.array(details, pa.string())
    return _with_column(_with_column(table, "record", record), "detail", detail)


def _dated(texts: pa.StringArray, dialogue: npt.NDArray[np.int64], by: Means, ids: Sequence[str]) -> pa.StringArray:
    """The texts with the dates of each dialogue changed as asked for."""
    if by.dates == "keep":
        return texts
    return change_column(texts, dialogue, changer(by.dates, by.key, ids))


def _by_dialogue(batch: Batch) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order that puts the title, the turns and the extra of each dialogue side by side, and the way back."""
    count = batch.rows.num_rows
    order = np.argsort(np.concatenate([np.arange(count), batch.dialogue, np.arange(count)]), kind="stable")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return order, back


def impersonal_ids(ids: pa.StringArray, instead: pa.StringArray, found: Counter[str]) -> pa.StringArray:
    """The ids, and `instead` of each that holds personal data: a source may have used a telephone number as one."""
    spans = {row: kinds for row, kinds in find_column(ids) if not OWN_ID.fullmatch(ids[row].as_py())}
    if not spans:
        return ids
    found.update(span.kind for kinds in spans.values() for span in kinds)
    hit = np.zeros(len(ids), bool)
    hit[list(spans)] = True
    return pc.if_else(pa.array(hit), instead, ids)


def _column(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), values)


def _without_named(texts: pa.StringArray, found: Counter[str]) -> pa.StringArray:
    """JSON values without the fields whose name says that they hold personal data; other texts as they are."""
    rows = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(texts, KEYS), False)).to_pylist()
    if not rows:
        return texts
    values = texts.to_pylist()
    for row in rows:
        value = _parsed(values[row])
        if isinstance(value, dict | list):
            values[row] = io.canonical_json(without_named(value))
            found.update(_named_kinds(value))
    return pa.array(values, pa.string())


def _named_kinds(value: object) -> list[str]:
    if isinstance(value, dict):
        pairs = [(kind_of(str(key)), item) for key, item in value.items()]
        return [kind for kind, item in pairs if kind and item] + [
            kind for named, item in pairs if not named for kind in _named_kinds(item)
        ]
    return [kind for item in value for kind in _named_kinds(item)] if isinstance(value, list) else []


def _old_ages(rows: pa.Table, found: Counter[str]) -> pa.Table:
    old = pc.fill_null(pc.greater(rows["age"], OLDEST), False).combine_chunks()
    if not (count := pc.sum(old).as_py()):
        return rows
    found["age"] += count
    return _with_column(rows, "age", pc.if_else(old, pa.scalar(OLDEST, pa.int32()), _column(rows, "age")))


def _list_column(lists: pa.ListArray, found: Counter[str]) -> pa.ListArray:
    """Short lists of names of departments or diseases, few of them distinct: each distinct one is looked at once."""
    flat = pc.list_flatten(lists)
    distinct = pc.unique(flat)
    spans = {distinct[row].as_py(): held for row, held in find_column(distinct)}
    if not spans:
        return lists
    texts = flat.to_pylist()
    found.update(span.kind for text in texts for span in spans.get(text, ()))
    values = pa.array([replace([text], {0: spans.get(text, ())})[0] for text in texts], pa.string())
    return pa.ListArray.from_arrays(lists.offsets, values, type=lists.type)


def _valid_json(texts: pa.StringArray, original: pa.StringArray) -> pa.StringArray:
    """Extras whose text changed must still be JSON; one that is not is emptied rather than published broken."""
    changed = pc.not_equal(texts, original)
    rows = pc.indices_nonzero(changed).to_pylist()
    if not rows:
        return texts
    checked = [text if _parsed(text) is not None else "{}" for text in texts.filter(changed).to_pylist()]
    return pc.replace_with_mask(texts, changed, pa.array(checked, pa.string()))


def _parsed(text: str) -> object:
    """The JSON value of a text; None for no JSON, and for null."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
