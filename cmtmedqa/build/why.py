"""Why a record is, or is not, in a dataset: its lineage joined with what stands in data/, rejected/ and the manifest."""

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build.forgotten import STEP as FORGET
from cmtmedqa.build.forgotten import tombstone_id
from cmtmedqa.build.output import CONTAMINATION, LINEAGE, read_manifest
from cmtmedqa.dedup.signatures import cluster_id, digests, keys_column
from cmtmedqa.errors import InputError
from cmtmedqa.split import place

_SHOWN = 5
_NEAR_ENDS = (8, 6, 4, 3, 2, 1)
_NEAR_ENOUGH = 2_000

Row = dict[str, Any]


def explain(folder: Path, identifier: str) -> Row:
    """Everything that is known of the record with this id, or of the only one whose id begins so; never its text.

    Raises InputError when the folder is no finished dataset, when it has no lineage, and when no id or more than one fits; the
    message then names ids that do.
    """
    manifest = read_manifest(folder)
    rows = _lineage_rows(folder, identifier) or _lineage_rows(folder, tombstone_id(identifier))
    if not rows:
        raise InputError(f"{folder}: no record '{identifier}'{suggestion(folder, identifier)}")
    names = sorted({row["id"] for row in rows})
    if len(names) > 1:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        raise InputError(f"{folder}: '{identifier}' begins {len(names)} ids: {', '.join(names[:_SHOWN])}{more}")
    rows.sort(key=lambda row: row["step"] is not None)
    return _explained(folder, manifest, rows[0]) | {"same_id": [_brief(row) for row in rows[1:]]}


def _explained(folder: Path, manifest: Row, row: Row) -> Row:
    build = _build_of(manifest, row["build"])
    kept = row["step"] is None
    stored = _published(folder, row) if kept else _rejected(folder, row)
    features = stored.get("features")
    digest = next((item["sha256"] for item in build["inputs"] if item["file"] == row["file"]), None)
    return {
        "id": row["id"],
        "status": "kept" if kept else "dropped",
        "source": row["source"],
        "read_from": {"file": row["file"], "index": row["index"], "file_sha256": digest, "shape": row["adapter"]}
        | {"url_hash": row["url_hash"], "warc": row.get("warc")},
        "build": row["build"],
        "transformations": _transformations(row, build["versions"]),
        "features": features,
        "filters": _filters(features, stored.get("turns", ()), build["settings"]["filters"]),
        "dropped": None if kept else {"step": row["step"], "reason": row["reason"], "detail": stored["detail"]},
        "duplicates": _duplicates(folder, row) if row["cluster"] else None,
        "evaluation_items": _evaluation_items(folder, row),
        "split": _split(stored, row, build["settings"]["split"]) if kept else None,
    }


def _transformations(row: Row, versions: Mapping[str, str]) -> list[Row]:
    """Each stage with the hashes of the turns before and after it, equal where it changed nothing."""
    result: list[Row] = [{"stage": "read", "after": row["read_hash"], "shape": row["adapter"]}]
    if row["step"] in ("read", FORGET):
        return result
    arranged = [name for name in row["repairs"] if name in ARRANGED]
    stages = (
        ("normalise", "normalised_hash", {"changes": [name for name in row["repairs"] if name not in ARRANGED]}),
        ("turns", "arranged_hash", {"changes": arranged}),
        (
            "deidentify",
            "deidentified_hash",
            {"kinds": dict(sorted(Counter(span["kind"] for span in row["spans"]).items()))},
        ),
    )
    before = row["read_hash"]
    for stage, column, more in stages:
        if stage == "deidentify" and (versions["deidentify"] == "off" or row["step"] == "normalise"):
            continue
        after = row[column] or before
        step = {
            "stage": stage,
            "version": versions[stage],
            "before": before,
            "after": after,
            "changed": after != before,
        }
        result.append(step | more | ({"spans": row["spans"]} if stage == "deidentify" else {}))
        before = after
    return result


ARRANGED = frozenset(
    (
        "speaker_label",
        "empty_turn",
        "same_role_run",
        "inner_system_turn",
        "leading_doctor_turn",
        "trailing_patient_turn",
    )
)


def _filters(features: Row | None, turns: Any, settings: Mapping[str, float | None]) -> list[Row]:
    """The value of each filter that is on beside its threshold; none for a record that was dropped before it was measured."""
    if features is None:
        return []
    values = features | {
        "chars": features["patient_chars"] + features["doctor_chars"],
        "turn_chars": max((len(turn["text"]) for turn in turns), default=0),
    }
    result = []
    for name, threshold in settings.items():
        if threshold is not None:
            bound, quantity = name.split("_", 1)
            value = values[quantity]
            passed = value >= threshold if bound == "min" else value <= threshold
            result.append({"filter": name, "value": value, "threshold": threshold, "passed": passed})
    return result


def _duplicates(folder: Path, row: Row) -> Row:
    """The other members of the record's cluster, the winner first, as far as they are records of this dataset."""
    table = pq.read_table(folder / "clusters.parquet", filters=[("cluster", "==", row["cluster"])])
    others = [member for member in table.to_pylist() if member["id"] != row["id"]]
    return {"cluster": row["cluster"], "winner": row["winner"], "similarity": row["similarity"], "others": others}


def _evaluation_items(folder: Path, row: Row) -> list[Row]:
    """The items of evaluation sets that the record holds, without the matched text."""
    path = folder / CONTAMINATION
    if not path.is_file():
        return []
    columns = ["evaluation", "item", "item_file", "item_index", "measure", "value"]
    found: list[Row] = pq.read_table(path, columns=columns, filters=[("id", "==", row["id"])]).to_pylist()
    return found


def _split(dialogue: Row, row: Row, settings: Row) -> Row:
    """Which split, and where in [0, 1) the hash of the cluster lies that decided it."""
    cluster = row["cluster"]
    if cluster is None:
        texts = pa.array([turn["text"] for turn in dialogue["turns"]], pa.string())
        cluster = cluster_id(digests(keys_column(texts, np.array([0, len(texts)])))[0])
    found = {"name": row["split"], "cluster": cluster, "place": round(place(settings["seed"], cluster), 6)}
    return found | {name: settings[name] for name in ("test", "dev")}


def _lineage_rows(folder: Path, identifier: str) -> list[Row]:
    """The rows of the id itself, else those of all ids that begin with it."""
    begins: list[tuple[Path, np.ndarray[Any, Any]]] = []
    exact: list[tuple[Path, np.ndarray[Any, Any]]] = []
    for path, ids in _ids(folder / LINEAGE):
        for wanted, hits in ((exact, pc.equal(ids, identifier)), (begins, pc.starts_with(ids, identifier))):
            if identifier and len(rows := np.flatnonzero(hits.to_numpy())):
                wanted.append((path, rows))
    places = exact or begins
    return [row for path, rows in places for table in io.read_rows(path, rows) for row in table.to_pylist()]


def _ids(folder: Path) -> Iterator[tuple[Path, pa.ChunkedArray]]:
    parts = sorted(folder.glob("*.parquet"))
    if not parts:
        raise InputError(f"{folder.parent}: holds no lineage; build it again with this version")
    for path in parts:
        with pq.ParquetFile(path) as file:
            yield path, file.read(columns=["id"])["id"]


def known(folder: Path, identifier: str) -> bool:
    """Whether any record of the dataset, kept or not, has this id."""
    return any(pc.any(pc.equal(ids, identifier)).as_py() for _, ids in _ids(folder / LINEAGE))


def suggestion(folder: Path, identifier: str) -> str:
    """Ids that look like the wanted one; compared are those that begin or end like it."""
    ids = pa.chunked_array([chunk for _, found in _ids(folder / LINEAGE) for chunk in found.chunks], pa.string())
    for size in _NEAR_ENDS:
        if len(identifier) < size:
            continue
        like = pc.or_(pc.starts_with(ids, identifier[:size]), pc.ends_with(ids, identifier[-size:]))
        alike = ids.filter(like)
        near = difflib.get_close_matches(identifier, alike.slice(0, _NEAR_ENOUGH).to_pylist(), n=3, cutoff=0.6)
        if near:
            return f"; did you mean {' or '.join(near)}?"
    return "; cmtmedqa browse shows which there are"


def _build_of(manifest: Row, key: str) -> Row:
    """The manifest, or that of the ancestor whose build read the record."""
    current: Row | None = manifest
    while current is not None and not current["key"].startswith(key):
        current = current.get("parent")
    return current or manifest


def _published(folder: Path, row: Row) -> Row:
    for path in sorted((folder / "data").glob(f"{row['split']}-*.parquet")):
        if found := _row_of(path, row["id"], ["features", "turns"]):
            return found
    raise InputError(f"{folder}: {row['id']} is missing from data/; cmtmedqa validate {folder} says more")


def _rejected(folder: Path, row: Row) -> Row:
    for path in sorted((folder / "rejected").glob("*.parquet")):
        for found in _rows_of(path, row["id"], ["file", "index", "detail", "record"]):
            if (found["file"], found["index"]) == (row["file"], row["index"]):
                return {"detail": found["detail"]} | _record(found["record"])
    raise InputError(f"{folder}: {row['id']} is missing from rejected/; cmtmedqa validate {folder} says more")


def _record(text: str) -> Row:
    """What was measured of a rejected record; of one that could not be read nothing was."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) and "features" in value else {}


def _row_of(path: Path, identifier: str, columns: list[str]) -> Row | None:
    return next(iter(_rows_of(path, identifier, columns)), None)


def _rows_of(path: Path, identifier: str, columns: list[str]) -> Iterator[Row]:
    with pq.ParquetFile(path) as file:
        rows = np.flatnonzero(pc.equal(file.read(columns=["id"])["id"], identifier).to_numpy())
    for table in io.read_rows(path, rows, columns) if len(rows) else ():
        yield from table.to_pylist()


def _brief(row: Row) -> Row:
    return {name: row[name] for name in ("id", "file", "index", "step", "reason")}
