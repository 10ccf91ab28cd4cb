"""The report of a build: what was read, what was kept, and every reason why something is not in the dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cmtmedqa.build import statistics
from cmtmedqa.build.convert import Origin
from cmtmedqa.build.deduplicate import Corpus, Duplicates
from cmtmedqa.build.unit_files import Counts, UnitTask
from cmtmedqa.clean import features
from cmtmedqa.config import BuildConfig
from cmtmedqa.records import SPLITS
from cmtmedqa.sources.files import SourceFile

STEPS = ("read", "normalise", "deidentify", "filter", "validate", "deduplicate")


class _File(Protocol):
    @property
    def file(self) -> SourceFile: ...
    @property
    def origin(self) -> Origin: ...


def make(
    config: BuildConfig,
    files: Sequence[_File],
    skipped: Sequence[tuple[str, str]],
    tasks: Sequence[UnitTask],
    counts: Sequence[Counts],
    corpus: Corpus,
    found: Duplicates,
    splits: npt.NDArray[np.int8],
    tally: statistics.Tally,
    folder: Path,
) -> dict[str, Any]:
    """The report as a JSON value. Raises AssertionError if its parts do not sum to the whole."""
    kept = found.kept()
    per_unit = [_unit_counts(number, count, corpus, found) for number, count in enumerate(counts)]
    rejected = _sum(unit["rejected"] for unit in per_unit)
    read = sum(count.read for count in counts)
    unmapped = _sum(count.unmapped_departments for count in counts)
    report = {
        "title": config.publish.title,
        "read": read,
        "kept": int(kept.sum()),
        "rejected": sum(rejected.values()),
        "deidentify": config.deidentify,
        "funnel": _funnel(read, rejected),
        "sources": _grouped(tasks, per_unit, lambda task: task.origin.source, licenses=True),
        "files": _grouped(tasks, per_unit, lambda task: task.unit.file.name),
        "files_not_read": [{"file": name, "reason": reason} for name, reason in skipped],
        "filters": _filters(config, counts, rejected),
        "filters_alone": _sum(count.filters_alone for count in counts),
        "repairs": _sum(count.repairs for count in counts),
        "personal_data": _sum(count.pii for count in counts),
        "duplicates": _duplicates(config, corpus, found),
        "splits": {name: {"dialogues": int((kept & (splits == number)).sum())} for number, name in enumerate(SPLITS)},
        "departments_unmapped": {name: number for name, number in unmapped.items() if name},
        "departments_missing": unmapped.get("", 0),
        "inquiry_pattern": features.VERSION,
        **statistics.described(tally, folder),
    }
    _assert_sums(report, len(files), skipped)
    return report


def _unit_counts(number: int, counts: Counts, corpus: Corpus, found: Duplicates) -> dict[str, Any]:
    inside = corpus.unit == number
    lost = inside & ~found.kept()
    exact, near = int((lost & found.exact).sum()), int((lost & ~found.exact).sum())
    late = {"deduplicate/exact_duplicate": exact, "deduplicate/near_duplicate": near}
    return {
        "read": counts.read,
        "kept": int((inside & found.kept()).sum()),
        "rejected": counts.rejected | {key: value for key, value in late.items() if value},
        "adapters": counts.adapters,
    }


def _grouped(
    tasks: Sequence[UnitTask], units: Sequence[dict[str, Any]], key: Any, licenses: bool = False
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for task, unit in zip(tasks, units, strict=True):
        entry = result.setdefault(key(task), {"read": 0, "kept": 0, "rejected": {}, "adapters": {}})
        if licenses:
            entry["license"], entry["provenance"] = task.origin.license, task.origin.provenance
        entry["read"] += unit["read"]
        entry["kept"] += unit["kept"]
        entry["rejected"] = _sum([entry["rejected"], unit["rejected"]])
        entry["adapters"] = _sum([entry["adapters"], unit["adapters"]])
    return result


def _funnel(read: int, rejected: Mapping[str, int]) -> list[dict[str, Any]]:
    """One entry a step: what came in, why records left, what went on."""
    rows = []
    left = read
    for step in STEPS:
        reasons = {key.partition("/")[2]: value for key, value in rejected.items() if key.partition("/")[0] == step}
        rows.append({"step": step, "in": left, "rejected": reasons, "out": left - sum(reasons.values())})
        left -= sum(reasons.values())
    return rows


def _filters(config: BuildConfig, counts: Sequence[Counts], rejected: Mapping[str, int]) -> dict[str, Any]:
    """Each filter that is on: its threshold, how many records it would refuse alone, how many it refused in its turn."""
    alone = _sum(count.filters_alone for count in counts)
    return {
        name: {"threshold": threshold, "alone": alone.get(name, 0), "refused": rejected.get(f"filter/{name}", 0)}
        for name, threshold in config.filters
        if threshold is not None
    }


def _duplicates(config: BuildConfig, corpus: Corpus, found: Duplicates) -> dict[str, Any]:
    kept = found.kept()
    near = ~kept & ~found.exact
    size = np.bincount(found.winner, minlength=len(found.winner))
    return {
        "threshold": config.deduplicate.threshold if config.deduplicate.near else None,
        "clusters_of_two_or_more": int((size > 1).sum()),
        "largest_cluster": int(size.max()) if len(size) else 0,
        "exact": int((~kept & found.exact).sum()),
        "near": int(near.sum()),
        "renamed_ids": sum("~" in name for name in corpus.ids),
        "cluster_sizes": statistics.distribution(Counter(size[size > 1].tolist()), statistics.CLUSTER_SIZES),
        "similarity_of_near": statistics.similarity_bins(found.similarity[near]),
    }


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return {key: total[key] for key in sorted(total)}


def _assert_sums(report: dict[str, Any], files: int, skipped: Sequence[tuple[str, str]]) -> None:
    assert report["read"] == report["kept"] + report["rejected"], "records were lost"
    assert report["funnel"][-1]["out"] == report["kept"], "the funnel does not end with what was kept"
    for group in ("sources", "files"):
        entries = report[group].values()
        assert sum(entry["read"] for entry in entries) == report["read"], f"{group} do not sum"
        assert all(entry["read"] == entry["kept"] + sum(entry["rejected"].values()) for entry in entries), (
            f"{group} leak"
        )
    assert sum(size["dialogues"] for size in report["splits"].values()) == report["kept"], "the splits do not sum"
    assert report["totals"]["dialogues"] == report["kept"], "what was written is not what was kept"
    assert sum(report["departments"].values()) == report["kept"], "the departments do not sum"
    duplicates = report["duplicates"]
    assert sum(item["count"] for item in duplicates["similarity_of_near"]) == duplicates["near"], (
        "near twins are missing"
    )
    assert len(report["files"]) <= files, f"more files than were given, {len(skipped)} passed over"
