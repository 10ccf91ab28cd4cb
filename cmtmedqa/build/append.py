"""Old and new published together: the files of the old dataset as they are, and counts that add up over both."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import against
from cmtmedqa.build.against import Published
from cmtmedqa.build.convert import together
from cmtmedqa.build.output import LINEAGE
from cmtmedqa.errors import ConfigError
from cmtmedqa.records import SPLITS

PARTS = ("rejected", LINEAGE)
_ADDED = ("read", "kept", "rejected", "departments_missing")
_COUNTED = ("filters_alone", "repairs", "personal_data", "departments_unmapped")


def check(published: Published, deidentify: str) -> None:
    """Raise ConfigError when the two cannot be one dataset: a reader must be able to trust one statement about all of it."""
    before = published.manifest["settings"]["deidentify"]
    if before != deidentify:
        raise ConfigError(
            f"append: {published.folder} was built with deidentify: {before}, this build has {deidentify}"
        )


def shards_before(published: Published | None) -> dict[str, int]:
    """How many shards of each split come before the new ones."""
    counts = Counter(path.name.partition("-")[0] for path in published.shards) if published else Counter()
    return {name: counts[name] for name in SPLITS}


def parts_before(published: Published | None, folder: str) -> int:
    """How many parts of a folder of `PARTS` come before the new ones."""
    return len(list((published.folder / folder).glob("*.parquet"))) if published else 0


def copy_old(published: Published, folder: Path, new_shards: Mapping[str, int]) -> None:
    """Copy the old shards with their index, and the old parts, byte for byte; shards get the new total into their names."""
    for name, old in shards_before(published).items():
        shards = [path for path in published.shards if path.name.startswith(f"{name}-")]
        for number, shard in enumerate(shards):
            target = f"{name}-{number:05d}-of-{old + new_shards[name]:05d}.parquet"
            _copy(shard, folder / "data" / target)
            _copy(published.folder / against.FOLDER / shard.name, folder / against.FOLDER / target)
    for part in PARTS:
        for number, path in enumerate(sorted((published.folder / part).glob("*.parquet"))):
            _copy(path, folder / part / f"part-{number:05d}.parquet")


def _copy(source: Path, target: Path) -> None:
    with io.replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def has(published: Published | None, name: str) -> bool:
    """Whether the old dataset holds a file."""
    return published is not None and (published.folder / name).is_file()


def with_old(published: Published | None, name: str, table: pa.Table) -> pa.Table:
    """The rows of a file of the old dataset, if it has it, then those of `table`."""
    if published is None or not has(published, name):
        return table
    return pa.concat_tables([pq.ParquetFile(published.folder / name).read().cast(table.schema), table])


def old_report(published: Published) -> dict[str, Any]:
    """The report of the old dataset."""
    value: dict[str, Any] = json.loads((published.folder / "report.json").read_text(encoding="utf-8"))
    return value


def added(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The counts of two reports together; what describes the published dialogues is that of `new`."""
    result = dict(new)
    for name in _ADDED:
        result[name] = old[name] + new[name]
    for name in _COUNTED:
        result[name] = _sum(old[name], new[name])
    result["contamination"] = _contaminations(old.get("contamination", {}), new["contamination"])
    result["funnel"] = _funnels(old["funnel"], new["funnel"])
    for group in ("sources", "files"):
        result[group] = _groups(old[group], new[group])
    result["files_not_read"] = old["files_not_read"] + new["files_not_read"]
    largest = max(old["duplicates"]["largest_cluster"], new["duplicates"]["largest_cluster"])
    result["duplicates"] = _sum(old["duplicates"], new["duplicates"]) | {"largest_cluster": largest}
    return result


def _sum(first: Mapping[str, int], second: Mapping[str, int]) -> dict[str, int]:
    return {key: first.get(key, 0) + second.get(key, 0) for key in sorted({*first, *second})}


def _funnels(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Step by step; a step that the older version did not have dropped nothing there."""
    steps = {row["step"]: row for row in old}
    rows = []
    left = old[0]["in"] + new[0]["in"]
    for row in new:
        rejected = _sum(steps.get(row["step"], {}).get("rejected", {}), row["rejected"])
        rows.append({"step": row["step"], "in": left, "rejected": rejected, "out": left - sum(rejected.values())})
        left = rows[-1]["out"]
    return rows


def _contaminations(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Per evaluation set; one of the same name and bytes in both has left out the dialogues of both."""
    result = {name: dict(entry) for name, entry in old.items()}
    for name, entry in new.items():
        same = name in old and old[name]["sha256"] == entry["sha256"]
        shown = name if same or name not in old else f"{name} ({entry['sha256'][:8]})"
        before = old[name] if same else {"dialogues": 0, "duplicates": 0}
        result[shown] = entry | {key: before[key] + entry[key] for key in ("dialogues", "duplicates")}
    return result


def _groups(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Per source or file; one that stands in both is the sum of both, under what both say of it."""
    result = dict(old)
    for name, entry in new.items():
        result[name] = _both(old[name], entry) if name in old else entry
    return result


def _both(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    result = dict(new)
    for name, value in new.items():
        if isinstance(value, int):
            result[name] = old[name] + value
        elif isinstance(value, dict):
            result[name] = _sum(old[name], value)
        elif isinstance(old.get(name), str):
            result[name] = together(old[name], value, " AND " if name == "license" else "; ")
    return result


def parent(published: Published) -> dict[str, Any]:
    """What a manifest says of the dataset it was built against: its name, its digests, and its own parents."""
    names = ("key", "versions", "settings", "inputs", "dialogues", "content_sha256", "against", "parent")
    known = {name: published.manifest[name] for name in names if name in published.manifest}
    return {"title": published.manifest["settings"]["publish"]["title"], "manifest_sha256": published.sha256, **known}
