"""train/grpo.py on the CPU: the reward rises, answers that do not end are punished, and a kill changes nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa import recipes
from cmtmedqa.errors import ConfigError
from tests.training.judged import CURT, metrics_of
from tests.training.talking import make_policy, make_reward
from tests.training.tiny import dialogue, write_messages

torch = pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")
pytest.importorskip("trl", reason="training needs trl: pip install -e '.[train]'")

from cmtmedqa.recipes.grpo import GrpoRun  # noqa: E402
from cmtmedqa.training import groups, models, template  # noqa: E402

Train = Callable[..., Any]
LEARNING = (
    "learning_rate=5e-3", "max_steps=15", "eval_steps=15", "save_steps=15", "per_device_train_batch_size=16",
    "max_new_tokens=32", "eval_prompts=32",
)  # fmt: skip
NEEDED = ["model=m", "reward_model=r", "data=d", "output=o"]


@pytest.fixture(scope="module")
def policy(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_policy(model_folder, tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="module")
def reward(policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_reward(policy, tmp_path_factory.mktemp("reward"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mean_reward_rises_by_one(seed: int, policy: Path, reward: Path, train: Train, tmp_path: Path) -> None:
    rows = write_messages(tmp_path / "rows.jsonl", range(100, 400))
    dev = write_messages(tmp_path / "dev.jsonl", range(3000, 3032))
    told = [
        f"model={policy}",
        f"reward_model={reward}",
        f"data={rows}",
        f"eval_data={dev}",
        f"output={tmp_path / 'run'}",
    ]
    train("grpo", *told, f"seed={seed}", *LEARNING)
    metrics = metrics_of(tmp_path / "run")
    assert metrics["eval_kl_before"] == 0
    assert metrics["eval_reward"] > metrics["eval_reward_before"] + 1
    assert metrics["eval_kl"] < 4


def test_a_killed_run_goes_on_as_if_undisturbed_across_epochs(
    policy: Path, reward: Path, train: Train, tmp_path: Path
) -> None:
    rows = write_messages(tmp_path / "rows.jsonl", range(100, 104))
    dev = write_messages(tmp_path / "dev.jsonl", range(3000, 3004))
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    told = (
        f"model={policy}", f"reward_model={reward}", f"data={rows}", f"eval_data={dev}", "max_steps=8", "eval_steps=4",
        "save_steps=4", "num_iterations=2", "per_device_train_batch_size=4", "max_new_tokens=16",
    )  # fmt: skip
    train("grpo", *told, f"output={straight}")
    train("grpo", *told, f"output={killed}", kill="cmtmedqa.training.guards:RunLog.on_log@9", code=-9)
    assert "goes on after step 4" in train("grpo", *told, f"output={killed}").output
    log = [json.loads(line) for line in (straight / "log.jsonl").read_text().splitlines()]
    assert next(line["epoch"] for line in log if line["step"] == 4) >= 1  # the second half lies in another epoch
    assert (killed / "log.jsonl").read_text() == (straight / "log.jsonl").read_text()
    assert metrics_of(killed)["weights"] == metrics_of(straight)["weights"]
    assert not (killed / "model" / "reward").exists()  # it lies on the same base, and is no part of the result


def test_checkpoints_inside_a_cycle_of_sampling_are_refused() -> None:
    cycle = [
        "num_iterations=2",
        "steps_per_generation=4",
        "per_device_train_batch_size=2",
        "gradient_accumulation_steps=2",
    ]
    found = recipes.load("grpo", "tiny", [*NEEDED, *cycle, "save_steps=20"])
    assert isinstance(found, GrpoRun)
    assert found.cycle_steps == 4
    with pytest.raises(ConfigError, match="save_steps must be a multiple of 4"):
        recipes.load("grpo", "tiny", [*NEEDED, *cycle, "eval_steps=2", "save_steps=6"])
    with pytest.raises(ConfigError, match="one sampling has 6 answers"):
        recipes.load("grpo", "tiny", [*NEEDED, "per_device_train_batch_size=3"])


def test_the_order_of_prompts_depends_on_seed_and_epoch_alone() -> None:
    from trl.trainer.utils import RepeatSampler

    def orders(kind: type[Any], resumed: bool) -> list[int]:
        sampler = kind(list(range(10)), 2, 2, 1, True, 7)
        if not resumed:
            list(sampler)  # epoch 0
        if kind is groups._Seeded:
            sampler.set_epoch(1)
        return list(sampler)

    assert orders(groups._Seeded, resumed=True) == orders(groups._Seeded, resumed=False)
    assert orders(RepeatSampler, resumed=True) != orders(RepeatSampler, resumed=False)  # why ours is there
    first = groups._Seeded(list(range(10)), 1, 1, 1, True, 7)
    assert list(first) != orders(groups._Seeded, resumed=True)[::2]


@pytest.fixture(scope="module")
def judge(policy: Path, reward: Path) -> groups.Reward:
    settings = recipes.load(
        "grpo", "tiny", [f"model={policy}", f"reward_model={reward}", "data=d", "output=o", "score_batch_size=3"]
    )
    assert isinstance(settings, GrpoRun)
    found = groups.Reward(models.load_tokenizer(policy), settings)
    found.load()
    return found


def answers(tokenizer: Any) -> tuple[list[Any], list[list[int]], list[list[int]]]:
    """(prompts, completions, the same without their end token)."""
    prompts = [dialogue(seed)[:1] for seed in range(4)]
    texts = [dialogue(0)[1]["content"], CURT[0], dialogue(2)[1]["content"], CURT[1]]
    ended = [tokenizer(text + template.END)["input_ids"] for text in texts]
    return prompts, ended, [ids[:-1] for ids in ended]


def test_an_ended_answer_has_the_score_of_the_reward_model_and_a_cut_one_the_fixed_reward(judge: groups.Reward) -> None:
    prompts, ended, cut = answers(judge.tokenizer)
    logged: dict[str, float] = {}
    with judge.acting() as model:
        stock = model
    found = judge(prompts, [*ended[:3], cut[3]], log_metric=logged.__setitem__)
    for prompt, ids, score in zip(prompts, ended[:3], found, strict=False):
        row = torch.tensor([template.prompt_ids(judge.tokenizer, prompt) + ids])
        assert score == pytest.approx(float(stock(input_ids=row).logits[0, 0]), abs=1e-5)
    assert found[3] == judge.settings.no_eos_reward
    assert found[0] > found[1]
    assert logged["ended_share"] == 0.75


def test_on_the_base_of_the_policy_it_scores_alike_and_is_neither_trained_nor_saved(
    judge: groups.Reward, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    lora = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    shared = get_peft_model(AutoModelForCausalLM.from_pretrained(policy, dtype=torch.float32), lora)
    trained = {name for name, value in shared.named_parameters() if value.requires_grad}
    assert groups.shares_base(judge.settings)
    assert not groups.shares_base(judge.settings.model_copy(update={"tuning": "full"}))
    beside = groups.Reward(judge.tokenizer, judge.settings)
    beside.share(shared)
    prompts, ended, _ = answers(judge.tokenizer)
    row = torch.tensor([ended[0]])
    before = shared(input_ids=row).logits
    assert beside(prompts, ended) == pytest.approx(judge(prompts, ended), abs=1e-5)
    assert torch.equal(shared(input_ids=row).logits, before)
    assert {name for name, value in shared.named_parameters() if value.requires_grad} == trained
    shared.save_pretrained(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert not groups.shares_base(judge.settings)


def test_handed_over_as_a_module_the_reward_model_would_not_see_that_an_answer_was_cut(
    judge: groups.Reward, policy: Path, tmp_path: Path
) -> None:
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import GRPOConfig

    tokenizer = judge.tokenizer
    prompts, ended, cut = answers(tokenizer)
    with judge.acting() as model:
        module = model
    trainer = groups.GroupTrainer(
        AutoModelForCausalLM.from_pretrained(policy), reward_funcs=[module, judge], processing_class=tokenizer,
        reward_processing_classes=[tokenizer, None], train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
        args=GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", num_generations=2, per_device_train_batch_size=2),
    )  # fmt: skip

    def rewards(ids: list[list[int]]) -> Any:
        said = [[{"role": "assistant", "content": tokenizer.decode(row, skip_special_tokens=True)}] for row in ids]
        return trainer._calculate_rewards([{"prompt": prompt} for prompt in prompts], prompts, said, ids)

    assert torch.equal(rewards(ended)[:, 0], rewards(cut)[:, 0])  # trl's own way: cut or not, the same reward
    assert torch.all(rewards(cut)[:, 1] == judge.settings.no_eos_reward)
    assert not torch.any(rewards(ended)[:, 1] == judge.settings.no_eos_reward)


def test_a_reward_model_of_another_base_is_refused_before_the_first_step(
    model_folder: Path, policy: Path, reward: Path, train: Train, tmp_path: Path
) -> None:
    rows = write_messages(tmp_path / "rows.jsonl", range(8))
    told = [f"data={rows}", "eval_share=0", f"output={tmp_path / 'run'}"]
    done = train("grpo", f"model={model_folder}", f"reward_model={reward}", *told, code=2)
    assert "was trained with base" in done.output.splitlines()[-1]
    done = train("grpo", f"reward_model={model_folder}", *told, code=2)
    assert (
        done.output.splitlines()[-1] == f"error: {model_folder}: is no reward model; train one: cmtmedqa train reward"
    )
    shutil.copytree(reward, tmp_path / "empty")
    (tmp_path / "empty" / "adapter_model.safetensors").unlink()
    done = train("grpo", f"model={policy}", f"reward_model={tmp_path / 'empty'}", *told, code=2)
    assert "train the adapter again" in done.output.splitlines()[-1]
    assert not (tmp_path / "run").exists()
