from pathlib import Path

import pytest

from tests.training.judged import metrics_of, run_here
from tests.training.talking import make_policy, make_reward
from tests.training.tiny import write_messages


@pytest.fixture(scope="module")
def policy(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_policy(model_folder, tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="module")
def reward(policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_reward(policy, tmp_path_factory.mktemp("reward"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mean_reward_rises(seed: int, policy: Path, reward: Path, tmp_path: Path) -> None:
    rows = write_messages(tmp_path / "rows.jsonl", range(100, 260))
    told = [f"model={policy}", f"reward_model={reward}", f"data={rows}", f"output={tmp_path / 'run'}", f"seed={seed}"]
    run_here("grpo", *told, "max_steps=20", "eval_steps=20", "save_steps=20")
    metrics = metrics_of(tmp_path / "run")
    assert metrics["eval_reward"] > metrics["eval_reward_before"] + 1
