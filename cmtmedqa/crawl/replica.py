"""The replica site: a small web server on this computer, with invented consultations and the faults of real sites.

It binds to 127.0.0.1 only, sends nothing anywhere, and answers the same for the same seed. `/_manifest` holds what a crawl
should find, `/_log` the requests it saw (time, path, user agent); no page links to either.
"""

import gzip
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from cmtmedqa.crawl.replica_site import FAULTS, Page, build
from cmtmedqa.errors import InputError

HOST = "127.0.0.1"
PORT = 8732
RETRY_AFTER = 1
PARTS, PAUSE = 8, 0.05  # a slow body: so many parts, seconds between them
ROBOTS = """User-agent: *
Disallow: /

User-agent: cmtmedqa
Disallow: /private/
Allow: /private/open/
"""


class Seen(NamedTuple):
    """One request that reached the server: clock time in seconds, path with query, user agent."""

    at: float
    path: str
    agent: str


class Replica(ThreadingHTTPServer):
    """The server; `log` grows with each request. Raises InputError if the port is taken."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int = 0,
        pages: int = 200,
        seed: int = 1,
        faults: Sequence[str] = FAULTS,
        crawl_delay: float = 0.0,
        per_second: float = 0.0,
        latency: float = 0.0,
        robots: str = ROBOTS,
    ) -> None:
        self.site = build(seed, pages, faults)
        self.robots = robots + (f"Crawl-delay: {crawl_delay:g}\n" if crawl_delay else "")
        self.per_second, self.latency = per_second, latency
        self.log: list[Seen] = []
        self.broken: set[str] = set()  # addresses whose fault of the first request has been served
        self.lock = threading.Lock()
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise InputError(f"port {port} of {HOST} cannot be used ({error.strerror}); name another --port") from error

    @property
    def base(self) -> str:
        """The address of the site, without a slash at the end."""
        return f"http://{HOST}:{self.server_port}"

    def recent(self, now: float) -> int:
        """How many requests came within the last second."""
        return sum(seen.at > now - 1 for seen in self.log[-1_000:])


class _Handler(BaseHTTPRequestHandler):
    server: Replica
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        replica = self.server
        now = time.time()
        with replica.lock:
            crowded = bool(replica.per_second) and replica.recent(now) >= replica.per_second
            if not self.path.startswith("/_"):
                replica.log.append(Seen(now, self.path, self.headers.get("User-Agent", "")))
        if replica.latency:
            time.sleep(replica.latency)
        if self.path == "/robots.txt":
            self._answer(Page(replica.robots.encode(), headers=(("Content-Type", "text/plain"),)))
        elif self.path == "/_manifest":
            self._json(replica.site.manifest)
        elif self.path == "/_log":
            self._json([seen._asdict() for seen in replica.log])
        elif crowded:
            self._answer(Page(b"", 429, (("Retry-After", str(RETRY_AFTER)),)))
        else:
            self._page(replica.site.pages.get(self.path) or Page(b"<html><body>404</body></html>", 404))

    def _page(self, page: Page) -> None:
        with self.server.lock:
            fault = page.first if self.path not in self.server.broken else ""
            self.server.broken.add(self.path)
        if fault == "busy":
            self._answer(Page(b"", 429, (("Retry-After", str(RETRY_AFTER)),)))
        elif fault == "unavailable":
            when = formatdate(time.time() + 2 * RETRY_AFTER, usegmt=True)
            self._answer(Page(b"", 503, (("Retry-After", when),)))
        elif fault == "error_once":
            self._answer(Page(b"", 500))
        elif fault == "truncated":
            self._answer(page, missing=100)
        else:
            self._answer(page)

    def _json(self, value: object) -> None:
        self._answer(Page(json.dumps(value).encode(), headers=(("Content-Type", "application/json"),)))

    def _answer(self, page: Page, missing: int = 0) -> None:
        """Send a page; `missing` bytes are promised and never sent."""
        packed = page.gzip and "gzip" in self.headers.get("Accept-Encoding", "")
        body = gzip.compress(page.body, mtime=0) if packed else page.body
        self.send_response(page.status)
        for name, value in page.headers:
            self.send_header(name, value)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        if missing:
            self.send_header("Connection", "close")
        self.end_headers()
        parts = PARTS if page.slow else 1
        size = -(-len(body) // parts) or 1
        for at in range(0, len(body) - missing, size):
            self.wfile.write(body[at : min(at + size, len(body) - missing)])
            if page.slow:
                self.wfile.flush()
                time.sleep(PAUSE)
        self.close_connection = self.close_connection or bool(missing)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal: the log is kept by the server."""


@contextmanager
def running(replica: Replica) -> Iterator[Replica]:
    """Serve in a thread while the block runs."""
    thread = threading.Thread(target=replica.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield replica
    finally:
        replica.shutdown()
        replica.server_close()
        thread.join()
