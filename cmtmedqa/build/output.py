"""The output folder: whose it is, and the manifest that says it is complete."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.records import SPLITS

MANIFEST = "manifest.json"
WORK = ".work"
LINEAGE = "lineage"
CONTAMINATION = "contamination.parquet"
_KEY = "key"
_NEW = Path(WORK) / "new"  # below it a dataset is built that shall replace a finished one
_OURS = (
    "data", "rejected", LINEAGE, "index", WORK, "clusters.parquet", CONTAMINATION, "report.json", "README.md",
    "croissant.json", "report.html", "statistics.json", MANIFEST,
)  # fmt: skip


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the output folder for one build at a time. The lock dies with its process, so none is ever left behind.

    The folder is made if need be, and removed if nothing was written. Raises InputError when another build holds it.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except FileExistsError as error:
        raise InputError(f"{folder}: is a file; name a folder for the output") from error
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {(error.strerror or 'input/output error').lower()}") from error
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)
        with suppress(OSError):  # holds something
            for path in made:
                path.rmdir()


def _lock(handle: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # not on this system
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"{folder}: another build is running there; wait for it, or choose another -o") from error
    except OSError:  # file systems that know no locks
        return


def replacement(folder: Path) -> Path:
    """Where to build what shall replace a finished dataset; the folder itself where there is none.

    Raises InputError when the folder holds anything else; nothing in it is touched then.
    """
    if not (folder / MANIFEST).exists():
        return folder
    read_manifest(folder)
    _require_ours(folder)
    return folder / _NEW


def replace(folder: Path) -> None:
    """Put the dataset that was built beside a finished one in its place."""
    (folder / MANIFEST).unlink(missing_ok=True)  # from here on only the new one counts
    finish_replacing(folder)


def finish_replacing(folder: Path) -> None:
    """Go on where `replace` was cut short; nothing else is touched."""
    new = folder / _NEW
    if (folder / MANIFEST).exists() or not (new / MANIFEST).exists():
        return
    names = {name.partition("/")[0] for name in read_manifest(new)["files"]}
    for name in _OURS:
        if name not in (WORK, MANIFEST) and (name not in names or (new / name).exists()):
            _remove(folder / name)
    for name in sorted(names):
        if (new / name).exists():
            (new / name).rename(folder / name)
    (new / MANIFEST).rename(folder / MANIFEST)
    shutil.rmtree(folder / WORK)


def home(folder: Path) -> Path:
    """The folder of the dataset, for one that is being built below it."""
    return folder.parents[1] if folder.parts[-2:] == _NEW.parts else folder


def claim(folder: Path, key: str, overwrite: bool) -> dict[str, Any] | None:
    """Make the folder ours for a build with this key, or give the report of the finished build that is already there.

    Raises InputError when the folder holds something else; nothing in it is touched then.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder for the output")
    if overwrite and folder.is_dir():
        _require_ours(folder)
        for name in _OURS:
            _remove(folder / name)
    if (folder / MANIFEST).exists():
        if read_manifest(folder)["key"] == key and not missing_files(folder):
            report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
            return report
        raise InputError(
            f"{folder}: holds a dataset of another configuration or input; choose another -o, or replace it with --overwrite"
        )
    _require_ours(folder)
    _begin(folder, key)
    return None


def _begin(folder: Path, key: str) -> None:
    """Start or resume: leftovers of a run that was cut short are removed, finished units stay."""
    work = folder / WORK
    if (work / _KEY).exists() and (work / _KEY).read_text(encoding="utf-8") != key:
        raise InputError(
            f"{folder}: holds an unfinished build of another configuration or input; choose another -o, or drop it with --overwrite"
        )
    try:
        work.mkdir(parents=True, exist_ok=True)
        for leftover in sorted(folder.rglob(".*.part")):
            leftover.unlink()
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from error
    io.write_text(work / _KEY, key)


def _require_ours(folder: Path) -> None:
    if not folder.is_dir():
        return
    started = (folder / WORK).exists() or (folder / MANIFEST).exists()
    foreign = sorted(item.name for item in folder.iterdir() if item.name not in _OURS or not started)
    if foreign:
        raise InputError(
            f"{folder}: is not empty and not a dataset of ours ({foreign[0]}); choose an empty or new folder"
        )


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished dataset. Raises InputError when there is none or it is damaged."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder}: holds no {MANIFEST}, so it is no finished dataset") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON") from error
    files = manifest.get("files") if isinstance(manifest, dict) else None
    sound = isinstance(files, dict) and all(_is_entry(entry) for entry in files.values())
    if not sound or not {"key", "dialogues", "content_sha256"} <= manifest.keys():
        raise InputError(f"{path}: is no manifest of a dataset")
    return manifest


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and isinstance(entry.get("bytes"), int)


def missing_files(folder: Path) -> list[str]:
    """Files of the manifest that are not there or have another size."""
    return [
        name
        for name, entry in read_manifest(folder)["files"].items()
        if not (folder / name).is_file() or (folder / name).stat().st_size != entry["bytes"]
    ]


def write_manifest(folder: Path, key: str, head: dict[str, Any]) -> None:
    """Write the manifest last: its presence means that the build is finished and every file is whole."""
    files = {}
    for path in sorted(
        item for item in folder.rglob("*") if item.is_file() and WORK not in item.relative_to(folder).parts
    ):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST:
            files[name] = {"sha256": io.sha256_file(path), "bytes": path.stat().st_size}
    content = {name: content_hash(sorted((folder / "data").glob(f"{name}-*.parquet"))) for name in SPLITS}
    io.write_json(folder / MANIFEST, {"format": 1, "key": key, **head, "content_sha256": content, "files": files})


def content_hash(shards: list[Path]) -> str:
    """SHA-256 over the ids and turns of some shards in order: equal for equal content, whatever wrote the Parquet."""
    digest = hashlib.sha256()
    for shard in shards:
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches(columns=["id", "turns"]):
                turns = batch["turns"].flatten()
                lengths = batch["turns"].value_lengths()
                for column in (batch["id"], turns.field("role"), turns.field("text")):
                    _, offsets, data = column.buffers()
                    ends = np.frombuffer(offsets, "<i4")[column.offset : column.offset + len(column) + 1]
                    digest.update(np.diff(ends).tobytes())
                    if data is not None:
                        digest.update(memoryview(data)[ends[0] : ends[-1]])
                digest.update(lengths.to_numpy(zero_copy_only=False).astype("<i4").tobytes())
    return digest.hexdigest()
