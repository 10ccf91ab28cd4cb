"""What is stored: whole after a tear, readable by both readers, the page as it was, counted against the frontier."""

import gzip
import io
import sqlite3
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from cmtmedqa.crawl import check
from cmtmedqa.crawl.frontier import Frontier
from cmtmedqa.crawl.warc import as_stored
from tests.crawl.conftest import Answer, Crawls, Server


def _pointers(crawls: Crawls) -> list[tuple[str, str, int, int]]:
    with sqlite3.connect(crawls.site / "frontier.sqlite") as db:
        return db.execute("SELECT url, warc_file, warc_offset, warc_length FROM pages WHERE state='done'").fetchall()


def test_a_torn_file_is_cut_to_what_was_committed_and_never_appended_to(server: Server, crawls: Crawls) -> None:
    seeds = [f"/{number}" for number in range(6)]
    crawls.run(seeds, max_pages=3)
    (path,) = crawls.site.glob("*.warc.gz")
    whole = path.read_bytes()
    torn = gzip.compress(b"WARC/1.1\r\nWARC-Type: response\r\n" + b"x" * 5000)[:-20]
    path.write_bytes(
        whole + gzip.compress(b"WARC/1.1\r\nWARC-Type: metadata\r\nContent-Length: 0\r\n\r\n\r\n\r\n") + torn
    )
    crawls.run(seeds)
    assert path.read_bytes() == whole
    assert [file.name for file in sorted(crawls.site.glob("*.warc.gz"))] == ["t-00001.warc.gz", "t-00002.warc.gz"]
    assert sorted(path for path, *_ in crawls.stored()) == seeds  # as warcio reads them
    read = [url for file in crawls.site.glob("*.warc.gz") for url, *_ in check.records(file)]  # as FastWARC does
    assert sorted(url.removeprefix(server.base) for url in read) == seeds
    assert list(check.faults(crawls.site)) == []


def test_a_file_that_lost_committed_records_is_refused(server: Server, crawls: Crawls) -> None:
    crawls.run(["/1"])
    (path,) = crawls.site.glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-1])
    done = crawls.run(["/1"], rc=2)
    assert "were committed; restore it, or start in a new folder" in done.stderr
    assert server.pages() == ["/1"]


def test_the_frontier_points_at_each_record(server: Server, crawls: Crawls) -> None:
    server.answers["/2"] = Answer("<p>医生</p>".encode("gb18030"))
    crawls.run(["/1", "/2"])
    for url, name, offset, length in _pointers(crawls):
        member = (crawls.site / name).read_bytes()[offset : offset + length]
        (record,) = ArchiveIterator(io.BytesIO(member))
        assert record.rec_headers.get_header("WARC-Target-URI") == url
        assert gzip.decompress(member)  # one whole gzip member


def test_every_record_kind_has_what_the_standard_asks_for(server: Server, crawls: Crawls) -> None:
    crawls.run(["/1?a=b"])
    (path,) = crawls.site.glob("*.warc.gz")
    with path.open("rb") as stream:
        kinds = []
        for record in ArchiveIterator(stream):
            header = record.rec_headers.get_header
            kinds.append(record.rec_type)
            assert record.rec_headers.protocol == "WARC/1.1"
            assert header("WARC-Record-ID")
            assert header("WARC-Date")
            assert header("WARC-Block-Digest").startswith("sha1:")
            if record.rec_type == "warcinfo":
                text = record.content_stream().read().decode()
                assert "mailto:t@example.org" in text
                assert "isPartOf: t@1" in text
            if record.rec_type == "response":
                response = header("WARC-Record-ID")
            if record.rec_type == "request":
                assert header("WARC-Concurrent-To") == response
                assert record.http_headers.statusline == "/1?a=b HTTP/1.1"
                assert record.http_headers.get_header("Host") == server.base.removeprefix("http://")
    assert kinds == ["warcinfo", "response", "request"]


def test_a_packed_page_is_stored_unpacked_with_headers_that_fit(server: Server, crawls: Crawls) -> None:
    body = ("<html>" + "头痛" * 500 + "</html>").encode("gb18030")
    packed = gzip.compress(body)
    server.answers["/1"] = Answer(packed, headers={"Content-Encoding": "gzip", "X-Kept": "yes"})
    crawls.run(["/1"])
    ((_, stored, headers),) = crawls.stored()
    assert stored == body
    assert headers["Content-Length"] == str(len(body))
    assert headers["X-Original-Content-Encoding"] == "gzip"
    assert headers["X-Kept"] == "yes"
    assert "Content-Encoding" not in headers


def test_headers_cannot_smuggle_lines_into_a_record() -> None:
    assert as_stored([("A", "b\r\nEvil: 1"), ("Transfer-Encoding", "chunked")], 3) == [
        ("A", "b  Evil: 1"),
        ("X-Original-Transfer-Encoding", "chunked"),
        ("Content-Length", "3"),
    ]


def test_a_new_file_begins_when_one_is_full(server: Server, crawls: Crawls) -> None:
    seeds = [f"/{number}" for number in range(4)]
    crawls.run(seeds, warc_bytes=1_200)
    assert len(list(crawls.site.glob("*.warc.gz"))) > 1
    assert sorted(path for path, *_ in crawls.stored()) == seeds
    assert list(check.faults(crawls.site)) == []


def _rewritten(path: Path, edit: str) -> None:
    """The file again, with one record dropped, changed, or without its digests."""
    target = io.BytesIO()
    writer = WARCWriter(target, gzip=True, warc_version="WARC/1.1")
    with path.open("rb") as stream:
        seen = 0
        for record in ArchiveIterator(stream):
            seen += record.rec_type == "response"
            last = record.rec_type == "response" and seen == 2
            if last and edit == "drop":
                continue
            if last and edit == "undigested":
                member = f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\nWARC-Target-URI: {record.rec_headers.get_header('WARC-Target-URI')}\r\n"
                block = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
                head = (
                    member + f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
                )
                target.write(gzip.compress(head.encode() + block + b"\r\n\r\n"))
                continue
            writer.write_record(record)
    path.write_bytes(target.getvalue())


def test_missing_changed_and_undigested_records_are_reported(server: Server, crawls: Crawls) -> None:
    crawls.run(["/1", "/2", "/3"])
    (path,) = crawls.site.glob("*.warc.gz")
    whole = path.read_bytes()
    _rewritten(path, "drop")
    assert list(check.faults(crawls.site)) == ["t-00001.warc.gz: 2 records where the frontier has 3 pages done"]
    path.write_bytes(whole)
    _rewritten(path, "undigested")
    assert list(check.faults(crawls.site)) == ["t-00001.warc.gz: record 2 has no digest"]
    last = max(offset for _, _, offset, _ in _pointers(crawls))
    path.write_bytes(whole[: last + 300])  # readers give the torn record back short, without an error
    assert list(check.faults(crawls.site))
    done = crawls.command("status", "t", "--check")
    assert done.returncode == 2
    assert "error: raw/t: " in done.stderr


def test_a_file_opened_by_a_killed_process_is_removed(server: Server, crawls: Crawls) -> None:
    crawls.run(["/1"], max_pages=1)
    frontier = Frontier(crawls.site)
    frontier.db.execute("INSERT INTO warc_files(name) VALUES('t-00002.warc.gz')")
    frontier.close()
    (crawls.site / "t-00002.warc.gz").write_bytes(b"half a warcinfo")
    crawls.run(["/1", "/2"])
    assert sorted(path for path, *_ in crawls.stored()) == ["/1", "/2"]
