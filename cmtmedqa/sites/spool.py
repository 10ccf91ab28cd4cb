"""What was read from pages, on disk until all of them are read: a dialogue may be spread over a file, or over several.

SQLite sorts outside of memory; the file holds what patients wrote, so only its owner can read it, and it is removed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from cmtmedqa.sites.reading import Reading, Refusal
from cmtmedqa.sources.mapped import Mapped

_BATCH = 1_000


class Stored(NamedTuple):
    """A page that was read: where it is from and what it gave."""

    site: str
    url: str
    fetched: str
    warc: dict[str, Any]
    reading: Reading


class Spool:
    """Pages by the dialogue they belong to. `add` them in the order of the files, then iterate once over `groups`."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000; PRAGMA temp_store=FILE;"
            "CREATE TABLE page (key TEXT, number INT, seq INTEGER PRIMARY KEY, body BLOB);"
        )
        self._rows: list[tuple[str, int, bytes]] = []

    def add(self, key: str, page: Stored) -> None:
        """Keep a page."""
        self._rows.append((key, page.reading.number, orjson.dumps(page, default=_plain)))
        if len(self._rows) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO page(key, number, body) VALUES(?, ?, ?)", self._rows)
        self._db.execute("COMMIT")
        self._rows = []

    def groups(self) -> Iterator[list[Stored]]:
        """The pages of each dialogue, in page order, captures of one page in the order they were read; dialogues by first page."""
        self._flush()
        self._db.execute("CREATE INDEX by_key ON page(key, seq)")
        rows = self._db.execute(
            "SELECT page.key, page.body FROM (SELECT key, min(seq) AS first FROM page GROUP BY key) AS named "
            "JOIN page ON page.key = named.key ORDER BY first, number, seq"
        )
        group: list[Stored] = []
        last = None
        for key, body in rows:
            if key != last and group:
                yield group
                group = []
            group.append(_stored(orjson.loads(body)))
            last = key
        if group:
            yield group

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(type(value).__name__)


def _stored(values: list[Any]) -> Stored:
    page = Stored._make(values)
    reading = Reading._make(page.reading)
    return page._replace(
        reading=reading._replace(
            drafts=tuple((place, _mapped(draft)) for place, draft in reading.drafts),
            refused=reading.refused and Refusal._make(reading.refused),
            hint=reading.hint and Refusal._make(reading.hint),
            declared=tuple(reading.declared),
            repairs=tuple(reading.repairs),
        )
    )


def _mapped(values: Sequence[Any]) -> Mapped:
    draft = Mapped._make(values)
    return draft._replace(turns=[(role, text) for role, text in draft.turns])
