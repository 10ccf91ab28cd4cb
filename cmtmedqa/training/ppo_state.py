"""Checkpoints of PPO: written between iterations, under a hidden name until they are whole, and the log beside them.

There is no state of a random generator in them: every draw (order of prompts, sampling, mini-batches, evaluation) is seeded from the
run's seed, the iteration and the process.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch

from cmtmedqa import io
from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.training import ranks
from cmtmedqa.training.guards import read_log
from cmtmedqa.training.program import LOG, is_main, say
from cmtmedqa.training.roles import Cast

_NAME = re.compile(r"checkpoint-(\d+)")
_STATE, _WEIGHTS, _OPTIMIZER = "state.json", "adapters.safetensors", "optimizer.pt"
BEST = "best"


class State(NamedTuple):
    """What changes from iteration to iteration beside weights and optimizer; `step` counts finished iterations.

    `best` is the best value of the metric so far and `best_step` its iteration, `stale` the evaluations since; `low_ended` counts
    iterations in a row in which too few answers ended, once enough have done so (`ended_before`).
    """

    step: int = 0
    beta: float = 0.0
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    low_ended: int = 0
    ended_before: bool = False
    stopped: str = ""


def save(folder: Path, cast: Cast, optim: torch.optim.Optimizer, state: State, limit: int) -> None:
    """Write `checkpoint-N` whole or not at all, then remove the oldest above `limit`. All processes call it.

    Raises CmtmedqaError when the processes hold different weights.
    """
    require_equal(cast)
    if is_main():
        target, hidden = folder / f"checkpoint-{state.step}", folder / f".checkpoint-{state.step}.part"
        shutil.rmtree(hidden, ignore_errors=True)
        hidden.mkdir(parents=True)
        _write_weights(hidden / _WEIGHTS, trained(cast))
        torch.save(optim.state_dict(), hidden / _OPTIMIZER)
        io.write_json(hidden / _STATE, state._asdict())
        for path in (*hidden.iterdir(), hidden):
            _sync(path)
        shutil.rmtree(target, ignore_errors=True)
        hidden.rename(target)
        _sync(folder)
        for _, old in _numbered(folder)[:-limit]:
            shutil.rmtree(old)
    ranks.wait()


def load(folder: Path, cast: Cast, optim: torch.optim.Optimizer) -> State | None:
    """Go on from the newest checkpoint that is whole; None without one. Damaged ones are reported and removed.

    All processes call it. Raises CmtmedqaError when they do not read the same.
    """
    state: State | None = None
    broken = []
    for _, path in reversed(_numbered(folder)):
        try:
            state, weights, moments = _read(path)
        except Exception as error:  # noqa: BLE001 -- a file cut short fails in as many ways as there are readers
            say(f"{path}: is not whole ({type(error).__name__}); passed over")
            broken.append(path)
            continue
        _set_weights(cast, weights)
        optim.load_state_dict(moments)
        break
    step = state.step if state else 0
    if set(ranks.gathered(step)) != {step}:
        raise CmtmedqaError(f"{folder}: the processes do not read the same checkpoints; they need one file system")
    if is_main():
        for path in broken:  # they would count as the newest when old ones are removed
            shutil.rmtree(path)
    if state:
        say(f"{folder}: goes on after iteration {step}")
    return state


def _read(path: Path) -> tuple[State, dict[str, Any], Any]:
    state = State(**json.loads((path / _STATE).read_text(encoding="utf-8")))
    moments = torch.load(path / _OPTIMIZER, map_location="cpu", weights_only=True)
    return state, _read_weights(path / _WEIGHTS), moments


def keep_best(folder: Path, cast: Cast, state: State) -> None:
    """Keep the trained weights of the best evaluation, which rotation does not touch."""
    if is_main():
        (folder / BEST).mkdir(parents=True, exist_ok=True)
        with io.replacing(folder / BEST / _WEIGHTS) as temporary:
            _write_weights(temporary, trained(cast))
        io.write_json(folder / BEST / _STATE, state._asdict())
    ranks.wait()


def use_best(folder: Path, cast: Cast) -> None:
    """Set the trained weights to those of the best evaluation."""
    _set_weights(cast, _read_weights(folder / BEST / _WEIGHTS))


def trained(cast: Cast) -> dict[str, torch.Tensor]:
    """All trained tensors by name."""
    return {name: p.detach() for name, p in sorted({**cast.trained(cast.policy), **cast.trained(cast.value)}.items())}


def require_equal(cast: Cast) -> str:
    """The hash of the trained weights. Raises CmtmedqaError when it differs between processes."""
    import hashlib

    digest = hashlib.sha256()
    for name, value in trained(cast).items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().view(torch.uint8).numpy().tobytes())
    mine = digest.hexdigest()[:16]
    if set(ranks.gathered(mine)) != {mine}:
        raise CmtmedqaError(
            "the processes hold different weights; the run is worthless from its last whole checkpoint on"
        )
    return mine


def _write_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file

    save_file({name: value.cpu().contiguous() for name, value in weights.items()}, path)


def _read_weights(path: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(path))


def _set_weights(cast: Cast, weights: dict[str, Any]) -> None:
    with torch.no_grad():
        for name, parameter in {**cast.trained(cast.policy), **cast.trained(cast.value)}.items():
            parameter.copy_(weights[name])


def _numbered(folder: Path) -> list[tuple[int, Path]]:
    return sorted((int(mark[1]), path) for path in folder.glob("checkpoint-*") if (mark := _NAME.fullmatch(path.name)))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cut_log(folder: Path, step: int) -> None:
    """Drop the lines of the log that lie behind a checkpoint (all but evaluations before the first step, for step 0)."""
    path = folder / LOG
    if is_main() and path.is_file():
        kept = [line for line in read_log(path) if line["step"] <= step and step]
        io.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept))


def add_to_log(folder: Path, step: int, values: dict[str, Any]) -> None:
    """One line of figures, no text and no times: a resumed run writes the same bytes."""
    if is_main():
        with (folder / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": step, **values}, ensure_ascii=False) + "\n")
