"""Invented preferences, and what a finished run says of itself."""

import json
import random
from pathlib import Path
from typing import Any

from tests.training.tiny import dialogue

CURT = ("不知道。", "自己上网查。", "随便吃点药。", "没事的，别来了。")


def preference(seed: int) -> dict[str, Any]:
    """A row of trl's shape: the doctor's answer of an invented dialogue is better than a curt one."""
    messages = dialogue(seed)
    curt = random.Random(seed).choice(CURT)
    return {"id": f"p{seed}", "prompt": messages[:-1], "chosen": messages[-1]["content"], "rejected": curt}


def write_preferences(path: Path, seeds: range) -> Path:
    """A JSON Lines file of `preference` rows."""
    path.write_text(
        "".join(json.dumps(preference(seed), ensure_ascii=False) + "\n" for seed in seeds), encoding="utf-8"
    )
    return path


def metrics_of(run: Path) -> dict[str, Any]:
    """`metrics.json` of a run folder."""
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return found
