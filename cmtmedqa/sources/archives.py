"""What is in a zip archive. Nothing is ever unpacked to disk, so a hostile member name can do no harm; it is refused."""

import errno
import zipfile
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

from cmtmedqa.sources.saved import beside_rows

_ZIP_MAGIC = b"PK\x03\x04"
_XLSX_MEMBER = "xl/workbook.xml"
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_LOCAL_HEADER = 30  # bytes in front of a member's name, at least
_LINK = 0o120000  # the type of a symbolic link, in the high half of the attributes that Unix archivers store
_TYPE = 0o170000
_DESCRIBES = 1 << 20  # bytes; more is no description of a dataset


def stamp_of(path: str) -> tuple[int, int]:
    """Size and time of the last change of a file."""
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=1)
def opened(path: str, stamp: tuple[int, int]) -> zipfile.ZipFile:  # noqa: ARG001 -- another stamp is another archive
    """An open archive, kept for its next member: reading the table of contents anew for each is quadratic."""
    return zipfile.ZipFile(path)


def members(path: str) -> list[zipfile.ZipInfo] | None:
    """What is in a zip archive, sorted by name; None for anything else, spreadsheets and damaged archives included.

    Raises OSError when the file cannot be read.
    """
    try:
        with Path(path).open("rb") as stream:
            if stream.read(4) != _ZIP_MAGIC:
                return None
        found = sorted(opened(path, stamp_of(path)).infolist(), key=lambda member: member.filename)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return None  # no zip, one of a later version, or names that are not in their encoding: a file as it is
    return None if any(member.filename == _XLSX_MEMBER for member in found) else found


def refusals(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Why each member is not read, '' for one that may be. Of several with one name the last counts, as for unpackers."""
    last = {member.filename: member for member in members}
    overlapping = _overlapping(members)
    return [
        "overlaps another file of the archive" if member.header_offset in overlapping
        else _refusal(member, last[member.filename] is member)
        for member in members
    ]  # fmt: skip


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> set[int]:
    """The offsets of members whose bytes are also those of another: no archiver writes that, only a bomb needs it."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    return {
        offset
        for first, second in pairwise(ordered)
        if first.header_offset + _LOCAL_HEADER + first.compress_size > second.header_offset
        for offset in (first.header_offset, second.header_offset)
    }


def _refusal(member: zipfile.ZipInfo, is_last: bool) -> str:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if not path.parts:
        return "has no name"
    if path.is_absolute() or path.parts[0].endswith(":") or ".." in path.parts:
        return "its path leads out of the archive"
    if (member.external_attr >> 16) & _TYPE == _LINK:
        return "is a symbolic link"
    if not is_last:
        return "a later file in the archive has the same name"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted"
    hidden = any(part.startswith(".") for part in path.parts) or path.parts[0] == "__MACOSX"
    return "is hidden" if hidden else ""


def member_label(member: zipfile.ZipInfo) -> str:
    """The name of a member; old Chinese archives hold GB18030 names, which zipfile reads as code page 437."""
    if member.flag_bits & _UTF8_NAME or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def saved(path: str, members: Sequence[zipfile.ZipInfo]) -> dict[str, str]:
    """The members that hold no rows of a dataset that `datasets` saved, each with the reason."""

    def content(name: str) -> bytes:
        try:
            info = opened(path, stamp_of(path)).getinfo(name)
            return opened(path, stamp_of(path)).read(info) if info.file_size <= _DESCRIBES else b""
        except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError):
            return b""  # encrypted, damaged or packed in an unknown way: read as rows, where its fault is counted

    folders: dict[str, list[str]] = {}
    for member in members:
        folder, _, name = member.filename.rpartition("/")
        folders.setdefault(folder + "/" if folder else "", []).append(name)
    return {
        folder + name: reason
        for folder, names in folders.items()
        for name, reason in beside_rows(names, lambda name, folder=folder: content(folder + name)).items()  # type: ignore[misc]
    }
