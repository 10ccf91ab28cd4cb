"""`cmtmedqa validate`: a published dataset checked again from its files alone."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import croissant, lineage, validate
from cmtmedqa.build.decontaminate import CONTAMINATION_SCHEMA
from cmtmedqa.build.output import CONTAMINATION, LINEAGE, MANIFEST, WORK, content_hash, read_manifest
from cmtmedqa.build.publish import SCHEMA
from cmtmedqa.build.trace import HASHES
from cmtmedqa.build.unit_files import REJECTION_SCHEMA
from cmtmedqa.clean.batch import dialogue_hashes
from cmtmedqa.records import SPLITS, ClusterMember


class Published(NamedTuple):
    """What the data says of a dialogue: its split and the hash of its turns."""

    split: str
    digest: str


def problems(folder: Path) -> list[str]:
    """Everything that is wrong with a dataset, one line each; ids and file names only. Raises InputError if it is none."""
    manifest = read_manifest(folder)
    found = _files(folder, manifest)
    if found:
        return found
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    kept: dict[str, Published] = {}
    for name in SPLITS:
        found += _split(folder, name, manifest, report, kept)
    found += _rejections(folder, report)
    found += _clusters(folder, kept, elsewhere="against" in manifest)
    found += _lineage(folder, report, kept)
    found += _contamination(folder, report, kept)
    found += _croissant(folder, manifest)
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
    folder: Path, name: str, manifest: dict[str, Any], report: dict[str, Any], kept: dict[str, Published]
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
                hashes = dialogue_hashes(table["turns"].combine_chunks()).to_pylist()
                kept.update(
                    {identifier: Published(name, digest) for identifier, digest in zip(ids, hashes, strict=True)}
                )
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


def _clusters(folder: Path, kept: dict[str, Published], elsewhere: bool) -> list[str]:
    """The members of clusters; `elsewhere`: a winner may stand in the dataset that the build was compared with."""
    table = pq.ParquetFile(folder / "clusters.parquet").read()
    evidence = _contaminated(folder)
    contaminated = set() if evidence is None else set(evidence["id"].to_pylist())
    if not table.schema.remove_metadata().equals(io.arrow_schema(ClusterMember)):
        return ["clusters.parquet: its schema is not that of a cluster member"]
    found = []
    for member in table.to_pylist():
        if member["kept"] != (member["id"] in kept):
            found.append(f"clusters.parquet: {member['id']}: kept is {member['kept']}, the data says otherwise")
        if member["winner"] not in kept and member["winner"] not in contaminated and not elsewhere:
            found.append(f"clusters.parquet: {member['winner']}: the winner is not in the data")
    return found


def _lineage(folder: Path, report: dict[str, Any], kept: dict[str, Published]) -> list[str]:
    """One row a record; what is published is what the last stage left."""
    found, rows, stays = [], 0, 0
    columns = ["id", "step", "split", *reversed(HASHES)]
    for part in sorted((folder / LINEAGE).glob("*.parquet")):
        with pq.ParquetFile(part) as file:
            if not file.schema_arrow.remove_metadata().equals(lineage.SCHEMA):
                return [f"{LINEAGE}/{part.name}: its schema is not that of lineage"]
            for batch in file.iter_batches(columns=columns):
                rows += batch.num_rows
                passed = pa.Table.from_batches([batch]).filter(pc.is_null(batch["step"]))
                last = pc.coalesce(*(passed[name] for name in reversed(HASHES)))
                stays += passed.num_rows
                for identifier, split, digest in zip(
                    passed["id"].to_pylist(), passed["split"].to_pylist(), last.to_pylist(), strict=True
                ):
                    if kept.get(identifier) != Published(split, digest):
                        found.append(f"{LINEAGE}/{part.name}: {identifier}: the data says otherwise")
    if rows != report["read"] or stays != len(kept):
        found.append(f"{LINEAGE}/: {rows} records of {report['read']} read, {stays} kept of {len(kept)}")
    return found


def _contaminated(folder: Path) -> pa.Table | None:
    """The evidence about evaluation sets; None for a dataset that was built against none."""
    path = folder / CONTAMINATION
    return pq.ParquetFile(path).read() if path.exists() else None


def _contamination(folder: Path, report: dict[str, Any], kept: dict[str, Published]) -> list[str]:
    table = _contaminated(folder)
    if table is None:
        return ["contamination.parquet: missing"] if report.get("contamination") else []
    if not table.schema.remove_metadata().equals(CONTAMINATION_SCHEMA):
        return ["contamination.parquet: its schema is not that of a contamination"]
    late = table.filter(pc.equal(table["step"], "decontaminate"))
    pairs = set(zip(late["evaluation"].to_pylist(), late["id"].to_pylist(), strict=True))
    counts = Counter(name for name, _ in pairs)
    found = [
        f"contamination.parquet: {name}: {counts[name]} dialogues, but the report says {stated['dialogues']}"
        for name, stated in report["contamination"].items()
        if counts[name] != stated["dialogues"]
    ]
    held = sorted(set(table["id"].to_pylist()) & kept.keys())
    return found + [f"contamination.parquet: {identifier}: is in the data" for identifier in held]


def _croissant(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """Every shard is described with the digest of the manifest, and nothing else is described."""
    try:
        value = json.loads((folder / croissant.NAME).read_text(encoding="utf-8"))
        described = {item["contentUrl"]: item["sha256"] for item in value["distribution"] if "contentUrl" in item}
    except (OSError, ValueError, KeyError, TypeError):
        return [f"{croissant.NAME}: is missing or no description of a dataset"]
    files = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    shards = {name for name in files if name.startswith("data/")}
    wrong = [name for name, digest in described.items() if files.get(name) != digest] + sorted(shards - set(described))
    return [f"{croissant.NAME}: {name}: is not described as the manifest has it" for name in wrong]
