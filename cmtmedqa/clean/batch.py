"""A batch of dialogues in columns: what the cleaning stages work on.

Text work is done on one flat column of turns. `dialogue` says to which row of `rows` each turn belongs; it ascends.
"""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.records import ROLES, Dialogue, Turn

PATIENT, DOCTOR, SYSTEM = range(len(ROLES))

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Batch(NamedTuple):
    """`rows` (one row a dialogue, no turns) and three parallel columns with one entry a turn."""

    rows: pa.Table
    dialogue: Ints
    role: npt.NDArray[np.int8]
    text: pa.StringArray

    def offsets(self) -> Ints:
        """Shape (dialogues + 1,): turns of row i are offsets[i] to offsets[i + 1]."""
        counts = np.bincount(self.dialogue, minlength=self.rows.num_rows)
        return np.concatenate(([0], np.cumsum(counts)))

    def keep_rows(self, keep: Mask) -> "Batch":
        """The batch of the rows where `keep` is true."""
        turns = keep[self.dialogue]
        number = np.cumsum(keep) - 1
        return Batch(
            self.rows.filter(pa.array(keep)),
            number[self.dialogue[turns]],
            self.role[turns],
            self.text.filter(pa.array(turns)),
        )

    def keep_turns(self, keep: Mask) -> "Batch":
        """The batch without the turns where `keep` is false; a row may lose all its turns."""
        return Batch(self.rows, self.dialogue[keep], self.role[keep], self.text.filter(pa.array(keep)))

    def turns_of(self, row: int) -> tuple[Turn, ...]:
        """The turns of one dialogue as records."""
        start, end = np.searchsorted(self.dialogue, [row, row + 1])
        texts = self.text.slice(start, end - start).to_pylist()
        roles = (ROLES[role] for role in self.role[start:end])
        return tuple(Turn.model_construct(role=role, text=text) for role, text in zip(roles, texts, strict=True))

    def hashes(self) -> pa.StringArray:
        """BLAKE2b-64 (hex) of the roles and texts of each row: that of `sources.mapped.content_id`."""
        return _hashes(self._roles(), self.text, self.offsets())

    def _roles(self) -> pa.StringArray:
        return pa.DictionaryArray.from_arrays(pa.array(self.role), pa.array(ROLES)).cast(pa.string())

    def turns_column(self) -> pa.ListArray:
        """All turns as one Arrow list column of {role, text}, one entry a dialogue."""
        role = self._roles()
        fields = [pa.field("role", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False)]
        turns = pa.StructArray.from_arrays([role, self.text], fields=fields)
        kind = pa.list_(pa.field("item", pa.struct(fields), nullable=False))
        return pa.ListArray.from_arrays(pa.array(self.offsets(), pa.int32()), turns, type=kind)


def batch_of(dialogues: Sequence[Dialogue]) -> Batch:
    """A batch with only the columns `id` and `title` and the turns of some dialogues: for tests and single records."""
    return Batch(
        pa.table(
            {
                "id": pa.array([item.id for item in dialogues], pa.string()),
                "title": pa.array([item.title for item in dialogues], pa.string()),
            }
        ),
        np.repeat(np.arange(len(dialogues)), [len(item.turns) for item in dialogues]),
        np.array([ROLES.index(turn.role) for item in dialogues for turn in item.turns], np.int8),
        pa.array([turn.text for item in dialogues for turn in item.turns], pa.string()),
    )


def dialogue_hashes(turns: pa.ListArray) -> pa.StringArray:
    """`Batch.hashes` of a column of turns, as it stands in a dataset."""
    spoken = turns.flatten()
    offsets = turns.offsets.to_numpy().astype(np.int64)
    return _hashes(spoken.field("role"), spoken.field("text"), offsets - offsets[:1])


def _hashes(roles: pa.StringArray, texts: pa.StringArray, offsets: Ints) -> pa.StringArray:
    ended = pc.binary_join_element_wise(texts, "", "\x1e")
    marked = pc.binary_join_element_wise(roles, ended, "\x1f")
    lengths = pc.binary_length(marked).to_numpy(zero_copy_only=False).astype(np.int64)
    bounds = np.concatenate(([0], np.cumsum(lengths)))[offsets].tolist()
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(marked)], pa.int32()), marked), "")
    data = memoryview(joined[0].as_buffer())
    digests = [hashlib.blake2b(data[start:end], digest_size=8).hexdigest() for start, end in pairwise(bounds)]
    return pa.array(digests, pa.string())
