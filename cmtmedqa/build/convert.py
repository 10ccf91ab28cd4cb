"""From mapped records to a batch of columns."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cmtmedqa.clean.batch import Batch
from cmtmedqa.clean.departments import canonical, levels
from cmtmedqa.config import Input
from cmtmedqa.records import ROLES
from cmtmedqa.sources.mapped import Mapped, content_id

_MAX_AGE = 150


class Origin(NamedTuple):
    """What is known about a source before its records are read."""

    source: str
    license: str
    provenance: str
    terms: str = ""
    terms_date: str = ""
    homepage: str = ""


_ON_THE_HUB = re.compile(r"hf:([\w.-]+/[\w.-]+)(:.*)?", re.ASCII)


def origin_of(item: Input, file: str) -> Origin:
    """What the settings say of the source of a file; a dataset on the hub has its page there."""
    hub = _ON_THE_HUB.fullmatch(file)
    page = item.homepage or (f"https://huggingface.co/datasets/{hub[1]}" if hub else "")
    date = item.terms_date.isoformat() if item.terms_date else ""
    return Origin(item.source or file, item.license, item.provenance, item.terms or "", date, page)


def to_batch(records: Sequence[Mapped], file: str, origin: Origin, aliases: Mapping[str, str]) -> Batch:
    """One row a record, in order. Half surrogates, which no UTF-8 file can hold, become U+FFFD."""
    count = len(records)
    raw = [levels(record.departments) for record in records]
    columns = {
        "id": _texts([record.id or content_id(record.turns) for record in records]),
        "source": pa.array([origin.source] * count, pa.string()),
        "license": pa.array([origin.license] * count, pa.string()),
        "url": _texts([record.url or None for record in records]),
        "title": _texts([record.title or None for record in records]),
        "department": pa.array([canonical(names, aliases) for names in raw], pa.string()),
        "department_raw": _lists(raw),
        "diseases": _lists([tuple(record.diseases) for record in records]),
        "sex": pa.array([record.sex for record in records], pa.string()),
        "age": pa.array([_age(record.age) for record in records], pa.int32()),
        "provenance": pa.array([origin.provenance] * count, pa.string()),
        "extra": _texts([_extra(record) for record in records]),
        "file": pa.array([file] * count, pa.string()),
        "index": pa.array([record.index for record in records], pa.int32()),
    }
    turns = [turn for record in records for turn in record.turns]
    return Batch(
        pa.table(columns),
        np.repeat(np.arange(count), [len(record.turns) for record in records]),
        np.array([ROLES.index(role) for role, _ in turns], np.int8),
        _texts([text for _, text in turns]),
    )


def storable(text: str) -> str:
    """The text with half surrogates replaced, so that it can be written as UTF-8."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _texts(values: Sequence[str | None]) -> pa.StringArray:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if value is None else storable(value) for value in values], pa.string())


def _lists(values: Sequence[Sequence[str]]) -> pa.ListArray:
    lengths = [len(value) for value in values]
    flat = _texts([item for value in values for item in value])
    kind = pa.list_(pa.field("item", pa.string(), nullable=False))
    return pa.ListArray.from_arrays(pa.array(np.concatenate(([0], np.cumsum(lengths))), pa.int32()), flat, type=kind)


def _age(age: int | None) -> int | None:
    return age if age is not None and 0 <= age <= _MAX_AGE else None


def _extra(record: Mapped) -> str:
    return json.dumps(record.extra, ensure_ascii=False, sort_keys=True) if record.extra else "{}"


def together(known: str | None, value: str, mark: str) -> str | None:
    """What several inputs say of one source; two licences become an SPDX expression, `A AND B`."""
    if not known or not value:
        return known or value or None
    return known if value in known.split(mark) else known + mark + value
