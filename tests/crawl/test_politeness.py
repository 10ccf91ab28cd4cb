"""How fast, how long to wait, and when to leave a site alone: measured where it counts, at the server."""

import re
import sqlite3
import time
from email.utils import formatdate

import pytest

from cmtmedqa.crawl.verdict import retry_after
from tests.crawl.conftest import MAIN, Answer, Crawls, Server

EARLY = 0.08  # a request may leave on time and the one before it may have arrived this much late

# Scrapy drops a slot that was idle for a minute and builds a new one from the settings; here it drops it at once.
DROPPING = (
    "from scrapy.core.downloader import Downloader as D\n"
    "D._SLOT_GC_INTERVAL = 0.05; drop = D._slot_gc\n"
    "D._slot_gc = lambda self, age=0: drop(self, 0)\n" + MAIN
)


def busy(after: str | None, status: int = 429) -> Answer:
    return Answer(b"", status, {} if after is None else {"Retry-After": after})


def test_twenty_requests_keep_the_delay(server: Server, crawls: Crawls) -> None:
    crawls.run([f"/{number}" for number in range(19)], delay=0.3, concurrency=4)
    assert len(server.log) == 20
    assert min(server.gaps()) >= 0.3 - EARLY


@pytest.mark.parametrize("rule", ["Crawl-delay: 1", "Request-rate: 1/1s"])
def test_a_slower_pace_asked_for_by_robots_txt_is_kept(rule: str, server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = Answer(f"User-agent: *\n{rule}\n".encode())
    crawls.run(["/1", "/2", "/3"], concurrency=3)
    assert len(server.log) == 4
    assert min(server.gaps()) >= 1 - EARLY
    assert crawls.status()["robots"][0]["delay"] == 1


def test_a_plan_that_is_slower_than_robots_txt_stays_so(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.1\n")
    crawls.run(["/1", "/2"], delay=0.6)
    assert min(server.gaps()) >= 0.6 - EARLY


@pytest.mark.slow
def test_the_pace_outlives_a_slot_that_was_dropped(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 1\n")
    server.answers["/1"] = [busy("3"), Answer()]  # long enough for the slot to be dropped
    crawls.run(["/1", "/2", "/3"], code=DROPPING)
    assert min(server.gaps()) >= 1 - EARLY
    assert max(server.gaps()) >= 3 - EARLY


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_pauses_every_request_of_the_site(status: int, server: Server, crawls: Crawls) -> None:
    server.answers["/0"] = [busy("5", status), Answer()]
    for number in range(1, 4):
        server.answers[f"/{number}"] = Answer(wait=0.3)
    crawls.run([f"/{number}" for number in range(12)], concurrency=4)
    arrived = [at for at, _, path, _ in server.log if path == "/0"]
    first, second = arrived
    sent_before = {path for at, _, path, _ in server.log if at < first + 0.5}
    assert sent_before <= {"/robots.txt", "/0", "/1", "/2", "/3"}
    assert not [path for at, _, path, _ in server.log if first + 0.5 <= at < first + 5 - EARLY]
    assert second >= first + 5 - EARLY
    assert {state for state, _ in crawls.rows().values()} == {"done"}


def test_requests_already_in_the_slot_wait_too(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.3\n", wait=0.3)
    server.answers["/0"] = [busy("2"), Answer()]
    crawls.run(
        [f"/{number}" for number in range(4)], concurrency=4
    )  # all four wait for robots.txt, then queue in the slot
    after = [at for at, _, path, _ in server.log if path != "/robots.txt"]
    assert after[1] - after[0] >= 2 - EARLY


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("Tue, 14 Nov 2023 22:14:20", 60.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        (None, None),
        ("Mon, 99 Foo 2023 99:99:99 GMT", None),
        ("9" * 400, None),
    ],
)
def test_what_a_retry_after_header_asks_for(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_an_http_date_pauses_as_seconds_do(server: Server, crawls: Crawls) -> None:
    until = int(time.time()) + 20  # a busy machine takes its time to start the crawl
    server.answers["/1"] = [busy(formatdate(until, usegmt=True)), Answer()]
    crawls.run(["/1"])
    first, second = (at + time.time() - time.monotonic() for at, _, path, _ in server.log if path == "/1")
    assert first < until - EARLY <= second


def test_an_unreadable_retry_after_falls_back_to_the_plan_s_back_off(server: Server, crawls: Crawls) -> None:
    server.answers["/1"] = [busy("soon"), busy(None), Answer()]
    crawls.run(["/1"], backoff=0.4)
    times = [at for at, _, path, _ in server.log if path == "/1"]
    assert times[1] - times[0] >= 0.4 - EARLY
    assert times[2] - times[1] >= 0.8 - EARLY


def test_a_wait_beyond_the_plan_s_limit_parks_the_site(server: Server, crawls: Crawls) -> None:
    server.answers["/1"] = busy("9000")
    done = crawls.run([f"/{number}" for number in (1, 2, 3)], rc=2)
    assert "error: t: parked" in done.stderr
    assert server.pages() == ["/1"]
    assert "asked to be left alone until" in crawls.run(rc=2).stderr
    assert server.pages() == ["/1"]
    assert {state for state, _ in crawls.rows().values()} == {"queued"}


@pytest.mark.slow
def test_a_kill_during_a_pause_does_not_shorten_it(server: Server, crawls: Crawls) -> None:
    server.answers["/1"] = [busy("6"), Answer()]
    plan = str(crawls.plan(["/1", "/2"]))
    process = crawls.start(plan, "--contact", "t@example.org")
    server.wait_for(lambda: "/1" in server.paths())
    paused = crawls.site / "frontier.sqlite"

    def noted() -> bool:
        with sqlite3.connect(paused) as db:
            return bool(db.execute("SELECT 1 FROM site WHERE key='not_before'").fetchall())

    server.wait_for(noted)
    process.kill()
    process.communicate()
    crawls.run(["/1", "/2"])
    times = [at for at, _, path, _ in server.log if path != "/robots.txt"]
    assert min(at for at in times[1:]) - times[0] >= 6 - EARLY
    assert crawls.rows()["/1"] == crawls.rows()["/2"] == ("done", None)


def test_two_hosts_of_one_plan_share_one_slot(server: Server, crawls: Crawls) -> None:
    other = server.base.replace("127.0.0.1", "localhost")
    seeds = [host + f"/{number}" for number in range(3) for host in (server.base, other)]
    crawls.run(seeds, allow=["{base}/.*", f"{other}/.*"], delay=0.3, concurrency=4)
    assert len({host for _, host, _, _ in server.log}) == 2
    assert len(server.log) == 8
    assert min(server.gaps()) >= 0.3 - EARLY


CAPTCHA = Answer("<html><title>安全验证</title>请拖动滑块</html>".encode("gb18030"))
LOGIN = Answer("<html><title>用户登录 - 某站</title></html>".encode())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(b"no", 403), "http_403"),
        (Answer(b"who?", 401), "http_401"),
        (Answer(b"no", 403, {"Retry-After": "1"}), "http_403"),
        (CAPTCHA, "login_or_verification_page"),
        (LOGIN, "login_or_verification_page"),
        (Answer(b"<html><script src='https://x.invalid/geetest.js'></script></html>"), "captcha_page"),
        (Answer(b"", 302, {"Location": "/passport/login?back=/1"}), "login_or_verification_redirect"),
        (Answer("<html>亲，您访问过快</html>".encode("gb18030")), "wall_of_the_plan"),
    ],
)
def test_a_refusal_ends_the_crawl(answer: Answer, reason: str, server: Server, crawls: Crawls) -> None:
    seeds = [f"/{number}" for number in range(6)]
    server.answers["/1"] = answer
    done = crawls.run(seeds, rc=2, walls=["您访问过快"])
    assert f"error: t: stopped: {reason}" in done.stderr
    assert server.pages() == ["/0", "/1"]
    assert crawls.rows()["/1"] == ("failed", reason)
    assert [state for state, _ in crawls.rows().values()].count("queued") == 4
    assert "/1" not in [path for path, *_ in crawls.stored()]


def test_a_site_that_refused_is_left_alone_until_its_owner_agrees(server: Server, crawls: Crawls) -> None:
    seeds = ["/0", "/1", "/2"]
    server.answers["/1"] = Answer(b"", 403)
    crawls.run(seeds, rc=2)
    assert "refused an earlier crawl" in crawls.run(seeds, rc=2).stderr
    assert server.pages() == ["/0", "/1"]
    assert "1 pages queued again" in crawls.command("retry-failed", "t").stdout
    server.answers["/1"] = Answer()
    crawls.run(seeds)
    assert {state for state, _ in crawls.rows().values()} == {"done"}


def test_a_refusal_stops_what_waits_in_the_slot(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = Answer(b"User-agent: *\nCrawl-delay: 0.3\n", wait=0.3)
    server.answers["/0"] = Answer(b"", 403)
    crawls.run([f"/{number}" for number in range(4)], concurrency=4, rc=2)
    assert server.pages() == ["/0"]
    assert [state for state, _ in crawls.rows().values()].count("queued") == 3


def test_a_question_about_captchas_is_no_wall(server: Server, crawls: Crawls) -> None:
    server.answers["/1"] = Answer("<html><title>咳嗽</title>验证码收不到，请登录后再问</html>".encode())
    crawls.run(["/1"])
    assert crawls.rows()["/1"] == ("done", None)


def test_every_request_carries_the_contact(server: Server, crawls: Crawls) -> None:
    crawls.run(["/1"])
    agents = {agent for *_, agent in server.log}
    assert len(agents) == 1
    assert re.fullmatch(r"cmtmedqa/\S+ \(mailto:t@example\.org\)", agents.pop())
