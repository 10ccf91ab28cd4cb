"""The settings of the training programs, without torch: what a recipe may say, and how a command line changes it.

A recipe is a flat YAML file of one stage. Its keys are the fields of that stage's class; whatever else stands there fails with the
nearest key before anything heavy is imported. Paths in a recipe are relative to the working directory, as on the command line.
"""

import difflib
from collections.abc import Sequence
from pathlib import Path

from cmtmedqa.config import make_settings, read_mapping
from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import bundled
from cmtmedqa.recipes.base import Run
from cmtmedqa.recipes.dpo import DpoRun
from cmtmedqa.recipes.grpo import GrpoRun
from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.recipes.pretrain import PretrainRun
from cmtmedqa.recipes.reward import RewardRun
from cmtmedqa.recipes.sft import SftRun

STAGES: dict[str, type[Run]] = {
    "pretrain": PretrainRun,
    "sft": SftRun,
    "reward": RewardRun,
    "ppo": PpoRun,
    "dpo": DpoRun,
    "grpo": GrpoRun,
}
DEFAULT = "modern"
_NOTHING = frozenset({"null", "none", "~"})


def names() -> list[str]:
    """All bundled recipes as FAMILY/STAGE[-VARIANT], in the order of the stages within a family."""
    folder = bundled("train", "recipes")
    found = [f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.yaml")]
    return sorted(found, key=lambda name: (name.split("/")[0], list(STAGES).index(stage_of(name)), name))


def stage_of(name: str) -> str:
    """The stage of a recipe, by its name: FAMILY/STAGE[-VARIANT]."""
    return name.rsplit("/", 1)[-1].split("-", maxsplit=1)[0]


def path_of(name: str, stage: str | None = None) -> Path:
    """The file of a recipe: a bundled FAMILY/STAGE[-VARIANT], a FAMILY (its recipe of `stage`), or a file of one's own.

    Raises ConfigError that names the nearest recipe.
    """
    if name.endswith((".yaml", ".yml")):
        if not Path(name).is_file():
            raise ConfigError(f"{name}: no such recipe file; see cmtmedqa recipes ls")
        return Path(name)
    known = names()
    wanted = f"{name}/{stage}" if stage and "/" not in name else name
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.0)
        raise ConfigError(f"no recipe '{wanted}'; did you mean '{near[0]}'? see cmtmedqa recipes ls")
    return bundled("train", "recipes", *f"{wanted}.yaml".split("/"))


def load(stage: str, recipe: str | None, changes: Sequence[str] = ()) -> Run:
    """The settings of a run: the recipe (default: the `modern` one of the stage), changed by `key=value` words.

    Raises ConfigError with one line: an unknown stage, recipe or key with the nearest one, a value of another type.
    """
    if stage not in STAGES:
        near = difflib.get_close_matches(stage, STAGES, n=1, cutoff=0.0)
        raise ConfigError(f"no stage '{stage}'; did you mean '{near[0]}'? there are: {', '.join(STAGES)}")
    path = path_of(recipe or DEFAULT, stage)
    if recipe and "/" in recipe and path.is_relative_to(bundled("train")) and stage_of(recipe) != stage:
        raise ConfigError(f"recipe {recipe} is one of {stage_of(recipe)}, not of {stage}")
    given = _given(changes)
    known = {key: value for key, value in given.items() if key in STAGES[stage].model_fields}
    if unknown := [key for key in given if key not in known]:
        near = difflib.get_close_matches(unknown[0], STAGES[stage].model_fields, n=1, cutoff=0.0)
        raise ConfigError(f"command line: unknown key '{unknown[0]}'; did you mean '{near[0]}'?")
    return make_settings(read_mapping(path) | known, _where(path, recipe or DEFAULT), STAGES[stage], known)


def _where(path: Path, recipe: str) -> str:
    return f"recipe {recipe}" if path.is_relative_to(bundled("train")) else str(path)


def _given(changes: Sequence[str]) -> dict[str, object]:
    """`key=value` words as settings: null and [a,b] have their meaning of YAML, everything else is text that the setting converts."""
    found: dict[str, object] = {}
    for word in changes:
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise ConfigError(f"command line: '{word}' is no key=value; see cmtmedqa recipes show for the keys")
        if key in found:
            raise ConfigError(f"command line: key '{key}' is given twice; join values as {key}=[a,b]")
        found[key] = None if value.lower() in _NOTHING else _listed(value)
    return found


def _listed(value: str) -> object:
    if value.startswith("[") and value.endswith("]"):
        return [part.strip() for part in value[1:-1].split(",") if part.strip()]
    return value
