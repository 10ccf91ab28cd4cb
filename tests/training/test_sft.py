"""train/sft.py on the CPU: it learns what it should, goes on exactly after a kill, and two processes stay equal."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.tiny import write_messages

Train = Callable[..., Any]
LORA = ("tuning=lora", "lora_r=4", "lora_dropout=0.1", "packing=true", "per_device_train_batch_size=1", "max_steps=12")
KILLED_IN_A_SAVE = "transformers.trainer:Trainer._save_rng_state@2"


@pytest.fixture
def rows(tmp_path: Path) -> tuple[str, str]:
    """`data=` and `eval_data=` of a run."""
    return (
        f"data={write_messages(tmp_path / 'train.jsonl', range(48))}",
        f"eval_data={write_messages(tmp_path / 'dev.jsonl', range(1000, 1012))}",
    )


def metrics_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_the_loss_falls_and_the_run_folder_is_whole(rows: tuple[str, str], train: Train, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train("sft", *rows, f"output={run}", "max_steps=20")
    metrics = metrics_of(run)
    assert metrics["eval_loss"] < metrics["eval_loss_before"] - 1
    assert metrics["rows"]["kept"] == 48
    assert {path.name for path in run.glob("checkpoint-*")} == {"checkpoint-10", "checkpoint-15", "checkpoint-20"}
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert metrics["manifests"]["train.jsonl"] in (run / "README.md").read_text(encoding="utf-8")
    assert list((run / "tensorboard").iterdir())
    assert json.loads((run / "model" / "cmtmedqa.json").read_text())["base"] == metrics["base"]
    for path in (run / "README.md", run / "metrics.json", run / "run.json", run / "log.jsonl"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8"), path


def test_a_killed_run_goes_on_as_if_undisturbed(rows: tuple[str, str], train: Train, tmp_path: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    train("sft", *rows, f"output={straight}", *LORA)
    train("sft", *rows, f"output={killed}", *LORA, kill=KILLED_IN_A_SAVE, code=-9)
    assert not (killed / "checkpoint-10" / "trainer_state.json").exists()
    done = train("sft", *rows, f"output={killed}", *LORA)
    assert "checkpoint-10: is not whole" in done.output
    assert "goes on after step 5" in done.output
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    again = train("sft", *rows, f"output={killed}", *LORA)
    assert "is finished already" in again.output
    refused = train("sft", *rows, f"output={killed}", *LORA, "learning_rate=2e-3", code=2)
    assert "learning_rate = 0.001, now it is 0.002" in refused.output.splitlines()[-1]
    shutil.rmtree(killed / "model")


def test_two_processes_hold_equal_weights(rows: tuple[str, str], train: Train, tmp_path: Path) -> None:
    train(
        "sft",
        *rows,
        f"output={tmp_path / 'run'}",
        "processes=2",
        "max_steps=5",
        "per_device_train_batch_size=2",
        processes=2,
    )
    assert metrics_of(tmp_path / "run")["processes"] == 2
