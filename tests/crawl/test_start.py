"""What a crawl refuses to start with, and what it never opens."""

import re
import stat
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.crawl.engine import settings, user_agent
from cmtmedqa.crawl.frontier import Frontier
from cmtmedqa.crawl.plan import load_plan, shipped
from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.sites import catalog
from tests.crawl.conftest import MAIN, Answer, Crawls, Server, page


def test_without_a_contact_nothing_is_sent(server: Server, crawls: Crawls) -> None:
    done = crawls.command(str(crawls.plan()))
    assert done.returncode == 2
    assert done.stderr.strip().startswith("error: --contact: name an e-mail address or a web page")
    assert not server.log
    assert not crawls.raw.exists()


@pytest.mark.parametrize("contact", ["", "me", "me@", "http://", "me@example.org nobody", "a@b.c; rm"])
def test_a_contact_that_reaches_nobody_is_refused(contact: str) -> None:
    with pytest.raises(ConfigError, match="--contact: name an e-mail address or a web page"):
        user_agent(contact)


def test_a_contact_is_an_address_or_a_page() -> None:
    assert user_agent("a@b.cn").endswith("(mailto:a@b.cn)")
    assert user_agent("https://b.cn/bot a@b.cn").endswith("(+https://b.cn/bot; mailto:a@b.cn)")


@pytest.mark.parametrize("terms", [None, {}])
def test_without_terms_of_use_nothing_is_sent(terms: object, server: Server, crawls: Crawls) -> None:
    done = crawls.run(rc=2, terms=terms)
    assert "key 'terms' is missing; read the site's terms of use" in done.stderr
    assert not server.log


@pytest.mark.parametrize("missing", ["url", "checked_by", "checked_on"])
def test_terms_say_who_read_them_and_when(missing: str, crawls: Crawls) -> None:
    terms = {"url": "u", "checked_by": "us", "checked_on": "2026-01-01"}
    del terms[missing]
    with pytest.raises(ConfigError, match=rf"key 'terms\.{missing}' is missing"):
        load_plan(str(crawls.plan(terms=terms)))


@pytest.mark.parametrize("variable", ["JOBDIR", "SCRAPY_JOBDIR"])
def test_scrapy_s_own_queue_is_refused(variable: str, server: Server, crawls: Crawls) -> None:
    done = crawls.command(str(crawls.plan()), "--contact", "t@example.org", **{variable: "jobs"})
    assert done.returncode == 2
    assert "JOBDIR is set" in done.stderr
    assert not server.log


def _listening(pid: int) -> list[str]:
    """Local addresses on which a process listens, from /proc."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(str(entry.readlink()))
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_running_crawl_listens_nowhere(server: Server, crawls: Crawls) -> None:
    release = threading.Event()
    server.answers["/"] = Answer(held=release)
    process = crawls.start(str(crawls.plan(timeout=60)), "--contact", "t@example.org")
    server.wait_for(lambda: "/" in server.paths())
    assert _listening(process.pid) == []
    release.set()
    assert process.wait(timeout=30) == 0
    process.communicate()


def test_remote_control_telnet_and_jitter_are_off() -> None:
    values = settings(load_plan("demo"), "x")
    assert not values["REMOTE_CONTROL_ENABLED"]
    assert not values["TELNETCONSOLE_ENABLED"]
    assert values["DOWNLOAD_DELAY_JITTER"] == 0
    assert "JOBDIR" not in values


def test_raw_pages_are_for_their_owner_alone(server: Server, crawls: Crawls) -> None:
    crawls.run()
    assert stat.S_IMODE(crawls.site.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in crawls.site.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delays": 3}, "unknown key 'delays'; did you mean 'delay'?"),
        ({"allow": ["("]}, "is no regular expression"),
        ({"seeds": ["ftp://x/"]}, "is no http address"),
        ({"seeds": ["{base}/a"], "allow": ["{base}/b"]}, "matches no pattern of `allow`"),
        ({"base": "http://site.invalid", "delay": 0.5}, "delay 0.5 is below 1 s"),
        ({"site": "../x"}, "key 'site'"),
        ({"concurrency": 99}, "key 'concurrency'"),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused(changes: dict[str, Any], message: str, crawls: Crawls) -> None:
    with pytest.raises(ConfigError) as error:
        load_plan(str(crawls.plan(**{"seeds": ["/"], **changes})))
    assert message in str(error.value)


def test_a_plan_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"demoo: no such site; did you mean 'demo'.*discuz.*haodf"):
        load_plan("demoo")


@pytest.mark.parametrize("name", shipped())
def test_shipped_plans_are_valid_and_state_their_terms(name: str) -> None:
    plan = load_plan(name)
    assert plan.site == name
    assert plan.terms.checked_on


def test_without_scrapy_the_line_that_installs_it_is_named(crawls: Crawls, server: Server) -> None:
    plan = str(crawls.plan())
    process = crawls.start(plan, "--contact", "t@example.org", code="import sys; sys.modules['scrapy'] = None\n" + MAIN)
    _, err = process.communicate(timeout=90)
    assert process.returncode == 2
    assert "pip install 'cmtmedqa[crawl]'" in err


def test_what_was_removed_on_request_is_not_fetched_again(server: Server, crawls: Crawls) -> None:
    from cmtmedqa.build.trace import url_hash

    listed = crawls.folder / "forgotten.txt"
    listed.write_text(f"url {url_hash(server.base + '/1')}\n")
    plan = str(crawls.plan(["/1", "/2"]))
    crawls.command(plan, "--contact", "t@example.org", CMTMEDQA_FORGOTTEN=str(listed))
    assert server.pages() == ["/2"]
    assert crawls.rows()["/1"] == ("denied", "forgotten")


def test_nothing_but_counts_and_times_is_printed(server: Server, crawls: Crawls) -> None:
    server.answers["/"] = [Answer(b"", 500), Answer(b"secret text")]
    done = crawls.run()
    assert not re.search("secret", done.stdout + done.stderr)
    assert "t: 0 queued, 0 in flight, 1 done, 0 denied, 0 failed" in done.stdout


SPEC = """site: t
version: 1
terms: {{checked_by: us, checked_on: 2026-01-01, note: ours, cleared: {cleared}}}
delay: 0
start: [{base}/start]
allow: ['^{base}/']
follow: ['/list/\\d+$']
page: ['/q/(?P<id>\\d+)$']
layouts: [{{name: x, turns: [{{role: doctor, text: [p]}}]}}]
"""


def _spec(crawls: Crawls, cleared: str) -> None:
    (crawls.folder / "sites").mkdir()
    (crawls.folder / "sites" / "t.yaml").write_text(SPEC.format(base=crawls.base, cleared=cleared))


def test_a_site_spec_is_a_plan_too(server: Server, crawls: Crawls) -> None:
    _spec(crawls, "true")
    server.answers["/start"] = page("/list/1", "/about", "/q/1")
    server.answers["/list/1"] = page("/q/2", "/q/2/print", "http://elsewhere.invalid/q/3")
    done = crawls.command("t", "--contact", "t@example.org")
    assert done.returncode == 0, done.stderr
    assert sorted(server.pages()) == ["/list/1", "/q/1", "/q/2", "/start"]


@pytest.mark.parametrize("site", ["t", "haodf"])
def test_a_site_whose_terms_are_not_cleared_is_not_crawled(
    site: str, crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    _spec(crawls, "false")
    monkeypatch.chdir(crawls.folder)
    with pytest.raises(ConfigError, match=f"{site}: its terms of use are not cleared") as error:
        load_plan(site)
    assert ("site show haodf > sites/haodf.yaml" in str(error.value)) is (site == "haodf")


@pytest.mark.parametrize("name", [path.stem for path in catalog.paths()])
def test_no_bundled_spec_of_a_real_site_claims_cleared_terms(name: str) -> None:
    assert catalog.find(name)[0].terms.cleared is (name == "demo")


def test_a_computer_without_file_locks_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(InputError, match="on Windows run it in WSL"):
        Frontier(tmp_path)
