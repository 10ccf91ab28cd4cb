"""The real server over real HTTP: what it shows, what it refuses, how it ends."""

import html
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from cmtmedqa.paths import package_file
from tests.command import run

PAGES = ["/", "/search", "/search?q=%E5%A4%B4", "/record/0", "/record/150", "/id?is=t3", "/absent", "/record/99999"]


def _links(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', text)]


def test_every_link_within_reach_leads_to_a_page(demo_server: Any) -> None:
    """Follows links of start, results and records; in both languages none may be broken."""
    waiting, seen = (
        ["/", "/?lang=zh", "/search?q=%E5%A4%B4%E7%97%9B", "/search?reason=deduplicate/near_duplicate"],
        set(),
    )
    while waiting and len(seen) < 80:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = demo_server.ask(path)
        assert answer.status in (200, 302), path
        if answer.status == 302:
            waiting.append(answer.headers["Location"])
        elif "html" in answer.headers["Content-Type"]:
            waiting += [link for link in _links(answer.text) if link.startswith("/")]
    assert len(seen) == 80


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_inert_and_keeps_nothing(server: Any, path: str) -> None:
    answer = server.ask(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search("unsafe|http|\\*|script-src", policy)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script|<img|\son\w+=|style=", answer.text)
    assert not [link for link in _links(answer.text) if not link.startswith(("/", "#"))]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_script_in_a_dialogue_an_id_a_raw_record_and_a_query_is_text(server: Any) -> None:
    texts = [server.ask("/search?q=" + quote(text)).text for text in ("<script>", 'onerror="', "</title><script>")]
    kept, unreadable = (number for number in re.findall(r"/record/(\d+)", texts[0])[:2])
    texts += [server.ask(f"/record/{number}").text for number in (kept, unreadable)]
    for text in texts:
        assert "&lt;script&gt;" in text or "onerror=&#34;" in text
        assert not re.search(r"<script|<img", text)


@pytest.mark.parametrize("path", PAGES)
def test_a_dataset_that_keeps_personal_data_says_so_on_every_page(server: Any, demo_server: Any, path: str) -> None:
    answer = server.ask(path)
    if answer.status == 302:
        answer = server.ask(answer.headers["Location"])
    assert "Built without de-identification" in answer.text
    assert "Built without de-identification" not in demo_server.ask(path).text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("LOCALHOST", 200),
        ("[::1]:{port}", 200),
        ("evil.example", 400),
        ("evil.example:{port}", 400),
        ("127.0.0.1.evil.example:{port}", 400),
        ("localhost.evil.example", 400),
        ("evil.example#127.0.0.1", 400),
        ("evil.example@127.0.0.1", 400),
        ("127.0.0.1/evil.example", 400),
        ("192.168.0.1:{port}", 400),
        ("0.0.0.0:{port}", 400),
        ("[::1", 400),
        ("<script>", 400),
        ("", 400),
    ],
)
def test_a_request_must_name_this_computer(server: Any, host: str, status: int) -> None:
    for path in ("/", "/record/0", "/static/style.css"):
        answer = server.ask(path, Host=host.format(port=server.port))
        assert answer.status == status
        assert status == 200 or "头痛" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_nothing_but_reading_is_possible(server: Any, method: str) -> None:
    for path in ("/", "/search", "/record/0", "/static/style.css"):
        answer = server.ask(path, method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"


def test_head_gives_no_text(server: Any) -> None:
    answer = server.ask("/record/0", "HEAD")
    assert (answer.status, answer.text) == (200, "")


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/..%2f..%2fetc/passwd"]
)
def test_no_file_outside_the_page_is_given(server: Any, path: str) -> None:
    answer = server.ask(path)
    assert answer.status == 404
    assert "import" not in answer.text


def test_the_language_follows_the_browser_and_the_switch_wins(demo_server: Any) -> None:
    assert '<html lang="en">' in demo_server.ask("/").text
    assert '<html lang="zh-Hans">' in demo_server.ask("/", Accept_Language="zh-CN,zh;q=0.9,en;q=0.8").text
    assert '<html lang="en">' in demo_server.ask("/", Accept_Language="fr,en;q=0.5").text
    page = demo_server.ask("/search?q=%E5%A4%B4&lang=en", Accept_Language="zh-CN").text
    assert '<html lang="en">' in page
    assert "/search?q=%E5%A4%B4&lang=zh" in _links(page), "the switch keeps the search"
    assert all(
        "lang=en" in link or "lang=zh" in link for link in _links(page) if link.startswith(("/record", "/search"))
    )


def test_a_record_says_why_in_both_languages(demo_server: Any) -> None:
    number = demo_server.ask("/id?is=a0020").headers["Location"]
    english, chinese = demo_server.ask(f"{number}?lang=en").text, demo_server.ask(f"{number}?lang=zh").text
    assert "d0020" in english
    assert "d0020" in chinese
    assert "nearly the same" in english
    assert "高度相似" in chinese


def test_pages_of_results_hold_every_record_once(demo_server: Any) -> None:
    seen: list[str] = []
    page = 1
    while True:
        text = demo_server.ask(f"/search?page={page}").text
        found = re.findall(r'class="id" href="/record/(\d+)', text)
        seen += found
        if 'rel="next"' not in text:
            break
        page += 1
    assert seen == [str(number) for number in range(417)]
    assert "417 records" in text
    beyond = demo_server.ask("/search?page=999999").text
    assert re.findall(r'class="id" href="/record/(\d+)', beyond) == found, "a page behind the last is the last"


def test_previous_and_next_stay_within_the_search(demo_server: Any) -> None:
    query = "reason=deduplicate/near_duplicate"
    numbers = re.findall(r'class="id" href="/record/(\d+)', demo_server.ask(f"/search?{query}").text)
    assert len(numbers) == 12
    walked, path = [], f"/record/{numbers[0]}?{query}"
    while path:
        walked.append(re.search(r"/record/(\d+)", path)[1])  # type: ignore[index]
        after = re.search(r'rel="next"[^>]*href="([^"]*)"', demo_server.ask(path).text)
        path = html.unescape(after[1]) if after else ""
    assert walked == numbers


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/record/99999", 404, "There is no record 99,999; there are"),
        ("/record/-1", 404, "There is no such page"),
        ("/record/" + "9" * 400, 404, "There is no record"),
        ("/id?is=absent%3Cb%3E", 404, "No record has the id absent&lt;b&gt;"),
        ("/id", 404, "No record has the id"),
        ("/search?q=" + "x" * 201, 400, "at most 200 characters"),
        ("/search?page=abc&status=nothing&split=nothing", 200, "Nothing found"),
        ("/search?page=%00&q=%00%ff%ed%a0%80", 200, "Nothing found"),
        ("/search?q=" + quote("\\E.*[("), 200, "Nothing found"),
    ],
)
def test_a_bad_address_gets_a_page_that_says_so(server: Any, path: str, status: int, words: str) -> None:
    answer = server.ask(path)
    assert answer.status == status
    assert words in answer.text


def test_a_dataset_that_is_built_again_is_opened_again(dataset: Path, demo: Path, start: Any, tmp_path: Path) -> None:
    folder = tmp_path / "data set"
    shutil.copytree(dataset, folder)
    server = start(folder)
    assert "Built without" in server.ask("/").text
    (folder / "manifest.json").rename(tmp_path / "manifest.json")
    answer = server.ask("/search")
    assert answer.status == 503
    assert "being built again" in answer.text
    shutil.rmtree(folder)
    shutil.copytree(demo, folder)
    assert "349 of 417" in server.ask("/").text


def test_a_file_that_vanishes_is_a_page_without_a_traceback(dataset: Path, start: Any, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(dataset, folder)
    server = start(folder)
    for path in (folder / "data").glob("*.parquet"):
        path.unlink()
    answer = server.ask("/record/0")
    assert answer.status == 500
    assert "cannot be read" in answer.text


def test_the_server_listens_on_loopback_only(server: Any) -> None:
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("no /proc/net/tcp on this system")
    rows = [line.split()[1] for line in listening.read_text().splitlines()[1:]]
    assert [row for row in rows if row.endswith(f":{server.port:04X}") and row.startswith("0100007F")]
    assert not [row for row in rows if row.endswith(f":{server.port:04X}") and row.startswith("00000000")]


def test_a_twin_in_an_older_dataset_is_named(demo: Path, start: Any, tmp_path: Path) -> None:
    lines = package_file("demo", "clinic_d.jsonl").read_text(encoding="utf-8-sig").splitlines()
    (tmp_path / "new.jsonl").write_text("\n".join(lines[:12]) + "\n", encoding="utf-8")
    assert run("build", tmp_path / "new.jsonl", "--against", demo, "-o", tmp_path / "out").returncode == 0
    server = start(tmp_path / "out")
    (page,) = re.findall(r'href="(/record/\d+[^"]*)">d0000~2', server.ask("/search?q=d0000").text)
    text = server.ask(html.unescape(page)).text
    assert "The record that stays is in the dataset that this one was built against: d0000" in text
    assert 'class="chat"' in text
