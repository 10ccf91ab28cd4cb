"""WARC files to dialogues: counts that sum, a reason for every page, the same bytes each time, damage counted."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cmtmedqa.errors import InputError
from cmtmedqa.sites.parse import files_of
from cmtmedqa.sites.write import write
from tests.sites.conftest import saved

Warc = Callable[..., Path]
URL = "http://www.haodf.com/wenda/zhengds_g_4123567890.htm"
GBK = saved("haodf/stream-gbk")


def parse(files: list[Path], site: str | None = None) -> tuple[list[Any], list[Any], dict[str, int]]:
    spec, found = files_of([str(file) for file in files], site)
    written = write(found, spec, files[0].parent / "out.jsonl", Console(quiet=True))
    lines = [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in written[:2]]
    outcomes = ("pages of dialogues", "further captures", "rejected")
    passed = sum(value for name, value in written.counts.items() if name.startswith("passed over"))
    assert written.counts["responses"] == sum(written.counts[name] for name in outcomes) + passed
    return lines[0], lines[1], written.counts


def test_lineage_points_at_file_offset_and_digest(warc: Warc) -> None:
    path = warc([("http://x.example/", b"<p>x", {}), (URL, GBK, {})])
    (dialogue,), rejected, counts = parse([path])
    place = json.loads(dialogue["extra"])["warc"]
    assert (dialogue["id"], dialogue["source"], place["file"], rejected) == ("4123567890", "haodf", "pages.warc.gz", [])
    member = gzip.decompress(path.read_bytes()[place["offset"] :])
    assert member.startswith(b"WARC/1.1\r\n")
    assert f"WARC-Payload-Digest: {place['digest']}".encode() in member.split(b"\r\n\r\n")[0]
    assert counts["passed over: other_site"] == 1


def test_pages_join_across_files_and_twins_become_one(warc: Warc) -> None:
    second = (URL.replace(".htm", "_p_2.htm"), saved("haodf/stream-page-two"), {})
    later = warc([(URL, GBK, {}), (URL.replace("www.", "m."), GBK, {})], "b.warc.gz")
    (dialogue,), _, counts = parse([warc([second], "a.warc.gz"), later])
    extra = json.loads(dialogue["extra"])
    assert [turn["role"] for turn in dialogue["turns"]] == ["patient", "doctor"] * 3
    assert [one["file"] for one in extra["warc_pages"]] == ["b.warc.gz", "a.warc.gz"]
    assert extra["urls"] == [URL, URL.replace("www.", "m."), second[0]]
    assert (counts["pages of dialogues"], counts["further captures"]) == (2, 1)


def test_what_stands_behind_a_missing_page_is_rejected(warc: Warc) -> None:
    third = (URL.replace(".htm", "_p_3.htm"), saved("haodf/stream-page-two"), {})
    (dialogue,), (rejected,), _ = parse([warc([(URL, GBK, {}), third])])
    assert len(dialogue["turns"]) == 4
    assert (rejected["reason"], rejected["detail"]) == ("missing_page", "page 2 of the dialogue is not there")


def test_a_refused_capture_does_not_spoil_a_good_one(warc: Warc) -> None:
    path = warc([(URL, saved("haodf/soft-404"), {}), (URL, saved("haodf/wrong-page"), {}), (URL, GBK, {})])
    (dialogue,), rejected, _ = parse([path])
    assert dialogue["id"] == "4123567890"
    assert [one["reason"] for one in rejected] == ["soft_404", "wrong_page"]


def test_rejected_pages_have_a_reason_and_no_text(warc: Warc) -> None:
    names = [
        "soft-404",
        "wrong-page",
        "whole-page-private",
        "phone-page",
        "verification",
        "unanswered",
        "replacement-character",
    ]
    path = warc(
        [(URL.replace("890.htm", f"{place}.htm"), saved(f"haodf/{name}"), {}) for place, name in enumerate(names)]
    )
    dialogues, rejected, counts = parse([path])
    assert dialogues == []
    reasons = [
        "wrong_page" if name == "wrong-page" else one["reason"] for name, one in zip(names, rejected, strict=True)
    ]
    assert reasons == ["soft_404", "wrong_page", "private", "phone", "verification", "contract", "contract"]
    assert not any("疼" in json.dumps(one, ensure_ascii=False) for one in rejected)
    assert counts["reason contract"] == 2


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "404 Not Found"}, "http_404"),
        ({"status": "302 Found"}, "http_302"),
        ({"type": "application/json"}, "not_html"),
        ({"type": "image/png"}, "not_html"),
    ],
)
def test_what_is_no_page_is_passed_over(warc: Warc, more: dict[str, str], reason: str) -> None:
    _, _, counts = parse([warc([(URL, GBK, more)])])
    assert counts[f"passed over: {reason}"] == 1


def test_packed_bodies_of_foreign_files_are_unpacked(warc: Warc) -> None:
    plain, _, _ = parse([warc([(URL, GBK, {})])])
    packed, _, _ = parse([warc([(URL, gzip.compress(GBK, mtime=0), {"coding": "gzip"})])])
    stored, _, _ = parse([warc([(URL, GBK, {"coding": "gzip"})])])  # as Common Crawl stores it
    assert plain[0]["turns"] == packed[0]["turns"] == stored[0]["turns"]


def test_twice_gives_the_same_bytes(warc: Warc, tmp_path: Path) -> None:
    path = warc([(URL, GBK, {}), ("http://club.xywy.com/static/20170322/127614906.htm", saved("xywy/question"), {})])
    outputs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written = write([path], None, tmp_path / name / "out.jsonl", Console(quiet=True))
        outputs.append([file.read_bytes() for file in written[:3]])
        assert {file.name for file in (tmp_path / name).iterdir()} == {
            "out.jsonl",
            "out.rejected.jsonl",
            "out.report.json",
        }
        assert written.output.stat().st_mode & 0o077 == 0
    assert outputs[0] == outputs[1]


def many(warc: Warc, name: str = "pages.warc.gz", count: int = 12) -> Path:
    return warc([(URL.replace("4123567890", str(1000 + number)), GBK, {}) for number in range(count)], name)


@pytest.mark.parametrize("name", ["pages.warc.gz", "pages.warc"])
def test_a_torn_file_gives_what_is_whole_and_a_reason(warc: Warc, name: str) -> None:
    path = many(warc, name)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 700])
    dialogues, rejected, _ = parse([path])
    assert len(dialogues) == 11
    assert [one["reason"] for one in rejected] == ["truncated_warc"]


def test_reading_goes_on_behind_damage(warc: Warc) -> None:
    path = many(warc)
    data = bytearray(path.read_bytes())
    starts = [place for place in range(len(data) - 3) if data[place : place + 3] == b"\x1f\x8b\x08"]
    data[starts[4] + 40 : starts[4] + 60] = bytes(20)
    path.write_bytes(data)
    dialogues, rejected, _ = parse([path])
    assert [one["id"] for one in dialogues] == [str(1000 + number) for number in range(12) if number != 3]
    assert [one["reason"] for one in rejected] == ["damaged_warc"]


def test_a_record_that_differs_from_its_digest_is_not_used(warc: Warc) -> None:
    path = many(warc, "pages.warc", 3)
    data = path.read_bytes()
    place = data.index("股四头肌".encode("gb18030"), len(data) // 2)
    path.write_bytes(data[:place] + "二头".encode("gb18030") + data[place + 4 :])
    dialogues, rejected, _ = parse([path])
    assert len(dialogues) == 2
    assert [one["reason"] for one in rejected] == ["digest_mismatch"]


def test_a_record_without_digest_is_counted(warc: Warc) -> None:
    path = many(warc, "pages.warc", 2)
    path.write_bytes(path.read_bytes().replace(b"WARC-Block-Digest", b"X-No-Block-Digest"))
    dialogues, _, counts = parse([path])
    assert (len(dialogues), counts["without_digest"]) == (2, 2)


def test_a_file_that_is_no_warc_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "pages.warc.gz"
    path.write_bytes(b"<html>" * 100)
    with pytest.raises(InputError, match="is no WARC file"):
        parse([path])
    assert [file.name for file in tmp_path.iterdir()] == ["pages.warc.gz"]


def test_a_copy_on_another_host_is_read_by_a_named_site(warc: Warc) -> None:
    path = warc([("http://127.0.0.1:8080/wenda/x_g_77.htm", GBK, {}), ("http://127.0.0.1:8080/list", b"<p>x", {})])
    (dialogue,), _, counts = parse([path], "haodf")
    assert (dialogue["id"], counts["passed over: other_site"]) == ("77", 1)
