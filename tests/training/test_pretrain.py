"""train/pretrain.py on the CPU: mixes by tokens, loses none, learns, and goes on exactly after a kill."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.tiny import dialogue, write_messages

Train = Callable[..., Any]
SHORT = ("max_steps=10", "dialogue_share=0.5", "general_share=0.2", "max_length=128")


@pytest.fixture
def rows(tmp_path: Path) -> tuple[str, ...]:
    """Dialogues, medical text and general text of a run."""
    texts = ["".join(message["content"] for message in dialogue(seed)) for seed in range(2000, 2040)]
    (tmp_path / "books.txt").write_text("\n\n".join(texts), encoding="utf-8")
    general = [
        json.dumps({"text": f"第{number}天，天气晴朗，适合散步。" * 4}, ensure_ascii=False) for number in range(40)
    ]
    (tmp_path / "general.jsonl").write_text("\n".join(general), encoding="utf-8")
    dev = write_messages(tmp_path / "dev.jsonl", range(1000, 1012))
    data = write_messages(tmp_path / "data.jsonl", range(60))
    return (
        f"data={data}",
        f"corpus={tmp_path / 'books.txt'}",
        f"general={tmp_path / 'general.jsonl'}",
        f"eval_data={dev}",
    )


def test_it_learns_from_the_stated_mix_and_goes_on_after_a_kill(
    rows: tuple[str, ...], train: Train, tmp_path: Path
) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    train("pretrain", *rows, f"output={straight}", *SHORT)
    metrics = json.loads((straight / "metrics.json").read_text(encoding="utf-8"))
    counts = metrics["rows"]
    medical = counts["tokens_dialogues"] + counts["tokens_corpus"]
    assert counts["tokens_dialogues"] / medical == pytest.approx(0.5, abs=0.05)
    assert counts["tokens_general"] / (medical + counts["tokens_general"]) == pytest.approx(0.2, abs=0.03)
    assert counts["left_out_by_the_mix"]
    assert set(metrics["manifests"]) == {"data.jsonl", "books.txt", "general.jsonl", "dev.jsonl"}
    assert metrics["eval_loss"] < metrics["eval_loss_before"] - 0.5
    train("pretrain", *rows, f"output={killed}", *SHORT, kill="cmtmedqa.training.guards:RunLog.on_log@10", code=-9)
    train("pretrain", *rows, f"output={killed}", *SHORT)
    assert json.loads((killed / "metrics.json").read_text(encoding="utf-8"))["weights"] == metrics["weights"]
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
