"""Invented preferences, and a program run inside the process of the tests, which saves it the import of torch."""

import json
import random
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

from tests.training.tiny import CHECKOUT, dialogue

CURT = ("不知道。", "自己上网查。", "随便吃点药。", "没事的，别来了。")


def preference(seed: int) -> dict[str, object]:
    """A row of trl's shape: the doctor's answer of an invented dialogue is better than a curt one."""
    messages = dialogue(seed)
    curt = random.Random(seed).choice(CURT)
    return {"id": f"p{seed}", "prompt": messages[:-1], "chosen": messages[-1]["content"], "rejected": curt}


def write_preferences(path: Path, seeds: range) -> Path:
    """A JSON Lines file of `preference` rows."""
    path.write_text("".join(json.dumps(preference(seed), ensure_ascii=False) + "\n" for seed in seeds), encoding="utf-8")
    return path


def run_here(stage: str, *arguments: str) -> None:
    """Run a program as its head comment says, with the tiny recipe, in this process."""
    program = CHECKOUT / "train" / f"{stage}.py"
    with patch.object(sys, "argv", [str(program), "--recipe", "tiny", *arguments]):
        runpy.run_path(str(program), run_name="__main__")


def metrics_of(run: Path) -> dict[str, float]:
    """`metrics.json` of a run folder."""
    found: dict[str, float] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found
