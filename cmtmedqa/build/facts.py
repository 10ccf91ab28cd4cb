"""What the card and croissant.json say beside the counts: the dataset as named in the settings, and its published files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cmtmedqa.config import BuildConfig
from cmtmedqa.records import SPLITS

_SIZES = ((10**3, "1K"), (10**4, "10K"), (10**5, "100K"), (10**6, "1M"), (10**7, "10M"), (10**8, "100M"), (10**9, "1B"))


def make(
    config: BuildConfig,
    key: str,
    settings: Mapping[str, Any],
    versions: Mapping[str, str],
    report: Mapping[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """The parts of the report that are no counts of records: `dataset`, `published`, `settings`, `versions`."""
    said = config.publish
    return {
        "dataset": {
            "title": said.title,
            "version": said.version or f"0.0.0+{key[:12]}",
            "date": said.date.isoformat() if said.date else None,
            "url": said.url,
            "creator": said.creator,
            "contact": said.contact,
            "citation": said.citation,
            "size_category": size_category(report["kept"]),
        },
        "published": published(folder),
        "settings": dict(settings),
        "versions": dict(versions),
    }


def published(folder: Path) -> dict[str, Any]:
    """Per split that holds any dialogue: shards, dialogues, bytes on disk and bytes as Arrow (what `datasets` counts)."""
    splits = {}
    for name in SPLITS:
        shards = sorted((folder / "data").glob(f"{name}-*.parquet"))
        if shards:
            splits[name] = {
                "shards": len(shards),
                "dialogues": sum(pq.read_metadata(shard).num_rows for shard in shards),
                "bytes": sum(shard.stat().st_size for shard in shards),
                "arrow_bytes": sum(_arrow_bytes(shard) for shard in shards),
            }
    return {
        "splits": splits,
        "bytes": sum(size["bytes"] for size in splits.values()),
        "arrow_bytes": sum(size["arrow_bytes"] for size in splits.values()),
    }


def _arrow_bytes(shard: Path) -> int:
    """In batches of the first row group's length, as `datasets` reads a file: masks of nulls are padded per batch."""
    with pq.ParquetFile(shard) as file:
        return sum(batch.nbytes for batch in file.iter_batches(batch_size=file.metadata.row_group(0).num_rows))


def size_category(dialogues: int) -> str:
    """The class of size in the words of the Hub: `n<1K`, `1K<n<10K` and on."""
    below = "n"
    for limit, name in _SIZES:
        if dialogues < limit:
            return f"{below}<{name}" if below == "n" else f"{below}<n<{name}"
        below = name
    return "1B<n<10B"
