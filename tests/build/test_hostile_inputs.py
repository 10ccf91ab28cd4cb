"""Hostile files through the whole build: each is one counted rejection, and costs no record beside it."""

import gzip
import io
import json
import os
import socket
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.build.hostile import counted, reasons, refused, run
from tests.conftest import invented

LINES = [json.dumps(invented(number), ensure_ascii=False) for number in range(12)]
JSONL = ("\n".join(LINES) + "\n").encode()
ARRAY = "[" + ",\n".join(LINES) + "]"
CSV = "department,title,ask,answer\n"
DEEP = 100_000


def row(number: int, quote: str = "") -> str:
    return f"内科,标题{number},{quote}头痛{number}天了怎么办,多休息，吃{number}片布洛芬\n"


def packed(members: dict[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("a.jsonl")
        member.size = len(JSONL)
        archive.addfile(member, io.BytesIO(JSONL))
    return stream.getvalue()


def parquet(rows: int = 12) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([json.loads(line) for line in LINES[:rows]]), stream, row_group_size=4)
    return stream.getvalue()


def with_damaged_group() -> bytes:
    data = bytearray(parquet())
    start = pq.read_metadata(io.BytesIO(data)).row_group(1).column(0).file_offset or 0
    column = pq.read_metadata(io.BytesIO(bytes(data))).row_group(1).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + 24] = b"\xff" * 24
    return bytes(data)


def long_dialogue(turns: int) -> str:
    said = [
        {"role": "user" if n % 2 == 0 else "assistant", "content": f"头痛{n}天了，吃{n}片布洛芬"} for n in range(turns)
    ]
    return json.dumps({"id": f"long{turns}", "messages": said}, ensure_ascii=False)


def repeated(unit: str, size: int = 1 << 20) -> str:
    """A record with a turn of a unit over and over, `size` bytes long."""
    turn = "头痛" + unit * (size // len(unit.encode()))
    return json.dumps({**invented(1), "instruction": turn}, ensure_ascii=False)


# name: (bytes or text, records that must be found whole, reasons of the others)
FILES: dict[str, tuple[bytes | str, int, dict[str, int]]] = {
    "cut.gz": (gzip.compress(JSONL)[:-8], 12, {"truncated_gz": 1}),
    "tail.gz": (gzip.compress(JSONL) + b"garbage", 12, {"damaged_gz": 1}),
    "members.gz": (gzip.compress(JSONL[:700]) + gzip.compress(JSONL[700:]), 12, {}),
    "skip.zst": (b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + b"size" + zstandard.compress(JSONL), 12, {}),
    "nested.zip": (packed({"in.zip": packed({"a.jsonl": JSONL})}), 0, {}),
    "cut.zip": (packed({"a.jsonl": JSONL})[:-60], 0, {"unknown_file": 1}),
    "a.tar": (tar(), 0, {"unknown_file": 1}),
    "a.tar.gz": (gzip.compress(tar()), 0, {"unknown_file": 1}),
    "foot.parquet": (parquet()[:-8] + struct.pack("<I", 0x7FFFFFFF) + b"PAR1", 0, {"damaged_parquet": 1}),
    "group.parquet": (with_damaged_group(), 8, {"damaged_parquet": 1}),
    "deep.json": ("[" + '{"a":' * DEEP + "1" + "}" * DEEP + "," + ARRAY[1:], 12, {"bad_json": 1}),
    "deep_open.json": ('{"a":' * DEEP, 0, {"bad_json": 1}),
    "keys.json": (json.dumps({f"k{n}": n for n in range(100_000)}), 0, {"unknown_shape": 1}),
    "digits.jsonl": (LINES[0][:-1] + ', "n": ' + "9" * 10_000 + ', "m": 1e999999}\n' + LINES[1], 2, {}),
    "twice.jsonl": (LINES[0][:-1] + ', "output": "多休息，吃布洛芬，三天后复查。"}', 1, {}),
    "nan.jsonl": (LINES[0][:-1] + ', "x": NaN, "y": [-Infinity]}', 1, {}),
    "endless.json": (ARRAY[:-1], 12, {"truncated_json": 1}),
    "nul.jsonl": ("\0" + LINES[0] + "\n\0\n" + LINES[1].replace("次", "\0次") + "\n" + LINES[2].replace('":', '"\0:', 1), 3, {}),
    "nul.json": ("\0" + ARRAY.replace('":', '"\0:', 3) + "\0", 12, {}),
    "bom.jsonl": ("\ufeff".join(["", *(line + "\n" for line in LINES)]), 12, {}),
    "bom.json": ("\ufeff" + ARRAY.replace(",\n", "\ufeff,\ufeff", 2).replace('":', '"\ufeff:', 2), 12, {}),
    "half.jsonl": (LINES[0].replace("次", "\\ud83d次") + "\n" + LINES[1].replace("次", "\\udc00次"), 2, {}),
    "cesu.jsonl": ((LINES[0].replace("次", "\ud83d\ude00次")).encode("utf-8", "surrogatepass"), 1, {}),
    "bytes.jsonl": (JSONL.replace("次".encode(), b"\xff\xc0", 5), 12, {}),
    "wide.jsonl": ("\n".join(LINES).encode("utf-16-le"), 12, {}),
    "wide_be.json": (ARRAY.encode("utf-16-be"), 12, {}),
    "wide32.jsonl": ("\n".join(LINES).encode("utf-32"), 12, {}),
    "mixed.jsonl": (b"\n".join(line.encode(["utf-8", "gb18030"][n % 2]) for n, line in enumerate(LINES)), 12, {}),
    "ends.jsonl": ("\r\n".join(LINES[:3]) + "\n\r" + "\r".join(LINES[3:9]) + "\n" + "\n".join(LINES[9:]), 12, {}),
    "quote_first.csv": (CSV + row(0, '"') + "".join(map(row, range(1, 300))), 299, {"unterminated_quote": 1}),
    "quote_last.csv": (CSV + "".join(map(row, range(300))) + row(300, '"'), 300, {"unterminated_quote": 1}),
    "quote_all.csv": (CSV + "".join(row(n, '"') for n in range(300)), 0, {"unterminated_quote": 300}),
    "quotes.csv": (CSV + row(1) + 'a"b,"\n' * 9_000 + row(2), 2, {"unterminated_quote": 9_000}),
    "quotes_even.csv": (CSV + row(1) + 'a","\n' * 2_000, 1, {"unterminated_quote": 2_000}),
    "columns.csv": ("question,answer," + ",".join(f"c{n}" for n in range(10_000)) + "\n头痛怎么办,多休息吃布洛芬" + ",1" * 10_000 + "\n", 1, {}),
    "header.csv": (CSV, 0, {"empty_file": 1}),
    "names.csv": ("department,title,ask,ask,answer,,\n内科,标题,头痛怎么办,咳嗽怎么办,多休息吃布洛芬,a,b\n", 1, {}),
    "empty.jsonl": (b"", 0, {"empty_file": 1}),
    "turns.jsonl": (long_dialogue(600) + "\n" + long_dialogue(50_000), 2, {}),
}  # fmt: skip


@pytest.mark.parametrize("more", [(), ("--no-deidentify",)])
def test_every_hostile_file_is_counted(tmp_path: Path, more: tuple[str, ...]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, (data, _, _) in FILES.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    done = run("build", folder, "-o", tmp_path / "out", *more)
    assert done.returncode == 0, done.stderr
    report = counted(tmp_path / "out")
    assert "头痛" not in done.stdout + done.stderr
    found = {name: reasons(report, name) for name in FILES if name != "nested.zip"}
    assert found == {name: (whole, faults) for name, (_, whole, faults) in FILES.items() if name != "nested.zip"}
    assert report["files"]["turns.jsonl"]["rejected"] == {"filter/max_turns": 2}
    assert reasons(report, "nested.zip!in.zip") == (0, {"unknown_file": 1})
    assert run("validate", tmp_path / "out").returncode == 0


BOMBS: dict[str, tuple[bytes, bytes]] = {
    "zeros": (JSONL, b"\0"),
    "brackets": (b"", b"["),
    "braces": (b"", b"{"),
    "string": (b'[{"question":"', b"a"),
    "text": ("患者：头痛\n医生：吃药\n".encode() * 9, b"a"),
    "csv": ((CSV + row(1)).encode(), b'"'),
}


@pytest.mark.slow
def test_bombs_are_stopped(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.gz" for name in BOMBS]
    for path, (head, fill) in zip(paths, BOMBS.values(), strict=True):
        path.write_bytes(gzip.compress(head) + gzip.compress(fill * (1 << 24)) * 20)  # 320 MiB, in members of 16
    done = run("build", *paths, "-o", tmp_path / "out", "--no-deidentify")
    assert done.returncode == 0, done.stderr
    report = counted(tmp_path / "out")
    for path in paths:
        _, other = reasons(report, path.name)
        assert other.get("compressed_too_large") == 1 or other == {"unknown_file": 1}, path.name


def test_a_line_without_end_costs_itself_alone(tmp_path: Path) -> None:
    long = b'{"question": "' + b"a" * (80 << 20) + b'"}'
    (tmp_path / "a.json").write_bytes(long + b"\n" + JSONL)
    (tmp_path / "b.json").write_bytes(b"[" + long + b",\n" + ARRAY[1:].encode())
    done = run("build", tmp_path / "a.json", tmp_path / "b.json", "-o", tmp_path / "out", "--no-deidentify")
    assert done.returncode == 0, done.stderr
    report = counted(tmp_path / "out")
    for name in ("a.json", "b.json"):
        whole, other = reasons(report, name)
        assert (whole, other["record_too_large"]) == (12, 1)


UNITS = ("<", "[", "1", "患者：", "&#", " ", " \n", "a@", "（")
FINDINGS = ("北京市", "张医生", "我叫张三，")  # a turn of nothing but personal data costs some 50 microseconds for each


@pytest.mark.slow
def test_turns_of_a_megabyte_end(tmp_path: Path) -> None:
    lines = [*map(repeated, UNITS), *(repeated(unit, 1 << 18) for unit in FINDINGS), LINES[2]]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = run("build", tmp_path / "a.jsonl", "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    report = counted(tmp_path / "out")
    assert reasons(report, "a.jsonl") == (len(lines), {})


def test_ids_of_every_kind_are_unique_and_kept(tmp_path: Path) -> None:
    ids = ["a", "a", "a~2", "a", "a\nb", "../../etc/passwd", "<script>", "x" * 10_000, "   ", "", None, 5, ["a"]]
    lines = [json.dumps({**invented(n), "id": value}, ensure_ascii=False) for n, value in enumerate(ids)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(json.dumps({**invented(99), "id": "a"}, ensure_ascii=False), encoding="utf-8")
    assert run("build", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "-o", tmp_path / "out").returncode == 0
    assert counted(tmp_path / "out")["kept"] == len(ids) + 1
    assert run("validate", tmp_path / "out").returncode == 0
    assert run("export", "cmtmedqa", tmp_path / "out", "-o", tmp_path / "e.json").returncode == 0
    exported = [item["id"] for item in json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))]
    assert len(set(exported)) == len(ids) + 1
    assert {"a", "a~2", "a\nb", "../../etc/passwd", "<script>"} <= set(exported)


def test_members_of_archives_stay_inside(tmp_path: Path) -> None:
    names = ["../up.jsonl", "/abs.jsonl", "C:/a.jsonl", "..\\a.jsonl", "\\\\srv\\a.jsonl", "", ".", "ok.jsonl"]
    link = zipfile.ZipInfo("link.jsonl")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "slip.zip", "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), JSONL)
        archive.writestr(link, "/etc/passwd")
    before = sorted(tmp_path.parent.rglob("*"))
    done = run("sources", "detect", tmp_path / "slip.zip")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not read: ") == len(names)
    assert sorted(tmp_path.parent.rglob("*")) == before


def odd_file(kind: str, path: Path) -> None:
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(os.path.relpath(path))
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(path.with_name("nothing") if kind == "broken" else path)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "broken", "loop"])
def test_what_is_no_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.jsonl").write_bytes(JSONL)
    odd_file(kind, folder / "odd.jsonl")
    reason = "is a broken link" if kind in {"broken", "loop"} else "is no regular file"
    assert refused(run("sources", "detect", folder / "odd.jsonl")).endswith(f"odd.jsonl: {reason}")
    assert f"odd.jsonl: not read: {reason}" in run("sources", "detect", folder).stdout


def test_names_of_files_are_one_line_each(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in (b"a\nb.jsonl", b"\xff\xfe.jsonl", "😀.jsonl".encode(), b"x" * 249 + b".jsonl", b"\x1b[31m.jsonl"):
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_bytes(JSONL)
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    done = run("build", folder, "-o", tmp_path / "out", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    report = counted(tmp_path / "out")
    assert len(report["files"]) == 5
    assert all(name.isprintable() for name in report["files"])
    assert report["read"] == 60


def changed(how: str) -> Callable[[Path], None]:
    return lambda path: path.unlink() if how == "vanishes" else os.truncate(path, 500)


@pytest.mark.parametrize("how", ["vanishes", "shrinks"])
def test_a_file_that_changes_during_the_build_ends_it(tmp_path: Path, how: str) -> None:
    from cmtmedqa.errors import InputError
    from cmtmedqa.sources.files import SourceFile
    from cmtmedqa.sources.read import plan, read

    path = tmp_path / "a.jsonl"
    path.write_bytes(JSONL)
    units = plan(SourceFile("a.jsonl", str(path)), 1 << 30).units
    changed(how)(path)
    with pytest.raises(InputError, match=r"^a\.jsonl: (cannot be read: no such file|was changed while it was read)"):
        list(read(units[0]))
