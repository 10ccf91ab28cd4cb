"""The report of a dataset from which records were removed: counts move from where the records stood to `forget`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa.build import facts, statistics
from cmtmedqa.build.output import CONTAMINATION
from cmtmedqa.build.report import assert_sums, funnel
from cmtmedqa.build.tally import Tally, count
from cmtmedqa.clean import features
from cmtmedqa.clean.batch import Batch
from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.records import ROLES

Row = dict[str, Any]

FORGOTTEN = "forget/on_request"


def reduced(report: Row, rows: Sequence[Row], tally: Tally, folder: Path) -> Row:
    """The report after `rows` of lineage were removed; `folder` holds the rewritten tables, `tally` is that of what is left.

    What was replaced and repaired while the dataset was built stays as it was counted: it says nothing of single records.
    """
    result = report | {"sources": dict(report["sources"]), "files": dict(report["files"])}
    for row in rows:
        for group, name in (("sources", row["source"]), ("files", row["file"])):
            result[group][name] = _moved(result[group][name], row)
    kept = sum(row["step"] is None for row in rows)
    result["kept"], result["rejected"] = report["kept"] - kept, report["rejected"] + kept
    reasons = sum((Counter(entry["rejected"]) for entry in result["sources"].values()), Counter[str]())
    result["funnel"] = funnel(report["read"], reasons)
    result["duplicates"] = report["duplicates"] | _duplicates(folder, reasons)
    result["contamination"] = _contamination(report["contamination"], folder)
    result["filters"] = {
        name: entry | {"refused": reasons[f"filter/{name}"]} for name, entry in report["filters"].items()
    }
    result |= statistics.described(tally, folder) | {"clusters": statistics.clusters(folder)}
    result["published"] = facts.published(folder)
    result["dataset"] = report["dataset"] | {"size_category": facts.size_category(result["kept"])}
    assert_sums(result)
    return result


def _moved(entry: Row, row: Row) -> Row:
    rejected: Counter[str] = Counter(entry["rejected"])
    if row["step"] is not None:
        rejected[f"{row['step']}/{row['reason']}"] -= 1
    rejected[FORGOTTEN] += 1
    counts = {key: rejected[key] for key in sorted(rejected) if rejected[key]}
    return entry | {"kept": entry["kept"] - (row["step"] is None), "rejected": counts}


def _duplicates(folder: Path, reasons: Counter[str]) -> dict[str, int]:
    winners = Counter(pq.ParquetFile(folder / "clusters.parquet").read(columns=["winner"])["winner"].to_pylist())
    return {
        "clusters_of_two_or_more": len(winners),
        "largest_cluster": max(winners.values(), default=0),
        "exact": sum(reasons[f"deduplicate/{name}"] for name in ("exact_duplicate", "older_exact_duplicate")),
        "near": sum(reasons[f"deduplicate/{name}"] for name in ("near_duplicate", "older_near_duplicate")),
    }


def _contamination(stated: Row, folder: Path) -> Row:
    path = folder / CONTAMINATION
    if not path.is_file():
        return stated
    table = pq.ParquetFile(path).read(columns=["id", "step", "evaluation"]).to_pylist()
    held = {(row["evaluation"], row["step"], row["id"]) for row in table}
    counts = Counter((evaluation, step) for evaluation, step, _ in held)
    return {
        name: entry | {"dialogues": counts[name, "decontaminate"], "duplicates": counts[name, "deduplicate"]}
        for name, entry in stated.items()
    }


def left_over(tally: Tally, dialogues: Sequence[Sequence[Row]]) -> Tally:
    """A tally without what these dialogues, lists of turns, added to it."""
    if not dialogues:
        return tally
    lengths = [len(turns) for turns in dialogues]
    turns = [turn for dialogue in dialogues for turn in dialogue]
    batch = Batch(
        pa.table({"id": pa.array([""] * len(dialogues), pa.string())}),
        np.repeat(np.arange(len(dialogues)), lengths),
        np.array([ROLES.index(turn["role"]) for turn in turns], np.int8),
        pa.array([turn["text"] for turn in turns], pa.string()),
    )
    marks = features.measure(batch, load_lexicon(None)).marks  # marks are decided by the text, whatever the lexicon
    marked = pa.ListArray.from_arrays(pa.array(batch.offsets(), pa.int32()), pa.array(marks))
    gone = count(pa.table({"turns": batch.turns_column(), "marks": marked}))
    numbers = {name: _less(getattr(tally, name), getattr(gone, name)) for name in Tally._fields if name != "facts"}
    return Tally(**numbers, facts=Counter({name: value - gone.facts[name] for name, value in tally.facts.items()}))


def _less(whole: Counter[int], part: Counter[int]) -> Counter[int]:
    left = {key: value - part[key] for key, value in whole.items()}
    assert min(left.values(), default=0) >= 0, "more was removed than there was"
    return Counter({key: value for key, value in left.items() if value})
