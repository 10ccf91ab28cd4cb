"""train/sft.py on the CPU: it learns, and exactly what it should."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.training.tiny import write_messages


def test_the_loss_falls_and_the_run_folder_is_whole(
    model_folder: Path, train: Callable[..., object], tmp_path: Path
) -> None:
    rows = write_messages(tmp_path / "train.jsonl", range(48))
    dev = write_messages(tmp_path / "dev.jsonl", range(1000, 1012))
    train(
        "sft", f"model={model_folder}", f"data={rows}", f"eval_data={dev}", f"output={tmp_path / 'run'}", "max_steps=20"
    )
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["eval_loss"] < metrics["eval_loss_before"] - 1
