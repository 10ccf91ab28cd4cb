"""A built dataset, read back as dialogues."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.records import SPLITS, Dialogue

_BATCH = 1_024


def read_dataset(folder: Path, split: str = "all") -> Iterator[Dialogue]:
    """The dialogues of a built dataset, split by split in file order. Raises InputError when there are none."""
    if split not in (*SPLITS, "all"):
        raise InputError(f"no split '{split}'; there are: {', '.join(SPLITS)}, all")
    sizes(folder)
    for name in SPLITS if split == "all" else (split,):
        yield from read_split(folder, name)


def sizes(folder: Path) -> dict[str, int]:
    """The number of dialogues in each split, by the shards themselves.

    Raises InputError when the folder is no finished dataset, or when its shards and its manifest do not agree.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise InputError(f"{folder}: holds no manifest.json, so it is no finished dataset; build it first")
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))["dialogues"]
        promised = {name: int(stated[name]) for name in SPLITS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: is no manifest of a dataset; build it again") from error
    found = {name: sum(_rows(shard) for shard in _shards(folder, name)) for name in SPLITS}
    for name in SPLITS:
        if found[name] != promised[name]:
            raise InputError(
                f"{folder}: {name} holds {found[name]} dialogues, its manifest says {promised[name]}; see cmtmedqa validate"
            )
    return found


def read_split(folder: Path, split: str) -> Iterator[Dialogue]:
    """The dialogues of one split in file order. Raises InputError at a record that is no dialogue."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for shard in _shards(folder, split):
        try:
            with pq.ParquetFile(shard) as file:
                for batch in file.iter_batches(batch_size=_BATCH):
                    yield from (_dialogue(row, shard) for row in batch.to_pylist())
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{shard}: cannot be read as Parquet; see cmtmedqa validate") from error


def splits_by_id(folder: Path) -> dict[str, str]:
    """The split of every dialogue of a built dataset, by its id. Raises InputError as `sizes` does."""
    import pyarrow.parquet as pq

    sizes(folder)
    return {
        dialogue: name
        for name in SPLITS
        for shard in _shards(folder, name)
        for dialogue in pq.read_table(shard, columns=["id"])["id"].to_pylist()
    }


def _shards(folder: Path, split: str) -> list[Path]:
    return sorted((folder / "data").glob(f"{split}-*.parquet"))


def _rows(shard: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: int = pq.read_metadata(shard).num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{shard}: cannot be read as Parquet; see cmtmedqa validate") from error
    return rows


def _dialogue(row: dict[str, object], shard: Path) -> Dialogue:
    try:
        return Dialogue.model_validate(row)
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise InputError(f"{shard}: {row.get('id')}: is no dialogue (field {field}); see cmtmedqa validate") from error
