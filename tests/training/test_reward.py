"""train/reward.py on the CPU: it learns a preference, reports on what was held out, and goes on exactly after a kill."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.synthetic import write_rankings

Train = Callable[..., Any]
SHORT = ("max_steps=12", "eval_steps=4", "save_steps=4", "lora_dropout=0.1", "lr_scheduler_type=cosine")
KILLED_IN_A_SAVE = "transformers.trainer:Trainer._save_rng_state@2"


@pytest.fixture
def rows(tmp_path: Path) -> tuple[str, str]:
    """`data=` and `eval_data=` of a run."""
    return (
        f"data={write_rankings(tmp_path / 'rankings.jsonl', range(200))}",
        f"eval_data={write_rankings(tmp_path / 'held_out.jsonl', range(1000, 1060))}",
    )


def metrics_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found


def losses_of(run: Path) -> list[float]:
    return [line["loss"] for line in map(json.loads, (run / "log.jsonl").read_text().splitlines()) if "loss" in line]


def test_it_learns_the_order_and_reports_on_held_out_rankings(
    rows: tuple[str, str], train: Train, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    done = train("reward", *rows, f"output={run}", "eval_steps=50", "save_steps=50", "few_pairs=1500")
    metrics = metrics_of(run)
    held = metrics["held_out"]
    assert held["pair_accuracy"]["value"] > 0.9
    assert held["pair_accuracy"]["low"] > 0.8
    assert metrics["eval_pair_accuracy_before"] < 0.7
    assert held["by_gap"]["3"]["value"] >= held["by_gap"]["1"]["value"]
    assert set(held["by_department"]) == {"内科", "外科", "儿科"}
    assert 0 <= held["calibration"]["ece"] < 0.2
    assert held["top1"]["value"] > 0.85
    assert held["kendall_tau"]["value"] > 0.7
    assert f"{metrics['rows']['train_pairs']} pairs are few" in done.output
    # The figures come from the scores that were written, and those from the answers in their order.
    lines = [json.loads(line) for line in (run / "held_out.jsonl").read_text().splitlines()]
    pairs = [line["scores"][better] > line["scores"][worse] for line in lines for better, worse, _ in line["pairs"]]
    assert sum(pairs) / len(pairs) == pytest.approx(held["pair_accuracy"]["value"])
    assert len(pairs) == metrics["rows"]["held_out_pairs"]
    card = (run / "README.md").read_text(encoding="utf-8")
    assert "| gap 3 |" in card
    assert "ECE" in card
    stated = json.loads((run / "model" / "cmtmedqa.json").read_text())
    assert (stated["stage"], stated["base"]) == ("reward", metrics["base"])


def test_a_killed_run_goes_on_as_if_undisturbed(rows: tuple[str, str], train: Train, tmp_path: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    train("reward", *rows, f"output={straight}", *SHORT)
    train("reward", *rows, f"output={killed}", *SHORT, kill=KILLED_IN_A_SAVE, code=-9)
    done = train("reward", *rows, f"output={killed}", *SHORT)
    assert "goes on after step 4" in done.output
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    assert (killed / "held_out.jsonl").read_text() == (straight / "held_out.jsonl").read_text()


def test_a_step_is_the_same_however_it_is_split(rows: tuple[str, str], train: Train, tmp_path: Path) -> None:
    """Micro-batches of other sizes, and two processes, see the loss of one batch: also where rankings weigh differently."""
    records = [json.loads(line) for line in Path(rows[0].partition("=")[2]).read_text(encoding="utf-8").splitlines()]
    for number, record in enumerate(records):
        record["weight"] = (number % 4 + 1) / 4
    weighed = tmp_path / "weighed.jsonl"
    weighed.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    common = (f"data={weighed}", rows[1], "use_agreement=true", "max_steps=4", "center_coefficient=0.1")
    train("reward", *common, f"output={tmp_path / 'whole'}")
    parts = ("per_device_train_batch_size=1", "gradient_accumulation_steps=4")
    train("reward", *common, f"output={tmp_path / 'parts'}", *parts)
    two = ("per_device_train_batch_size=2", "processes=2")
    train("reward", *common, f"output={tmp_path / 'two'}", *two, processes=2)
    whole = losses_of(tmp_path / "whole")
    assert len(whole) == 4
    assert losses_of(tmp_path / "parts") == pytest.approx(whole, rel=2e-3)
    assert losses_of(tmp_path / "two") == pytest.approx(whole, rel=2e-3)


def test_all_weights_can_be_trained_and_the_folder_is_a_classification_model(
    rows: tuple[str, str], train: Train, tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    run = tmp_path / "run"
    train("reward", *rows, f"output={run}", "tuning=full", "max_steps=3", "learning_rate=1e-4")
    model = AutoModelForSequenceClassification.from_pretrained(run / "model")
    assert model.num_labels == 1
    assert model.config.pad_token_id != model.config.eos_token_id


def test_what_cannot_be_learnt_from_is_one_line(rows: tuple[str, str], train: Train, tmp_path: Path) -> None:
    one = write_rankings(tmp_path / "one.jsonl", range(1))
    done = train("reward", f"data={one}", f"output={tmp_path / 'a'}", code=2)
    assert "error:" in done.output.splitlines()[-1]
    assert "no ranking" in done.output.splitlines()[-1]
    done = train("reward", *rows, f"output={tmp_path / 'b'}", "max_length=8", code=2)
    assert "dropped_too_long 200" in done.output.splitlines()[-1]
