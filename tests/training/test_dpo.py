from pathlib import Path

import pytest

from tests.training.judged import metrics_of, run_here, write_preferences


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_held_out_accuracy_and_margin_rise(seed: int, model_folder: Path, tmp_path: Path) -> None:
    rows = write_preferences(tmp_path / "train.jsonl", range(64))
    dev = write_preferences(tmp_path / "dev.jsonl", range(1000, 1016))
    run_here("dpo", f"model={model_folder}", f"data={rows}", f"eval_data={dev}", f"output={tmp_path / 'run'}", f"seed={seed}")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["eval_rewards/margins_before"] == 0
    assert metrics["eval_rewards/accuracies"] > 0.9
    assert metrics["eval_rewards/margins"] > 0.5
