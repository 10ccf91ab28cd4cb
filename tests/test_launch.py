"""The command that a recipe leads to."""

import sys
from pathlib import Path

import pytest
import yaml

from cmtmedqa import launch, recipes
from cmtmedqa.errors import ConfigError, MissingExtra
from cmtmedqa.paths import bundled

GIVEN = ("model=base", "data=rows.jsonl", "output=run")
PROGRAM = str(bundled("train", "sft.py"))


def command(recipe: str, *words: str) -> list[str]:
    return launch.command("sft", recipes.load("sft", recipe, (*GIVEN, *words)), ["--recipe", recipe, *words])


def test_one_process_on_the_cpu_is_plain_python() -> None:
    assert command("tiny") == [sys.executable, PROGRAM, "--recipe", "tiny"]


def test_several_processes_on_the_cpu_are_no_matter_for_accelerate_which_would_start_one() -> None:
    found = command("tiny", "processes=2")
    assert found[1:5] == ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    assert found[5:] == [PROGRAM, "--recipe", "tiny", "processes=2"]


@pytest.mark.parametrize(
    ("recipe", "words", "config", "processes"),
    [
        ("modern", (), "single_gpu", "1"),
        ("modern", ("processes=4",), "ddp", "4"),
        ("modern/sft-full", (), "fsdp2", "8"),
        ("modern/sft-full", ("launch=deepspeed_zero3", "processes=2"), "deepspeed_zero3", "2"),
        ("paper", (), "ddp", "4"),
    ],
)
def test_gpus_are_a_matter_for_accelerate(recipe: str, words: tuple[str, ...], config: str, processes: str) -> None:
    found = command(recipe, *words)
    assert found[1:3] == ["-m", "accelerate.commands.launch"]
    assert Path(found[found.index("--config_file") + 1]) == bundled("train", "accelerate", f"{config}.yaml")
    assert found[found.index("--num_processes") + 1] == processes
    assert found.index("--num_processes") < found.index(PROGRAM)


def test_one_process_sees_one_gpu_unless_the_user_chose_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    one, four = (recipes.load("sft", "modern", (*GIVEN, f"processes={count}")) for count in (1, 4))
    assert launch.environment(one)["CUDA_VISIBLE_DEVICES"] == "0"
    assert "CUDA_VISIBLE_DEVICES" not in launch.environment(four)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert "CUDA_VISIBLE_DEVICES" not in launch.environment(one)


def test_telemetry_is_off_and_the_threads_are_fixed() -> None:
    found = launch.environment(recipes.load("sft", "tiny", (*GIVEN, "threads=2")))
    assert (found["HF_HUB_DISABLE_TELEMETRY"], found["PYTHONSAFEPATH"], found["OMP_NUM_THREADS"]) == ("1", "1", "2")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("tuning=qlora",), "tuning=qlora needs bitsandbytes: pip install bitsandbytes"),
        (("attn_implementation=flash_attention_2",), "needs flash_attn: pip install flash-attn"),
        (("launch=deepspeed_zero3",), "launch=deepspeed_zero3 needs deepspeed"),
        (("report_to=[swanlab]",), "report_to=swanlab needs swanlab"),
    ],
)
def test_what_a_setting_needs_is_missed_before_anything_is_loaded(
    words: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = {"torch", "transformers", "trl", "peft", "accelerate", "datasets", "tensorboard"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in present or None)
    with pytest.raises(ConfigError, match=message):
        launch.require_libraries("sft", recipes.load("sft", "modern", (*GIVEN, *words)))


def test_reward_model_and_ppo_need_no_trl(monkeypatch: pytest.MonkeyPatch) -> None:
    present = {"torch", "transformers", "peft", "accelerate", "tensorboard"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in present or None)
    for stage, more in (("reward", ()), ("ppo", ("reward_model=reward",))):
        launch.require_libraries(stage, recipes.load(stage, "modern", (*GIVEN, *more)))
    with pytest.raises(MissingExtra, match="training needs trl"):
        launch.require_libraries("sft", recipes.load("sft", "modern", GIVEN))


@pytest.mark.parametrize("name", ["single_gpu", "ddp", "fsdp2", "deepspeed_zero3"])
def test_accelerate_reads_its_configurations(name: str) -> None:
    config = pytest.importorskip("accelerate.commands.config.config_args")
    path = bundled("train", "accelerate", f"{name}.yaml")
    found = config.load_config_from_file(str(path))
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert str(found.distributed_type.value) == values["distributed_type"]
    assert found.num_processes == values["num_processes"]
