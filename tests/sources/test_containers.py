"""Bytes as they are stored: packed, cut, damaged, too many."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
import zstandard

from cmtmedqa.errors import InputError
from cmtmedqa.sources import blocks as blocks_module
from cmtmedqa.sources.blocks import Blocks, head
from cmtmedqa.sources.files import SourceFile, expand

LINES = "".join(f"第{number}行：头痛伴恶心，持续{number * 7919 % 97}小时。\n" for number in range(20_000)).encode()


def stored(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return SourceFile(path.name, str(path))


def unpacked(path: Path, data: bytes, compression: str) -> tuple[bytes, str]:
    blocks = Blocks(stored(path, data), compression)
    return b"".join(blocks), blocks.damage


def packed(data: bytes, compression: str) -> bytes:
    return gzip.compress(data) if compression == "gz" else zstandard.compress(data)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_members_follow_each_other(tmp_path: Path, compression: str) -> None:
    data = packed(LINES, compression) + packed(b"", compression) + packed(b"end", compression)
    assert unpacked(tmp_path / "a", data, compression) == (LINES + b"end", "")


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_everything_before_a_cut_is_read(tmp_path: Path, compression: str) -> None:
    whole = packed(LINES, compression)
    read, damage = unpacked(tmp_path / "a", whole[: len(whole) * 2 // 3], compression)
    assert damage == f"truncated_{compression}"
    assert len(LINES) // 3 < len(read) < len(LINES)
    assert LINES.startswith(read)


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_everything_before_a_fault_is_read(tmp_path: Path, compression: str) -> None:
    data = packed(LINES, compression) + b"no magic number"
    assert unpacked(tmp_path / "a", data, compression) == (LINES, f"damaged_{compression}")


def test_zeros_behind_gzip_are_padding(tmp_path: Path) -> None:
    assert unpacked(tmp_path / "a", gzip.compress(b"x") + bytes(2048), "gz") == (b"x", "")


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str) -> None:
    monkeypatch.setattr(blocks_module, "SAFE_BYTES", 1 << 22)
    data = packed(bytes(200 << 20), compression)
    read, damage = unpacked(tmp_path / "a", data, compression)
    assert damage == "compressed_too_large"
    assert len(read) <= max(1 << 22, 200 * len(data))


def test_a_bomb_in_an_archive_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks_module, "SAFE_BYTES", 1 << 22)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", bytes(64 << 20))
    blocks = Blocks(expand([str(tmp_path / "a.zip")])[0][0], "")
    assert sum(map(len, blocks)) < 64 << 20
    assert blocks.damage == "compressed_too_large"


def test_small_files_may_pack_well(tmp_path: Path) -> None:
    assert unpacked(tmp_path / "a", packed(bytes(64 << 20), "zst"), "zst")[1] == ""


def test_damage_in_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", LINES)
    data = path.read_bytes()
    path.write_bytes(data.replace("第7行".encode(), "第八行".encode()[:7]))
    blocks = Blocks(SourceFile("a.zip!a.txt", str(path), "a.txt"), "")
    assert len(b"".join(blocks)) < len(LINES)
    assert blocks.damage == "damaged_zip"


def test_an_archive_that_cannot_be_opened_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")
    path.write_bytes(path.read_bytes().replace(b"PK\x03\x04", b"PK\x03\x05"))
    blocks = Blocks(SourceFile("a.zip!a.txt", str(path), "a.txt"), "")
    assert (list(blocks), blocks.damage) == ([], "damaged_zip")


def test_a_range_of_bytes(tmp_path: Path) -> None:
    file = stored(tmp_path / "a", LINES)
    assert b"".join(Blocks(file, "", 100, 1_000)) == LINES[100:1_000]
    assert head(file, "", 10) == LINES[:10]


def test_a_file_that_goes_away_is_an_input_error(tmp_path: Path) -> None:
    file = SourceFile("a.json", str(tmp_path / "a.json"))
    with pytest.raises(InputError, match=r"^a\.json: cannot be read: no such file or directory$"):
        list(Blocks(file, ""))


def test_an_error_while_reading_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(SourceFile, "open", lambda _: Failing())
    with pytest.raises(InputError, match=r"^a\.json: cannot be read: input/output error$"):
        list(Blocks(stored(tmp_path / "a.json", b"x"), ""))


def test_files_of_an_archive_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """The one bomb that no limit per file stops: a thousand names for the same packed bytes."""
    import copy

    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("honest.jsonl", "{}\n")
        archive.writestr("kernel.jsonl", "[" * 100_000)
        for number in range(1_000):
            again = copy.copy(archive.getinfo("kernel.jsonl"))
            again.filename = f"copy{number:04d}.jsonl"
            archive.filelist.append(again)
    files, skipped = expand([str(path)])
    assert [file.name for file in files] == ["overlap.zip!honest.jsonl"]
    assert len(skipped) == 1_001
    assert {reason for _, reason in skipped} == {"overlaps another file of the archive"}
