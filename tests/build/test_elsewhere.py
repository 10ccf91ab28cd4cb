"""A removed record leaves the files beside a dataset too: pages of WARC files, parsed lines, exports; what stays is named."""

import gzip
import io
import json
import random
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from cmtmedqa.build import trace
from cmtmedqa.build.elsewhere import clear
from cmtmedqa.build.forget import Request
from cmtmedqa.build.warc_blanks import blank, places
from cmtmedqa.crawl import frontier
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Message
from cmtmedqa.llm.ledger import Attempt, Ledger
from cmtmedqa.llm.request import Request as ModelRequest
from cmtmedqa.sources.files import expand
from cmtmedqa.sources.mapped import Mapped
from cmtmedqa.sources.read import plan, read

URL = "https://example.org/question/{}"
TEXT = "这是第{}个患者的问题，已经头疼三天了"


def one(number: int, kind: str = "response") -> bytes:
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>{TEXT.format(number)}</p>{'长' * (number * 700)}".encode()
    head = f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Target-URI: {URL.format(number)}\r\n"
    return f"{head}WARC-Date: 2026-01-01T00:00:00Z\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n\r\n"


def member(raw: bytes) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as stream:
        stream.write(raw)
    return packed.getvalue()


def frame(raw: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(raw)


PACKS = {".warc": bytes, ".warc.gz": member, ".warc.zst": frame}


def unpacked(path: Path) -> bytes:
    if path.suffix == ".zst":
        with path.open("rb") as stream:
            return zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True).read()
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def warc(path: Path) -> Path:
    records = [record for number in range(5) for record in (one(number, "request"), one(number))]
    path.write_bytes(b"".join(map(PACKS["".join(path.suffixes)], records)))
    return path


def request(number: int = 2, **more: Any) -> Request:
    row = {"id": f"d{number}", "url_hash": trace.url_hash(URL.format(number)), "warc": None, **more}
    return Request([row], {row["id"]: [{"role": "patient", "text": TEXT.format(number)}]})


def lines(*numbers: int) -> str:
    records = [
        {"id": f"x{n}", "url": URL.format(n), "turns": [{"role": "patient", "text": TEXT.format(n)}]} for n in numbers
    ]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@pytest.mark.parametrize("suffix", PACKS)
def test_pages_are_overwritten_and_all_others_keep_their_place(tmp_path: Path, suffix: str) -> None:
    path = warc(tmp_path / f"a{suffix}")
    before, bytes_before = places(path), path.read_bytes()
    assert blank(path, lambda url, _: url == URL.format(2)) == 2
    after = places(path)
    assert [place[:2] for place in after] == [place[:2] for place in before]
    assert [place.url for place in after].count("") == 2
    raw = unpacked(path)
    assert TEXT.format(2).encode() not in raw
    assert URL.format(2).encode() not in raw
    for old, new in zip(before, after, strict=True):
        if new.url:
            assert path.read_bytes()[new.offset :][: new.length] == bytes_before[old.offset :][: old.length]


@pytest.mark.parametrize("suffix", PACKS)
def test_a_reader_of_warc_files_passes_the_blanks_over(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("fastwarc", reason="fastwarc is not installed (extra parse)")
    from cmtmedqa.sites.warc import pages

    path = warc(tmp_path / f"a{suffix}")
    before = list(pages(path))
    blank(path, lambda url, _: url in {URL.format(0), URL.format(4)})
    assert list(pages(path)) == before[1:4]
    assert not any(page.fault for page in pages(path))


@pytest.mark.parametrize("suffix", PACKS)
def test_blanks_of_every_length_fit(tmp_path: Path, suffix: str) -> None:
    rng = random.Random(3)
    for extra in range(120):
        noise = rng.randbytes(300 + extra)
        record = (
            b"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: u\r\nContent-Length: %d\r\n\r\n" % len(noise) + noise
        )
        path = tmp_path / "a"
        path.write_bytes(PACKS[suffix](record + b"\r\n\r\n"))
        size = path.stat().st_size
        assert blank(path, lambda url, _: url == "u") == 1
        assert path.stat().st_size == size
        assert [(place.url, place.length) for place in places(path)] == [("", size)]
        assert b"removed on request" in unpacked(path.rename(tmp_path / f"a{suffix}"))


def test_a_damaged_file_is_left_and_named(tmp_path: Path) -> None:
    path = warc(tmp_path / "a.warc.gz")
    path.write_bytes(path.read_bytes()[:-30])
    before = path.read_bytes()
    with pytest.raises(InputError, match="damaged at byte"):
        blank(path, lambda *_: True)
    cleared = clear([tmp_path], request(), [])
    assert path.read_bytes() == before
    assert "damaged" in cleared.left[0]
    assert "no page was removed" in cleared.left[0]


def test_a_file_with_a_dictionary_of_its_own_is_left_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.zst"
    path.write_bytes(b"\x5d\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"dict" + frame(one(2)))
    before = path.read_bytes()
    cleared = clear([tmp_path], request(), [])
    assert path.read_bytes() == before
    assert "dictionary of its own" in cleared.left[0]


def test_lines_go_and_the_pages_that_they_name_go_with_them(tmp_path: Path) -> None:
    """A dialogue of two pages: lineage knows the first alone, the parsed record both."""
    path = warc(tmp_path / "a.warc.gz")
    at = {place.url: place.offset for place in places(path)}
    record = json.loads(lines(2)) | {
        "extra": json.dumps({"warc_pages": [{"file": path.name, "offset": at[URL.format(3)]}]})
    }
    parsed = tmp_path / "site.jsonl"
    parsed.write_text(lines(0, 1) + json.dumps(record) + "\n" + lines(4), encoding="utf-8")
    cleared = clear([tmp_path], request(), [])
    assert (cleared.lines, cleared.pages, cleared.files) == (1, 4, 2)
    assert cleared.left == ()
    assert parsed.read_text(encoding="utf-8") == lines(0, 1, 4)
    assert {place.url for place in places(path)} == {"", URL.format(0), URL.format(1), URL.format(4)}


def test_a_record_is_known_by_id_by_place_and_by_its_turns(tmp_path: Path) -> None:
    export = tmp_path / "train.jsonl.gz"
    row = {"messages": [{"role": "user", "content": TEXT.format(2)}, {"role": "assistant", "content": "好的"}]}
    other = {"messages": [{"role": "user", "content": TEXT.format(1)}]}
    export.write_bytes(gzip.compress("".join(json.dumps(item) + "\n" for item in (other, row)).encode()))
    ids = tmp_path / "ids.jsonl"
    ids.write_text('{"id": "d2", "text": "a"}\n{"id": "d22"}\n', encoding="utf-8")
    pages = warc(tmp_path / "b.warc.gz")
    offset = next(place.offset for place in places(pages) if place.url == URL.format(4))
    cleared = clear([tmp_path], request(url_hash=None, warc={"file": "b.warc.gz", "offset": offset}), [])
    assert cleared[:2] == (2, 2)
    assert [json.loads(line) for line in gzip.decompress(export.read_bytes()).splitlines()] == [other]
    assert ids.read_text(encoding="utf-8") == '{"id": "d22"}\n'


def test_what_cannot_be_rewritten_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"今天的笔记\n{TEXT.format(2)}\n", encoding="gb18030")
    (tmp_path / "b.json").write_text(json.dumps([{"content": TEXT.format(2)}])[:-3], encoding="utf-8")
    (tmp_path / "other.txt").write_text(TEXT.format(1), encoding="utf-8")
    left = clear([tmp_path], request(), []).left
    assert [line.partition(": ")[0] for line in left] == [
        str(tmp_path / name) for name in ("b.json", "a.txt", "b.json")
    ]
    assert left[1].endswith("holds a passage of it; write the file anew, or delete it (d2)")


TURNS = [[TEXT.format(n), f"第{n}位，建议您先去医院查血", f"谢谢医生，第{n}次来问了"] for n in range(3)]


def messages(number: int, count: int = 2) -> dict[str, Any]:
    roles = ("user", "assistant")
    said = [{"role": roles[place % 2], "content": text} for place, text in enumerate(TURNS[number][:count])]
    return {"messages": said}


def a_table(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([messages(n) for n in range(3)]), path)


def an_arrow_file(path: Path) -> None:
    table = pa.Table.from_pylist([messages(n) for n in range(3)])
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def a_sheet(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["id", "turn", "role", "text"])
    for number in range(3):
        for place, text in enumerate(TURNS[number]):
            book.active.append([f"d{number}", place, "患者", text])
    book.save(path)


def an_array(path: Path, text: str = "") -> None:
    path.write_text("[\n" + ",\n".join(json.dumps(messages(n)) for n in range(3)) + "\n]\n", encoding="utf-8")


def an_object(path: Path) -> None:
    path.write_text(json.dumps({"data": [messages(n) for n in range(3)], "version": 1}), encoding="utf-8")


def a_csv_file(path: Path) -> None:
    rows = [f'd{n},{place},"{text}\r\n"\r\n' for n in range(3) for place, text in enumerate(TURNS[n])]
    path.write_text("id,turn,text\r\n" + "".join(rows), encoding="utf-8-sig", newline="")


def packed_lines(path: Path) -> None:
    content = "".join(json.dumps(messages(n), ensure_ascii=False) + "\n" for n in range(3)).encode()
    path.write_bytes(zstandard.ZstdCompressor().compress(content))


def an_archive(path: Path) -> None:
    an_array(path.with_name("inner.json"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(path.with_name("inner.json"), "x/inner.json")
    path.with_name("inner.json").unlink()


@pytest.mark.parametrize(
    "write", [a_table, an_arrow_file, a_sheet, an_array, an_object, a_csv_file, packed_lines, an_archive]
)
def test_exports_of_every_shape_are_rewritten(tmp_path: Path, write: Any) -> None:
    path = tmp_path / "export"
    write(path)
    wanted = Request([{"id": "d2", "url_hash": None, "warc": None}], {"d2": [{"text": text} for text in TURNS[2]]})
    cleared = clear([tmp_path], wanted, [])
    assert (cleared.lines, cleared.left) == (1, ())
    whole = audit_texts(path)
    assert not any(text in whole for text in TURNS[2][:2])
    assert all(text in whole for number in (0, 1) for text in TURNS[number][:2])
    assert clear([tmp_path], wanted, []).lines == 0


def audit_texts(path: Path) -> str:
    """All text of a file."""
    found = [read(unit) for file in expand([str(path)])[0] for unit in plan(file, 1 << 20).units]
    return "\n".join(
        f"{record.turns}" if isinstance(record, Mapped) else json.dumps(json.loads(record.raw), ensure_ascii=False)
        for records in found
        for record in records
    )


def test_the_rest_of_a_file_keeps_its_bytes(tmp_path: Path) -> None:
    for write, removed in ((a_csv_file, '"第2'), (an_array, TEXT.format(2))):
        write(tmp_path / "a")
        before = (tmp_path / "a").read_bytes()
        clear([tmp_path], request(), [])
        after = (tmp_path / "a").read_bytes()
        assert before.startswith(after[:-4])
        assert removed.encode() not in after


def test_prompts_cut_from_a_dialogue_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "candidates.jsonl"
    sets = [
        {"id": "s1", "dialogue_id": "d2", "prompt": [{"role": "user", "content": "短"}]},
        {"id": "s2", "prompt": [{"role": "user", "content": TURNS[2][0]}], "chosen": "好", "rejected": "不好"},
        {"id": "s3", "prompt": [{"role": "user", "content": TURNS[1][0]}], "chosen": "好", "rejected": "不好"},
    ]
    path.write_text("".join(json.dumps(item) + "\n" for item in sets), encoding="utf-8")
    wanted = Request([{"id": "d2", "url_hash": None, "warc": None}], {"d2": [{"text": text} for text in TURNS[2]]})
    assert clear([tmp_path], wanted, []).lines == 2
    assert json.loads(path.read_text(encoding="utf-8"))["id"] == "s3"


def test_the_crawler_keeps_the_fingerprint_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "frontier.sqlite")) as base:
        base.executescript(frontier._SCHEMA)
        for number in (1, 2):
            base.execute(
                "INSERT INTO pages(fingerprint, url, state) VALUES (?, ?, 'done')", (b"%d" % number, URL.format(number))
            )
        base.commit()
    assert clear([tmp_path], request(), []).left == ()
    assert URL.format(2).encode() not in (tmp_path / "frontier.sqlite").read_bytes()
    with closing(sqlite3.connect(tmp_path / "frontier.sqlite")) as base:
        rows = base.execute("SELECT fingerprint, url, state, reason FROM pages").fetchall()
    assert rows == [(b"1", URL.format(1), "done", None), (b"2", "", "denied", "removed on request")]


def test_a_built_dataset_is_named_and_not_rewritten(tmp_path: Path) -> None:
    (tmp_path / "ds" / "data").mkdir(parents=True)
    (tmp_path / "ds" / "manifest.json").write_text('{"files": {}, "key": ""}', encoding="utf-8")
    a_table(tmp_path / "ds" / "data" / "train.parquet")
    before = (tmp_path / "ds" / "data" / "train.parquet").read_bytes()
    left = clear([tmp_path], request(), []).left
    assert left == (f"{tmp_path / 'ds'}: a built dataset that holds it: cmtmedqa forget {tmp_path / 'ds'} (d2)",)
    assert (tmp_path / "ds" / "data" / "train.parquet").read_bytes() == before


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        clear([tmp_path / "gone"], request(), [])


def test_requests_to_models_that_quote_the_record_go_from_the_ledger(tmp_path: Path) -> None:
    def asked(number: int) -> ModelRequest:
        said = f"患者：{TEXT.format(number)}"
        return ModelRequest(endpoint="m", model="m", messages=(Message(role="user", content=said),))

    with Ledger(tmp_path / "ledger") as book:
        for number in (1, 2):
            book.add(asked(number), Attempt("ok", raw="{}"), "多喝水")
    done = clear([tmp_path / "ledger"], request(2), [])
    assert done.calls == 1
    assert not done.left
    with Ledger(tmp_path / "ledger") as book:
        assert book.reply(asked(2).key()) is None
        assert book.reply(asked(1).key()) == "多喝水"
