"""The build, in order: read, normalise, de-identify, measure, filter, validate (pass 1); deduplicate and split; publish (pass 2)."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console

from cmtmedqa import io, split
from cmtmedqa.build import (
    against,
    append,
    card,
    croissant,
    evidence,
    facts,
    forgotten,
    lineage,
    publish,
    report,
    tally,
)
from cmtmedqa.build.against import Published
from cmtmedqa.build.clean_unit import clean_unit
from cmtmedqa.build.convert import origin_of
from cmtmedqa.build.decontaminate import examine, read_evaluations, write_index
from cmtmedqa.build.deduplicate import Corpus, Duplicates, find_duplicates, load_corpus
from cmtmedqa.build.engine import Tick, choose_workers, run
from cmtmedqa.build.evidence import Evidence
from cmtmedqa.build.identity import Planned, build_key, manifest_head, settings_of, versions
from cmtmedqa.build.output import (
    CONTAMINATION,
    LINEAGE,
    WORK,
    claim,
    finish_replacing,
    home,
    locked,
    replace,
    replacement,
    write_manifest,
)
from cmtmedqa.build.page import page
from cmtmedqa.build.unit_files import REJECTION_SCHEMA, Counts, UnitTask
from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.config import BuildConfig, Input
from cmtmedqa.errors import ConfigError, InputError, MissingExtra
from cmtmedqa.progress import meter
from cmtmedqa.records import DEPARTMENTS
from cmtmedqa.sources.files import HUB, SourceFile, expand
from cmtmedqa.sources.read import plan

PARSE = "parse:"
UNIT_BYTES = 16 * 1024 * 1024


def build(config: BuildConfig, console: Console, overwrite: bool = False) -> dict[str, Any]:
    """Build a dataset in `config.output` and return its report. A finished build of the same input and settings is left alone.

    Raises ConfigError and InputError before anything is written when the settings, an input or the output cannot be used.
    """
    folder = Path(config.output)
    with locked(folder):
        finish_replacing(folder)
        target = replacement(folder) if overwrite else folder
        if target == folder:
            return _build(config, console, overwrite)
        try:
            summary = _build(config.model_copy(update={"output": str(target)}), console, overwrite)
        except BaseException:
            shutil.rmtree(target.parent, ignore_errors=True)
            raise
        replace(folder)
        return summary


def _build(config: BuildConfig, console: Console, overwrite: bool) -> dict[str, Any]:
    check(config)
    published = opened(config)
    files, skipped = planned(config, console)
    sets = examine(config.decontaminate)
    barred = forgotten.load(forgotten.list_path(config.forgotten))
    key = build_key(config, files, sets, published, barred)
    evaluations = read_evaluations(config, sets, console)
    folder = Path(config.output)
    if (done := claim(folder, key, overwrite)) is not None:
        console.print(f"{folder}: already built from this input with these settings", highlight=False, soft_wrap=True)
        return done
    if evaluations is not None:
        write_index(folder / WORK, evaluations)
    tasks = unit_tasks(config, files, folder / WORK, barred)
    workers = choose_workers(config.workers, sum(file.plan.size for file in files))
    counts = clean_all(tasks, workers, console)
    pa.default_memory_pool().release_unused()  # what pass 1 held is room for the signatures
    corpus = load_corpus(tasks, published.ids if published else ())
    with meter(console, "deduplicate", 1) as phase:
        found = find_duplicates(tasks, corpus, config, published)
        phase.advance(1)
    held = evidence.gather(tasks, corpus)
    found = held.mark(found)
    older = published if config.append else None
    splits = assign_splits(found, config, older)
    counted_turns = publish_all(config, tasks, corpus, found, splits, workers, console, older)
    write_records(config, tasks, corpus, found, held, splits, key, older)
    counted = held.counted(evaluations.sets if evaluations else {}, found)
    summary = report.make(config, skipped, tasks, counts, corpus, found, counted, counted_turns, folder, published)
    summary |= facts.make(config, key, settings_of(config), versions(config), summary, folder)
    io.write_json(folder / "report.json", summary)
    io.write_text(folder / "README.md", card.make(summary))
    io.write_json(folder / croissant.NAME, croissant.make(summary, folder))
    io.write_text(folder / "report.html", page.draw(folder))
    tally.save(folder, counted_turns)
    write_manifest(folder, key, manifest_head(config, files, summary, published))
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


def opened(config: BuildConfig) -> Published | None:
    """The dataset that the build is compared with. Raises ConfigError and InputError when it cannot be used."""
    if config.against is None:
        return None
    folder = Path(config.against)
    if folder.resolve() == home(Path(config.output)).resolve():
        raise ConfigError(
            f"output: {config.output} is the dataset to compare with; name another folder for the new one"
        )
    published = against.load(folder)
    if config.append:
        append.check(published, config.deidentify)
    return published


def planned(config: BuildConfig, console: Console) -> tuple[list[Planned], list[tuple[str, str]]]:
    """Every input file with its digest and units, and the files of folders that are no data, with the reason."""
    files: list[tuple[SourceFile, Input]] = []
    skipped: list[tuple[str, str]] = []
    for item in config.inputs:
        path = parsed(item.path, console) if item.path.startswith(PARSE) else item.path
        found, passed_over = expand([path])
        ours = [file for file in found if _inside(file, home(Path(config.output)))]
        files.extend((file, item) for file in found if file not in ours)
        passed_over += [(file.name, "lies in the output folder") for file in ours]
        skipped.extend(passed_over)
    with meter(console, "examine", len(files)) as phase:
        result = []
        for file, item in files:
            result.append(Planned(file, origin_of(item, file.name), plan(file, UNIT_BYTES)))
            phase.advance(1)
    return result, sorted(skipped)


def parsed(named: str, console: Console) -> str:
    """The file of dialogues that `parse:SITE` or `parse:FILE.warc.gz` stands for: what `cmtmedqa parse` writes, made anew.

    Raises MissingExtra, ConfigError and InputError.
    """
    try:
        from cmtmedqa.sites.parse import files_of
        from cmtmedqa.sites.write import default_output, write
    except ImportError as error:
        raise MissingExtra(error.name or "parsel", "parse", "reading pages") from error
    spec, files = files_of([named.removeprefix(PARSE)], None)
    written = write(files, spec, default_output(spec, files), console)
    if not written.counts["dialogues"]:
        raise InputError(f"{named}: no page gives a dialogue; {written.rejected} says why")
    return str(written.output)


def _inside(file: SourceFile, folder: Path) -> bool:
    """Whether a file lies in a folder: the output of an earlier run is no input of the next."""
    return not file.path.startswith(HUB) and Path(file.path).resolve().is_relative_to(folder.resolve())


def unit_tasks(
    config: BuildConfig, files: Sequence[Planned], work: Path, barred: forgotten.Forgotten
) -> list[UnitTask]:
    """One task a unit, numbered in input order."""
    units = [(unit, file.origin) for file in files for unit in file.plan.units]
    return [UnitTask(number, unit, origin, config, str(work), barred) for number, (unit, origin) in enumerate(units)]


def clean_all(tasks: Sequence[UnitTask], workers: int, console: Console) -> list[Counts]:
    """Pass 1 over all units."""

    def size(task: UnitTask) -> int:
        length: int = max(task.unit.end - task.unit.start, 1)
        return length

    with meter(console, "clean", sum(size(task) for task in tasks)) as phase:
        return run(
            clean_unit, tasks, workers, lambda tick: phase.count(*tick), lambda task, _: phase.advance(size(task))
        )


def assign_splits(found: Duplicates, config: BuildConfig, older: Published | None) -> "np.ndarray[Any, Any]":
    """The split of every kept dialogue: that of its cluster. Records that were published before stay where they are."""
    kept = np.flatnonzero(found.kept())
    before = older.manifest["dialogues"] if older else None
    result = np.zeros(len(found.winner), np.int8)
    result[kept] = split.split_of([found.cluster[item] for item in kept.tolist()], config.split, before)
    return result


def publish_all(
    config: BuildConfig,
    tasks: Sequence[UnitTask],
    corpus: Corpus,
    found: Duplicates,
    splits: "np.ndarray[Any, Any]",
    workers: int,
    console: Console,
    older: Published | None,
) -> tally.Tally:
    """Pass 2: the shards of the dataset, those of the older one first; returns what was counted of all its dialogues."""
    folder = Path(config.output)
    before = append.shards_before(older)
    shards = publish.shard_tasks(folder, tasks, corpus, found.kept(), splits, config.publish, before)

    def moved(tick: Tick) -> None:
        phase.advance(tick.kept)

    with meter(console, "publish", int(found.kept().sum())) as phase:
        if older:
            new = Counter(Path(shard.path).name.partition("-")[0] for shard in shards)
            append.copy_old(older, folder, new)
        tallies = run(publish.write_shard, shards, workers, moved, lambda *_: None)
    return tally.total([*([tally.load(older.folder)] if older else []), *tallies])


def write_records(
    config: BuildConfig,
    tasks: Sequence[UnitTask],
    corpus: Corpus,
    found: Duplicates,
    held: Evidence,
    splits: "np.ndarray[Any, Any]",
    key: str,
    older: Published | None,
) -> None:
    """What is not in the dataset, where every record came from, and the clusters; behind those of the older dataset."""
    folder, rows = Path(config.output), config.publish.rows_per_shard
    first = append.parts_before(older, "rejected")
    late = publish.rejections(tasks, corpus, found, held.details())
    publish.write_parts(folder / "rejected", late, REJECTION_SCHEMA, rows, first)
    history = lineage.tables(tasks, corpus, found, splits, key)
    first = append.parts_before(older, LINEAGE)
    publish.write_parts(folder / LINEAGE, history, lineage.SCHEMA, rows, first, **lineage.PARQUET_OPTIONS)
    tables = {"clusters.parquet": publish.clusters_table(corpus, found)}
    if config.decontaminate.against or append.has(older, CONTAMINATION):
        tables[CONTAMINATION] = held.table(corpus, found)
    for name, table in tables.items():
        io.write_parquet(folder / name, append.with_old(older, name, table))
