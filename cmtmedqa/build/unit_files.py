"""What pass 1 leaves of a unit of input: dialogues, rejections, digests, signatures, and last the counts.

Every file is written as a stream under a temporary name, so memory does not grow with the unit; all take their names when the
unit is complete, the counts last. Their presence says that the unit is finished.
"""

import json
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.convert import Origin
from cmtmedqa.build.decontaminate import HELD_SCHEMA
from cmtmedqa.build.forgotten import Forgotten
from cmtmedqa.config import BuildConfig
from cmtmedqa.dedup.signatures import PERMUTATIONS, Signatures
from cmtmedqa.records import Dialogue, Rejection, Trace
from cmtmedqa.sources.read import Unit

TRACE_SCHEMA = io.arrow_schema(Trace)
REJECTION_SCHEMA = io.arrow_schema(Rejection)
STAGE_SCHEMA = pa.schema(
    [*io.arrow_schema(Dialogue), pa.field("file", pa.string()), pa.field("index", pa.int32()), *TRACE_SCHEMA]
)
STAGE_SCHEMA = STAGE_SCHEMA.append(pa.field("marks", pa.list_(pa.int8())))  # one a turn: features.INQUIRY, FAREWELL
REFUSED_SCHEMA = pa.schema([*REJECTION_SCHEMA, *TRACE_SCHEMA])


class UnitTask(NamedTuple):
    """One unit of input with all that its cleaning depends on; `number` is its place in the input."""

    number: int
    unit: Unit
    origin: Origin
    config: BuildConfig
    folder: str
    forgotten: Forgotten = Forgotten()

    def path(self, suffix: str) -> Path:
        """Where a file of this unit lies."""
        return Path(self.folder) / f"{self.number:06d}{suffix}"

    @property
    def dialogues(self) -> Path:
        """Its kept dialogues, rows of `STAGE_SCHEMA`."""
        return self.path(".parquet")

    @property
    def rejected(self) -> Path:
        """Its rejections, rows of `REFUSED_SCHEMA`."""
        return self.path(".rejected.parquet")

    @property
    def held(self) -> Path:
        """What its dialogues hold of evaluation sets, rows of `HELD_SCHEMA`; no such file where no set is named."""
        return self.path(".held.parquet")

    def digests(self) -> npt.NDArray[np.uint64]:
        """The digests of its dialogues, shape (n, 2)."""
        return np.fromfile(self.path(".digests"), np.uint64).reshape(-1, 2)

    def signatures(self) -> Signatures:
        """The signatures of its dialogues, shape (n, 128), mapped from disk."""
        path = self.path(".signatures")
        if not path.stat().st_size:
            return np.empty((0, PERMUTATIONS), np.uint32)
        return np.memmap(path, np.uint32, mode="r").reshape(-1, PERMUTATIONS)


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


class UnitWriter:
    """The open files of a unit. An error inside its `with` block leaves nothing behind."""

    def __init__(self, task: UnitTask) -> None:
        self._task, self._stack = task, ExitStack()

    def __enter__(self) -> Self:
        paths = {
            name: self._stack.enter_context(io.replacing(self._task.path(name)))
            for name in (".parquet", ".rejected.parquet", ".digests", ".signatures")
        }
        self._kept = self._stack.enter_context(_parquet_writer(paths[".parquet"], STAGE_SCHEMA))
        self._refused = self._stack.enter_context(_parquet_writer(paths[".rejected.parquet"], REFUSED_SCHEMA))
        self._held = None
        if self._task.config.decontaminate.against:
            held = self._stack.enter_context(io.replacing(self._task.held))
            self._held = self._stack.enter_context(_parquet_writer(held, HELD_SCHEMA))
        self._digests = self._stack.enter_context(paths[".digests"].open("wb"))
        self._signatures = self._stack.enter_context(paths[".signatures"].open("wb"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def keep(self, table: pa.Table, digests: npt.NDArray[np.uint64], signatures: Signatures) -> None:
        """Add dialogues, rows of `STAGE_SCHEMA`, with one digest and one signature each."""
        if table.num_rows:
            self._kept.write_table(table, row_group_size=io.ROWS_PER_GROUP)
            self._digests.write(np.ascontiguousarray(digests).tobytes())
            self._signatures.write(np.ascontiguousarray(signatures).tobytes())

    def refuse(self, table: pa.Table) -> None:
        """Add rejections, rows of `REFUSED_SCHEMA`."""
        if table.num_rows:
            self._refused.write_table(table, row_group_size=io.ROWS_PER_GROUP)

    def hold(self, table: pa.Table) -> None:
        """Add what dialogues hold of evaluation sets, rows of `HELD_SCHEMA`."""
        if table.num_rows and self._held is not None:
            self._held.write_table(table, row_group_size=io.ROWS_PER_GROUP)


def write_counts(task: UnitTask, counts: Counts) -> None:
    """Declare the unit finished."""
    io.write_json(task.path(".json"), counts._asdict())


def _parquet_writer(path: Path, schema: pa.Schema) -> Any:
    return pq.ParquetWriter(path, schema, compression="lz4")
