"""Lineage: one row for every record of the input, kept or not, in the order of the input; no text, about 40 bytes a record.

`why.py` reads it back. A record's text, features and the detail of its rejection stand in `data/` and `rejected/`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.deduplicate import Corpus, Duplicates
from cmtmedqa.build.unit_files import TRACE_SCHEMA, UnitTask
from cmtmedqa.records import SPLITS, Lineage

SCHEMA = io.arrow_schema(Lineage)
BUILD_KEY_CHARS = 12

# Distinct in almost every row: a dictionary would only add to their size.
_PLAIN = ("id", *(field.name for field in SCHEMA if field.name.endswith("_hash")))
PARQUET_OPTIONS = {
    "use_dictionary": [
        "adapter", "repairs.list.element", "spans.list.element.kind", "spans.list.element.rule", "source", "file", "build",
        "step", "reason", "cluster", "winner", "split",
    ],
    "column_encoding": dict.fromkeys(_PLAIN, "DELTA_LENGTH_BYTE_ARRAY") | {"index": "DELTA_BINARY_PACKED"},
    "write_statistics": False,
    "row_group_size": 16_384,
}  # fmt: skip

_FROM_STAGE = ["source", "file", "index", *TRACE_SCHEMA.names]
_FROM_REFUSED = ["id", *_FROM_STAGE, "step", "reason"]


def tables(
    tasks: Sequence[UnitTask], corpus: Corpus, found: Duplicates, splits: npt.NDArray[np.int8], key: str
) -> Iterator[pa.Table]:
    """The lineage of every record, unit by unit, in the order of the records."""
    for number, task in enumerate(tasks):
        items = np.flatnonzero(corpus.unit == number)
        passed = pq.ParquetFile(task.dialogues).read(columns=_FROM_STAGE)
        refused = pq.ParquetFile(task.rejected).read(columns=_FROM_REFUSED)
        rows = pa.concat_tables(
            [_completed(passed, _fate(corpus, found, splits, items), key), _completed(refused, {}, key)]
        )
        yield rows.take(pc.sort_indices(rows["index"]))


def _fate(
    corpus: Corpus, found: Duplicates, splits: npt.NDArray[np.int8], items: npt.NDArray[np.int64]
) -> dict[str, pa.Array]:
    """What became of dialogues that passed every stage of their own."""
    kept, member = found.kept()[items], found.in_cluster()[items]
    text = pa.string()
    fates = [found.fate(item) for item in items.tolist()]
    return {
        "id": pa.array([corpus.ids[item] for item in items.tolist()], text),
        "step": pa.array([step for step, _ in fates], text, mask=kept),
        "reason": pa.array([reason for _, reason in fates], text, mask=kept),
        "cluster": pa.array([found.cluster[item] for item in items.tolist()], text, mask=~member),
        "winner": pa.array([found.winner_id(corpus, item) for item in items.tolist()], text, mask=~member),
        "similarity": pa.array(found.similarity[items].round(4), pa.float64(), mask=~member),
        "split": pa.array(np.array(SPLITS)[splits[items]], text, mask=~kept),
    }


def _completed(table: pa.Table, more: dict[str, pa.Array], key: str) -> pa.Table:
    count = table.num_rows
    known = {name: table[name] for name in table.column_names} | more
    known["build"] = pa.array([key[:BUILD_KEY_CHARS]] * count, pa.string())
    return pa.table(
        [known[field.name] if field.name in known else pa.nulls(count, field.type) for field in SCHEMA], schema=SCHEMA
    )
