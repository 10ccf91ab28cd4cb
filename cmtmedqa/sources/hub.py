"""Records of a Hugging Face dataset: one on the hub (`hf:owner/name`), or one on disk (`hf:/folder`), through `datasets`."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.io import sha256_file
from cmtmedqa.sources.files import HUB, SourceFile


def records(file: SourceFile) -> Iterator[object]:
    """The rows of all splits in sorted order, streamed.

    Raises MissingExtra without `datasets`, InputError when the dataset cannot be loaded or a row cannot be read.
    """
    from cmtmedqa.sources.parquet import jsonable  # loads Arrow

    for split in _splits(file):
        rows = iter(split)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                break
            except Exception as error:
                raise _unusable(file, error) from error
            yield jsonable(row)


def _splits(file: SourceFile) -> list[Any]:
    """The wanted splits of a dataset; `datasets` raises errors of many libraries."""
    datasets = _datasets()
    name, split = _name_and_split(file)
    try:
        loaded = (
            datasets.load_from_disk(name) if saved_to_disk(Path(name)) else datasets.load_dataset(name, streaming=True)
        )
    except Exception as error:
        raise _unusable(file, error) from error
    by_name = loaded if isinstance(loaded, dict) else {str(loaded.split or "train"): loaded}
    if split and split not in by_name:
        raise InputError(f"{file.name}: no split '{split}'; there are: {', '.join(sorted(by_name))}")
    return [by_name[key] for key in sorted(by_name) if not split or key == split]


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra("datasets", "hub", "reading hf: inputs") from error
    return datasets


def _unusable(file: SourceFile, error: Exception) -> InputError:
    """One line: messages of `datasets` run over many, and may quote rows."""
    folder = "; its files can be read one by one: leave out hf:" if Path(_name_and_split(file)[0]).is_dir() else ""
    return InputError(f"{file.name}: cannot be loaded by datasets: {type(error).__name__}{folder}")


def _name_and_split(file: SourceFile) -> tuple[str, str]:
    name = file.path.removeprefix(HUB)
    if Path(name).exists():
        return name, ""
    name, _, split = name.partition(":")
    return name, split


def saved_to_disk(folder: Path) -> bool:
    """Whether `datasets` saved a dataset in this folder."""
    return any((folder / mark).is_file() for mark in ("dataset_dict.json", "state.json"))


def fingerprint(file: SourceFile) -> tuple[str, int]:
    """(SHA-256, bytes) of a dataset: of the sorted digests of a folder's files; of the revision of one on the hub, 0 bytes."""
    name, split = _name_and_split(file)
    folder = Path(name)
    if not folder.is_dir():
        try:
            revision = _datasets().load_dataset_builder(name).hash
        except MissingExtra:
            raise
        except Exception as error:
            raise _unusable(file, error) from error
        return hashlib.sha256(f"{name}\x1f{split}\x1f{revision}".encode()).hexdigest(), 0
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    lines = (f"{path.relative_to(folder).as_posix()}\x1f{sha256_file(path)}\n" for path in paths)
    digest = hashlib.sha256("".join([*lines, split]).encode()).hexdigest()
    return digest, sum(path.stat().st_size for path in paths)
