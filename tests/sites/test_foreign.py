"""WARC files that other programs wrote: wget, Heritrix, Common Crawl; any packing, any kind of record, torn ends."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import pytest
from rich.console import Console

from cmtmedqa.sites.http import MAX_BODY, response
from cmtmedqa.sites.parse import files_of
from cmtmedqa.sites.write import write
from tests.sites.conftest import saved

URL = "http://www.haodf.com/wenda/zhengds_g_{}.htm"
BODY = saved("haodf/stream-gbk")


def record(
    kind: str, url: str, block: bytes, content: str = "application/http; msgtype=response", version: str = "1.0"
) -> bytes:
    head = (
        f"WARC/{version}\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2019-02-03T04:05:06Z\r\n"
        f"WARC-Record-ID: <urn:uuid:1>\r\nContent-Type: {content}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = ["HTTP/1.1 " + status, "Content-Type: text/html; charset=gb2312", *headers]
    return "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + body


def chunked(body: bytes, size: int = 700) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


BARE = zlib.compress(BODY)[2:-4]
PAGES = {
    "1": http(BODY),
    "2": http(chunked(gzip.compress(BODY)), "Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    "3": http(chunked(brotli.compress(BODY)), "Transfer-Encoding: chunked", "Content-Encoding: br"),
    "4": http(zlib.compress(BODY), "Content-Encoding: deflate"),
    "5": http(BARE, "Content-Encoding: deflate"),
    "6": http(BODY, "X-Crawler-Content-Encoding: gzip", "Content-Length: 3"),  # Common Crawl stores what is unpacked
    "7": http(BODY, "Content-Encoding: br"),  # ... and some leave the header
    "8": http(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip, gzip"),
    "9": http(BODY).replace(b"\r\n", b"\n", 3),
}
RECORDS = [
    record("warcinfo", "x", b"software: Wget/1.21\r\n", "application/warc-fields"),
    record("request", URL.format(1), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "application/http; msgtype=request"),
    *(record("response", f"<{URL.format(name)}>", block) for name, block in PAGES.items()),
    record("resource", URL.format(10), BODY, "text/html", "1.1"),
    record("revisit", URL.format(11), http(b"")),
    record("metadata", URL.format(1), b"outlink: x\r\n", "application/warc-fields"),
    record("conversion", URL.format(12), BODY, "text/plain"),
    record("response", "dns:www.haodf.com", b"20190203\nwww.haodf.com. 1 IN A 127.0.0.1\n", "text/dns"),
    record("response", URL.format(13), http(b"", status="301 Moved")),
    record("response", URL.format(14), http(b"\x28\xb5\x2f\xfd" + BODY[:60], "Content-Encoding: zstd")),
]


def zstandard(data: bytes) -> bytes:
    from backports import zstd

    packed: bytes = zstd.compress(data)
    return packed


FORMS: dict[str, Callable[[], bytes]] = {
    "pages.warc": lambda: b"".join(RECORDS),
    "pages.warc.gz": lambda: b"".join(gzip.compress(one, mtime=0) for one in RECORDS),
    "one-member.warc.gz": lambda: gzip.compress(b"".join(RECORDS), mtime=0),
    "pages.warc.zst": lambda: b"".join(zstandard(one) for one in RECORDS),
}


def parse(*paths: Path) -> tuple[list[Any], list[Any], dict[str, int]]:
    spec, files = files_of([str(path) for path in paths], None)
    written = write(files, spec, paths[0].parent / "out.jsonl", Console(quiet=True))
    found = [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in written[:2]]
    return found[0], found[1], written.counts


@pytest.mark.parametrize("name", FORMS)
def test_every_packing_gives_the_same_dialogues(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FORMS[name]())
    dialogues, rejected, counts = parse(tmp_path / name)
    assert [one["id"] for one in dialogues] == [str(number) for number in range(1, 11)]
    assert len({json.dumps(one["turns"]) for one in dialogues}) == 1
    assert rejected == []
    passed = {name.partition(": ")[2]: count for name, count in counts.items() if name.startswith("passed over")}
    assert passed == {"http_301": 1, "other_site": 1, "packed": 1, "revisit": 1}


@pytest.mark.parametrize("name", ["pages.warc", "pages.warc.gz"])
def test_a_torn_end_costs_one_record_and_the_next_file_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / f"a-{name}").write_bytes(FORMS[name]()[:-60])
    (tmp_path / f"b-{name}").write_bytes(record("response", URL.format(99), http(BODY)))
    dialogues, rejected, counts = parse(tmp_path)
    assert [one["id"] for one in dialogues] == [*(str(number) for number in range(1, 11)), "99"]
    assert [one["reason"] for one in rejected] == ["truncated_warc"]
    assert "passed over: packed" not in counts
    assert {json.loads(one["extra"])["warc"]["file"] for one in dialogues} == {f"a-{name}", f"b-{name}"}


def test_a_body_that_grows_without_end_is_given_up(tmp_path: Path) -> None:
    for packed, coding in ((gzip.compress(bytes(40 * 2**20)), "gzip"), (brotli.compress(bytes(40 * 2**20)), "br")):
        found = response(http(packed, f"Content-Encoding: {coding}"))
        assert (found.body, found.fault) == (b"", "too_large")
    assert MAX_BODY < 40 * 2**20


def test_what_is_written_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "pages.warc").write_bytes(record("response", URL.format(1), http(BODY)))
    spec, files = files_of([str(tmp_path / "pages.warc")], None)
    written = write(files, spec, tmp_path / "parsed" / "out.jsonl", Console(quiet=True))
    assert written.output.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in written.output.parent.iterdir()} == {0o600}
