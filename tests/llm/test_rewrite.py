"""Rewriting a built dataset through a real server, and what may not become of a doctor's words."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.llm.rewrite_page import marked
from cmtmedqa.records import Dialogue
from tests.command import run
from tests.llm.server import Server, running

pytest.importorskip("openai")
CHECKOUT = Path(__file__).resolve().parents[2]


def _reply_of(body: dict[str, Any]) -> str:
    return str(body["messages"][1]["content"].split("医生的回复：", 1)[1])


def _run(demo: Path, output: Path, server: Server, *options: str) -> "subprocess.CompletedProcess[str]":
    words = ["rewrite", str(demo), "--model", f"editor@{server.url}", "-o", str(output), "--sample", "20"]
    return run(*words, "--ledger", output.parent / "ledger", *options, cwd=CHECKOUT)


def _dialogues(path: Path) -> list[Dialogue]:
    return [Dialogue.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_faithful_rewrite_stands_is_marked_and_can_be_built(demo: Path, tmp_path: Path) -> None:
    output = tmp_path / "rewritten.jsonl"
    with running(Server(lambda body, _: f"您好，{_reply_of(body)}")) as server:
        done = _run(demo, output, server)
        assert done.returncode == 0, done.stderr
        made = server.calls
        first = output.read_bytes()
        assert _run(demo, output, server).returncode == 0
        assert server.calls == made
    assert output.read_bytes() == first
    changed = [dialogue for dialogue in _dialogues(output) if dialogue.provenance == "rewritten"]
    assert changed
    for dialogue in changed:
        said = json.loads(dialogue.extra)["rewritten"]
        assert said["prompt_version"] == "3"
        assert said["model"] == "editor"
        assert all(dialogue.turns[turn].text.startswith("您好，") for turn in said["turns"])
    built = tmp_path / "built"
    result = run("build", output, "-o", built, cwd=CHECKOUT)
    assert result.returncode == 0, result.stderr


def test_patients_and_refused_turns_keep_every_byte(demo: Path, tmp_path: Path) -> None:
    output = tmp_path / "rewritten.jsonl"
    with running(Server(lambda body, _: f"{_reply_of(body)}另外请服用头孢克肟0.1克。")) as server:
        done = _run(demo, output, server, "--split", "all")
    assert done.returncode == 0, done.stderr
    from cmtmedqa.export.dataset import read_dataset

    known = {dialogue.id: dialogue for dialogue in read_dataset(demo)}
    written = _dialogues(output)
    assert written == [known[dialogue.id] for dialogue in written]
    lines = output.with_name("rewritten.decisions.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["outcome"] for line in lines} <= {"numbers", "drugs", "form"}
    assert set(json.loads(lines[0])) == {"dialogue_id", "turn", "outcome", "seen", "original", "rewritten"}
    assert "kept as they were: numbers" in done.stdout


def test_two_instructions_are_compared_on_the_same_turns(demo: Path, tmp_path: Path) -> None:
    output = tmp_path / "rewritten.jsonl"

    def reply(body: dict[str, Any], _: int) -> str:
        return (
            f"您好，{_reply_of(body)}"
            if "医学编辑" in body["messages"][0]["content"]
            else f"{_reply_of(body)}一天九次。"
        )

    with running(Server(reply)) as server:
        done = _run(demo, output, server, "--prompt", "1", "--prompt", "2")
    assert done.returncode == 0, done.stderr
    page = output.with_suffix(".html").read_text(encoding="utf-8")
    assert "editor, prompt 1" in page
    assert "editor, prompt 2" in page
    assert "http" not in page.split("</style>")[0]


def test_a_text_that_the_model_gave_back_is_no_rewrite(demo: Path, tmp_path: Path) -> None:
    output = tmp_path / "same.jsonl"
    with running(Server(lambda body, _: _reply_of(body))) as server:
        done = _run(demo, output, server)
    assert "0 of them rewritten" in done.stdout
    assert "left unchanged by the model" in done.stdout
    assert {item.provenance for item in _dialogues(output)} != {"rewritten"}


def test_markup_of_a_reply_is_inert_on_the_page() -> None:
    left, right = marked("多喝水<script>alert(1)</script>", "请多饮水<img src=x>")
    assert "<script" not in left + right
    assert "<img" not in left + right
    assert "<del>" in left
    assert "<ins>" in right


@pytest.mark.parametrize(
    ("options", "words"), [(["--prompt", "9"], "no version shipped"), (["--split", "x"], "no split")]
)
def test_bad_options_are_one_line(demo: Path, tmp_path: Path, options: list[str], words: str) -> None:
    with running(Server()) as server:
        done = _run(demo, tmp_path / "x.jsonl", server, *options)
    assert done.returncode == 2
    assert words in done.stderr
