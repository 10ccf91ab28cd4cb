"""The evidence of all units about evaluation sets, once it is known which dialogues are duplicates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa.build.decontaminate import CONTAMINATION_SCHEMA
from cmtmedqa.build.deduplicate import Corpus, Duplicates
from cmtmedqa.build.unit_files import UnitTask


class Evidence(NamedTuple):
    """What dialogues hold, in input order: the place of each in the corpus, and rows of `HELD_SCHEMA`."""

    place: npt.NDArray[np.int64]
    rows: list[dict[str, Any]]

    def mark(self, found: Duplicates) -> Duplicates:
        """The duplicates with those marked contaminated that stay for their cluster and hold an item."""
        held = np.zeros(len(found.winner), bool)
        held[self.place] = True
        return found._replace(contaminated=held & found.winners())

    def details(self) -> dict[int, str]:
        """By place in the corpus, in words: set, item, measure and value of all that a dialogue holds."""
        said: dict[int, list[str]] = {}
        for place, row in zip(self.place.tolist(), self.rows, strict=True):
            where = f"{row['item_file']}, record {row['item_index']}"
            said.setdefault(place, []).append(
                f"{row['evaluation']}: item {row['item']} ({where}), {row['measure']} {row['value']:.4f}"
            )
        return {place: "; ".join(parts) for place, parts in said.items()}

    def table(self, corpus: Corpus, found: Duplicates) -> pa.Table:
        """Rows of `Contamination`, also of dialogues that went as duplicates before."""
        steps = ["decontaminate" if late else "deduplicate" for late in found.winners()[self.place].tolist()]
        rows = [
            {**row, "id": corpus.ids[place], "step": step}
            for place, row, step in zip(self.place.tolist(), self.rows, steps, strict=True)
        ]
        return pa.Table.from_pylist(rows, schema=CONTAMINATION_SCHEMA)

    def counted(self, sets: Mapping[str, Mapping[str, Any]], found: Duplicates) -> dict[str, dict[str, Any]]:
        """For the report: what is known of each set, and how many dialogues were left out for it (a dialogue may hold several)."""
        dropped: dict[str, set[int]] = {name: set() for name in sets}
        twins: dict[str, set[int]] = {name: set() for name in sets}
        for place, row in zip(self.place.tolist(), self.rows, strict=True):
            (dropped if found.contaminated[place] else twins)[row["evaluation"]].add(place)
        return {
            name: {**known, "dialogues": len(dropped[name]), "duplicates": len(twins[name])}
            for name, known in sets.items()
        }


def gather(tasks: Sequence[UnitTask], corpus: Corpus) -> Evidence:
    """The evidence of all units; none where no evaluation set is named."""
    found = [pair for number, task in enumerate(tasks) for pair in _of_unit(task, corpus, number)]
    return Evidence(np.array([place for place, _ in found], np.int64), [row for _, row in found])


def _of_unit(task: UnitTask, corpus: Corpus, number: int) -> Iterator[tuple[int, dict[str, Any]]]:
    if task.config.decontaminate.against:
        first = int(np.searchsorted(corpus.unit, number))
        for row in pq.ParquetFile(task.held).read().to_pylist():
            yield first + row.pop("row"), row
