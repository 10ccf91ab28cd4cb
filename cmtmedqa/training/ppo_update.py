"""One iteration's updates of PPO: policy and value, mini-batch by mini-batch, over all processes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.training import ppo_math, ranks
from cmtmedqa.training.batches import Batch, collate
from cmtmedqa.training.program import world_size
from cmtmedqa.training.prompts import mini_batches
from cmtmedqa.training.roles import Cast, acting
from cmtmedqa.training.rollout import Rollout


class Targets(NamedTuple):
    """advantages (whitened over all answers of all processes) and returns: [answers, T]."""

    advantages: Tensor
    returns: Tensor


class _Work(NamedTuple):
    """What the micro-batches of an optimizer step share; `total`: its answer tokens in all processes."""

    cast: Cast
    rollout: Rollout
    target: Targets
    settings: PpoRun
    total: float
    pad_id: int

    def batch(self, rows: list[int]) -> Batch:
        prompts, answers = ([part[row] for row in rows] for part in (self.rollout.prompts, self.rollout.answers))
        return collate(prompts, answers, self.pad_id, self.cast.device)


def targets(rollout: Rollout, reward: Tensor, beta: float, settings: PpoRun) -> Targets:
    """Rewards per token with the KL in them, then GAE. `reward` [answers]."""
    per_token = ppo_math.token_rewards(rollout.logp, rollout.reference, rollout.mask, reward, beta)
    raw, returns = ppo_math.gae(per_token, rollout.values, rollout.mask, settings.gamma, settings.lam)
    moments = ranks.total(ppo_math.moments(raw, rollout.mask))
    return Targets(ppo_math.whiten(raw, rollout.mask, moments), returns)


def explained_variance(rollout: Rollout, target: Targets) -> float:
    """How much of the returns of all processes the values at the time of the rollout explain."""
    residuals = target.returns - rollout.values
    of_returns, of_residuals = (ranks.total(ppo_math.moments(v, rollout.mask)) for v in (target.returns, residuals))
    return ppo_math.explained_variance(of_returns, of_residuals)


def optimizer(cast: Cast, settings: PpoRun) -> torch.optim.AdamW:
    """AdamW over two groups, the policy's adapter and the value's with its head, each with its own rate."""
    groups = [
        {"params": list(cast.trained(cast.policy).values()), "lr": settings.learning_rate},
        {"params": list(cast.trained(cast.value).values()), "lr": settings.value_learning_rate},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=cast.device.type == "cuda")


def rate_factor(settings: PpoRun, iteration: int, iterations: int) -> float:
    """What both learning rates are multiplied with in an iteration (from 0): a pure function, so there is no scheduler to save."""
    import math

    kind = settings.lr_scheduler_type
    warm = settings.warmup_steps * iterations if settings.warmup_steps < 1 else settings.warmup_steps
    if iteration < warm and kind != "constant":
        return (iteration + 1) / (warm + 1)
    if kind.startswith("constant"):
        return 1.0
    done = (iteration - warm) / max(1.0, iterations - warm)
    return 0.5 * (1 + math.cos(math.pi * done)) if kind == "cosine" else 1 - done


def set_rates(optim: torch.optim.Optimizer, settings: PpoRun, iteration: int, iterations: int) -> float:
    """Set the learning rates of an iteration; gives the policy's."""
    factor = rate_factor(settings, iteration, iterations)
    for group, rate in zip(optim.param_groups, (settings.learning_rate, settings.value_learning_rate), strict=True):
        group["lr"] = rate * factor
    return settings.learning_rate * factor


def next_beta(beta: float, kl: float, settings: PpoRun) -> float:
    """The coefficient of the next iteration; it moves only towards a `kl_target`."""
    if settings.kl_target is None:
        return beta
    return ppo_math.adapted_beta(beta, kl, settings.kl_target, settings.rollouts, settings.kl_horizon)


def update(
    cast: Cast,
    rollout: Rollout,
    target: Targets,
    optim: torch.optim.Optimizer,
    settings: PpoRun,
    iteration: int,
    pad_id: int,
) -> dict[str, float]:
    """All optimizer steps of an iteration; gives the means of its figures, weighed by tokens, over all processes."""
    cast.mode(training=True)
    size = settings.mini_batch_size // world_size()
    totals: dict[str, float] = {}
    first: dict[str, float] = {}
    steps = 0
    for epoch in range(settings.ppo_epochs):
        for rows in mini_batches(settings.seed, iteration, epoch, ranks.rank(), len(rollout.answers), size):
            found = _step(cast, rollout, target, optim, settings, rows, pad_id)
            first = first or found
            steps += 1
            for name, value in found.items():
                totals[name] = totals.get(name, 0.0) + value
    cast.mode(training=False)
    means = {name: value / steps for name, value in totals.items()}
    return means | {"first_ratio_error": first["ratio_error"], "first_clip_share": first["clip_share"]}


def _step(
    cast: Cast, rollout: Rollout, target: Targets, optim: Any, settings: PpoRun, rows: Sequence[int], pad_id: int
) -> dict[str, float]:
    """One optimizer step. Its gradient is that of one big batch, however it is split into micro-batches and processes."""
    total = float(ranks.total(rollout.mask[list(rows)].sum()))
    optim.zero_grad(set_to_none=True)
    work = _Work(cast, rollout, target, settings, total, pad_id)
    # Both passes of the policy lie inside one block, and the value's come after it: see `acting`.
    policy = torch.zeros(4, device=cast.device)
    with acting(cast.policy) as model:
        for part in _micro(rows, settings.per_device_train_batch_size):
            found = _policy_backward(work, model, part)
            policy = torch.cat([policy[:3] + found[:3], torch.maximum(policy[3:], found[3:])])
    value = torch.zeros(2, device=cast.device)
    with acting(cast.value) as model:
        for part in _micro(rows, settings.per_device_train_batch_size):
            value += _value_backward(work, model, part)
    norms = _clip_and_step(optim, settings)
    error = float(policy[3])
    loss, clipped, moved = (ranks.total(policy[:3])).tolist()
    value_loss, value_clipped = ranks.total(value).tolist()
    return {
        "policy_loss": loss, "clip_share": clipped / total, "update_kl": moved / total, "ratio_error": error,
        "value_loss": value_loss, "value_clip_share": value_clipped / total, **norms,
    }  # fmt: skip


def _micro(rows: Sequence[int], size: int) -> list[list[int]]:
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


def _policy_backward(work: _Work, model: Any, rows: list[int]) -> Tensor:
    """Backward of a micro-batch; gives [loss, tokens clipped, sum of k3 from the old policy, largest |ratio - 1|]."""
    rollout, settings = work.rollout, work.settings
    batch = work.batch(rows)
    old, advantages, mask = _columns(batch.answers.shape[1], rows, rollout.logp, work.target.advantages, rollout.mask)
    new = work.cast.logprobs(model, batch, settings.temperature)
    loss, clipped = ppo_math.policy_loss(new, old, advantages, mask, settings.clip_range, work.total)
    loss.backward()
    with torch.no_grad():
        moved = ppo_math.kl_k3(old, new, mask).sum()
        error = (torch.exp((new - old) * mask) - 1).abs().max()
    return torch.stack([loss.detach(), clipped, moved, error])


def _value_backward(work: _Work, model: Any, rows: list[int]) -> Tensor:
    """Backward of a micro-batch; gives [loss before its coefficient, tokens clipped]."""
    rollout, settings = work.rollout, work.settings
    batch = work.batch(rows)
    old, returns, mask = _columns(batch.answers.shape[1], rows, rollout.values, work.target.returns, rollout.mask)
    new = work.cast.values(model, batch)
    loss, clipped = ppo_math.value_loss(new, old, returns, mask, settings.value_clip_range, work.total)
    (settings.value_coefficient * loss).backward()
    return torch.stack([loss.detach(), clipped])


def _columns(width: int, rows: list[int], *tensors: Tensor) -> tuple[Tensor, ...]:
    return tuple(tensor[rows, :width] for tensor in tensors)


def _clip_and_step(optim: torch.optim.Optimizer, settings: PpoRun) -> dict[str, float]:
    """Add up the gradients of all processes, clip each group by its own norm, step."""
    ranks.sum_gradients(parameter for group in optim.param_groups for parameter in group["params"])
    norms = {}
    for name, group in zip(("policy", "value"), optim.param_groups, strict=True):
        limit = settings.max_grad_norm or float("inf")
        norms[f"grad_norm_{name}"] = float(torch.nn.utils.clip_grad_norm_(group["params"], limit))
    optim.step()
    return norms
