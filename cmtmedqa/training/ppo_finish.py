"""The beginning and the end of a PPO run around its loop: how long it is, its clock, its warnings, what it leaves behind."""

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.training import data, guards, lineage, ppo_state, program, report
from cmtmedqa.training.ppo_figures import Answered
from cmtmedqa.training.roles import POLICY, Cast

_TABLE = ("eval_score", "eval_reward", "eval_kl", "eval_objective", "eval_ended_share", "eval_length")


def iterations(settings: PpoRun, prompts: int) -> int:
    """Iterations of the run: `max_steps` if it is set, else as many as answer each prompt `num_train_epochs` times."""
    if settings.max_steps > 0:
        return settings.max_steps
    return max(1, math.ceil(settings.num_train_epochs * prompts / settings.rollouts))


class Clock:
    """Seconds of each part of an iteration, and what was done in them, since this process started."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seconds: dict[str, float] = {}
        self.iterations = self.answers = self.tokens = 0

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Adds to a part; waits for the GPU, which works on after the call."""
        start = time.monotonic()
        yield
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        self.seconds[part] = self.seconds.get(part, 0.0) + time.monotonic() - start

    def count(self, rows: Sequence[Answered]) -> None:
        """One iteration with its answers."""
        self.iterations += 1
        self.answers += len(rows)
        self.tokens += sum(row.length for row in rows)

    def figures(self) -> dict[str, Any]:
        """Seconds per iteration and part, answer tokens per second over all parts, and the peak of memory on a GPU in GiB."""
        if not self.iterations:
            return {}
        found: dict[str, Any] = {
            "seconds_per_iteration": {part: round(value / self.iterations, 3) for part, value in self.seconds.items()},
            "answer_tokens_per_second": round(self.tokens / sum(self.seconds.values()), 1),
            "iterations_timed": self.iterations,
        }
        if self.device.type == "cuda":
            found["peak_memory_gib"] = round(torch.cuda.max_memory_allocated(self.device) / 2**30, 2)
        return found


def warn_of_no_eos_reward(iteration: int, figures: Mapping[str, float], settings: PpoRun) -> None:
    """Cutting an answer off must not pay: say so when the penalty lies above what ended answers of the first iteration score."""
    if iteration == 0 and figures["ended_share"] and settings.no_eos_reward >= figures["score_of_ended"]:
        program.say(
            f"warning: no_eos_reward {settings.no_eos_reward:g} is not below the mean score of ended answers, "
            f"{figures['score_of_ended']:.2f}; answers will learn not to end. Set it lower."
        )


def line(step: int, count: int, figures: Mapping[str, float]) -> str:
    """An iteration as one line for people."""
    kind = "eval_" if "eval_reward" in figures else ""
    shown = ", ".join(
        f"{name} {figures[kind + name]:.3g}" for name in ("reward", "kl", "entropy", "ended_share", "length")
    )
    return f"iteration {step}/{count}{', held out' if kind else ''}: {shown}"


def finish(
    settings: PpoRun,
    cast: Cast,
    state: ppo_state.State,
    tokenizer: Any,
    made_of: Mapping[str, Any],
    counts: Counter[str],
    clock: Clock,
) -> None:
    """Save the policy's adapter with everything that serving needs, draw the curves, write card and metrics."""
    folder = Path(settings.output)
    if settings.keep == "best" and state.best is not None:
        ppo_state.use_best(folder, cast)
    weights = ppo_state.require_equal(cast)
    if not program.is_main():
        return
    kept = state.best_step if settings.keep == "best" and state.best is not None else state.step
    _save_policy(folder / program.MODEL, settings, cast, tokenizer, made_of)
    log = guards.read_log(folder / program.LOG)
    evaluations = [entry for entry in log if "eval_reward" in entry]
    metrics = {
        "stage": "ppo",
        "steps": state.step,
        "model_of_step": kept,
        "stopped": state.stopped or None,
        **_evaluated(evaluations, state),
        **{
            name: value
            for name, value in next((e for e in reversed(log) if "reward" in e), {}).items()
            if name != "step"
        },
        "weights": weights,
        **clock.figures(),
        **made_of,
        "manifests": data.manifests([*settings.data, *settings.eval_data]),
        "rows": dict(sorted(counts.items())),
    }
    report.draw_curves(log, folder)
    table = _table(evaluations)
    report.write_card(folder, f"ppo of {Path(settings.model).name}", metrics, settings.model_dump(mode="json"), table)
    if state.stopped:
        program.say(f"stopped after iteration {state.step}: {state.stopped}")
    program.finish(settings, metrics)


def _evaluated(evaluations: Sequence[Mapping[str, Any]], state: ppo_state.State) -> dict[str, Any]:
    if not evaluations:
        return {}
    before = {f"{name}_before": value for name, value in evaluations[0].items() if name != "step"}
    last = {name: value for name, value in evaluations[-1].items() if name != "step"}
    return before | last | {"best_metric": state.best, "best_step": state.best_step}


def _table(evaluations: Sequence[Mapping[str, Any]]) -> str:
    """Reward and KL at each evaluation, for the card."""
    if not evaluations:
        return ""
    head = ["## Held-out prompts: reward and KL (nats per answer)", "", "| step | " + " | ".join(_TABLE) + " |"]
    rows = [
        f"| {entry['step']} | " + " | ".join(f"{entry[name]:.3g}" for name in _TABLE) + " |" for entry in evaluations
    ]
    return "\n".join([*head, "|---:|" + "---:|" * len(_TABLE), *rows])


def _save_policy(folder: Path, settings: PpoRun, cast: Cast, tokenizer: Any, made_of: Mapping[str, Any]) -> None:
    """The adapter as peft reads it, tokenizer and template, and a generation configuration that samples as in training."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file
    from transformers import GenerationConfig

    folder.mkdir(parents=True, exist_ok=True)
    config = cast.policy.model.peft_config[POLICY]
    config.base_model_name_or_path, config.inference_mode = str(lineage.model_folder(settings.model)), True
    config.save_pretrained(str(folder))
    weights = get_peft_model_state_dict(cast.policy.model, adapter_name=POLICY)
    save_file(
        {name: value.detach().cpu().contiguous() for name, value in weights.items()},
        folder / "adapter_model.safetensors",
    )
    tokenizer.save_pretrained(folder)
    GenerationConfig(
        do_sample=True, temperature=settings.temperature, top_p=1.0, top_k=0,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    ).save_pretrained(folder)  # fmt: skip
    lineage.write(
        folder, {"stage": "ppo", "tuning": settings.tuning, "base_name": Path(settings.model).name, **made_of}
    )
