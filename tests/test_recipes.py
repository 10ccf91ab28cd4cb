"""Recipes: every bundled one is valid, a mistake names the key, and nothing heavy is imported for it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cmtmedqa import recipes
from cmtmedqa.errors import ConfigError

GIVEN = ("model=base", "data=rows.jsonl", "output=run")


@pytest.mark.parametrize("name", recipes.names())
def test_every_bundled_recipe_is_valid_and_says_what_must_not_be_left_to_chance(name: str) -> None:
    stage = recipes.stage_of(name)
    text = recipes.path_of(name).read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    reserved = {"reward": ("reward_model=reward",), "ppo": ("reward_model=reward",), "grpo": ("reward_model=reward",)}
    given = [
        word for word in (*GIVEN, *reserved.get(stage, ())) if word.split("=")[0] in recipes.STAGES[stage].model_fields
    ]
    settings = recipes.load(stage, name, given)
    assert text.startswith("# ")
    assert {"dtype", "max_length"} <= values.keys()  # the libraries' own defaults load float32 and cut at 1,024 tokens
    assert settings.use_cpu == name.startswith("tiny/")


@pytest.mark.parametrize("family", ["tiny", "modern", "paper"])
@pytest.mark.parametrize("stage", ["pretrain", "sft"])
def test_each_family_has_the_stage(family: str, stage: str) -> None:
    assert f"{family}/{stage}" in recipes.names()


def test_the_command_line_wins_over_the_recipe_and_text_becomes_the_key_s_type(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("learning_rate: 2e-4\nlora_r: 8\nmodel: base\n", encoding="utf-8")  # YAML 1.1 reads 2e-4 as text
    words = ["lora_r=4", "data=[a.jsonl, b.jsonl]", "output=run", "packing=false", "report_to=[]"]
    settings = recipes.load("sft", str(own), words)
    assert (settings.learning_rate, settings.lora_r, settings.data) == (2e-4, 4, ("a.jsonl", "b.jsonl"))
    assert settings.report_to == ()
    assert not settings.model_dump()["packing"]


@pytest.mark.parametrize(
    ("stage", "recipe", "words", "message"),
    [
        ("sft", None, ["max_stepz=3"], "command line: unknown key 'max_stepz'; did you mean 'max_steps'?"),
        ("sft", None, [*GIVEN, "max_steps=many"], "command line: key 'max_steps': input should be a valid integer"),
        ("sft", None, ["lora_r"], "command line: 'lora_r' is no key=value"),
        ("sft", None, ["lora_r=1", "lora_r=2"], "command line: key 'lora_r' is given twice"),
        ("sft", None, ["data=x"], "recipe modern: key 'output' is missing"),
        ("sft", "tiny", [*GIVEN, "save_steps=7"], "save_steps must be a multiple of logging_steps and eval_steps"),
        ("sft", "tiny", [*GIVEN, "tuning=qlora"], "use_cpu: qlora and launch need a GPU"),
        ("sft", "tinny", GIVEN, "no recipe 'tinny/sft'; did you mean 'tiny/sft'?"),
        ("sft", "tiny/pretrain", GIVEN, "recipe tiny/pretrain is one of pretrain, not of sft"),
        ("sft", "absent.yaml", GIVEN, "absent.yaml: no such recipe file"),
        ("stf", None, GIVEN, "no stage 'stf'; did you mean 'sft'?"),
        ("pretrain", "tiny", ["model=base", "output=run"], "data or corpus must name something to train on"),
        ("pretrain", "tiny", [*GIVEN, "general_share=0.1"], "general_share needs general"),
    ],
)
def test_a_mistake_is_named(stage: str, recipe: str | None, words: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        recipes.load(stage, recipe, words)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_key_of_a_file_names_the_file_and_the_nearest_key(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("max_stepz: 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"own\.yaml: unknown key 'max_stepz'; did you mean 'max_steps'\?"):
        recipes.load("sft", str(own), GIVEN)


def test_a_program_refuses_a_mistyped_key_without_importing_torch() -> None:
    code = (
        "import sys, runpy; sys.modules.update(dict.fromkeys(('torch', 'transformers', 'trl', 'datasets', 'peft')))\n"
        "sys.argv = ['sft.py', 'max_stepz=3']; runpy.run_path('train/sft.py', run_name='__main__')"
    )
    checkout = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=checkout, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: command line: unknown key 'max_stepz'; did you mean 'max_steps'?\n"
