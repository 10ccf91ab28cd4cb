"""`cmtmedqa validate`: a published dataset checked again from its files alone."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import validate
from cmtmedqa.build.output import MANIFEST, WORK, content_hash, read_manifest
from cmtmedqa.build.publish import SCHEMA
from cmtmedqa.build.unit_files import REJECTION_SCHEMA
from cmtmedqa.records import SPLITS, ClusterMember


def problems(folder: Path) -> list[str]:
    """Everything that is wrong with a dataset, one line each; ids and file names only. Raises InputError if it is none."""
    manifest = read_manifest(folder)
    found = _files(folder, manifest)
    if found:
        return found
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    kept: dict[str, str] = {}
    for name in SPLITS:
        found += _split(folder, name, manifest, report, kept)
    found += _rejections(folder, report)
    found += _clusters(folder, kept)
    total = sum(item["dialogues"] for item in report["splits"].values())
    if not report["kept"] == len(kept) == total or report["read"] != report["kept"] + report["rejected"]:
        found.append(
            f"report.json: read {report['read']}, kept {report['kept']}, rejected {report['rejected']} do not sum"
        )
    return found


def _files(folder: Path, manifest: dict[str, Any]) -> list[str]:
    found = []
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name}: missing")
        elif io.sha256_file(path) != entry["sha256"]:
            found.append(f"{name}: its bytes are not those of the manifest")
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    present = {path.as_posix() for path in paths if path.parts[0] != WORK}  # a build that may replace it some day
    found += [f"{name}: not in the manifest" for name in sorted(present - set(manifest["files"]) - {MANIFEST})]
    return found


def _split(
    folder: Path, name: str, manifest: dict[str, Any], report: dict[str, Any], kept: dict[str, str]
) -> list[str]:
    found, count = [], 0
    shards = sorted((folder / "data").glob(f"{name}-*.parquet"))
    for shard in shards:
        where = shard.relative_to(folder).as_posix()
        with pq.ParquetFile(shard) as file:
            if not file.schema_arrow.remove_metadata().equals(SCHEMA):
                found.append(f"{where}: its schema is not that of a dialogue")
                continue
            for batch in file.iter_batches():
                table = pa.Table.from_batches([batch])
                ids = table["id"].to_pylist()
                found += [f"{where}: {ids[row]}: {fault}" for row, fault in enumerate(validate.faults(table)) if fault]
                found += [f"{where}: {identifier}: stands twice" for identifier in ids if identifier in kept]
                kept.update(dict.fromkeys(ids, name))
                count += len(ids)
    if count != report["splits"][name]["dialogues"] or count != manifest["dialogues"][name]:
        found.append(f"{name}: {count} dialogues, but the report says {report['splits'][name]['dialogues']}")
    if not found and content_hash(shards) != manifest["content_sha256"][name]:
        found.append(f"{name}: its content is not that of the manifest")
    return found


def _rejections(folder: Path, report: dict[str, Any]) -> list[str]:
    counts: Counter[str] = Counter()
    for part in sorted((folder / "rejected").glob("*.parquet")):
        table = pq.ParquetFile(part).read()
        if not table.schema.remove_metadata().equals(REJECTION_SCHEMA):
            return [f"rejected/{part.name}: its schema is not that of a rejection"]
        counts.update(
            f"{step}/{reason}"
            for step, reason in zip(table["step"].to_pylist(), table["reason"].to_pylist(), strict=True)
        )
    stated = {f"{row['step']}/{reason}": count for row in report["funnel"] for reason, count in row["rejected"].items()}
    return [] if dict(counts) == stated else ["rejected/: its reasons do not sum to those of the report"]


def _clusters(folder: Path, kept: dict[str, str]) -> list[str]:
    table = pq.ParquetFile(folder / "clusters.parquet").read()
    if not table.schema.remove_metadata().equals(io.arrow_schema(ClusterMember)):
        return ["clusters.parquet: its schema is not that of a cluster member"]
    found = []
    for member in table.to_pylist():
        if member["kept"] != (member["id"] in kept):
            found.append(f"clusters.parquet: {member['id']}: kept is {member['kept']}, the data says otherwise")
        if member["winner"] not in kept:
            found.append(f"clusters.parquet: {member['winner']}: the winner is not in the data")
    return found
