"""Checkpoints of transformers' Trainer: which one is whole. The Trainer writes them in place and resumes from the highest number."""

import json
import re
import shutil
import zipfile
from pathlib import Path

from cmtmedqa.training.program import is_main, say, world_size

_NAME = re.compile(r"checkpoint-(\d+)")


def newest_whole(folder: Path) -> Path | None:
    """The newest checkpoint from which a run can go on; None if there is none. Half-written ones are reported."""
    numbered = [(int(mark[1]), path) for path in folder.glob("checkpoint-*") if (mark := _NAME.fullmatch(path.name))]
    for _, path in sorted(numbered, reverse=True):
        if fault := fault_of(path):
            say(f"{path}: is not whole ({fault}); passed over")
            continue
        return path
    return None


def remove_broken(folder: Path, keep: Path | None) -> None:
    """Remove the half-written checkpoints above `keep`, which the Trainer would count when it rotates."""
    limit = step_of(keep) if keep else -1
    for path in sorted(folder.glob("checkpoint-*")):
        if is_main() and _NAME.fullmatch(path.name) and step_of(path) > limit:
            shutil.rmtree(path)


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def fault_of(checkpoint: Path) -> str:
    """What is missing or cut short in a checkpoint, '' if it is whole.

    Whole: `trainer_state.json` parses; optimizer, scheduler and the random states of every process are there and end as they should;
    every safetensors file opens and holds the bytes that its head promises.
    """
    try:
        state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        if state["global_step"] != step_of(checkpoint):
            return "trainer_state.json is of another step"
    except (OSError, ValueError, KeyError, TypeError):
        return "trainer_state.json cannot be read"
    sharded = (
        any(checkpoint.glob("global_step*"))
        or any(checkpoint.glob("optimizer_*"))
        or (checkpoint / "optimizer.bin").is_file()
    )
    for name in ("scheduler.pt", *(() if sharded else ("optimizer.pt",))):
        if not zipfile.is_zipfile(checkpoint / name):
            return f"{name} is missing or cut short"
    count = world_size()
    for name in ["rng_state.pth"] if count == 1 else [f"rng_state_{rank}.pth" for rank in range(count)]:
        if not zipfile.is_zipfile(checkpoint / name):
            return f"{name} is missing or cut short"
    for index in checkpoint.glob("*.safetensors.index.json"):
        if any(
            not (checkpoint / name).is_file() for name in set(json.loads(index.read_bytes())["weight_map"].values())
        ):
            return f"a file of {index.name} is missing"
    weights = sorted(checkpoint.glob("*.safetensors"))
    if not weights and not any(checkpoint.glob("pytorch_model_fsdp*")):
        return "no weights"
    return next((f"{path.name} is cut short" for path in weights if not _opens(path)), "")


def _opens(path: Path) -> bool:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np"):
            return True
    except (OSError, SafetensorError):
        return False
