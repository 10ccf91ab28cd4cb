"""train/sft.py on the CPU: it learns what it should, goes on exactly after a kill, and two processes stay equal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.tiny import write_messages

Train = Callable[..., Any]
# As the recipes `modern` have it: adapters with dropout on a bfloat16 base, activations computed anew, packed rows.
LORA = (
    "tuning=lora", "lora_r=4", "lora_dropout=0.1", "dtype=bfloat16", "bf16=true", "gradient_checkpointing=true",
    "packing=true", "per_device_train_batch_size=1", "max_steps=12",
)  # fmt: skip
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
    assert json.loads((run / "model" / "generation_config.json").read_text())[
        "do_sample"
    ]  # servers are greedy without it
    assert not (run / "model" / "training_args.bin").exists()
    assert (run / "model" / "README.md").read_bytes() == (run / "README.md").read_bytes()
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


def test_two_processes_hold_equal_weights_and_go_on_exactly(
    rows: tuple[str, str], train: Train, tmp_path: Path
) -> None:
    """Equal over the processes at each save (the guard), and equal after a kill of one of them."""
    words = (
        "processes=2",
        "max_steps=12",
        "per_device_train_batch_size=2",
        "tuning=lora",
        "lora_r=4",
        "lora_dropout=0.1",
    )
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    train("sft", *rows, f"output={straight}", *words, processes=2)
    train("sft", *rows, f"output={killed}", *words, processes=2, kill=KILLED_IN_A_SAVE, code=-9)
    train("sft", *rows, f"output={killed}", *words, processes=2)
    assert metrics_of(killed)["processes"] == 2
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    refused = train("sft", *rows, f"output={killed}", *words[1:], code=2)
    assert "was started with processes = 2, now it is 1" in refused.output.splitlines()[-1]


def test_the_best_checkpoint_is_the_result_and_no_further_step_is_made(
    rows: tuple[str, str], train: Train, tmp_path: Path
) -> None:
    """Trained on one dialogue at a rate that overshoots: the held-out loss turns, and two evaluations later the run ends."""
    from safetensors.numpy import load_file

    one = write_messages(tmp_path / "one.jsonl", range(1))
    run = tmp_path / "run"
    words = (
        "max_steps=60",
        "num_train_epochs=60",
        "learning_rate=2e-2",
        "lr_scheduler_type=constant",
        "warmup_steps=0",
    )
    train(
        "sft",
        f"data={one}",
        rows[1],
        f"output={run}",
        *words,
        "early_stopping_patience=2",
        "eval_steps=2",
        "save_steps=2",
    )
    metrics = metrics_of(run)
    evaluated = {
        line["step"]: line["eval_loss"]
        for line in map(json.loads, (run / "log.jsonl").read_text().splitlines())
        if "eval_loss" in line
    }
    assert metrics["best_step"] == min((step for step in evaluated if step), key=lambda step: evaluated[step])
    assert metrics["steps"] == metrics["best_step"] + 4 < 60
    best, result = (
        load_file(run / f"checkpoint-{metrics['best_step']}" / "model.safetensors"),
        load_file(run / "model" / "model.safetensors"),
    )
    assert best.keys() == result.keys()
    assert all((best[name] == result[name]).all() for name in best)


def test_an_adapter_of_a_model_without_chat_tokens_trains_their_rows(
    rows: tuple[str, str], train: Train, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    from cmtmedqa.training import template

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate([*letters, "</s>"])}, merges=[]))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>").save_pretrained(tmp_path / "bare")
    size = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    config = Qwen3Config(vocab_size=257, head_dim=16, tie_word_embeddings=False, **size)
    Qwen3ForCausalLM(config).save_pretrained(tmp_path / "bare")

    run = tmp_path / "run"
    words = ("max_steps=10", "tuning=lora", "lora_r=4", "max_length=2048", "learning_rate=1e-2")
    train("sft", f"model={tmp_path / 'bare'}", *rows, f"output={run}", *words)
    assert metrics_of(run)["eval_loss"] < metrics_of(run)["eval_loss_before"]

    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    assert tokenizer.chat_template == template.TEMPLATE
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "bare")
    added = template.grow_embeddings(base, tokenizer)
    before = base.get_input_embeddings().weight.detach().clone()
    merged = PeftModel.from_pretrained(base, run / "model").merge_and_unload()
    after = merged.get_input_embeddings().weight
    assert len(added) == 3
    assert torch.equal(after[:257], before[:257])
    learnt = [tokenizer.convert_tokens_to_ids(token) for token in ("<|im_start|>", "<|im_end|>")]
    assert not torch.equal(after[learnt], before[learnt])
