"""Datasets of a few invented dialogues, written as a build writes them."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pytest

from cmtmedqa import io
from cmtmedqa.records import SPLITS, Dialogue, Turn


@pytest.fixture
def say() -> Callable[..., Dialogue]:
    """Makes a dialogue whose texts alternate, the patient first."""

    def make(identifier: str, *texts: str, system: str = "", **fields: object) -> Dialogue:
        turns = [Turn(role="doctor" if place % 2 else "patient", text=text) for place, text in enumerate(texts)]
        opening = [Turn(role="system", text=system)] if system else []
        return Dialogue.model_validate({"id": identifier, "source": "clinic", "turns": (*opening, *turns), **fields})

    return make


@pytest.fixture
def dataset_of(tmp_path: Path) -> Callable[..., Path]:
    """Writes a dataset of some dialogues by split, with the part of the manifest that an export reads."""

    def write(name: str = "set", **splits: Iterable[Dialogue]) -> Path:
        folder = tmp_path / name
        stored = {split: list(splits.get(split, ())) for split in SPLITS}
        for split, dialogues in stored.items():
            if dialogues:
                rows = [dialogue.model_dump(mode="json") for dialogue in dialogues]
                table = pa.Table.from_pylist(rows, schema=io.arrow_schema(Dialogue))
                io.write_parquet(folder / "data" / f"{split}-00000-of-00001.parquet", table)
        counts = {split: len(dialogues) for split, dialogues in stored.items()}
        io.write_text(folder / "manifest.json", json.dumps({"dialogues": counts}))
        return folder

    return write
