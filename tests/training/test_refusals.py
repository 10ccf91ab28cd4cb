"""Bad input ends in one line and exit code 2, from the programs and from the command line, for one process and for several."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.errors import InputError
from cmtmedqa.recipes.sft import SftRun
from cmtmedqa.training import program
from tests.training.tiny import CHECKOUT, write_messages

Train = Callable[..., Any]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_messages(tmp_path / "rows.jsonl", range(8))


def silent(path: Path) -> Path:
    """Rows in which the doctor says nothing."""
    lines = [
        json.dumps({"id": f"d{n}", "messages": [{"role": "user", "content": "头痛"}]}, ensure_ascii=False)
        for n in range(3)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["model=absent"],
            "absent: no such folder, and no model of that name in the local cache; fetch it with: hf download absent",
        ),
        (["model=plain"], "plain: holds no config.json, so it is no model folder"),
        (["data=absent.jsonl"], "absent.jsonl: no such file or folder"),
        (["data=empty.jsonl"], "empty.jsonl: holds no dialogue to train on"),
        (["data=silent.jsonl"], "silent.jsonl: nothing is left to train on (dropped_no_doctor_turn 3, read 3)"),
        (["max_length=8"], "rows.jsonl: nothing is left to train on (dropped_too_long 8, read 8)"),
        (["output=used"], "used: holds something that is no training run; choose another output"),
        (["output=rows.jsonl"], "rows.jsonl: is a file; name a folder as output"),
        (
            ["use_cpu=false"],
            "this computer has no CUDA device; use_cpu=true trains on the CPU (see the recipes tiny/*)",
        ),
        (["max_stepz=3"], "command line: unknown key 'max_stepz'; did you mean 'max_steps'?"),
        (
            ["lora_r=many"],
            "command line: key 'lora_r': input should be a valid integer, unable to parse string as an integer",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: list[str], message: str, rows: Path, train: Train, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "plain").mkdir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").write_text("mine")
    silent(tmp_path / "silent.jsonl")
    given = {word.split("=")[0] for word in words}
    rest = [word for word in ("data=rows.jsonl", "output=run") if word.split("=")[0] not in given]
    done = train("sft", *rest, *words, code=2)
    assert done.output.splitlines()[-1] == f"error: {message}"
    assert "Traceback" not in done.output
    assert (tmp_path / "used" / "notes.txt").read_text() == "mine"


def test_a_damaged_model_is_one_line(rows: Path, train: Train, model_folder: Path, tmp_path: Path) -> None:
    import shutil

    broken = shutil.copytree(model_folder, tmp_path / "broken")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    done = train("sft", f"model={broken}", f"data={rows}", f"output={tmp_path / 'run'}", code=2)
    assert done.output.splitlines()[-1].startswith(f"error: {broken}: cannot be loaded as a model: ")


@pytest.mark.slow
def test_the_launcher_of_several_processes_passes_the_line_on_without_a_traceback(
    model_folder: Path, tmp_path: Path
) -> None:
    words = [
        "train",
        "sft",
        "--recipe",
        "tiny",
        "processes=2",
        f"model={model_folder}",
        f"data={silent(tmp_path / 'silent.jsonl')}",
        "output=run",
    ]
    command = [sys.executable, "-c", "from cmtmedqa.cli.app import main; main()", *words]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "nothing is left to train on (dropped_no_doctor_turn 3, read 3)" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stderr.count("error: ") == 1


def test_a_run_that_made_no_checkpoint_binds_nobody_to_its_settings(rows: Path, train: Train, tmp_path: Path) -> None:
    words = (f"data={rows}", f"output={tmp_path / 'run'}", "report_to=[]")
    train("sft", *words, "max_steps=4", kill="cmtmedqa.training.guards:RunLog.on_log@2", code=-9)
    assert (tmp_path / "run" / "run.json").is_file()
    train("sft", *words, "max_steps=1", "learning_rate=1e-4")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["learning_rate"] == 1e-4


def test_a_refusal_behind_a_launcher_stands_in_the_file_it_names(
    rows: Path, train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train(
        "sft",
        "data=absent.jsonl",
        "output=run",
        code=2,
        environment={"CMTMEDQA_REFUSAL": str(tmp_path / "refusal.txt")},
    )
    assert "error" not in done.output
    assert (tmp_path / "refusal.txt").read_text() == "absent.jsonl: no such file or folder"


@pytest.mark.parametrize("seen", [["run.json"], [".run.json.7.part"], [".run.json.7.part", "run.json", "checkpoint-5"]])
def test_a_process_that_comes_late_takes_what_the_main_process_writes_for_a_run(
    seen: list[str], tmp_path: Path
) -> None:
    for name in seen:
        (tmp_path / name).touch()
    program.require_output(tmp_path)
    (tmp_path / "run.json").unlink(missing_ok=True)
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(InputError, match="holds something that is no training run"):
        program.require_output(tmp_path)


def test_only_the_main_process_empties_a_run_folder_and_no_process_reads_what_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SftRun(model="m", data=["d"], output=str(tmp_path), overwrite=True)
    for name in ("run.json", "metrics.json"):
        (tmp_path / name).write_text('{"stage": "dpo"}')
    (tmp_path / "checkpoint-5").mkdir()
    monkeypatch.setenv("RANK", "1")
    program.require_output(tmp_path, overwrite=True)
    assert (
        program.begin(settings, "sft", {}) is False
    )  # else it would go on from, or refuse, what the main process removes
    assert (tmp_path / "metrics.json").is_file()
    monkeypatch.setenv("RANK", "0")
    program.require_output(tmp_path, overwrite=True)
    assert list(tmp_path.iterdir()) == []
