"""Records of a Hugging Face dataset: one on the hub (`hf:owner/name`), or one on disk (`hf:/folder`), through `datasets`."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.io import sha256_file
from cmtmedqa.sources.files import HUB, SourceFile


def records(file: SourceFile) -> Iterator[object]:
    """The rows of all splits in sorted order. Raises MissingExtra without `datasets`, InputError when it cannot be loaded."""
    for split in _splits(file):
        yield from split


def _splits(file: SourceFile) -> list[Any]:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("datasets", "hub", "reading hf: inputs") from error
    name, _, split = _name(file).partition(":")
    folder = Path(name)
    try:
        if folder.is_dir() and _saved_to_disk(folder):
            loaded = datasets.load_from_disk(name)
        else:
            loaded = datasets.load_dataset(name, streaming=not folder.is_dir())
    except Exception as error:
        raise InputError(f"{file.name}: cannot be loaded by datasets: {type(error).__name__}") from error
    if not isinstance(loaded, dict):
        return [loaded]
    if split and split not in loaded:
        raise InputError(f"{file.name}: no split '{split}'; there are: {', '.join(sorted(loaded))}")
    return [loaded[key] for key in sorted(loaded) if not split or key == split]


def _name(file: SourceFile) -> str:
    return file.path.removeprefix(HUB)


def _saved_to_disk(folder: Path) -> bool:
    return (folder / "dataset_dict.json").is_file() or (folder / "dataset_info.json").is_file()


def fingerprint(file: SourceFile) -> tuple[str, int]:
    """(digest, bytes) of a dataset: of the files of a folder; of the name alone for one on the hub, which may move on."""
    folder = Path(_name(file))
    if not folder.exists():
        return hashlib.sha256(file.path.encode()).hexdigest(), 0
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    lines = (f"{path.relative_to(folder).as_posix()}\x1f{sha256_file(path)}\n" for path in paths)
    return hashlib.sha256("".join(lines).encode()).hexdigest(), sum(path.stat().st_size for path in paths)
