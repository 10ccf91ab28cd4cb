"""The replica site, crawled as the tutorial does it: everything that may be collected is, once, byte for byte."""

import io
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console

from cmtmedqa.crawl import show
from cmtmedqa.crawl.replica import Replica, running
from cmtmedqa.crawl.replica_site import FAULTS, LOST, SKINS, build
from tests.crawl.conftest import CHECKOUT, MAIN, Crawls

SOFT = {"private", "gone", "wrong_page"}


def test_every_record_of_the_manifest_is_collected_once(replica: Replica, collected: Crawls) -> None:
    stored = [path for path, *_ in collected.stored()]
    assert len(stored) == len(set(stored))
    expected = {path for item in replica.site.manifest if item["collected"] for path in item["paths"]}
    lost = {path for item in replica.site.manifest if not item["collected"] for path in item["paths"]}
    assert expected <= set(stored)
    assert {item["fault"] for item in replica.site.manifest} >= set(FAULTS)
    soft = {path for item in replica.site.manifest if item["fault"] in SOFT for path in item["paths"]}
    assert lost & set(stored) == soft  # an answer like any other; parsing rejects it


def test_bytes_are_those_that_the_site_sent(replica: Replica, collected: Crawls) -> None:
    for path, body, _ in collected.stored():
        assert body == replica.site.pages[path].body, path


def test_reasons_are_given_for_what_was_lost(replica: Replica, collected: Crawls) -> None:
    rows = collected.rows()
    fault = {item["paths"][0]: item["fault"] for item in replica.site.manifest}
    reasons = {
        "home": ("done", f"redirect to {replica.base}/"),
        "missing": ("failed", "http_404"),
        "cookie": ("failed", "cookie_page"),
        "private": ("done", None),
    }
    for path, name in fault.items():
        if name in reasons:
            assert rows[path] == reasons[name]
    assert rows["/private/notes.htm"] == ("denied", "robots_disallowed")
    assert not {state for state, _ in rows.values()} & {"queued", "in_flight"}


def test_the_server_saw_no_forbidden_path_and_bounded_requests(replica: Replica, collected: Crawls) -> None:
    paths = [seen.path for seen in replica.log]
    assert "/private/notes.htm" not in paths
    assert "/private/open/terms.htm" in paths
    assert {seen.agent for seen in replica.log} == {next(iter(replica.log)).agent}
    assert len(paths) <= len(collected.rows()) + 3 * len(FAULTS)


def test_the_long_page_is_whole(replica: Replica, collected: Crawls) -> None:
    (item,) = (item for item in replica.site.manifest if item["fault"] == "long")
    messages = [turn["text"] for turns in item["answers"] for turn in turns]
    assert len(messages) >= 600
    address = item["paths"][0]
    text = "".join(
        body.decode("gb18030" if item["skin"] != "dxy" else "utf-8")
        for path, body, _ in collected.stored()
        if path.startswith(address)
    )
    assert all(message.split("，")[0] in text for message in messages)


def test_the_same_seed_gives_the_same_site_and_another_one_does_not() -> None:
    assert build(3, 40) == build(3, 40)
    assert build(3, 40).pages != build(4, 40).pages


def test_the_skins_and_charsets_are_what_they_claim() -> None:
    site = build(1, 200)
    assert {item["skin"] for item in site.manifest} == set(SKINS)
    by_fault = {item["fault"]: item for item in site.manifest}
    lying = site.pages[by_fault["utf8_as_gb2312"]["paths"][0]]
    assert b'charset="gb2312"' in lying.body
    lying.body.decode("utf-8")
    bare = site.pages[by_fault["no_charset"]["paths"][0]]
    assert b"charset" not in bare.body
    assert dict(bare.headers)["Content-Type"] == "text/html"
    stated = site.pages[by_fault["header_only"]["paths"][0]]
    assert b"charset=" not in stated.body
    assert "charset=" in dict(stated.headers)["Content-Type"]
    assert set(LOST) & set(FAULTS) <= {item["fault"] for item in site.manifest}


def test_demo_site_serves_on_this_computer_only_and_prints_its_address() -> None:
    import os
    import urllib.request

    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "demo-site", "--port", "0", "--pages", "5"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout
    line, command = process.stdout.readline(), process.stdout.readline()
    base = line.split()[2].rstrip("/")
    assert base.startswith("http://127.0.0.1:")
    assert f"--base {base}" in command
    assert b"haodf15" in urllib.request.urlopen(base + "/").read()
    process.terminate()
    process.communicate()


def test_a_taken_port_is_one_line(tmp_path: Path, replica: Replica) -> None:
    done = Crawls(tmp_path, replica.base)
    process = subprocess.run(
        [sys.executable, "-c", MAIN, "demo-site", "--port", str(replica.server_port)],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=60,
    )  # fmt: skip
    assert done.base == replica.base
    assert process.returncode == 2
    assert process.stderr.startswith(f"error: port {replica.server_port} of 127.0.0.1 cannot be used")


def test_a_site_that_answers_429_above_a_rate_is_crawled_without_loss(tmp_path: Path) -> None:
    with running(Replica(pages=12, faults=(), per_second=15)) as serving:
        crawls = Crawls(tmp_path, serving.base)
        done = crawls.command("demo", "--contact", "t@example.org", "--base", serving.base)
        crawls.site = crawls.raw / "demo"
        assert done.returncode == 0, done.stderr
        stored = {path for path, *_ in crawls.stored()}
        assert {path for item in serving.site.manifest for path in item["paths"]} <= stored


def _session(**frontier: object) -> SimpleNamespace:
    counts = {"queued": 1200, "in_flight": 1, "done": 40, "denied": 2, "failed": 3}
    return SimpleNamespace(
        plan=SimpleNamespace(site="t"), stored=40, started=time.time() - 20, delay=2.0,
        frontier=SimpleNamespace(counts=counts, paused_until=lambda: frontier.get("until", 0.0)),
    )  # fmt: skip


def test_the_progress_line_tells_counts_rate_and_the_next_allowed_time() -> None:
    now = time.time()
    assert show.line(_session(), now).startswith("t: queued 1,200, fetched 40, denied 2, failed 3, 2.0/s, every 2 s")
    assert show.line(_session(until=now + 75), now).endswith("next allowed in 75 s")


def test_the_progress_line_never_wraps() -> None:
    assert show.cut("t: queued 1", 11) == "t: queued 1"
    assert show.cut("t: queued 1,200, fetched 40", 10) == "t: queued…"


def test_progress_shows_on_a_terminal_and_ends_with_the_block() -> None:
    written = io.StringIO()
    with show.progress(_session(), Console(force_terminal=True, width=200, file=written)):
        deadline = time.monotonic() + 30
        while "queued 1,200" not in written.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert "queued 1,200" in written.getvalue()
        assert _showing()
    assert not _showing()


def _showing() -> bool:
    return any(thread.name == show.THREAD for thread in threading.enumerate())
