"""train/evaluate_reward.py: figures of a reward model on rankings it has not seen."""

import json
from pathlib import Path

import pytest

from tests.training.synthetic import ranking, write_rankings
from tests.training.tiny import run

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")
pytest.importorskip("trl", reason="training needs trl: pip install -e '.[train]'")


def test_it_reports_what_training_reported_on_the_same_rankings(model_folder: Path, tmp_path: Path) -> None:
    train = write_rankings(tmp_path / "rankings.jsonl", range(80))
    held_out = write_rankings(tmp_path / "held_out.jsonl", range(1000, 1030))
    told = [
        f"model={model_folder}",
        f"data={train}",
        f"eval_data={held_out}",
        f"output={tmp_path / 'run'}",
        "max_steps=12",
    ]
    done = run("reward", "--recipe", "tiny", *told, cwd=tmp_path)
    assert done.code == 0, done.output
    rows = [
        ranking(seed) | {"split": "test"} for seed in range(1000, 1030)
    ]  # beside rows that were learnt, as in an export
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*rows, *map(ranking, range(8))]))
    done = run(
        "evaluate_reward",
        str(tmp_path / "run"),
        "--rankings",
        str(mixed),
        "-o",
        str(tmp_path / "out.json"),
        cwd=tmp_path,
    )
    assert done.code == 0, done.output
    trained = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["held_out"]
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["pair_accuracy"]["value"] == pytest.approx(trained["pair_accuracy"]["value"], abs=0.02)
    assert found["by_gap"].keys() == trained["by_gap"].keys()
    assert found["rankings"] == 30
    assert found["left_out"]["train_split_left_out"] == 8
    assert sum(row["items"] for row in found["best_of_n"]) == found["rankings"]
    assert sum(row["value"] * row["items"] for row in found["best_of_n"]) / found["rankings"] == pytest.approx(
        found["top1"]["value"]
    )


def test_a_model_that_gives_no_score_is_one_line(model_folder: Path, tmp_path: Path) -> None:
    rows = write_rankings(tmp_path / "rankings.jsonl", range(4))
    done = run(
        "evaluate_reward", str(model_folder), "--rankings", str(rows), "-o", str(tmp_path / "out.json"), cwd=tmp_path
    )
    assert done.code == 2
    assert "no reward model" in done.output
