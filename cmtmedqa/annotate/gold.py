"""Gold items: sets with a known order, mixed in among an expert's items to see whether the rubric is understood."""

import json
from pathlib import Path

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import CandidateSet
from cmtmedqa.paths import bundled


def gold_sets(path: Path | None = None) -> tuple[CandidateSet, ...]:
    """The sets of a file of gold items, or of the bundled one; what is expected of them stays behind. Raises InputError."""
    path = path or bundled("annotation", "calibration.jsonl")
    try:
        lines = path.read_bytes().splitlines()
        return tuple(_set(line, f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or 'error').lower()}") from error


def _set(line: bytes, where: str) -> CandidateSet:
    try:
        value = json.loads(line)
        return CandidateSet.model_validate(value.get("set", value))
    except (ValueError, AttributeError, ValidationError) as error:
        raise InputError(f"{where}: is no gold item") from error
