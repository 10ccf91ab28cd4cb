"""From what a user names (files, folders, globs, archives, hub datasets) to the list of files to read, in a fixed order."""

import errno
import glob
import json
import os
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from cmtmedqa.errors import InputError
from cmtmedqa.sources import archives
from cmtmedqa.sources.saved import beside_rows

HUB = "hf:"

_NO_DATA = frozenset({
    ".md", ".rst", ".py", ".ipynb", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".pdf", ".doc", ".docx", ".ppt", ".pptx",
    ".html", ".htm", ".css", ".js", ".yaml", ".yml", ".toml", ".sh", ".lock", ".log", ".npy", ".pkl", ".pt", ".safetensors",
    ".bib", ".tex",
})  # fmt: skip
_NO_DATA_NAMES = frozenset({"license", "licence", "notice", "readme", "copying", "sha256sums", "makefile", "authors"})
NO_RECORDS = "holds no records by its name"
_UNREADABLE = "cannot be read"

# Why a file is left out by rule, not for a fault of it.
LEFT_OUT = frozenset({
    NO_RECORDS, "is hidden", "stands beside the data of a dataset", "describes a saved dataset",
    "is not part of the saved dataset", "a later file in the archive has the same name",
})  # fmt: skip
_MANIFEST_KEYS = frozenset({"files", "key"})  # those of build/output.py; on the level above, hence not imported
_MANIFEST_BYTES = 64 * 1024 * 1024


class SourceFile(NamedTuple):
    """One input. `name` is what people and records see; `member` names a file inside the archive at `path`."""

    name: str
    path: str
    member: str = ""

    def open(self) -> BinaryIO:
        """The bytes as stored (of the member, for an archive).

        Raises InputError when they cannot be read, BadZipFile when the archive is damaged or packed in an unknown way.
        """
        try:
            if self.member:
                return cast(BinaryIO, archives.opened(self.path, archives.stamp_of(self.path)).open(self.member))
            return Path(self.path).open("rb")
        except OSError as error:
            if self.member and error.errno == errno.EINVAL:  # a damaged table of contents names a place before the file
                raise zipfile.BadZipFile("invalid offset") from error
            raise InputError(f"{self.name}: cannot be read: {reason_of(error)}") from error
        except (RuntimeError, KeyError) as error:
            raise zipfile.BadZipFile(type(error).__name__) from error

    def stored_size(self) -> int:
        """Bytes on disk, packed for a member of an archive. Raises InputError when the file cannot be read."""
        try:
            if self.member:
                archive = archives.opened(self.path, archives.stamp_of(self.path))
                return min(archive.getinfo(self.member).compress_size, Path(self.path).stat().st_size)
            return Path(self.path).stat().st_size
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise InputError(f"{self.name}: cannot be read: {reason_of(error)}") from error

    def stamp(self) -> tuple[int, int]:
        """Size and time of the last change: what tells whether the file is still the one that was examined."""
        try:
            return archives.stamp_of(self.path)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {reason_of(error)}") from error


def expand(inputs: Sequence[str], everything: bool = False) -> tuple[list[SourceFile], list[tuple[str, str]]]:
    """The files behind some inputs, each once, and those passed over as (name, reason).

    A folder is walked in sorted order; hidden files and files that hold no records are passed over; of a dataset of ours
    only `data/` is read. everything: no file is passed over for its name, and what cannot be read inside a folder is passed over
    with its reason. Raises InputError when an input is missing, matches nothing or holds nothing to read.
    """
    files: list[SourceFile] = []
    skipped: list[tuple[str, str]] = []
    for item in inputs:
        before = len(files)
        if item.startswith(HUB):
            files.append(_hub(item))
        for name, path, found in () if item.startswith(HUB) else _named(_home(item), skipped, everything):
            _add(name, path, found, files, skipped, everything)
        if len(files) == before:
            why = (
                next((f" ({reason})" for _, reason in reversed(skipped) if reason not in LEFT_OUT), "")
                if everything
                else ""
            )
            raise InputError(f"{item}: holds no file to read{why}")
    return _distinct(files), skipped


def _home(item: str) -> str:
    """The path with the home folder for `~`; a `~name` that is nobody's is a plain name."""
    try:
        return str(Path(item).expanduser())
    except RuntimeError:
        return item


def _hub(item: str) -> SourceFile:
    """A dataset on the hub, or in a folder; a local one is shown by the folder's name alone."""
    path = item[len(HUB) :]
    if not path:
        raise InputError(f"{item}: names no dataset; write hf:owner/name or hf:/folder")
    if not path.startswith(("/", ".", "~")):
        return SourceFile(item, item)
    path = str(Path(path).expanduser())
    folder, mark, _ = path.rpartition(":")
    if not Path(path).exists() and not (mark and Path(folder).is_dir()):
        raise InputError(f"{item}: no such folder")
    return SourceFile(HUB + Path(path).name, HUB + path)


def _named(item: str, skipped: list[tuple[str, str]], everything: bool) -> Iterator[tuple[str, str, bool]]:
    """(name, path, whether it was found rather than named) of every file that an input stands for."""
    if Path(item).is_dir():
        yield from _walk(Path(item), skipped, everything)
    elif os.path.lexists(item):
        yield _shown(Path(item).name), item, False
    elif glob.has_magic(item):
        found = sorted(glob.glob(item, recursive=True))  # noqa: PTH207 -- the pattern may be absolute
        if not found:
            raise InputError(f"{item}: matches nothing")
        for path in map(Path, found):
            yield from _walk(path, skipped, everything) if path.is_dir() else [(_shown(path.name), str(path), True)]
    else:
        raise InputError(f"{item}: no such file or folder")


def _walk(root: Path, skipped: list[tuple[str, str]], everything: bool) -> Iterator[tuple[str, str, bool]]:
    """Every file below a folder, each folder once (links may form loops), in sorted order."""
    seen: set[tuple[int, int]] = set()

    def inside(folder: Path) -> Iterator[Path]:
        try:
            status = folder.stat()
            entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
        except OSError as error:
            if everything and folder != root:
                skipped.append((_label(folder, root), f"cannot be read: {reason_of(error)}"))
                return
            raise InputError(f"{folder}: cannot be read: {reason_of(error)}") from error
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        if shards := _shards(folder):
            others = [entry for entry in entries if entry.name != "data"]
            skipped.extend((_label(entry, root), "stands beside the data of a dataset") for entry in others)
            entries = shards
        saved = beside_rows([entry.name for entry in entries], lambda name: _small(folder / name))
        for entry in entries:
            if reason := "is hidden" if entry.name.startswith(".") else saved.get(entry.name):
                skipped.append((_label(entry, root), reason))
            elif entry.is_dir():
                yield from inside(entry)
            else:
                yield entry

    for path in inside(root):
        yield _label(path, root), str(path), True


def _small(path: Path) -> bytes:
    """The bytes of a file that describes a folder, none where it is too large for that or cannot be read."""
    try:
        return path.read_bytes() if path.stat().st_size <= _MANIFEST_BYTES else b""
    except OSError:
        return b""


def _label(path: Path, root: Path) -> str:
    """The path below a folder, as it can be shown and stored."""
    return _shown(path.relative_to(root).as_posix())


def _shown(name: str) -> str:
    """A name as one line that can be shown and stored, whatever bytes it holds: what cannot is written as an escape."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def _shards(folder: Path) -> list[Path]:
    """The data files of a dataset that this project built, none for any other folder."""
    return sorted((folder / "data").glob("*.parquet")) if is_built(folder) else []


def is_built(folder: Path) -> bool:
    """Whether this project built a dataset in this folder."""
    try:
        value = json.loads(_small(folder / "manifest.json"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() >= _MANIFEST_KEYS


def _add(
    name: str, path: str, found: bool, files: list[SourceFile], skipped: list[tuple[str, str]], everything: bool
) -> None:
    """Sort one path in; only files that were `found` in a folder can be passed over."""
    if found and not everything and no_data(name):
        skipped.append((name, NO_RECORDS))
        return
    try:
        members = _members(path)
    except InputError as error:
        reason = str(error).removeprefix(f"{path}: ")
        if not found or (reason.startswith(_UNREADABLE) and not everything):
            raise
        skipped.append((name, reason))
        return
    if members is None:
        files.append(SourceFile(name, path))
    else:
        _add_members(name, path, members, files, skipped, everything)


def no_data(name: str) -> bool:
    """Whether a file holds no records by its name: a picture, a program, a licence."""
    stem = PurePosixPath(name).name.lower()
    return stem.split(".")[0] in _NO_DATA_NAMES or PurePosixPath(stem).suffix in _NO_DATA


def _members(path: str) -> list[zipfile.ZipInfo] | None:
    """What is in an archive, None for any other file. Raises InputError for what is no file, or cannot be read."""
    if not Path(path).is_file():
        raise InputError(f"{path}: {'is no regular file' if Path(path).exists() else 'is a broken link'}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: {_UNREADABLE}: permission denied")
    try:
        return archives.members(path)
    except OSError as error:
        raise InputError(f"{path}: {_UNREADABLE}: {reason_of(error)}") from error


def _add_members(
    name: str,
    path: str,
    members: Sequence[zipfile.ZipInfo],
    files: list[SourceFile],
    skipped: list[tuple[str, str]],
    everything: bool,
) -> None:
    saved = archives.saved(path, members)
    for member, refusal in zip(members, archives.refusals(members), strict=True):
        label = f"{name}!{_shown(archives.member_label(member))}"
        if member.filename.endswith("/"):
            continue
        refusal = refusal or saved.get(member.filename, "")
        if refusal or (not everything and no_data(member.filename.replace("\\", "/"))):
            skipped.append((label, refusal or NO_RECORDS))
        else:
            files.append(SourceFile(label, path, member.filename))


def _distinct(files: list[SourceFile]) -> list[SourceFile]:
    """Each file once; files of one name get as many of their folders in front as tell them apart."""
    first: dict[tuple[str, str], SourceFile] = {}
    for file in files:
        first.setdefault((os.path.realpath(file.path), file.member), file)
    unique = list(first.values())
    named = unique
    for depth in range(1, max((len(Path(file.path).absolute().parts) for file in unique), default=1)):
        count = Counter(file.name for file in named)
        if all(found == 1 for found in count.values()):
            break
        named = [
            _with_folders(file, depth) if count[shown.name] > 1 else shown
            for file, shown in zip(unique, named, strict=True)
        ]
    return named


def _with_folders(file: SourceFile, depth: int) -> SourceFile:
    """The file under its name with `depth` folders above those that the name already holds."""
    if file.path.startswith(HUB):
        return file._replace(name=file.path)
    shown, mark, member = file.name.partition("!") if file.member else (file.name, "", "")
    parts = Path(file.path).absolute().parts[1:]
    return file._replace(name=_shown("/".join(parts[-(shown.count("/") + 1 + depth) :])) + mark + member)


def reason_of(error: Exception) -> str:
    """Why something could not be read, in a few words without a path."""
    if isinstance(error, OSError):
        return (error.strerror or "input/output error").lower()
    return "the archive is damaged or encrypted"
