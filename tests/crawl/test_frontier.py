"""Nothing lost, nothing twice: kills at any moment, every way a request can end, a disk that is full."""

import json
import random
import sqlite3
import threading
from pathlib import Path

import pytest

from cmtmedqa.crawl.frontier import Ending, Frontier, Stored, fingerprint
from cmtmedqa.errors import InputError
from tests.crawl.conftest import MAIN, Answer, Crawls, Server, page

CONCURRENCY = 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_three_kills_lose_nothing_and_store_nothing_twice(seed: int, server: Server, crawls: Crawls) -> None:
    count, chance = 200, random.Random(seed)
    server.answers["/"] = page(*[f"/{number}" for number in range(1, count)])
    for number in range(1, count):
        server.answers[f"/{number}"] = Answer(f"<html>page {number} {'x' * 3000}</html>".encode(), wait=0.02)
    plan = str(crawls.plan(concurrency=CONCURRENCY))
    in_flight = 0
    for _ in range(3):
        target = len(server.pages()) + chance.randrange(5, 50)
        process = crawls.start(plan, "--contact", "t@example.org")
        server.wait_for(lambda: len(server.pages()) >= target)  # noqa: B023
        process.kill()
        process.communicate()
        with sqlite3.connect(crawls.site / "frontier.sqlite") as db:
            (taken,) = db.execute("SELECT count(*) FROM pages WHERE state='in_flight'").fetchone()
        assert taken <= CONCURRENCY
        in_flight += taken
    crawls.run(concurrency=CONCURRENCY)

    wanted = {"/"} | {f"/{number}" for number in range(1, count)}
    stored = crawls.stored()
    assert sorted(path for path, *_ in stored) == sorted(wanted)
    assert all(f"page {path[1:]} " in body.decode() for path, body, _ in stored if path != "/")
    assert {state for state, _ in crawls.rows().values()} == {"done"}
    assert len(server.pages()) - len(wanted) <= in_flight
    assert crawls.faults() == []


ENDINGS = {
    "/page": ("done", None),
    "/missing": ("failed", "http_404"),
    "/broken": ("failed", "http_500"),
    "/busy": ("failed", "http_429"),
    "/short": ("failed", "ResponseDataLossError"),
    "/slow": ("failed", "DownloadTimeoutError"),
    "/large": ("failed", "too_large"),
    "/cookie": ("failed", "cookie_page"),
    "/no/1": ("denied", "robots_disallowed"),
    "/self": ("failed", "redirect_to_itself"),
    "/away": ("denied", "redirect_outside_the_plan"),
    "/nowhere": ("failed", "bad_redirect"),
    "/unread": ("done", "links_unread: ValueError"),
    "/once": ("done", None),
}


def test_every_ending_is_acknowledged(server: Server, crawls: Crawls) -> None:
    server.answers |= {
        "/robots.txt": Answer(b"User-agent: *\nDisallow: /no/\n"),
        "/missing": Answer(b"", 404),
        "/broken": Answer(b"", 500),
        "/busy": Answer(b"", 429),
        "/short": Answer(b"x" * 1000, missing=10),
        "/slow": Answer(wait=1.5),
        "/large": Answer(b"x" * 200_000),
        "/cookie": Answer(b"<script>document.cookie='a=1';location.reload()</script>"),
        "/self": Answer(b"", 301, {"Location": "/self"}),
        "/away": Answer(b"", 302, {"Location": "http://elsewhere.invalid/"}),
        "/nowhere": Answer(b"", 302, {"Location": "mailto:a@b.c"}),
        "/once": [Answer(b"", 502), Answer()],
    }
    broken = (
        "from cmtmedqa.crawl import links; find = links.find\n"
        "def bad(plan, url, text):\n"
        "    if url.endswith('/unread'): raise ValueError\n"
        "    return find(plan, url, text)\n"
        "links.find = bad\n" + MAIN
    )
    crawls.run(list(ENDINGS), code=broken, concurrency=4, retries=1, timeout=0.8, max_bytes=100_000)
    assert crawls.rows() == ENDINGS
    assert sorted(path for path, *_ in crawls.stored()) == ["/once", "/page", "/unread"]
    tried = {path: server.pages().count(path) for path in ENDINGS}
    assert {path for path, count in tried.items() if count == 2} == {
        "/broken", "/busy", "/short", "/slow", "/cookie", "/once",
    }  # fmt: skip
    before = len(server.log)
    crawls.run(list(ENDINGS))
    assert len(server.log) == before  # nothing left over that is fetched at each start


def test_a_chain_of_redirects_keeps_its_rows_and_a_loop_ends(server: Server, crawls: Crawls) -> None:
    for number in range(3):
        server.answers[f"/c{number}"] = Answer(b"", 301, {"Location": f"/c{number + 1}"})
    server.answers["/l0"] = Answer(b"", 302, {"Location": "/l1"})
    server.answers["/l1"] = Answer(b"", 302, {"Location": "/l0"})
    crawls.run(["/c0", "/l0"])
    rows = crawls.rows()
    assert [rows[f"/c{number}"] for number in range(4)] == [
        *[("done", f"redirect to {server.base}/c{number}") for number in (1, 2, 3)],
        ("done", None),
    ]
    assert sorted(server.pages()) == ["/c0", "/c1", "/c2", "/c3", "/l0", "/l1"]
    assert [path for path, *_ in crawls.stored()] == ["/c3"]


def test_an_endless_chain_of_redirects_ends(server: Server, crawls: Crawls) -> None:
    for number in range(20):
        server.answers[f"/{number}"] = Answer(b"", 302, {"Location": f"/{number + 1}"})
    crawls.run(["/0"])
    assert len(server.pages()) == 11
    assert crawls.rows()["/10"] == ("failed", "too_many_redirects")


def test_a_second_process_is_refused(server: Server, crawls: Crawls) -> None:
    release = threading.Event()
    server.answers["/"] = Answer(held=release)
    first = crawls.start(str(crawls.plan(timeout=60)), "--contact", "t@example.org")
    server.wait_for(lambda: "/" in server.paths())
    assert "another process is crawling this site" in crawls.run(rc=2).stderr
    assert "another process" in crawls.command("retry-failed", "t").stderr
    looked = crawls.command("status", "t", "--json")
    assert json.loads(looked.stdout)["pages"]["in_flight"] == 1  # a look is allowed
    release.set()
    first.communicate(timeout=30)
    assert first.returncode == 0
    assert server.pages() == ["/"]


FULL = "import os, errno\ncount = 0\n{body}\n" + MAIN
ON_SYNC = """
sync = os.fdatasync
def full(handle):
    global count
    count += 1
    if count > 2: raise OSError(errno.ENOSPC, 'No space left on device')
    sync(handle)
os.fdatasync = full
"""
ON_WRITE = """
from cmtmedqa.crawl import warc
write = warc.WarcSink.write
def full(self, exchange):
    global count
    count += 1
    if count > 2:
        self._file.write(b'half a rec')
        raise OSError(errno.ENOSPC, 'No space left on device')
    return write(self, exchange)
warc.WarcSink.write = full
"""


ON_COMMIT = """
import sqlite3
from cmtmedqa.crawl.frontier import Frontier
acknowledge = Frontier.acknowledge
def full(self, endings):
    global count
    count += bool(endings)
    if count > 2: raise sqlite3.OperationalError('No space left on device')
    acknowledge(self, endings)
Frontier.acknowledge = full
"""


@pytest.mark.parametrize("body", [ON_SYNC, ON_WRITE, ON_COMMIT], ids=["sync", "write", "commit"])
def test_a_full_disk_ends_the_crawl_and_no_page_is_done_without_its_record(
    body: str, server: Server, crawls: Crawls
) -> None:
    seeds = [f"/{number}" for number in range(8)]
    done = crawls.run(seeds, rc=2, code=FULL.format(body=body))
    assert done.stderr.strip().endswith(
        "cannot be written to: No space left on device; nothing is lost, make room and run it again"
    )
    states = [state for state, _ in crawls.rows().values()]
    assert states.count("done") == 2
    assert states.count("queued") == 6
    crawls.run(seeds)
    assert sorted(path for path, *_ in crawls.stored()) == seeds
    assert crawls.faults() == []


def test_an_interrupt_ends_in_order_and_the_next_run_goes_on(server: Server, crawls: Crawls) -> None:
    import signal

    for number in range(6):
        server.answers[f"/{number}"] = Answer(wait=0.2)
    seeds = [f"/{number}" for number in range(6)]
    process = crawls.start(str(crawls.plan(seeds)), "--contact", "t@example.org")
    server.wait_for(lambda: len(server.pages()) >= 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again to resume" in err
    crawls.run(seeds)
    assert sorted(server.pages()) == seeds
    assert sorted(path for path, *_ in crawls.stored()) == seeds


def test_max_pages_ends_a_crawl_that_a_later_run_continues(server: Server, crawls: Crawls) -> None:
    seeds = [f"/{number}" for number in range(6)]
    crawls.run(seeds, max_pages=2, concurrency=4)
    assert len(server.pages()) == 2
    crawls.run(seeds)
    assert sorted(server.pages()) == seeds


def test_a_changed_plan_holds_for_what_is_queued_already(server: Server, crawls: Crawls) -> None:
    seeds = ["/a", "/b", "/c"]
    crawls.run(seeds, max_pages=1)
    crawls.run(["/b"], allow=["{base}/b"])
    assert server.pages() == ["/a", "/b"]
    assert crawls.rows()["/c"] == ("denied", "outside_the_plan")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/x?b=1&a=2", "http://a/x?a=2&b=1", True),
        ("http://a/x#top", "http://a/x", True),
        ("http://A/x", "http://a/x", True),
        ("http://a/x", "http://a/X", False),
        ("http://a/x?p=1", "http://a/x?p=2", False),
    ],
)
def test_spellings_of_one_address_are_one_row(one: str, other: str, same: bool) -> None:
    assert (fingerprint(one) == fingerprint(other)) is same


def test_an_acknowledgement_is_one_transaction(tmp_path: Path) -> None:
    frontier = Frontier(tmp_path)
    with frontier:
        frontier.add(["http://a/1", "http://a/2"])
    first, second = frontier.take(), frontier.take()
    assert first
    assert second
    with pytest.raises(sqlite3.Error):
        frontier.acknowledge(
            [
                Ending(first, "done", links=["http://a/3"], stored=Stored("f", 0, 1, "d", 1)),
                Ending(second, None),  # type: ignore[arg-type]
            ]
        )
    assert [state for (state,) in frontier.db.execute("SELECT state FROM pages")] == ["in_flight", "in_flight"]
    frontier.close()


def test_a_frontier_of_another_version_is_refused(tmp_path: Path) -> None:
    Frontier(tmp_path).close()
    with sqlite3.connect(tmp_path / "frontier.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(InputError, match="written by another version"):
        Frontier(tmp_path)


def test_a_file_that_is_no_frontier_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frontier.sqlite").write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    with pytest.raises(InputError, match="not a frontier"):
        Frontier(tmp_path)
