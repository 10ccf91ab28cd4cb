"""Removing a record from files beside a dataset: crawled pages, parsed records, raw inputs in lines, exports in lines.

Lines go from JSONL files, pages are blanked in WARC files; what cannot be rewritten is named, with what it still holds.
"""

import sqlite3
import zipfile
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from cmtmedqa.build import forget, trace
from cmtmedqa.build.forget import Request
from cmtmedqa.build.forgotten import Forgotten
from cmtmedqa.build.rewriting import without
from cmtmedqa.build.sought import Sought, files_in, is_of, sought, texts_of
from cmtmedqa.build.warc_blanks import blank, places
from cmtmedqa.errors import InputError
from cmtmedqa.llm import ledger
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.sources.arrow import arrow
from cmtmedqa.sources.blocks import Blocks
from cmtmedqa.sources.detect import detect
from cmtmedqa.sources.files import SourceFile, expand, is_built
from cmtmedqa.sources.parquet import parquet
from cmtmedqa.sources.tables import Row, spreadsheet

# Where `cmtmedqa crawl`, `parse` and the calls to models write, seen from the working directory.
USUAL = (Path("raw"), Path("parsed"), Path(".cmtmedqa-ledger"))

FRONTIER = "frontier.sqlite"  # that of the crawler, a sibling, hence not imported
_WARC = (".warc", ".warc.gz", ".warc.zst")
_BASES = (".sqlite", ".db", "-wal", "-shm")


class Cleared(NamedTuple):
    """What was done elsewhere: lines, pages and requests to models removed, files looked at, and a line for each file that still holds something."""

    lines: int
    pages: int
    calls: int
    files: int
    left: tuple[str, ...]


def clear(
    where: Sequence[Path],
    request: Request,
    url_hashes: Iterable[str],
    barred: Forgotten | None = None,
    ids: Iterable[str] = (),
) -> Cleared:
    """Remove the records of a request, and those on the list of barred ones, from all files in these places.

    ids: further ids by which records are known, as of one that was removed from the dataset before.

    Raises InputError for a place that is not there.
    """
    wanted = sought(request, url_hashes, barred or Forgotten(), ids)
    if missing := next((place for place in where if not place.exists()), None):
        raise InputError(f"{missing}: no such file or folder")
    files = sorted({file for place in where for file in files_in(place)})
    lines = pages = calls = 0
    left: list[str] = []
    built = {file.parent for file in files if is_built(file.parent)}
    for file in files:
        if not file.name.endswith((*_WARC, *_BASES)) and not built & {*file.parents}:
            lines += _without_records(file, wanted, left)
    for file in (file for file in files if file.name.endswith(_WARC)):
        pages += _without_pages(file, wanted, left)
    for file in (file for file in files if file.name == FRONTIER):
        _from_frontier(file, wanted.urls)
    for file in (file for file in files if file.name == ledger.FILE):
        with Ledger(file.parent) as book:
            calls += book.forget(turn for turns in wanted.longer() for turn in turns)
    texts = request.own_texts()
    named = ", ".join(sorted(request.ids)[:3]) or "what was barred"
    for file in files:
        if what := _held(file, wanted, texts):
            part = sorted(built & {*file.parents})
            left.append(
                f"{part[0]}: a built dataset that holds it: cmtmedqa forget {part[0]} ({named})"
                if part
                else f"{file}: {what} ({named})"
            )
    left = list(dict.fromkeys(left))
    return Cleared(lines, pages, calls, len(files), tuple(left))


def _without_records(file: Path, wanted: Sought, left: list[str]) -> int:
    try:
        return without(file, partial(is_of, wanted=wanted)) or 0
    except (InputError, OSError, ValueError, LookupError, EOFError, RecursionError, zipfile.BadZipFile) as error:
        why = str(error).removeprefix(f"{file}: ") if isinstance(error, InputError) else type(error).__name__
        left.append(f"{file}: {why}; nothing was removed from it: look into it, or delete it")
        return 0


def _without_pages(file: Path, wanted: Sought, left: list[str]) -> int:
    try:
        here = {place.url for place in places(file) if place.url and (file.name, place.offset) in wanted.pages}
        wanted.urls.update(map(trace.url_hash, here))
        return blank(file, lambda url, _: bool(url) and trace.url_hash(url) in wanted.urls)
    except InputError as error:
        left.append(f"{error}; no page was removed from it")
        return 0


def _from_frontier(file: Path, urls: Collection[str]) -> None:
    """Take addresses out of a crawler's list; the fingerprint stays, by which it knows the page and passes it over.

    What cannot be written is told by the search for what is left.
    """
    with suppress(sqlite3.Error), closing(sqlite3.connect(file)) as base:
        base.execute("PRAGMA secure_delete=ON")
        rows = base.execute("SELECT id, url FROM pages").fetchall()
        gone = [(number,) for number, url in rows if trace.url_hash(url) in urls]
        removed = "url='', state='denied', reason='removed on request', warc_file=NULL, warc_offset=NULL, warc_length=NULL, digest=NULL"
        base.executemany(f"UPDATE pages SET {removed} WHERE id=?", gone)  # noqa: S608 - a constant
        base.commit()
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _held(file: Path, wanted: Sought, texts: Sequence[str]) -> str:
    """What a file still holds, and what to do; '' if nothing that can be told: the proof for those that were rewritten."""
    name = file.name.lower()
    if name.endswith(_WARC):
        return _held_pages(file, wanted)
    if name.endswith(_BASES):
        held = not name.endswith(("-wal", "-shm")) and _held_by_database(file, wanted.urls)
        return (
            "holds its address and could not be written; end the program that uses it, then run this again"
            if held
            else ""
        )
    try:
        held = any(_says_any(member, texts) for member in expand([str(file)], everything=True)[0])
    except (InputError, OSError):
        return ""  # said above
    return "holds a passage of it; write the file anew, or delete it" if held else ""


def _says_any(file: SourceFile, texts: Sequence[str]) -> bool:
    """Whether a file, unpacked and in its encoding, holds one of these texts."""
    shape = detect(file)
    if shape.container in {"parquet", "arrow", "xlsx"}:
        rows = {"parquet": parquet, "arrow": arrow, "xlsx": spreadsheet}[shape.container](file)
        said = "\n".join(text for row in rows if isinstance(row, Row) for text in texts_of(row.values))
        return any(text in said for text in texts)
    forms = [form.encode(shape.encoding or "utf-8", "replace") for text in texts for form in forget.forms_of(text)]
    longest = max(map(len, forms), default=0)
    rest = b""
    for block in Blocks(file, shape.compression):
        data = rest + block
        if any(form in data for form in forms):
            return True
        rest = data[-longest:]
    return False


def _held_pages(file: Path, wanted: Sought) -> str:
    try:
        found = sum(bool(place.url) and trace.url_hash(place.url) in wanted.urls for place in places(file))
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
