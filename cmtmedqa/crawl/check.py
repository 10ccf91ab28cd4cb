"""Read the stored pages back and compare them with the frontier: every `done` page must be there, whole, under its digest."""

import hashlib
import sqlite3
from base64 import b32encode
from collections.abc import Iterator
from pathlib import Path

from cmtmedqa.crawl.frontier import FILE
from cmtmedqa.errors import InputError, MissingExtra


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the WARC files of a site, one line each; nothing if all is well.

    Records without a digest are reported, not skipped. Raises InputError if there is no frontier.
    """
    if not (folder / FILE).is_file():
        raise InputError(f"{folder}: nothing was crawled here")
    db = sqlite3.connect(f"file:{folder / FILE}?mode=ro", uri=True)
    wanted: dict[str, dict[str, str]] = {}
    for name, url, digest in db.execute(
        "SELECT warc_file, url, digest FROM pages WHERE warc_file IS NOT NULL ORDER BY id"
    ):
        wanted.setdefault(name, {})[url] = digest
    for (name,) in db.execute("SELECT name FROM warc_files ORDER BY name").fetchall():
        yield from _file_faults(folder / name, wanted.get(name, {}))


def _file_faults(path: Path, wanted: dict[str, str]) -> Iterator[str]:
    count = 0
    try:
        for url, stated, actual in records(path):
            count += 1
            if stated is None:
                yield f"{path.name}: record {count} has no digest"
            elif stated != actual:
                yield f"{path.name}: record {count} does not match its digest"
            elif wanted.get(url) != stated:
                yield f"{path.name}: record {count} is not the one that the frontier names"
    except (OSError, EOFError, ValueError) as error:
        yield f"{path.name}: cannot be read after record {count} ({type(error).__name__})"
    if count != len(wanted):
        yield f"{path.name}: {count} records where the frontier has {len(wanted)} pages done"


def records(path: Path) -> Iterator[tuple[str, str | None, str]]:
    """Address, stated payload digest and actual one of each response in a WARC file."""
    try:
        from fastwarc.warc import ArchiveIterator, WarcRecordType
    except ImportError as error:
        raise MissingExtra("fastwarc", "crawl", "reading WARC files") from error

    with path.open("rb") as stream:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
            body = record.reader.read()
            actual = "sha1:" + b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
            yield record.headers["WARC-Target-URI"], record.headers.get("WARC-Payload-Digest"), actual
