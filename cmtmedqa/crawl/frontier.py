"""The frontier: what is known of every address, in one SQLite file that a kill at any moment leaves true.

A row is `queued`, `in_flight`, `done`, `denied` or `failed`. One transaction acknowledges a response: the links found on it,
the place of its record in the WARC, and `done`. The record is on the disk before. What a killed process had in flight is
queued again at the next start, and records that no transaction names are cut off the WARC (see `warc.py`).
"""

import functools
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

from cmtmedqa.errors import InputError

FILE = "frontier.sqlite"
LOCK = "crawl.lock"
STATES = ("queued", "in_flight", "done", "denied", "failed")
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE pages(
  id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, url TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'queued',
  reason TEXT, status INTEGER, attempts INTEGER NOT NULL DEFAULT 0, redirects INTEGER NOT NULL DEFAULT 0,
  not_before REAL NOT NULL DEFAULT 0, found_on INTEGER,
  warc_file TEXT, warc_offset INTEGER, warc_length INTEGER, digest TEXT, plan TEXT);
CREATE INDEX pages_by_state ON pages(state, id);
CREATE TABLE warc_files(name TEXT PRIMARY KEY, committed INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0);
CREATE TABLE robots(host TEXT PRIMARY KEY, status TEXT NOT NULL, checked_at REAL NOT NULL, delay REAL NOT NULL);
CREATE TABLE site(key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ROBOTS_GONE = "robots_unavailable"


class Row(NamedTuple):
    """A page that may be requested now."""

    id: int
    url: str
    attempts: int
    redirects: int


class Stored(NamedTuple):
    """Where a record stands: file, offset and length of its gzip member, digest of the body, and where the file then ends."""

    file: str
    offset: int
    length: int
    digest: str
    end: int


class Ending(NamedTuple):
    """How a request ended: the new state, why, and what goes into the same transaction."""

    row: Row
    state: str
    reason: str | None = None
    status: int | None = None
    links: Sequence[str] = ()
    redirects: int = 0
    stored: Stored | None = None
    not_before: float = 0.0


@functools.lru_cache(maxsize=65_536)  # lists name a page more than once, and its pager is on every one of them
def fingerprint(url: str) -> bytes:
    """What two spellings of one address share: the hash of its canonical form, without the fragment."""
    from w3lib.url import canonicalize_url

    return hashlib.blake2b(canonicalize_url(url).encode(), digest_size=16).digest()


class Frontier:
    """The frontier of one site, held by one process at a time. Raises InputError if another process crawls it."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.plan = ""
        self._lock = _locked(folder)
        try:
            self.db = _opened(folder / FILE)
        except BaseException:
            os.close(self._lock)
            raise
        with self:
            self.db.execute("UPDATE pages SET state='queued' WHERE state='in_flight'")
            self.db.execute(
                "UPDATE pages SET state='queued', reason=NULL WHERE state='denied' AND reason LIKE ?",
                (f"{_ROBOTS_GONE}%",),
            )
        self.counts = counts(self.db)
        self._paused = float(self.get("not_before") or 0)

    def __enter__(self) -> Self:
        self.db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.db.execute("ROLLBACK" if kind else "COMMIT")

    def add(self, urls: Iterable[str], found_on: int | None = None, redirects: int = 0) -> int:
        """Queue addresses that are new, inside a transaction; returns how many were."""
        rows = [(fingerprint(url), url, found_on, redirects) for url in urls]
        before = self.db.total_changes
        self.db.executemany(
            "INSERT OR IGNORE INTO pages(fingerprint, url, found_on, redirects) VALUES(?, ?, ?, ?)", rows
        )
        added = self.db.total_changes - before
        self.counts["queued"] += added
        return added

    def take(self) -> Row | None:
        """The next page that may be requested now, marked as in flight; None if there is none or the site is paused."""
        now = self.clock()
        if self.paused_until() > now:
            return None
        found = self.db.execute(
            "UPDATE pages SET state='in_flight', plan=? WHERE id="
            "(SELECT id FROM pages WHERE state='queued' AND not_before<=? ORDER BY id LIMIT 1)"
            " RETURNING id, url, attempts, redirects",
            (self.plan, now),
        ).fetchall()
        if not found:
            return None
        self._move("queued", "in_flight")
        return Row(*found[0])

    def next_due(self) -> float | None:
        """The earliest time at which `take` may have something; None if nothing is queued."""
        (due,) = self.db.execute("SELECT min(not_before) FROM pages WHERE state='queued'").fetchone()
        return None if due is None else max(due, self.paused_until())

    def acknowledge(self, endings: Sequence[Ending]) -> None:
        """Write how these requests ended, with links and places of records, in one transaction."""
        with self:
            for ending in endings:
                self._acknowledge(ending)
        for ending in endings:
            self._move("in_flight", ending.state)

    def _acknowledge(self, ending: Ending) -> None:
        row, stored = ending.row, ending.stored or Stored("", 0, 0, "", 0)
        self.add(ending.links, row.id, ending.redirects)
        self.db.execute(
            "UPDATE pages SET state=?, reason=?, status=?, attempts=?, not_before=?, warc_file=nullif(?, ''),"
            " warc_offset=?, warc_length=?, digest=nullif(?, '') WHERE id=?",
            (
                ending.state, ending.reason, ending.status, row.attempts + 1, ending.not_before, stored.file,
                stored.offset if stored.file else None, stored.length if stored.file else None, stored.digest, row.id,
            ),
        )  # fmt: skip
        if stored.file:
            self.db.execute(
                "UPDATE warc_files SET committed=max(committed, ?), records=records+1 WHERE name=?",
                (stored.end, stored.file),
            )

    def give_back(self, row: Row) -> None:
        """Queue a page again that was taken but never requested; no attempt is counted."""
        self.db.execute("UPDATE pages SET state='queued' WHERE id=?", (row.id,))
        self._move("in_flight", "queued")

    def paused_until(self) -> float:
        """The time before which nothing may be sent to the site; 0 if any time will do."""
        return self._paused

    def pause(self, until: float) -> None:
        """Let nothing leave for the site before this time, in this run and in later ones."""
        if until > self.paused_until():
            self._paused = until
            self.put("not_before", repr(until))

    def get(self, key: str) -> str | None:
        """A note on the site: `not_before`, `stopped`, `contact`."""
        found = self.db.execute("SELECT value FROM site WHERE key=?", (key,)).fetchone()
        return found[0] if found else None

    def put(self, key: str, value: str | None) -> None:
        """Set a note on the site, or remove it."""
        if value is None:
            self.db.execute("DELETE FROM site WHERE key=?", (key,))
        else:
            self.db.execute("INSERT OR REPLACE INTO site VALUES(?, ?)", (key, value))

    def note_robots(self, host: str, status: str, delay: float) -> None:
        """Remember what a host's robots.txt answered and asked for."""
        self.db.execute("INSERT OR REPLACE INTO robots VALUES(?, ?, ?, ?)", (host, status, self.clock(), delay))

    def retry_failed(self) -> int:
        """Queue every failed page again and lift the stop of the site; returns how many pages."""
        with self:
            count = self.db.execute(
                "UPDATE pages SET state='queued', reason=NULL, attempts=0, not_before=0 WHERE state='failed'"
            ).rowcount
            self.put("stopped", None)
        self.counts = counts(self.db)
        return count

    def _move(self, old: str, new: str) -> None:
        self.counts[old] -= 1
        self.counts[new] += 1

    def close(self) -> None:
        """Queue what is still in flight, fold the journal into the file, and let other processes in."""
        with suppress(sqlite3.Error):  # on a full disk the next start does it
            self.db.execute("UPDATE pages SET state='queued' WHERE state='in_flight'")
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.close()
        os.close(self._lock)


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many pages are in each state."""
    return dict.fromkeys(STATES, 0) | dict(db.execute("SELECT state, count(*) FROM pages GROUP BY state").fetchall())


def _locked(folder: Path) -> int:
    """A file lock that ends with the process, however it ends."""
    try:
        import fcntl
    except ImportError as error:  # Windows
        raise InputError("crawling needs file locks of Linux or macOS; on Windows run it in WSL") from error
    handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise InputError(f"{folder}: another process is crawling this site; wait for it or end it") from error
    return handle


def _opened(path: Path) -> sqlite3.Connection:
    """The database in write-ahead mode, with its tables. Raises InputError for a file that is none of ours."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        path.chmod(0o600)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_SCHEMA_VERSION}; COMMIT;")
    except sqlite3.DatabaseError as error:
        db.close()
        raise InputError(
            f"{path}: not a frontier that this version can read ({error}); move the folder away"
        ) from error
    if version not in {0, _SCHEMA_VERSION}:
        db.close()
        raise InputError(f"{path}: written by another version of cmtmedqa (schema {version}); move the folder away")
    return db
