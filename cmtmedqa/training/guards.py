"""Callbacks of transformers' Trainer that watch a run: the gradients of several processes, and the log of the run."""

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import Any

from transformers import PrinterCallback, ProgressCallback, TrainerCallback

from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.training.program import is_main, say

# Of a clock or of a process that began anew: no part of a log that is equal after a resume.
_TIMED = ("_runtime", "step_time", "_per_second", "total_flos", "num_tokens", "num_input_tokens_seen")


class GradientSync(TrainerCallback):
    """Ends a run of several processes whose gradients are not joined, or whose weights have drifted apart.

    Until a model is wrapped for data parallelism each process trains for itself, and nothing says so.
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Raises CmtmedqaError at the first step when no wrapper joins the gradients."""
        alone = args.world_size == 1 or self._sharded()
        if not alone and self.trainer.model_wrapped is self.trainer.model:
            raise CmtmedqaError(
                "the processes do not share their gradients; do not evaluate before train(), use eval_on_start"
            )

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Raises CmtmedqaError when the processes hold different weights."""
        if args.world_size > 1 and not self._sharded():
            require_equal_weights(self.trainer.model)

    def _sharded(self) -> bool:
        return bool(self.trainer.is_fsdp_enabled or self.trainer.is_deepspeed_enabled)


def weight_hash(model: Any, trained_only: bool = False) -> str:
    """SHA-256 (first 16 digits) of a model's parameters, by name."""
    import torch

    digest = hashlib.sha256()
    for name, value in sorted(model.named_parameters()):
        if value.requires_grad or not trained_only:
            digest.update(name.encode())
            digest.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def require_equal_weights(model: Any) -> None:
    """Raises CmtmedqaError when the trained weights of the processes differ. All processes call it."""
    import torch.distributed as dist

    hashes: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(hashes, weight_hash(model, trained_only=True))
    if len(set(hashes)) > 1:
        raise CmtmedqaError(
            "the processes hold different weights; the run is worthless from its last whole checkpoint on"
        )


class RunLog(TrainerCallback):
    """Appends what is logged to `log.jsonl`, one line a step and kind; a resumed run first drops what lies behind its checkpoint."""

    def __init__(self, path: Path, resumed_at: int | None) -> None:
        self.path = path
        if not is_main():
            return
        kept = [] if resumed_at is None or not path.is_file() else read_log(path)
        kept = [line for line in kept if line["step"] <= (resumed_at or 0)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(_line(line) for line in kept), encoding="utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """One line, without times. Raises CmtmedqaError when the loss is no number any more."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            raise CmtmedqaError(
                f"the loss is no number at step {state.global_step}; lower learning_rate, or use bf16 or float32"
            )
        values = {key: value for key, value in (logs or {}).items() if not key.endswith(_TIMED)}
        if is_main() and values and "train_loss" not in values:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(_line({"step": state.global_step, **values}))


class Bar(ProgressCallback):
    """The Trainer's bar on a terminal, with readable lines above it."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """One line above the bar."""
        if self.training_bar is not None and _shown(logs):
            self.training_bar.write(_readable(state, logs or {}), file=sys.stderr)


class Lines(TrainerCallback):
    """What stands in the place of a bar where there is no terminal."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """One line."""
        if _shown(logs):
            say(_readable(state, logs or {}))


def _shown(logs: dict[str, Any] | None) -> bool:
    """Whether it is news: the Trainer's last words repeat the epoch beside a mean loss that begins at the last resume."""
    return "train_loss" not in (logs or {})


def show_progress(trainer: Any) -> None:
    """Put our bar, or our lines where there is no terminal, in the place of the Trainer's."""
    for kind in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(kind)
    trainer.add_callback(Bar() if sys.stderr.isatty() else Lines())


def _readable(state: Any, logs: dict[str, Any]) -> str:
    values = [
        f"{key} {value:.4g}"
        for key, value in logs.items()
        if isinstance(value, int | float) and not key.endswith(_TIMED)
    ]
    return f"step {state.global_step}/{state.max_steps}: " + ", ".join(values)


def _line(values: dict[str, Any]) -> str:
    finite = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in values.items()
    }
    return json.dumps(finite, ensure_ascii=False) + "\n"


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; half a line at its end, left by a kill, is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
