"""The build, in order: read, normalise, de-identify, measure, filter, validate (pass 1); deduplicate and split; publish (pass 2)."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from rich.console import Console

import cmtmedqa
from cmtmedqa import io
from cmtmedqa.build import card, publish, report, split
from cmtmedqa.build.clean_unit import clean_unit
from cmtmedqa.build.convert import Origin
from cmtmedqa.build.deduplicate import Corpus, Duplicates, find_duplicates, load_corpus
from cmtmedqa.build.engine import Tick, choose_workers, run
from cmtmedqa.build.output import WORK, claim, write_manifest
from cmtmedqa.build.unit_files import Counts, UnitTask
from cmtmedqa.clean import departments, features, filters, normalise, turns
from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.config import BuildConfig, Input
from cmtmedqa.dedup import candidates, signatures
from cmtmedqa.errors import ConfigError
from cmtmedqa.progress import meter
from cmtmedqa.records import DEPARTMENTS, SPLITS
from cmtmedqa.sources.files import HUB, SourceFile, expand
from cmtmedqa.sources.read import Plan, plan

UNIT_BYTES = 16 * 1024 * 1024


class Planned(NamedTuple):
    """One input file: what is known of its source, and its units of work."""

    file: SourceFile
    origin: Origin
    plan: Plan


def build(config: BuildConfig, console: Console, overwrite: bool = False) -> dict[str, Any]:
    """Build a dataset in `config.output` and return its report. A finished build of the same input and settings is left alone.

    Raises ConfigError and InputError before anything is written when the settings, an input or the output cannot be used.
    """
    check(config)
    files, skipped = planned(config, console)
    key = build_key(config, files)
    folder = Path(config.output)
    if (done := claim(folder, key, overwrite)) is not None:
        console.print(f"{folder}: already built from this input with these settings", highlight=False)
        return done
    tasks = unit_tasks(config, files, folder / WORK)
    workers = choose_workers(config.workers, sum(file.plan.size for file in files))
    counts = clean_all(tasks, workers, console)
    pa.default_memory_pool().release_unused()  # what pass 1 held is room for the signatures
    corpus = load_corpus(tasks)
    with meter(console, "deduplicate", 1) as phase:
        found = find_duplicates(tasks, corpus, config)
        phase.advance(1)
    splits = assign_splits(found, config)
    shards = publish_all(config, tasks, corpus, found, splits, workers, console)
    summary = report.make(config, files, skipped, tasks, counts, corpus, found, splits, folder)
    publish.write_rejections(folder, publish.rejections(tasks, corpus, found), config.publish.rows_per_shard)
    io.write_parquet(folder / "clusters.parquet", publish.clusters_table(corpus, found))
    io.write_json(folder / "report.json", summary)
    io.write_text(folder / "README.md", card.make(config, summary, shards))
    write_manifest(folder, key, manifest_head(config, files, summary))
    shutil.rmtree(folder / WORK)
    return summary


def check(config: BuildConfig) -> None:
    """Fail before any work where the settings cannot lead to a dataset."""
    load_lexicon(config.lexicon)
    for alias, name in config.departments.items():
        if name not in DEPARTMENTS:
            raise ConfigError(
                f"departments: '{alias}' is mapped to '{name}', which is none of the 14: {' '.join(DEPARTMENTS)}"
            )
    if config.deidentify == "required":
        from cmtmedqa.build import privacy

        privacy.means(config)  # fails here, not after hours, when a rule, a model or a key cannot be loaded


def planned(config: BuildConfig, console: Console) -> tuple[list[Planned], list[tuple[str, str]]]:
    """Every input file with its digest and units, and the files of folders that are no data, with the reason."""
    files: list[tuple[SourceFile, Input]] = []
    skipped: list[tuple[str, str]] = []
    for item in config.inputs:
        found, passed_over = expand([item.path])
        ours = [file for file in found if _inside(file, config.output)]
        files.extend((file, item) for file in found if file not in ours)
        passed_over += [(file.name, "lies in the output folder") for file in ours]
        skipped.extend(passed_over)
    with meter(console, "examine", len(files)) as phase:
        result = []
        for file, item in files:
            origin = Origin(item.source or file.name, item.license, item.provenance)
            result.append(Planned(file, origin, plan(file, UNIT_BYTES)))
            phase.advance(1)
    return result, sorted(skipped)


def _inside(file: SourceFile, folder: str) -> bool:
    """Whether a file lies in a folder: the output of an earlier run is no input of the next."""
    return not file.path.startswith(HUB) and Path(file.path).resolve().is_relative_to(Path(folder).resolve())


def build_key(config: BuildConfig, files: Sequence[Planned]) -> str:
    """The hash of everything that decides the output: settings, input digests, versions of the stages."""
    settings = config.model_dump(mode="json", exclude={"inputs", "output", "workers", "lexicon", "ner"})
    inputs = [[file.file.name, *file.origin, file.plan.sha256] for file in files]
    lexicon = hashlib.sha256("\n".join(load_lexicon(config.lexicon).terms).encode()).hexdigest()
    value = {"settings": settings, "inputs": inputs, "lexicon": lexicon, "versions": versions(config)}
    if config.deidentify == "required":
        from cmtmedqa.build import privacy

        value["deidentify"] = privacy.fingerprints(config)
    return hashlib.sha256(io.canonical_json(value).encode()).hexdigest()


def versions(config: BuildConfig) -> dict[str, str]:
    """The version of every stage and of what decides its result."""
    result = {
        "cmtmedqa": cmtmedqa.__version__,
        "normalise": normalise.VERSION,
        "turns": turns.VERSION,
        "features": features.VERSION,
        "filters": filters.VERSION,
        "departments": departments.VERSION,
        "signatures": signatures.SCHEME,
        "bands": f"{candidates.BANDS} bands of {candidates.ROWS} rows, every candidate verified by exact Jaccard",
        "split": split.VERSION,
        "deidentify": "off",
    }
    if config.deidentify == "required":
        from cmtmedqa.clean import deidentify

        result["deidentify"] = deidentify.VERSION
    return result


def unit_tasks(config: BuildConfig, files: Sequence[Planned], work: Path) -> list[UnitTask]:
    """One task a unit, numbered in input order."""
    units = [(unit, file.origin) for file in files for unit in file.plan.units]
    return [UnitTask(number, unit, origin, config, str(work)) for number, (unit, origin) in enumerate(units)]


def clean_all(tasks: Sequence[UnitTask], workers: int, console: Console) -> list[Counts]:
    """Pass 1 over all units."""

    def size(task: UnitTask) -> int:
        length: int = max(task.unit.end - task.unit.start, 1)
        return length

    with meter(console, "clean", sum(size(task) for task in tasks)) as phase:
        return run(
            clean_unit, tasks, workers, lambda tick: phase.count(*tick), lambda task, _: phase.advance(size(task))
        )


def assign_splits(found: Duplicates, config: BuildConfig) -> "np.ndarray[Any, Any]":
    """The split of every dialogue: that of its cluster; only kept ones are published."""
    kept = np.flatnonzero(found.kept())
    chosen = split.split_of([found.cluster[item] for item in kept.tolist()], config.split)
    result = np.zeros(len(found.winner), np.int8)
    result[kept] = chosen
    return result[found.winner]


def publish_all(
    config: BuildConfig,
    tasks: Sequence[UnitTask],
    corpus: Corpus,
    found: Duplicates,
    splits: "np.ndarray[Any, Any]",
    workers: int,
    console: Console,
) -> list[str]:
    """Pass 2: the shards of the dataset; returns their paths inside it."""
    folder = Path(config.output)
    shards = publish.shard_tasks(folder, tasks, corpus, found.kept(), splits, config.publish.rows_per_shard)

    def moved(tick: Tick) -> None:
        phase.advance(tick.kept)

    with meter(console, "publish", int(found.kept().sum())) as phase:
        run(publish.write_shard, shards, workers, moved, lambda *_: None)
    return [Path(shard.path).relative_to(folder).as_posix() for shard in shards]


def manifest_head(config: BuildConfig, files: Sequence[Planned], summary: dict[str, Any]) -> dict[str, Any]:
    """What the manifest says beside its list of files."""
    settings = config.model_dump(mode="json", exclude={"inputs", "output", "workers", "lexicon", "ner"})
    return {
        "versions": versions(config),
        "libraries": {"pyarrow": pa.__version__},
        "settings": settings | {"lexicon": "bundled" if config.lexicon is None else Path(config.lexicon).name},
        "inputs": [
            {
                "file": file.file.name,
                "source": file.origin.source,
                "license": file.origin.license,
                "sha256": file.plan.sha256,
            }
            for file in files
        ],
        "dialogues": {name: summary["splits"][name]["dialogues"] for name in SPLITS},
    }
