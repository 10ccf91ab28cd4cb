"""What identifies a build: its key, a hash of everything that decides the output, and what the manifest says of it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

import cmtmedqa
from cmtmedqa import io, split
from cmtmedqa.build import append
from cmtmedqa.build.against import Published
from cmtmedqa.build.convert import Origin
from cmtmedqa.build.decontaminate import EvaluationSet
from cmtmedqa.build.forgotten import Forgotten
from cmtmedqa.clean import departments, features, filters, normalise, turns
from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.config import BuildConfig
from cmtmedqa.dedup import candidates, contamination, signatures
from cmtmedqa.records import SPLITS
from cmtmedqa.sources.files import SourceFile
from cmtmedqa.sources.read import Plan


class Planned(NamedTuple):
    """One input file: what is known of its source, and its units of work."""

    file: SourceFile
    origin: Origin
    plan: Plan


def build_key(
    config: BuildConfig,
    files: Sequence[Planned],
    sets: Sequence[EvaluationSet],
    published: Published | None,
    forgotten: Forgotten,
) -> str:
    """The hash of everything that decides the output: settings, digests of all that is read, versions of the stages."""
    inputs = [[file.file.name, *file.origin, file.plan.sha256] for file in files]
    lexicon = hashlib.sha256("\n".join(load_lexicon(config.lexicon).terms).encode()).hexdigest()
    evaluation = [[item.name, [file.name for file, _ in item.files], item.sha256] for item in sets]
    value = {
        "settings": settings_of(config),
        "inputs": inputs,
        "evaluation": evaluation,
        "forgotten": forgotten.sha256(),
        "against": published.sha256 if published else None,
        "lexicon": lexicon,
        "versions": versions(config),
    }
    if config.deidentify == "required":
        from cmtmedqa.build import privacy

        value["deidentify"] = privacy.fingerprints(config)
    return hashlib.sha256(io.canonical_json(value).encode()).hexdigest()


def settings_of(config: BuildConfig) -> dict[str, Any]:
    """The settings that decide the output, as they are published: no path, and nothing that differs between machines."""
    names = ("inputs", "output", "workers", "lexicon", "against", "forgotten", "ner")
    places: Any = dict.fromkeys(names, True) | {"decontaminate": {"against"}}
    settings: dict[str, Any] = config.model_dump(mode="json", exclude=places)
    return settings | {"lexicon": "bundled" if config.lexicon is None else Path(config.lexicon).name}


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
        "contamination": contamination.VERSION,
        "split": split.VERSION,
        "deidentify": "off",
    }
    if config.deidentify == "required":
        from cmtmedqa.clean import deidentify

        result["deidentify"] = deidentify.VERSION
    return result


def manifest_head(
    config: BuildConfig, files: Sequence[Planned], summary: dict[str, Any], published: Published | None
) -> dict[str, Any]:
    """What the manifest says beside its list of files."""
    relation = {"parent" if config.append else "against": append.parent(published)} if published else {}
    return {
        "versions": versions(config),
        "libraries": {"pyarrow": pa.__version__},
        "settings": settings_of(config),
        "inputs": [{"file": file.file.name, **file.origin._asdict(), "sha256": file.plan.sha256} for file in files],
        "evaluation": [
            {"name": name, "file": item["file"], "sha256": item["sha256"]}
            for name, item in summary["contamination"].items()
        ],
        "dialogues": {name: summary["splits"][name]["dialogues"] for name in SPLITS},
        **relation,
    }
