"""The ledger of calls: every attempt and every accepted reply, committed before anyone sees the reply.

It holds the texts that were sent, so its folder has mode 0700 and is never part of an export.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from cmtmedqa.errors import InputError
from cmtmedqa.llm.request import Request

FILE = "ledger.sqlite"
_AT_ONCE = 500

_TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    key TEXT NOT NULL, attempt INTEGER NOT NULL, endpoint TEXT NOT NULL, time REAL NOT NULL, status TEXT NOT NULL,
    raw TEXT NOT NULL, finish_reason TEXT, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, model TEXT,
    fingerprint TEXT, price TEXT NOT NULL, cost REAL NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (key, attempt)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (key TEXT PRIMARY KEY, request TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, attempt INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clean (digest TEXT PRIMARY KEY, rules TEXT NOT NULL) WITHOUT ROWID;
"""


class Attempt(NamedTuple):
    """One call: `status` is `ok` or why it gave no reply; `cost` in the currency of the price table, `seconds` it took."""

    status: str
    raw: str = ""
    finish_reason: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    model: str | None = None
    fingerprint: str | None = None
    price: str = ""
    cost: float = 0.0
    seconds: float = 0.0


class Spent(NamedTuple):
    """Calls, tokens and cost of one endpoint, failed attempts included."""

    endpoint: str
    calls: int
    replies: int
    tokens_in: int
    tokens_out: int
    cost: float


class Ledger:
    """A SQLite file of calls; several processes may use it at once. A context manager that closes it.

    Raises InputError where the folder cannot be written to or the file is no ledger.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.chmod(0o700)
            self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_TABLES)
            self.path.chmod(0o600)
        except (OSError, sqlite3.Error) as error:
            raise InputError(
                f"{folder}: cannot hold a ledger of calls ({error}); choose another with --ledger"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def reply(self, key: str) -> str | None:
        """The accepted reply to a request, or None."""
        row = self._db.execute("SELECT text FROM results WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def clean(self, rules: str, digests: Sequence[str]) -> set[str]:
        """Those of the texts, by SHA-256, in which the rules of this version found nothing when they were looked at."""
        found: set[str] = set()
        for start in range(0, len(digests), _AT_ONCE):
            part = digests[start : start + _AT_ONCE]
            query = f"SELECT digest FROM clean WHERE rules = ? AND digest IN ({','.join('?' * len(part))})"  # noqa: S608
            found.update(digest for (digest,) in self._db.execute(query, (rules, *part)))
        return found

    def add_clean(self, rules: str, digests: Sequence[str]) -> None:
        """Remember texts in which the rules of this version found nothing. Raises InputError."""
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO clean VALUES (?, ?)", [(digest, rules) for digest in digests])

    def attempts(self, key: str) -> int:
        """How many calls were made for a request."""
        return int(self._db.execute("SELECT COUNT(*) FROM calls WHERE key = ?", (key,)).fetchone()[0])

    def add(self, request: Request, attempt: Attempt, accepted: str | None = None) -> None:
        """Commit one attempt, and with it the reply where one is `accepted`."""
        key = request.key()
        with self._writing():
            (number,) = self._db.execute(
                "SELECT COALESCE(MAX(attempt), 0) + 1 FROM calls WHERE key = ?", (key,)
            ).fetchone()
            self._db.execute(
                "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (key, number, request.endpoint, time.time(), *attempt),
            )
            self._db.execute("INSERT OR IGNORE INTO requests VALUES (?, ?)", (key, request.model_dump_json()))
            if accepted is not None:
                self._db.execute("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", (key, number, accepted))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, committed at its end."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise InputError(
                f"{self.path}: cannot be written ({error}); what was stored stays, run it again"
            ) from error

    def spent(self) -> list[Spent]:
        """What each endpoint was asked and what it cost, by its alias."""
        rows = self._db.execute(
            "SELECT endpoint, COUNT(*), SUM(status = 'ok'), SUM(tokens_in), SUM(tokens_out), SUM(cost) FROM calls GROUP BY endpoint ORDER BY endpoint"
        )
        return [Spent(*row) for row in rows]

    def forget(self, passages: Iterable[str]) -> int:
        """Delete every request that quotes one of these texts, with its calls and its reply; returns how many that were."""
        texts = [text for text in passages if text]
        keys = [
            (key,)
            for key, stored in self._db.execute("SELECT key, request FROM requests").fetchall()
            if any(
                text in message.content for message in Request.model_validate_json(stored).messages for text in texts
            )
        ]
        self._db.execute("PRAGMA secure_delete=ON")
        for table in ("results", "calls", "requests"):
            self._db.executemany(f"DELETE FROM {table} WHERE key = ?", keys)  # noqa: S608
        self._db.execute("DELETE FROM clean")  # digests of texts; the next run looks at what is left once more
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(keys)
