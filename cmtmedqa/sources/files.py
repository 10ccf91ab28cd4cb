"""From what a user names (files, folders, globs, archives, hub datasets) to the list of files to read, in a fixed order."""

import glob
import os
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from cmtmedqa.errors import InputError

HUB = "hf:"

_ZIP_MAGIC = b"PK\x03\x04"
_XLSX_MEMBER = "xl/workbook.xml"
_NO_DATA = frozenset(
    [
        ".md",
        ".rst",
        ".py",
        ".ipynb",
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".svg",
        ".pdf",
        ".docx",
        ".html",
        ".htm",
        ".css",
        ".js",
        ".yaml",
        ".yml",
        ".toml",
        ".sh",
        ".lock",
        ".log",
        ".npy",
        ".pkl",
        ".pt",
    ]
)
_NO_DATA_NAMES = frozenset({"license", "licence", "notice", "readme", "copying", "sha256sums", "makefile", "authors"})
_OURS = ("data", "manifest.json")


class SourceFile(NamedTuple):
    """One input. `name` is what people and records see; `member` names a file inside the archive at `path`."""

    name: str
    path: str
    member: str = ""

    def open(self) -> BinaryIO:
        """The bytes as stored (of the member, for an archive). Raises InputError when they cannot be read."""
        try:
            if self.member:
                return cast(BinaryIO, zipfile.ZipFile(self.path).open(self.member))
            return Path(self.path).open("rb")
        except (OSError, zipfile.BadZipFile, RuntimeError, KeyError) as error:
            raise InputError(f"{self.name}: cannot be read: {_reason(error)}") from error


def expand(inputs: Sequence[str]) -> tuple[list[SourceFile], list[tuple[str, str]]]:
    """The files behind some inputs, and those passed over as (name, reason).

    A folder is walked in sorted order; hidden files and files that hold no records are passed over; of a dataset of ours
    only `data/` is read. Raises InputError when an input is missing, matches nothing or holds nothing to read.
    """
    files: list[SourceFile] = []
    skipped: list[tuple[str, str]] = []
    for item in inputs:
        before = len(files)
        for name, path in _named(item):
            _add(name, path, files, skipped, found=path != item)
        if len(files) == before:
            raise InputError(f"{item}: holds no file to read")
    return _distinct(files), skipped


def _named(item: str) -> Iterator[tuple[str, str]]:
    """(name, path) of every file that an input stands for."""
    if item.startswith(HUB):
        yield item if not item.startswith(HUB + "/") else HUB + Path(item[len(HUB) :]).name, item
    elif os.path.isdir(item):  # noqa: PTH112 -- a glob and a path are both strings here
        yield from _walk(Path(item))
    elif os.path.exists(item):  # noqa: PTH110
        yield Path(item).name, item
    elif glob.has_magic(item):
        found = sorted(glob.glob(item, recursive=True))  # noqa: PTH207
        if not found:
            raise InputError(f"{item}: matches nothing")
        for path in found:
            yield from _walk(Path(path)) if Path(path).is_dir() else [(Path(path).name, path)]
    else:
        raise InputError(f"{item}: no such file or folder")


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder, each folder once (links may form loops), in sorted order."""
    seen: set[tuple[int, int]] = set()

    def inside(folder: Path) -> Iterator[Path]:
        try:
            status = folder.stat()
            entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        except OSError as error:
            raise InputError(f"{folder}: cannot be read: {_reason(error)}") from error
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        if all((folder / name).exists() for name in _OURS):
            entries = sorted((folder / "data").glob("*.parquet"))
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from inside(entry)
            else:
                yield entry

    for path in inside(root):
        yield path.relative_to(root).as_posix(), str(path)


def _add(name: str, path: str, files: list[SourceFile], skipped: list[tuple[str, str]], found: bool) -> None:
    """Sort one path in; only files that were `found` in a folder can be passed over for their name."""
    if path.startswith(HUB):
        files.append(SourceFile(name, path))
        return
    stem = PurePosixPath(name).name.lower()
    if found and (stem.split(".")[0] in _NO_DATA_NAMES or PurePosixPath(stem).suffix in _NO_DATA):
        skipped.append((name, "holds no records by its name"))
    elif not Path(path).is_file():
        skipped.append((name, "is no regular file" if Path(path).exists() else "is a broken link"))
    elif not os.access(path, os.R_OK):
        raise InputError(f"{path}: cannot be read: permission denied")
    elif _is_archive(path):
        _add_members(name, path, files, skipped)
    else:
        files.append(SourceFile(name, path))


def _is_archive(path: str) -> bool:
    """A zip file that is no spreadsheet."""
    try:
        with Path(path).open("rb") as stream:
            if stream.read(4) != _ZIP_MAGIC:
                return False
        with zipfile.ZipFile(path) as archive:
            return _XLSX_MEMBER not in archive.namelist()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from error
    except zipfile.BadZipFile:
        return False


def _add_members(name: str, path: str, files: list[SourceFile], skipped: list[tuple[str, str]]) -> None:
    """The members of an archive. Nothing is ever unpacked to disk, so a hostile member name can do no harm; it is refused."""
    with zipfile.ZipFile(path) as archive:
        members = sorted(archive.infolist(), key=lambda member: member.filename)
    for member in members:
        label = f"{name}!{member.filename}"
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        stem = parts.name.lower()
        if member.is_dir():
            continue
        if parts.is_absolute() or ".." in parts.parts:
            skipped.append((label, "its path leads out of the archive"))
        elif member.flag_bits & 0x1:
            skipped.append((label, "is encrypted"))
        elif stem.startswith(".") or parts.parts[0] == "__MACOSX":
            skipped.append((label, "is hidden"))
        elif stem.split(".")[0] in _NO_DATA_NAMES or parts.suffix.lower() in _NO_DATA:
            skipped.append((label, "holds no records by its name"))
        else:
            files.append(SourceFile(label, path, member.filename))


def _distinct(files: list[SourceFile]) -> list[SourceFile]:
    """Each file once; files of one name from different folders get the folder's name in front."""
    unique = list({(os.path.realpath(file.path), file.member): file for file in files}.values())
    names = [file.name for file in unique]
    return [file if names.count(file.name) == 1 or file.path.startswith(HUB) else _with_folder(file) for file in unique]


def _with_folder(file: SourceFile) -> SourceFile:
    return file._replace(name=f"{Path(file.path).absolute().parent.name}/{file.name}")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "input/output error").lower()
    return "the archive is damaged or encrypted"
