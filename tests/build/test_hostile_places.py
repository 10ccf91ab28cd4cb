"""Outputs that cannot be written, and what another build or user does there: one line, and nothing older is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.hostile import counted, refused, run
from tests.conftest import invented


def corpus(path: Path, count: int) -> Path:
    path.write_text("\n".join(json.dumps(invented(n), ensure_ascii=False) for n in range(count)), encoding="utf-8")
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own in memory, of two MiB; skips where mounting is not permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("filled", [2_000, 1_700, 900])
def test_a_full_disk_is_one_line_and_room_lets_the_build_end(mounted: Path, tmp_path: Path, filled: int) -> None:
    source = corpus(tmp_path / "a.jsonl", 4_000)
    (mounted / "ballast").write_bytes(bytes(filled << 10))
    assert "no space left on device" in refused(run("build", source, "-o", mounted / "out", "--no-deidentify")).lower()
    (mounted / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", mounted], check=True)
    assert run("build", source, "-o", mounted / "out", "--no-deidentify").returncode == 0
    assert counted(mounted / "out")["read"] == 4_000
    assert run("validate", mounted / "out").returncode == 0


def test_a_dataset_outlives_a_replacement_that_fails(mounted: Path, tmp_path: Path) -> None:
    output = mounted / "out"
    assert run("build", corpus(tmp_path / "a.jsonl", 50), "-o", output, "--no-deidentify").returncode == 0
    before = tree(output)
    larger = corpus(tmp_path / "b.jsonl", 4_000)
    (mounted / "ballast").write_bytes(bytes(1_400 << 10))
    refused(run("build", larger, "-o", output, "--no-deidentify", "--overwrite"))
    assert tree(output) == before
    assert run("validate", output).returncode == 0
    subprocess.run(["mount", "-o", "remount,size=64m", mounted], check=True)
    assert run("build", larger, "-o", output, "--no-deidentify", "--overwrite").returncode == 0
    assert counted(output)["read"] == 4_000
    assert run("validate", output).returncode == 0


def test_a_read_only_place_is_one_line(mounted: Path, tmp_path: Path) -> None:
    source = corpus(tmp_path / "a.jsonl", 5)
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    for arguments in (("build", source, "-o", mounted / "out"), ("sources", "read", source, "-o", mounted / "a.jsonl")):
        assert "cannot be written: read-only file system" in refused(run(*arguments)).lower()


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, who can become another user")
def test_what_another_user_may_not_read_or_write_is_one_line(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("test_", "popen-", "pytest-")):  # pytest keeps its folders to their owner
            folder.chmod(0o755)
    source = corpus(tmp_path / "a.jsonl", 5)
    hidden = corpus(tmp_path / "hidden.jsonl", 5)
    hidden.chmod(0o000)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    tried = subprocess.run([*nobody, sys.executable, "-c", "import cmtmedqa"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("another user cannot run this Python")
    read = run("sources", "read", hidden, "-o", "-", prefix=nobody)
    assert "cannot be read: permission denied" in refused(read).lower()
    built = run("build", source, "-o", tmp_path / "out", prefix=nobody)
    assert "cannot be written: permission denied" in refused(built).lower()


def test_an_output_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    source = corpus(tmp_path / "a.jsonl", 5)
    taken = corpus(tmp_path / "taken", 1)
    before = taken.read_bytes()
    assert refused(run("build", source, "-o", taken)).endswith("is a file; name a folder for the output")
    refused(run("build", source, "-o", taken / "below"))
    refused(run("build", source, "-o", tmp_path / ("x" * 300)))
    assert taken.read_bytes() == before


def test_a_missing_input_leaves_no_folder_behind(tmp_path: Path) -> None:
    refused(run("build", tmp_path / "absent.jsonl", "-o", tmp_path / "deep" / "out"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", [(), ("--overwrite",)])
def test_a_second_build_is_told_of_the_first_and_a_killed_one_blocks_nobody(
    tmp_path: Path, option: tuple[str, ...]
) -> None:
    source, output = corpus(tmp_path / "a.jsonl", 20), tmp_path / "out"
    holder = (
        "import sys; from pathlib import Path; from cmtmedqa.build.output import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        message = refused(run("build", source, "-o", output, *option))
        assert message.endswith("another build is running there; wait for it, or choose another -o")
        first.send_signal(signal.SIGKILL)
    assert run("build", source, "-o", output, *option).returncode == 0
    assert counted(output)["read"] == 20


def test_neither_home_nor_temporary_folder_is_needed(tmp_path: Path) -> None:
    source = corpus(tmp_path / "a.jsonl", 5)
    clean = ("env", "-u", "HOME", "TMPDIR=/nonexistent")
    assert run("build", source, "-o", tmp_path / "out", prefix=clean).returncode == 0
    assert "no such file or folder" in refused(
        run("build", "~nobody-of-this-name/a", "-o", tmp_path / "b", prefix=clean)
    )


def test_a_damaged_dataset_is_one_line(tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert run("build", corpus(tmp_path / "a.jsonl", 40), "-o", output, "--no-deidentify").returncode == 0
    shard = next((output / "data").glob("train-*"))
    shard.write_bytes(shard.read_bytes()[:-40])
    message = refused(run("export", "messages", output, "-o", tmp_path / "e.jsonl"))
    assert "cannot be read" in message
    assert not (tmp_path / "e.jsonl").exists()
    assert run("validate", output).returncode == 1
    for text in ("", "[]", '{"files": [], "key": ""}', '{"files": {"a": 1}, "key": ""}', "\0"):
        (output / "manifest.json").write_text(text)
        refused(run("validate", output))
    refused(run("build", tmp_path / "a.jsonl", "-o", output, "--overwrite"))
    assert (output / "report.json").exists()
