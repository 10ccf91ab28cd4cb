"""Removing a record from files beside a dataset: crawled pages, parsed records, raw inputs in lines, exports in lines.

Lines go from JSONL files, pages are blanked in WARC files; what cannot be rewritten is named, with what it still holds.
"""

import gzip
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from cmtmedqa import io
from cmtmedqa.build import forget, trace
from cmtmedqa.build.forget import SEARCHED, Request
from cmtmedqa.build.warc_blanks import blank, places
from cmtmedqa.errors import InputError
from cmtmedqa.llm import ledger
from cmtmedqa.llm.ledger import Ledger

# Where `cmtmedqa crawl`, `parse` and the calls to models write, seen from the working directory.
USUAL = (Path("raw"), Path("parsed"), Path(".cmtmedqa-ledger"))

_WARC = (".warc", ".warc.gz")
_LINES = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")


class Cleared(NamedTuple):
    """What was done elsewhere: lines, pages and requests to models removed, files looked at, and a line for each file that still holds something."""

    lines: int
    pages: int
    calls: int
    files: int
    left: tuple[str, ...]


class _Sought(NamedTuple):
    """By what the records of a request are known: ids, hashes of page addresses, places of pages, and their turns."""

    ids: frozenset[str]
    urls: set[str]
    pages: set[tuple[str, int]]
    dialogues: list[list[str]]


def clear(where: Sequence[Path], request: Request, url_hashes: Iterable[str]) -> Cleared:
    """Remove the records of a request from all files in these places. Raises InputError when a file cannot be written."""
    sought = _sought(request, url_hashes)
    files = sorted({file for place in where for file in _files(place)})
    lines = pages = calls = 0
    left: list[str] = []
    for file in (file for file in files if file.name.endswith(_LINES)):
        lines += _without_lines(file, sought, left)
    for file in (file for file in files if file.name.endswith(_WARC)):
        pages += _without_pages(file, sought, left)
    for file in (file for file in files if file.name == ledger.FILE):
        with Ledger(file.parent) as book:
            calls += book.forget(turn for turns in sought.dialogues for turn in turns)
    left += [f"{file}: {what}" for file in files if (what := _held(file, sought))]
    return Cleared(lines, pages, calls, len(files), tuple(left))


def _sought(request: Request, url_hashes: Iterable[str]) -> _Sought:
    urls = {*url_hashes, *(row["url_hash"] for row in request.rows if row["url_hash"])}
    stored = [row["warc"] for row in request.rows if row.get("warc")]
    dialogues = [
        texts
        for turns in request.turns.values()
        if (texts := [turn["text"] for turn in turns if len(turn["text"]) >= SEARCHED])
    ]
    return _Sought(request.ids, urls, {(item["file"], item["offset"]) for item in stored}, dialogues)


def _files(place: Path) -> Iterator[Path]:
    if not place.exists():
        raise InputError(f"{place}: no such file or folder")
    if place.is_file():
        yield place
    else:
        yield from (item for item in place.rglob("*") if item.is_file() and not item.name.startswith("."))


def _without_lines(file: Path, sought: _Sought, left: list[str]) -> int:
    """Rewrite a file of JSON lines without those of the records; the pages that they name are sought from then on."""
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rb") as stream:
            gone = [number for number, line in enumerate(stream) if _is_of(line, sought)]
        if not gone:
            return 0
        with io.replacing(file) as temporary, opened(file, "rb") as stream:
            temporary.touch(file.stat().st_mode & 0o777)
            with temporary.open("wb") as target, _packing(target, file) as written:
                written.writelines(line for number, line in enumerate(stream) if number not in set(gone))
    except (OSError, EOFError) as error:
        left.append(f"{file}: cannot be read ({type(error).__name__}), so nothing was removed from it")
        return 0
    return len(gone)


def _packing(target: Any, file: Path) -> Any:
    """A stream onto the target, gzip without name and time where the file is one."""
    return gzip.GzipFile("", "wb", 9, target, mtime=0) if file.suffix == ".gz" else closing(_Through(target))


class _Through:
    """A stream that leaves the one below open."""

    def __init__(self, target: Any) -> None:
        self.writelines = target.writelines

    def close(self) -> None:
        """The target is closed by whoever opened it."""


def _is_of(line: bytes, sought: _Sought) -> bool:
    try:
        value = json.loads(line)
    except ValueError:
        return False
    if not isinstance(value, dict):
        return False
    extra = _object(value.get("extra"))
    stated = {str(item) for item in (value.get("url"), extra.get("url"), *_list(extra.get("urls"))) if item}
    stored = {place for item in (value, extra) for place in _pages_of(item)}
    known = (
        value.get("id") in sought.ids
        or any(trace.url_hash(url) in sought.urls for url in stated)
        or bool(stored & sought.pages)
        or _says(list(_texts(value)), sought.dialogues)
    )
    if known:
        sought.urls.update(trace.url_hash(url) for url in stated)
        sought.pages.update(stored)
    return known


def _pages_of(value: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for item in (value.get("warc"), *_list(value.get("warc_pages"))):
        if isinstance(item, dict) and isinstance(item.get("file"), str) and isinstance(item.get("offset"), int):
            yield item["file"], item["offset"]


def _object(value: object) -> dict[str, Any]:
    """An object, also one that is written as a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _says(texts: Sequence[str], dialogues: Sequence[Sequence[str]]) -> bool:
    """Whether one of the dialogues stands in the texts, every longer turn of it."""
    return any(all(any(turn in text for text in texts) for turn in turns) for turns in dialogues)


def _without_pages(file: Path, sought: _Sought, left: list[str]) -> int:
    try:
        here = {place.url for place in places(file) if place.url and (file.name, place.offset) in sought.pages}
        sought.urls.update(map(trace.url_hash, here))
        return blank(file, lambda url, _: bool(url) and trace.url_hash(url) in sought.urls)
    except InputError as error:
        left.append(f"{error}; no page was removed from it")
        return 0


def _held(file: Path, sought: _Sought) -> str:
    """What a file still holds, '' if nothing that can be told: the proof for those rewritten, a notice for the others."""
    name = file.name.lower()
    if name.endswith(_LINES):
        return ""  # read line by line above; a line that is left is not of these records
    if name.endswith(_WARC):
        return _held_pages(file, sought)
    if name.endswith(".parquet"):
        texts = sorted({turn for turns in sought.dialogues for turn in turns})
        return "holds it; write it anew" if forget.held_by_table(file, sought.ids, texts) else ""
    if name.endswith((".sqlite", ".db")):
        return "holds its address, by which a new crawl passes it over" if _held_by_database(file, sought.urls) else ""
    data = gzip.decompress(file.read_bytes()) if name.endswith(".gz") else file.read_bytes()
    text = data.decode("utf-8", "replace")
    parts = [
        [turn, io.canonical_json(turn)[1:-1], json.dumps(turn)[1:-1]] for turns in sought.dialogues for turn in turns
    ]
    return "holds its text; write it anew" if any(part in text for forms in parts for part in forms) else ""


def _held_pages(file: Path, sought: _Sought) -> str:
    try:
        found = sum(bool(place.url) and trace.url_hash(place.url) in sought.urls for place in places(file))
    except InputError:
        return ""  # said above
    return f"still holds {found} of its pages" if found else ""


def _held_by_database(file: Path, urls: Collection[str]) -> bool:
    """Whether any text of any table is one of these addresses."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
            tables = [name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = (row for table in tables for row in base.execute(f'SELECT * FROM "{table}"'))  # noqa: S608 - own names
            return any(isinstance(value, str) and trace.url_hash(value) in urls for row in rows for value in row)
    except sqlite3.Error:
        return False
