"""What PPO reports: figures of a rollout over all processes, evaluation, the table of samples, and when to stop."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from cmtmedqa import io
from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.training import ppo_math, ranks
from cmtmedqa.training.ppo_state import State
from cmtmedqa.training.program import is_main, world_size
from cmtmedqa.training.prompts import Prompt, seed_of
from cmtmedqa.training.roles import Cast
from cmtmedqa.training.rollout import Rollout, judge, rewards, sample

SHOWN = 8
_LOW_ENDED_LIMIT = 3


class Answered(NamedTuple):
    """The figures of one answer; kl and kl_k3 in nats for the whole answer, entropy summed over its tokens."""

    score: float
    reward: float
    ended: bool
    length: int
    kl: float
    kl_k3: float
    entropy: float


def answered(rollout: Rollout, reward: Tensor) -> list[Answered]:
    """The figures of each answer of a rollout."""
    kl = ppo_math.kl_sum(rollout.logp, rollout.reference, rollout.mask)
    k3 = ppo_math.kl_k3(rollout.logp, rollout.reference, rollout.mask)
    columns = [
        rollout.scores, reward, rollout.ended, rollout.mask.sum(1).long(), kl, k3, (rollout.entropy * rollout.mask).sum(1),
    ]  # fmt: skip
    return [Answered(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def figures(rows: Sequence[Answered], beta: float) -> dict[str, float]:
    """Means over answers. `objective` is what PPO maximises: reward - beta KL. Without an ended answer there is no score of such."""
    count, tokens = len(rows), sum(row.length for row in rows)
    ended = [row.score for row in rows if row.ended]
    reward, kl = sum(row.reward for row in rows) / count, sum(row.kl for row in rows) / count
    return {
        "score": sum(row.score for row in rows) / count,
        **({"score_of_ended": sum(ended) / len(ended)} if ended else {}),
        "reward": reward,
        "objective": reward - beta * kl,
        "kl": kl,
        "kl_k3": sum(row.kl_k3 for row in rows) / count,
        "kl_per_token": sum(row.kl for row in rows) / tokens,
        "entropy": sum(row.entropy for row in rows) / tokens,
        "ended_share": len(ended) / count,
        "length": tokens / count,
    }


def evaluate(
    cast: Cast,
    prompts: Sequence[Prompt],
    settings: PpoRun,
    beta: float,
    end_id: int,
    pad_id: int,
    tokenizer: Any,
    step: int,
) -> dict[str, float]:
    """Answer the held-out prompts under a seed of their own, the same at every evaluation; writes `samples/step-N.md`."""
    mine = list(prompts[ranks.rank() :: world_size()])
    rows: list[Answered] = []
    answers: list[list[int]] = []
    if mine:
        ids = [prompt.ids for prompt in mine]
        answers = sample(
            cast, ids, seed=seed_of("evaluation", settings.seed, ranks.rank()), end_id=end_id, pad_id=pad_id,
            length=settings.max_new_tokens, temperature=settings.temperature, batch=settings.generation_batch_size,
        )  # fmt: skip
        found = judge(
            cast, ids, answers, end_id=end_id, pad_id=pad_id,
            temperature=settings.temperature, batch=settings.per_device_eval_batch_size,
        )  # fmt: skip
        rows = answered(found, rewards(found, settings.reward_clip, settings.no_eos_reward))
    if is_main():
        texts = [tokenizer.decode(answer, skip_special_tokens=True) for answer in answers[:SHOWN]]
        _write_samples(Path(settings.output) / "samples" / f"step-{step:06}.md", mine, texts, rows)
    everything = [row for part in ranks.gathered(rows) for row in part]
    return {f"eval_{name}": value for name, value in figures(everything, beta).items()}


def _write_samples(path: Path, prompts: Sequence[Prompt], texts: Sequence[str], rows: Sequence[Answered]) -> None:
    """The last question and the answer of some held-out prompts with their figures. The folder holds dialogue text: keep it as such."""
    lines = ["| prompt | last question | answer | score | ended | tokens | KL |", "|---|---|---|---:|---|---:|---:|"]
    for prompt, text, row in zip(prompts, texts, rows, strict=False):
        asked = _cell(prompt.messages[-1]["content"])
        ended = "yes" if row.ended else "no"
        lines.append(
            f"| {prompt.id} | {asked} | {_cell(text)} | {row.score:.2f} | {ended} | {row.length} | {row.kl:.1f} |"
        )
    io.write_text(path, "\n".join(lines) + "\n")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")


def with_evaluation(state: State, found: Mapping[str, float], settings: PpoRun) -> tuple[State, bool]:
    """(state, whether this evaluation is the best so far); stops when none of the last `early_stopping_patience` was."""
    value = found[settings.metric_for_best_model]
    if state.best is None or value > state.best:
        return state._replace(best=value, best_step=state.step, stale=0), True
    stale = state.stale + 1
    patience = settings.early_stopping_patience
    reason = (
        f"{patience} evaluations without a better {settings.metric_for_best_model}"
        if patience and stale >= patience
        else ""
    )
    return state._replace(stale=stale, stopped=state.stopped or reason), False


def with_stop_rules(state: State, found: Mapping[str, float], settings: PpoRun) -> State:
    """The state after the figures of a rollout: stopped when the KL is above its limit or answers no longer end."""
    few = found["ended_share"] < settings.stop_ended_share
    low = state.low_ended + 1 if few and state.ended_before else 0
    reason = ""
    if settings.stop_kl is not None and found["kl"] > settings.stop_kl:
        reason = f"the KL of an answer is {found['kl']:.1f} nats, above stop_kl {settings.stop_kl:g}"
    elif low >= _LOW_ENDED_LIMIT:
        reason = f"the share of answers that end fell below stop_ended_share {settings.stop_ended_share:g}, {low} iterations running"
    return state._replace(low_ended=low, ended_before=state.ended_before or not few, stopped=state.stopped or reason)
