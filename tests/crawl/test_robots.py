"""What robots.txt forbids is never requested: the server's own log proves it."""

import socket

import pytest

from tests.crawl.conftest import MAIN, Answer, Crawls, Server, page

DENIED = ("denied", "robots_disallowed")
FORBIDDEN = tuple(f"/no/{number}" for number in range(10))


def robots(*lines: str, status: int = 200, **more: object) -> Answer:
    return Answer("\n".join(lines).encode(), status, {"Content-Type": "text/plain"}, **more)  # type: ignore[arg-type]


def test_ten_disallowed_pages_at_start_and_none_leaks(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /no/", wait=0.3)
    crawls.run([*FORBIDDEN, "/yes"], concurrency=8)
    assert server.paths() == ["/robots.txt", "/yes"]
    assert {crawls.rows()[path] for path in FORBIDDEN} == {DENIED}


def test_the_same_on_two_hosts_at_once(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /no/", wait=0.3)
    other = server.base.replace("127.0.0.1", "localhost")
    seeds = [host + path for path in (*FORBIDDEN[:5], "/yes") for host in (server.base, other)]
    crawls.run(seeds, concurrency=8, allow=["{base}/.*", f"{other}/.*"])
    assert sorted(server.paths()) == ["/robots.txt", "/robots.txt", "/yes", "/yes"]


@pytest.mark.parametrize("status", [500, 503, 401, 403, 429])
def test_a_robots_txt_that_is_refused_or_broken_closes_the_site(status: int, server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots("User-agent: *", "Allow: /", status=status)
    crawls.run(["/a", "/b"], concurrency=2)
    assert not server.pages()
    assert set(crawls.rows().values()) == {("denied", f"robots_unavailable: http_{status}")}
    assert crawls.status()["robots"][0]["status"] == f"http_{status}"


def test_a_robots_txt_that_never_comes_closes_the_site(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots(wait=2.0)
    crawls.run(["/a"], timeout=0.3)
    assert not server.pages()
    assert crawls.rows()["/a"][1] == "robots_unavailable: DownloadTimeoutError"


def test_a_host_that_refuses_connections_is_closed(crawls: Crawls) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    crawls.run([f"{base}/a"], base=base)
    assert crawls.rows()[f"{base}/a"] == ("denied", "robots_unavailable: DownloadConnectionRefusedError")


def test_pages_of_a_closed_site_are_tried_again_by_the_next_run(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots(status=503)
    crawls.run(["/a"])
    server.answers["/robots.txt"] = robots("User-agent: *", "Allow: /")
    crawls.run(["/a"])
    assert crawls.rows()["/a"] == ("done", None)


@pytest.mark.parametrize("status", [404, 410])
def test_no_robots_txt_means_no_rules_and_its_body_is_not_read(status: int, server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /", status=status)
    crawls.run(["/a"])
    assert server.pages() == ["/a"]


def test_the_most_specific_group_and_the_longest_match_decide(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots(
        "User-agent: *", "Disallow: /",
        "User-agent: cmtmedqa", "Disallow: /q/", "Allow: /q/open/", "Disallow: /*.pdf$",
    )  # fmt: skip
    crawls.run(["/a", "/q/1", "/q/open/1", "/x.pdf", "/x.pdf?y"])
    assert sorted(server.pages()) == ["/a", "/q/open/1", "/x.pdf?y"]


def test_a_redirect_into_a_disallowed_path_is_not_followed(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = robots("User-agent: *", "Disallow: /no/")
    server.answers["/a"] = Answer(b"", 302, {"Location": "/no/1"})
    crawls.run(["/a"])
    assert server.pages() == ["/a"]
    assert crawls.rows()["/no/1"] == DENIED


@pytest.mark.parametrize(("hops", "requested"), [(5, ["/a"]), (6, [])])
def test_five_redirects_of_robots_txt_are_followed(
    hops: int, requested: list[str], server: Server, crawls: Crawls
) -> None:
    for hop in range(hops):
        source = "/robots.txt" if hop == 0 else f"/r{hop}"
        server.answers[source] = Answer(b"", 301, {"Location": f"/r{hop + 1}"})
    server.answers[f"/r{hops}"] = robots("User-agent: *", "Disallow: /no/")
    crawls.run(["/a", "/no/1"])
    assert [path for path in server.pages() if not path.startswith("/r")] == requested


def test_rules_behind_half_a_megabyte_of_comments_are_read(server: Server, crawls: Crawls) -> None:
    filler = "#" + "x" * 1_000
    server.answers["/robots.txt"] = robots(*[filler] * 500, "User-agent: *", "Disallow: /no/")
    crawls.run(["/a", "/no/1"])
    assert server.pages() == ["/a"]


def test_links_outside_the_plan_are_never_requested(server: Server, crawls: Crawls) -> None:
    server.answers["/"] = page(
        "/in/1", "/out/1", "http://elsewhere.invalid/in/1", "//elsewhere.invalid/in/2", "/in/1#x"
    )
    crawls.run(allow=["{base}/", "{base}/in/.*"])
    assert server.pages() == ["/", "/in/1"]


def test_old_rules_are_fetched_again(server: Server, crawls: Crawls) -> None:
    server.answers["/robots.txt"] = [robots("User-agent: *", "Allow: /"), robots("User-agent: *", "Disallow: /")]
    crawls.run(["/a", "/b"], code="from cmtmedqa.crawl import robots\nrobots.FRESH_SECONDS = 0\n" + MAIN)
    assert server.paths() == ["/robots.txt", "/a", "/robots.txt"]
    assert crawls.rows()["/b"] == DENIED
