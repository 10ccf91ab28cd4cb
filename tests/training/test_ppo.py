"""train/ppo.py on the CPU: the reward rises at a bounded KL, a killed run goes on exactly, and what does not fit is refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.synthetic import write_advice, write_rankings
from tests.training.tiny import run as run_program

Train = Callable[..., Any]
SHORT = ("max_steps=6", "eval_steps=2", "eval_prompts=4", "save_steps=2", "max_new_tokens=12", "ppo_epochs=2")


@pytest.fixture(scope="module")
def chain(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """`model=`, `reward_model=`, `data=` and `eval_data=`: a fine-tuned tiny model and a reward model on it, trained here."""
    folder = tmp_path_factory.mktemp("chain")
    data = f"data={write_advice(folder / 'advice.jsonl', range(300))}"
    held = f"eval_data={write_advice(folder / 'advice_dev.jsonl', range(5000, 5032))}"
    sft, reward = folder / "sft", folder / "reward"
    rankings = f"data={write_rankings(folder / 'rankings.jsonl', range(160))}"
    few = ("logging_steps=10", "eval_steps=100", "save_steps=100")
    for stage, *words in (
        ("sft", f"model={model_folder}", data, held, f"output={sft}", "num_train_epochs=2", "learning_rate=3e-3", "per_device_train_batch_size=8", *few),
        ("reward", f"model={sft / 'model'}", rankings, f"output={reward}", *few),
    ):  # fmt: skip
        done = run_program(stage, "--recipe", "tiny", *words, cwd=folder)
        assert done.code == 0, done.output[-3000:]
    return f"model={sft / 'model'}", f"reward_model={reward / 'model'}", data, held


def metrics_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found


def log_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_reward_rises_at_a_bounded_kl(seed: int, chain: tuple[str, ...], train: Train, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(
        "ppo", *chain, f"output={run}", f"seed={seed}", "max_steps=24", "learning_rate=3e-3", "max_new_tokens=32",
        "eval_prompts=32", "eval_steps=12", "save_steps=24",
    )  # fmt: skip
    metrics = metrics_of(run)
    assert metrics["eval_reward"] > metrics["eval_reward_before"] + 1.0
    assert metrics["eval_objective"] > metrics["eval_objective_before"] + 0.7
    assert 0 < metrics["eval_kl"] < 30
    assert metrics["eval_ended_share"] > metrics["eval_ended_share_before"]
    first = next(line for line in log_of(run) if "first_clip_share" in line)
    assert metrics["eval_kl_before"] == first["kl"] == first["kl_k3"] == 0.0
    assert first["first_ratio_error"] < 1e-5
    assert first["first_clip_share"] == 0.0
    if seed == 1:
        whole_run_folder(run, tmp_path)


def whole_run_folder(run: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    metrics = metrics_of(run)
    assert {path.name for path in run.glob("*") if not path.name.startswith("checkpoint")} >= {
        "README.md", "best", "curves.png", "log.jsonl", "metrics.json", "model", "run.json", "samples", "tensorboard",
    }  # fmt: skip
    assert sorted(path.name for path in (run / "samples").iterdir()) == [f"step-{n:06}.md" for n in (0, 12, 24)]
    assert "| 24 |" in (run / "README.md").read_text(encoding="utf-8")
    assert set(metrics["seconds_per_iteration"]) == {"generate", "score", "update"}
    for name in ("README.md", "metrics.json", "run.json", "log.jsonl"):
        text = (run / name).read_text(encoding="utf-8")
        assert str(tmp_path) not in text, name
        assert str(tmp_path.parent) not in text, name  # nor the places of model, reward model and data
    # The adapter stands on its own: peft loads it onto the base, and it says what the run's policy said.
    config = json.loads((run / "model" / "adapter_config.json").read_text(encoding="utf-8"))
    base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"])
    model = PeftModel.from_pretrained(base, run / "model")
    trained = {name: value for name, value in model.named_parameters() if ".lora_B." in name}
    assert all(value.abs().max() > 0 for value in trained.values())
    assert GenerationConfig.from_pretrained(run / "model").do_sample
    assert AutoTokenizer.from_pretrained(run / "model").chat_template.count("generation %}") == 2


def test_a_killed_run_goes_on_as_if_undisturbed(chain: tuple[str, ...], train: Train, tmp_path: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    adaptive = (*SHORT, "kl_target=0.5", "kl_horizon=64", "lr_scheduler_type=cosine")
    train("ppo", *chain, f"output={straight}", *adaptive)
    train("ppo", *chain, f"output={killed}", *adaptive, kill="torch:save@2", code=-9)
    assert not (killed / "checkpoint-4").exists()
    assert list(killed.glob(".checkpoint-4.part"))
    done = train("ppo", *chain, f"output={killed}", *adaptive)
    assert "goes on after iteration 2" in done.output
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    betas = [line["beta"] for line in log_of(straight) if "beta" in line]
    assert len(set(betas)) > 1
    for step in (0, 2, 4, 6):
        name = f"samples/step-{step:06}.md"
        assert (killed / name).read_text() == (straight / name).read_text()
    # A run that lost its newest checkpoint to a bad disk goes on from the one before.
    (killed / "metrics.json").unlink()
    weights = killed / "checkpoint-6" / "adapters.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    done = train("ppo", *chain, f"output={killed}", *adaptive, "save_total_limit=1")
    assert "checkpoint-6: is not whole" in done.output
    assert [path.name for path in killed.glob("checkpoint-*")] == ["checkpoint-6"]
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    refused = train("ppo", *chain, f"output={killed}", *adaptive, "lam=0.9", code=2)
    assert "lam = 0.95, now it is 0.9" in refused.output.splitlines()[-1]


def test_two_processes_hold_equal_weights_and_go_on_exactly(
    chain: tuple[str, ...], train: Train, tmp_path: Path
) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    two = (*SHORT, "max_steps=4", "processes=2")[1:]
    train("ppo", *chain, f"output={straight}", *two, processes=2)
    train("ppo", *chain, f"output={killed}", *two, processes=2, kill="torch:save@2", code=-9)
    done = train("ppo", *chain, f"output={killed}", *two, processes=2)
    assert "goes on after iteration 2" in done.output
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    first = next(line for line in log_of(straight) if "first_clip_share" in line)
    assert first["kl"] == 0.0
    assert first["first_ratio_error"] < 1e-5


def changed(folder: Path, copy: Path, **values: str) -> str:
    """A copy of a reward model that says it was made from something else."""
    shutil.copytree(folder, copy)
    stated = json.loads((copy / "cmtmedqa.json").read_text()) | values
    (copy / "cmtmedqa.json").write_text(json.dumps(stated))
    return f"reward_model={copy}"


def test_another_base_template_or_tokenizer_is_refused_before_the_first_step(
    chain: tuple[str, ...], model_folder: Path, train: Train, tmp_path: Path
) -> None:
    model, reward, *data = chain
    folder = Path(reward.partition("=")[2])
    output = f"output={tmp_path / 'run'}"
    for key in ("base", "template", "tokenizer"):
        other = changed(folder, tmp_path / key, **{key: "0123456789abcdef"})
        done = train("ppo", model, other, *data, output, code=2)
        assert f"was trained with {key} 0123456789abcdef" in done.output.splitlines()[-1]
    done = train("ppo", f"model={model_folder}", reward, *data, output, code=2)
    assert "was trained with base" in done.output.splitlines()[-1]
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    (bare / "cmtmedqa.json").unlink()
    done = train("ppo", model, f"reward_model={bare}", *data, output, code=2)
    assert "its base is unknown" in done.output.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_it_stops_above_the_kl_limit_and_keeps_the_best(chain: tuple[str, ...], train: Train, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train("ppo", *chain, f"output={run}", "max_steps=30", "learning_rate=1e-2", "stop_kl=0.8", "keep=best", "eval_steps=1", "no_eos_reward=9")  # fmt: skip
    metrics = metrics_of(run)
    assert metrics["steps"] < 30
    assert "above stop_kl 0.8" in metrics["stopped"]
    assert metrics["model_of_step"] == metrics["best_step"]
    evaluations = {line["step"]: line["eval_objective"] for line in log_of(run) if "eval_objective" in line}
    assert max(evaluations.values()) == evaluations[metrics["best_step"]] == metrics["best_metric"]


def test_a_bfloat16_base_has_float32_adapters_and_still_starts_at_the_reference(
    chain: tuple[str, ...], train: Train, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    run = tmp_path / "run"
    train(
        "ppo", *chain, f"output={run}", "dtype=bfloat16", "bf16=true", "gradient_checkpointing=true", "max_steps=2",
        "eval_steps=2", "save_steps=2", "max_new_tokens=12",
    )  # fmt: skip
    first, second = (line for line in log_of(run) if "first_clip_share" in line)
    assert first["kl"] == 0.0
    assert first["first_ratio_error"] < 0.1
    assert second["kl"] != 0.0
    weights = load_file(run / "checkpoint-2" / "adapters.safetensors")
    assert {value.dtype for value in weights.values()} == {torch.float32}
