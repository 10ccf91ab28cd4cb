"""train/dpo.py on the CPU: it learns from pairs, weighs them, cuts prompts by turns, and goes on exactly after a kill."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa import recipes
from tests.training.judged import metrics_of, preference, write_preferences

torch = pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")
pytest.importorskip("trl", reason="training needs trl: pip install -e '.[train]'")

from cmtmedqa.recipes.dpo import DpoRun  # noqa: E402
from cmtmedqa.training import comparisons, pairs, template  # noqa: E402

Train = Callable[..., Any]
BETA = 0.1


def settings(*changes: str) -> DpoRun:
    data = [] if any(change.startswith("data=") for change in changes) else ["data=d"]
    found = recipes.load("dpo", "tiny", ["model=m", "output=o", *data, *changes])
    assert isinstance(found, DpoRun)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_held_out_accuracy_and_margin_rise(seed: int, train: Train, tmp_path: Path) -> None:
    rows = write_preferences(tmp_path / "train.jsonl", range(64))
    dev = write_preferences(tmp_path / "dev.jsonl", range(1000, 1016))
    train(
        "dpo",
        f"data={rows}",
        f"eval_data={dev}",
        f"output={tmp_path / 'run'}",
        f"seed={seed}",
        "eval_steps=16",
        "save_steps=16",
    )
    metrics = metrics_of(tmp_path / "run")
    assert metrics["eval_rewards/margins_before"] == 0  # the policy begins as the reference
    assert metrics["eval_rewards/accuracies"] > 0.9
    assert metrics["eval_rewards/margins"] > 0.5
    assert metrics["reference"] == "base with adapters off"


def test_a_killed_run_goes_on_as_if_undisturbed(train: Train, tmp_path: Path) -> None:
    rows = write_preferences(tmp_path / "rows.jsonl", range(40))
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    short = (f"data={rows}", "eval_share=0.2", "max_steps=12", "per_device_train_batch_size=2")
    train("dpo", *short, f"output={straight}")
    train("dpo", *short, f"output={killed}", kill="cmtmedqa.training.guards:RunLog.on_log@11", code=-9)
    assert "goes on after step 5" in train("dpo", *short, f"output={killed}").output
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()


def test_all_weights_learn_against_a_frozen_copy_on_two_processes(train: Train, tmp_path: Path) -> None:
    rows = write_preferences(tmp_path / "rows.jsonl", range(24))
    short = (
        f"data={rows}",
        "eval_share=0.3",
        "tuning=full",
        "learning_rate=1e-4",
        "max_steps=5",
        "per_device_train_batch_size=2",
    )
    train("dpo", *short, f"output={tmp_path / 'run'}", "processes=2", processes=2)
    metrics = metrics_of(tmp_path / "run")
    assert metrics["reference"] == "frozen copy of the base"
    assert metrics["eval_rewards/margins_before"] == 0
    assert metrics["eval_rewards/margins"] > 0


def test_answers_end_with_the_end_token_and_long_prompts_lose_whole_turns(tokenizer: Any, tmp_path: Path) -> None:
    file = write_preferences(tmp_path / "rows.jsonl", range(40))
    counts: Counter[str] = Counter()
    found, held = pairs.read_pairs(settings(f"data={file}", "max_length=90", "eval_share=0.2"), tokenizer, counts)
    assert counts["left_trimmed"] > 0
    assert len(found) + len(held) == counts["pairs"] + counts["pairs_held_out"] == 40 - counts["joined_by_prompt"]
    prompts = [preference(seed)["prompt"] for seed in range(40)]
    for pair, row in zip(found, pairs.tokenised(tokenizer, found), strict=True):
        assert any(pair.prompt == prompt[-len(pair.prompt) :] for prompt in prompts)
        assert pair.prompt[0]["role"] == pair.prompt[-1]["role"] == "user"
        for name, answer in (("chosen_ids", pair.chosen), ("rejected_ids", pair.rejected)):
            assert tokenizer.decode(row[name]) == answer + template.END
            assert len(row["prompt_ids"]) + len(row[name]) <= 90
        assert row["prompt_ids"] == template.prompt_ids(tokenizer, pair.prompt)


def item(weight: float, *found: tuple[int, int, int]) -> comparisons.Item:
    return comparisons.Item(f"i{weight}", "d", [{"role": "user", "content": "咳嗽"}], ("甲", "乙", "丙"), found, weight)


def test_pairs_are_left_out_by_agreement_and_margin_and_what_is_left_out_is_counted() -> None:
    items = [item(0.9, (0, 1, 1), (1, 2, 1), (0, 2, 2)), item(0.4, (0, 1, 1))]
    counts: Counter[str] = Counter()
    everything = pairs.selected(items, settings(), counts)
    assert ([(pair.chosen, pair.rejected) for pair in everything], +counts) == (
        [("甲", "乙"), ("乙", "丙"), ("甲", "丙"), ("甲", "乙")],
        {},
    )
    best = pairs.selected(items, settings("pairs=best_worst", "min_agreement=0.5"), counts)
    assert [(pair.chosen, pair.rejected) for pair in best] == [("甲", "丙")]
    assert counts == {"pairs_below_min_agreement": 1, "pairs_between_best_and_worst": 2}
    assert [pair.chosen for pair in pairs.selected(items, settings("min_margin=2"), counts)] == ["甲"]
    assert counts["pairs_below_min_margin"] == 3


def test_weights_follow_the_agreement_and_average_one() -> None:
    found = pairs.weighted(pairs.selected([item(0.9, (0, 1, 1)), item(0.3, (0, 1, 1))], settings(), Counter()), True)
    assert [pair.weight for pair in found] == pytest.approx([1.5, 0.5])
    assert [pair.weight for pair in pairs.weighted(found, False)] == [1.0, 1.0]


def test_a_scaled_gradient_is_that_of_the_weighted_loss() -> None:
    logps = torch.tensor(
        [[-1.0, -2.0], [-0.5, -0.1], [-3.0, -1.0], [-2.0, -0.2]], requires_grad=True
    )  # two chosen over two rejected
    weight = torch.tensor([1.5, 0.5])

    def losses(values: Any) -> Any:
        chosen, rejected = values.sum(1).chunk(2)
        return -torch.nn.functional.logsigmoid(BETA * (chosen - rejected))

    scaled = pairs.scale_gradient(logps, torch.cat([weight, weight]))
    assert torch.equal(scaled, logps)
    (found,) = torch.autograd.grad(losses(scaled).mean(), logps)
    (wanted,) = torch.autograd.grad((weight * losses(logps)).mean(), logps)
    assert torch.allclose(found, wanted, atol=1e-8)


def test_a_pair_of_weight_two_beside_one_of_weight_zero_counts_as_if_it_stood_alone(
    model_folder: Path, tokenizer: Any, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM
    from trl import DPOConfig

    prompt = [{"role": "user", "content": "咳嗽三天了，怎么办？"}]
    two = [
        pairs.Pair(prompt, "多喝水，查血常规。", "不知道。", 2.0),
        pairs.Pair(prompt, "自己看。", "先查心电图，多休息。", 0.0),
    ]

    def gradient(chosen: list[pairs.Pair]) -> Any:
        model = AutoModelForCausalLM.from_pretrained(model_folder)
        rows = pairs.tokenised(tokenizer, chosen)
        options = {
            "output_dir": str(tmp_path),
            "use_cpu": True,
            "bf16": False,
            "gradient_checkpointing": False,
            "report_to": "none",
        }
        trainer = pairs.PairTrainer(
            model, args=DPOConfig(**options, max_length=None, beta=BETA, remove_unused_columns=False),
            train_dataset=rows, data_collator=pairs.Collator(tokenizer.pad_token_id), processing_class=tokenizer,
        )  # fmt: skip
        trainer.compute_loss(trainer.model, pairs.Collator(tokenizer.pad_token_id)(list(rows))).backward()
        return model.model.layers[0].self_attn.q_proj.weight.grad

    assert torch.allclose(gradient(two), gradient([two[0]._replace(weight=1.0)]), atol=1e-6)
    assert not torch.allclose(gradient(two), gradient([pair._replace(weight=1.0) for pair in two]), atol=1e-6)


def test_data_without_a_pair_ends_in_one_line(train: Train, tmp_path: Path) -> None:
    same = preference(1) | {"rejected": preference(1)["chosen"]}
    file = tmp_path / "same.jsonl"
    file.write_text(json.dumps(same, ensure_ascii=False), encoding="utf-8")
    done = train("dpo", f"data={file}", f"output={tmp_path / 'run'}", code=2)
    assert done.output.splitlines()[-1].startswith(f"error: {file}: nothing is left to train on")
    assert not (tmp_path / "run").exists()
