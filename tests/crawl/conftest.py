"""A scripted web server on 127.0.0.1 with a log of what reached it, and crawls in processes of their own."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmtmedqa.crawl import check, status
from cmtmedqa.crawl.replica import Replica, running
from tests import command

pytest.importorskip("scrapy")
pytest.importorskip("warcio")
pytest.importorskip("fastwarc")

CHECKOUT = Path(__file__).resolve().parents[2]
MAIN = "from cmtmedqa.cli.app import main; main()"


@dataclass
class Answer:
    """What one request gets; `missing` bytes of the body are promised and never sent."""

    body: bytes = b"<html><title>page</title></html>"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    missing: int = 0
    held: threading.Event | None = None  # the answer leaves when this is set


def page(*links: str) -> Answer:
    """A page with these links."""
    return Answer("".join(f'<a href="{link}">x</a>' for link in links).encode())


class Server(ThreadingHTTPServer):
    """Answers from `answers` by path: one answer, or a list of which the last repeats. Unknown paths get a plain page."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer | list[Answer]] = {"/robots.txt": Answer(b"", 404)}
        self.log: list[tuple[float, str, str, str]] = []
        self.lock = threading.Lock()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def paths(self) -> list[str]:
        return [path for _, _, path, _ in self.log]

    def pages(self) -> list[str]:
        return [path for path in self.paths() if path != "/robots.txt"]

    def gaps(self) -> list[float]:
        times = [at for at, *_ in self.log]
        return [later - earlier for earlier, later in pairwise(times)]

    def wait_for(self, met: Callable[[], bool], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not met():
            assert time.monotonic() < end, self.paths()
            time.sleep(0.01)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        with self.server.lock:
            seen = (time.monotonic(), self.headers["Host"], self.path, self.headers.get("User-Agent", ""))
            self.server.log.append(seen)
            given = self.server.answers.get(self.path, Answer())
            answer = (given.pop(0) if len(given) > 1 else given[0]) if isinstance(given, list) else given
        time.sleep(answer.wait)
        if answer.held:
            answer.held.wait(60)
        try:
            self._send(answer)
        except OSError:  # the crawler went away: killed, or tired of waiting
            self.close_connection = True

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Type": "text/html", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) - answer.missing])
        self.wfile.flush()
        self.close_connection = self.close_connection or bool(answer.missing)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield serving
    serving.shutdown()
    serving.server_close()


class Crawls:
    """Runs `cmtmedqa crawl` on a plan for the scripted server, in a process of its own."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base = folder, base
        self.raw = folder / "raw"
        self.started: list[subprocess.Popen[str]] = []
        self.site = self.raw / "t"

    def plan(self, seeds: Sequence[str] = ("/",), **changes: Any) -> Path:
        values = {
            "site": "t",
            "base": self.base,
            "seeds": [seed if "://" in seed else "{base}" + seed for seed in seeds],
            "allow": ["{base}/.*"],
            "terms": {"url": "{base}/terms", "checked_by": "us", "checked_on": "2026-01-01"},
            "delay": 0,
            "backoff": 0.05,
            "timeout": 5,
        } | changes
        path = self.folder / "t.yaml"
        path.write_text(yaml.safe_dump({key: value for key, value in values.items() if value is not None}))
        return path

    def start(self, *arguments: str, code: str = MAIN) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", code, "crawl", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "300"},
        )  # fmt: skip
        self.started.append(process)
        return process

    def command(self, *arguments: str, code: str = MAIN, **environment: str) -> "subprocess.CompletedProcess[str]":
        first = code.removesuffix(MAIN)
        done = command.run("crawl", *arguments, cwd=self.folder, timeout=90, first=first, COLUMNS="300", **environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def run(
        self, seeds: Sequence[str] = ("/",), code: str = MAIN, rc: int = 0, **changes: Any
    ) -> "subprocess.CompletedProcess[str]":
        plan = self.plan(seeds, **changes)
        done = self.command(str(plan), "--contact", "t@example.org", code=code)
        assert done.returncode == rc, done.stderr
        return done

    def rows(self) -> dict[str, tuple[str, str | None]]:
        """State and reason by path."""
        with sqlite3.connect(self.site / "frontier.sqlite") as db:
            found = db.execute("SELECT url, state, reason FROM pages").fetchall()
        return {url.removeprefix(self.base): (state, reason) for url, state, reason in found}

    def status(self) -> dict[str, Any]:
        """What `crawl status` reads, without a process for it."""
        return status.read(self.site)

    def faults(self) -> list[str]:
        """What `crawl status --check` finds wrong."""
        return list(check.faults(self.site))

    def stored(self) -> list[tuple[str, bytes, dict[str, str]]]:
        """Path, body and HTTP headers of every stored page, as warcio reads them."""
        from warcio.archiveiterator import ArchiveIterator

        found = []
        for path in sorted(self.site.glob("*.warc.gz")):
            with path.open("rb") as stream:
                for record in ArchiveIterator(stream, check_digests=True):
                    if record.rec_type == "response":
                        body = record.raw_stream.read()
                        assert record.digest_checker.passed is True
                        url = record.rec_headers.get_header("WARC-Target-URI")
                        found.append((url.removeprefix(self.base), body, dict(record.http_headers.headers)))
        return found


@pytest.fixture
def crawls(tmp_path: Path, server: Server) -> Iterator[Crawls]:
    started = Crawls(tmp_path, server.base)
    yield started
    for process in started.started:
        if process.returncode is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    with running(Replica(pages=90)) as serving:
        yield serving


@pytest.fixture(scope="session")
def collected(replica: Replica, tmp_path_factory: pytest.TempPathFactory) -> Crawls:
    crawls = Crawls(tmp_path_factory.mktemp("replica"), replica.base)
    done = crawls.command("demo", "--contact", "t@example.org", "--base", replica.base)
    assert done.returncode == 0, done.stderr
    crawls.site = crawls.raw / "demo"
    return crawls
