"""The report of a build: what was read, what was kept, and every reason why something is not in the dataset."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cmtmedqa.build import append, statistics
from cmtmedqa.build.against import Published
from cmtmedqa.build.convert import together
from cmtmedqa.build.deduplicate import Corpus, Duplicates
from cmtmedqa.build.tally import Tally
from cmtmedqa.build.unit_files import Counts, UnitTask
from cmtmedqa.clean import features
from cmtmedqa.config import BuildConfig

STEPS = ("read", "forget", "normalise", "deidentify", "filter", "validate", "deduplicate", "decontaminate")


def make(
    config: BuildConfig,
    skipped: Sequence[tuple[str, str]],
    tasks: Sequence[UnitTask],
    counts: Sequence[Counts],
    corpus: Corpus,
    found: Duplicates,
    contamination: Mapping[str, Mapping[str, Any]],
    tally: Tally,
    folder: Path,
    published: Published | None = None,
) -> dict[str, Any]:
    """The report as a JSON value; with `append` it speaks of old and new together.

    Raises AssertionError if its parts do not sum to the whole.
    """
    kept = found.kept()
    per_unit = [_unit_counts(number, count, corpus, found) for number, count in enumerate(counts)]
    rejected = _sum(unit["rejected"] for unit in per_unit)
    read = sum(count.read for count in counts)
    unmapped = _sum(count.unmapped_departments for count in counts)
    report = {
        "read": read,
        "kept": int(kept.sum()),
        "rejected": sum(rejected.values()),
        "deidentify": config.deidentify,
        "funnel": funnel(read, rejected),
        "sources": _grouped(tasks, per_unit, lambda task: task.origin.source, licenses=True),
        "files": _grouped(tasks, per_unit, lambda task: task.unit.file.name),
        "files_not_read": [{"file": name, "reason": reason} for name, reason in skipped],
        "filters_alone": _sum(count.filters_alone for count in counts),
        "repairs": _sum(count.repairs for count in counts),
        "personal_data": _sum(count.pii for count in counts),
        "duplicates": _duplicates(corpus, found),
        "contamination": contamination,
        "departments_unmapped": {name: number for name, number in unmapped.items() if name},
        "departments_missing": unmapped.get("", 0),
        "inquiry_pattern": features.VERSION,
    }
    if published:
        report["against"] = _against(published, found)
    if published and config.append:
        report = append.added(append.old_report(published), report)
    report["filters"] = _filters(config, report)
    report |= statistics.described(tally, folder) | {"clusters": statistics.clusters(folder)}
    assert_sums(report)
    return report


def _against(published: Published, found: Duplicates) -> dict[str, Any]:
    """What the new records were compared with, and how many of them it held already."""
    before = found.published_before()
    return {
        "title": published.manifest["settings"]["publish"]["title"],
        "key": published.manifest["key"],
        "dialogues": len(published.ids),
        "older_exact": int((before & found.exact).sum()),
        "older_near": int((before & ~found.exact).sum()),
    }


def _unit_counts(number: int, counts: Counts, corpus: Corpus, found: Duplicates) -> dict[str, Any]:
    inside = corpus.unit == number
    lost = np.flatnonzero(inside & ~found.kept()).tolist()
    late = Counter("/".join(found.fate(item)) for item in lost)
    return {
        "read": counts.read,
        "kept": int((inside & found.kept()).sum()),
        "rejected": counts.rejected | {key: late[key] for key in sorted(late)},
        "adapters": counts.adapters,
    }


def _grouped(
    tasks: Sequence[UnitTask], units: Sequence[dict[str, Any]], key: Any, licenses: bool = False
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for task, unit in zip(tasks, units, strict=True):
        entry = result.setdefault(key(task), {"read": 0, "kept": 0, "rejected": {}, "adapters": {}})
        if licenses:
            for name, value in task.origin._asdict().items():
                if name != "source":
                    entry[name] = together(entry.get(name), value, " AND " if name == "license" else "; ")
        entry["read"] += unit["read"]
        entry["kept"] += unit["kept"]
        entry["rejected"] = _sum([entry["rejected"], unit["rejected"]])
        entry["adapters"] = _sum([entry["adapters"], unit["adapters"]])
    return result


def funnel(read: int, rejected: Mapping[str, int]) -> list[dict[str, Any]]:
    """One entry a step: what came in, why records left, what went on."""
    rows = []
    left = read
    for step in STEPS:
        reasons = {key.partition("/")[2]: rejected[key] for key in sorted(rejected) if key.partition("/")[0] == step}
        rows.append({"step": step, "in": left, "rejected": reasons, "out": left - sum(reasons.values())})
        left -= sum(reasons.values())
    return rows


def _duplicates(corpus: Corpus, found: Duplicates) -> dict[str, int]:
    twins = ~found.winners()
    size = np.bincount(found.winner, minlength=len(found.winner))
    return {
        "clusters_of_two_or_more": int((size > 1).sum()),
        "largest_cluster": int(size[size > 1].max(initial=0)),
        "exact": int((twins & found.exact).sum()),
        "near": int((twins & ~found.exact).sum()),
        "renamed_ids": sum("~" in name for name in corpus.ids),
    }


def _filters(config: BuildConfig, report: Mapping[str, Any]) -> dict[str, Any]:
    """Each filter that is on: its threshold, how many records it would refuse alone, how many it refused in its turn."""
    refused = next(row["rejected"] for row in report["funnel"] if row["step"] == "filter")
    return {
        name: {"threshold": threshold, "alone": report["filters_alone"].get(name, 0), "refused": refused.get(name, 0)}
        for name, threshold in config.filters
        if threshold is not None
    }


def _sum(counts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return {key: total[key] for key in sorted(total)}


def assert_sums(report: dict[str, Any]) -> None:
    """Raise AssertionError if the parts of a report do not sum to the whole."""
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
