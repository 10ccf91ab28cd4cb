"""The WARC sink: one gzip member per record, a new file per process, on the disk before the frontier says `done`.

After a kill a file may hold records, or half of one, that no transaction names. `recover` cuts it to the committed length,
so that every reader gets through it, and nobody appends to it again.
"""

import io
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from cmtmedqa.crawl.frontier import Frontier, Stored
from cmtmedqa.errors import InputError

_ON_THE_WAY = {"content-encoding", "transfer-encoding", "content-length", "connection", "keep-alive"}
_BROKEN = re.compile(r"[\r\n\0]")


class Exchange(NamedTuple):
    """One request and its response; `headers` are those on the way, `body` is unpacked."""

    url: str
    method: str
    request_headers: list[tuple[str, str]]
    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


def recover(frontier: Frontier, folder: Path) -> None:
    """Cut each file to what the frontier has committed; remove files with nothing committed.

    Raises InputError for a file that lost committed records: nothing can bring them back but fetching again.
    """
    for name, committed in frontier.db.execute("SELECT name, committed FROM warc_files").fetchall():
        path = folder / name
        size = path.stat().st_size if path.exists() else 0
        if size < committed:
            raise InputError(
                f"{path}: {size} bytes where {committed} were committed; restore it, or start in a new folder"
            )
        if committed == 0:
            path.unlink(missing_ok=True)
            frontier.db.execute("DELETE FROM warc_files WHERE name=?", (name,))
        elif size > committed:
            os.truncate(path, committed)


class WarcSink:
    """Writes exchanges to `<site>-NNNNN.warc.gz` in a folder; a new file when one is `limit` bytes long.

    `write` gives the place of a record, `sync` puts on the disk what was written. Both raise OSError as the disk does.
    """

    def __init__(self, folder: Path, site: str, frontier: Frontier, limit: int, info: Mapping[str, str]) -> None:
        self._folder, self._site, self._frontier = folder, site, frontier
        self._limit, self._info = limit, info
        self._file: BinaryIO | None = None
        self._writer: Any = None
        self._name = ""

    def write(self, exchange: Exchange) -> Stored:
        """Append the response and its request; the place is that of the response."""
        if self._file is None or self._file.tell() >= self._limit:
            self._open()
        assert self._file is not None
        response, request = self._records(exchange)
        offset = self._file.tell()
        self._writer.write_record(response)
        length = self._file.tell() - offset
        self._writer.write_record(request)
        digest = response.rec_headers.get_header("WARC-Payload-Digest")
        return Stored(self._name, offset, length, digest, self._file.tell())

    def sync(self) -> None:
        """Have everything written so far on the disk."""
        if self._file is not None:
            self._file.flush()
            os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def _open(self) -> None:
        from warcio.warcwriter import WARCWriter

        self.close()
        (last,) = self._frontier.db.execute("SELECT max(name) FROM warc_files").fetchone()
        number = int(last.rsplit("-", 1)[1].split(".")[0]) + 1 if last else 1
        while (self._folder / f"{self._site}-{number:05}.warc.gz").exists():  # of another frontier; never written to
            number += 1
        self._name = f"{self._site}-{number:05}.warc.gz"
        self._frontier.db.execute("INSERT INTO warc_files(name) VALUES(?)", (self._name,))
        self._file = (self._folder / self._name).open("xb")
        self._writer = WARCWriter(self._file, gzip=True, warc_version="WARC/1.1")
        self._writer.write_record(self._writer.create_warcinfo_record(self._name, dict(self._info)))

    def _records(self, exchange: Exchange) -> tuple[Any, Any]:
        from warcio.statusandheaders import StatusAndHeaders

        answer = StatusAndHeaders(
            f"{exchange.status} {exchange.reason}".strip(), as_stored(exchange.headers, len(exchange.body)), "HTTP/1.1"
        )
        asked = StatusAndHeaders(
            f"{exchange.method} {_target(exchange.url)} HTTP/1.1", exchange.request_headers, is_http_request=True
        )
        response = self._writer.create_warc_record(
            exchange.url, "response", io.BytesIO(exchange.body), len(exchange.body), http_headers=answer
        )
        request = self._writer.create_warc_record(exchange.url, "request", http_headers=asked)
        for name in ("WARC-Date", "WARC-Record-ID"):
            value = response.rec_headers.get_header(name)
            request.rec_headers.replace_header(name if name == "WARC-Date" else "WARC-Concurrent-To", value)
        return response, request


def as_stored(headers: Iterable[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    """Response headers that fit the unpacked body; what applied on the way only stays under X-Original-…."""
    kept = []
    for name, value in headers:
        name, value = _BROKEN.sub(" ", name), _BROKEN.sub(" ", value)
        kept.append((f"X-Original-{name}" if name.lower() in _ON_THE_WAY else name, value))
    return [*kept, ("Content-Length", str(length))]


def _target(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
