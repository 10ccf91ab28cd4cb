"""What a build ends with: five lines whose commands work when they are pasted."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cmtmedqa.cli import next_steps

COMMAND = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A build into a folder whose name a shell would take apart, and the lines it ended with."""
    folder = tmp_path_factory.mktemp("a b") / "it's a $HOME"
    done = subprocess.run(
        [*COMMAND, "build", "--demo", "-o", folder], capture_output=True, text=True, timeout=300, check=True
    )
    return folder, done.stdout.splitlines()


def test_a_build_ends_with_five_lines_on_what_to_look_at_next(built: tuple[Path, list[str]]) -> None:
    folder, lines = built
    assert lines[-6] == "what to look at next:"
    words = [shlex.split(line, comments=True) for line in lines[-5:]]
    assert Path(words[0][0]).name in ("report.html", "report.json")
    assert words[1] == [str(folder / "README.md")]
    assert all(Path(word[0]).is_file() for word in words[:2])
    assert words[2][:2] == ["cmtmedqa", "why"]
    assert words[3][-3:] == ["cmtmedqa", "browse", str(folder)]
    assert words[4] == ["cmtmedqa", "export", "messages", str(folder), "-o", "train.jsonl"]
    assert all(re.search(r"  # \w+ \w+", line) for line in lines[-5:])


def test_the_commands_work_when_pasted(built: tuple[Path, list[str]], tmp_path: Path) -> None:
    _, lines = built
    for line in (lines[-3], lines[-1]):
        script = f'cmtmedqa() {{ {shlex.join(COMMAND)} "$@"; }}\n{line}\n'
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        if " why " in line:
            assert "nearly the same text as a record that stays" in done.stdout
    assert len((tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()) == 349


def test_the_record_to_ask_about_is_a_near_duplicate(built: tuple[Path, list[str]]) -> None:
    folder, lines = built
    shown = next_steps.example(folder)
    assert f" why {shown} " in lines[-3]
    members = pq.read_table(folder / "clusters.parquet").to_pylist()
    assert next(member["kind"] for member in members if member["id"] == shown) == "near"


def test_without_the_extra_the_line_installs_it_first(
    monkeypatch: pytest.MonkeyPatch, built: tuple[Path, list[str]]
) -> None:
    monkeypatch.setattr(next_steps, "find_spec", lambda _: None)
    assert next_steps.next_steps(built[0])[3].startswith("pip install 'cmtmedqa[browse]' && cmtmedqa browse ")


def test_a_command_that_is_not_on_the_path_is_written_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, built: tuple[Path, list[str]]
) -> None:
    tools = tmp_path / "my env" / "bin"
    tools.mkdir(parents=True)
    for name in ("cmtmedqa", "pip"):
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(tools / "cmtmedqa"), "build"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert next_steps.next_steps(built[0])[2].startswith(f"'{tools}/cmtmedqa' why ")
    monkeypatch.setenv("PATH", str(tools))
    assert next_steps.next_steps(built[0])[2].startswith("cmtmedqa why ")
