"""The arithmetic of PPO (Schulman et al. 2017) for answers of tokens, apart from any model.

Shapes: [answers, T] with `mask` 1 on the tokens of an answer up to and including its end token; sums run over the mask only.
All values are in nats and float32. What is reduced over the tokens of a batch takes `total`, the number of tokens of the whole
mini-batch over all micro-batches and ranks, so that parts add up to the loss of the whole.
"""

import torch
from torch import Tensor


def answer_mask(answers: Tensor, end_id: int) -> Tensor:
    """[answers, T] float: 1 up to and including the first `end_id`, everywhere when there is none."""
    ends = (answers == end_id).long()
    return (ends.cumsum(1) - ends == 0).float()


def last_real(mask: Tensor) -> Tensor:
    """[rows]: the index of the last 1 of each row, whichever side is padded. (`mask.sum(1) - 1` is right for right padding only.)"""
    length = mask.shape[1]
    return length - 1 - mask.long().flip(1).argmax(1)


def positions(mask: Tensor) -> Tensor:
    """Position ids that do not count padding on the left: cumsum(mask) - 1, at least 0."""
    return (mask.long().cumsum(1) - 1).clamp(min=0)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean over the mask, 0 for an empty one."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def moments(values: Tensor, mask: Tensor) -> Tensor:
    """[3] in float64: count, sum and sum of squares over the mask; those of several ranks add up."""
    inside = values.double() * mask
    return torch.stack([mask.double().sum(), inside.sum(), (inside * values).sum()])


def whiten(values: Tensor, mask: Tensor, total: Tensor | None = None, eps: float = 1e-8) -> Tensor:
    """(values - mean) / sqrt(var + eps) over the mask, 0 outside. `total` are the moments of all ranks, default: of these values."""
    count, sum_, squares = (moments(values, mask) if total is None else total).unbind()
    mean = sum_ / count.clamp(min=1)
    variance = (squares / count.clamp(min=1) - mean * mean).clamp(min=0)
    return ((values.double() - mean) / torch.sqrt(variance + eps)).float() * mask


def token_rewards(logp: Tensor, reference: Tensor, mask: Tensor, reward: Tensor, beta: float) -> Tensor:
    """r_t = -beta (log pi(a_t) - log pi_ref(a_t)), and the reward [answers] on top at the last token of each answer."""
    rewards = -beta * (logp - reference) * mask
    rows = torch.arange(len(rewards), device=rewards.device)
    rewards[rows, last_real(mask)] += reward
    return rewards


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """(advantages, returns) of generalised advantage estimation (Schulman et al. 2016); values and advantages are 0 past the end.

    delta_t = r_t + gamma V_{t+1} - V_t;  A_t = delta_t + gamma lam A_{t+1};  returns = A + V, before any whitening.
    """
    values = values * mask
    advantages = torch.zeros_like(rewards)
    following_value = following = torch.zeros(len(rewards), device=rewards.device)
    for t in reversed(range(rewards.shape[1])):
        delta = rewards[:, t] + gamma * following_value - values[:, t]
        following = mask[:, t] * (delta + gamma * lam * following)
        following_value = values[:, t]
        advantages[:, t] = following
    return advantages, advantages + values


def kl_sum(logp: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """[answers]: sum over tokens of log pi - log pi_ref, the unbiased estimate of the KL of whole answers (k1), in nats."""
    return ((logp - reference) * mask).sum(1)


def kl_k3(logp: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """[answers]: sum over tokens of exp(d) - 1 - d with d = log pi_ref - log pi: never negative, less variance (Schulman 2020)."""
    difference = (reference - logp) * mask
    return (torch.expm1(difference) - difference).sum(1)


def policy_loss(
    logp: Tensor, old: Tensor, advantages: Tensor, mask: Tensor, clip: float, total: float
) -> tuple[Tensor, Tensor]:
    """(loss, clipped): sum of max(-A rho, -A clip(rho, 1 - e, 1 + e)) / total; `clipped` is the number of tokens cut off."""
    ratio = torch.exp((logp - old) * mask)
    plain, cut = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    loss = (torch.maximum(plain, cut) * mask).sum() / total
    return loss, ((cut > plain).float() * mask).sum().detach()


def value_loss(
    values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float, total: float
) -> tuple[Tensor, Tensor]:
    """(loss, clipped): 0.5 sum of max((V - returns)^2, (V_clip - returns)^2) / total, V_clip at most `clip` from the old value."""
    cut = old + (values - old).clamp(-clip, clip)
    plain_error, cut_error = (values - returns).square(), (cut - returns).square()
    loss = 0.5 * (torch.maximum(plain_error, cut_error) * mask).sum() / total
    return loss, ((cut_error > plain_error).float() * mask).sum().detach()


def explained_variance(returns: Tensor, residuals: Tensor) -> float:
    """1 - Var(returns - V) / Var(returns) from the `moments` of both: 1 for a perfect critic, 0 for one that knows only the mean."""

    def variance(of: Tensor) -> float:
        count, sum_, squares = map(float, of)
        return squares / count - (sum_ / count) ** 2

    spread = variance(returns)
    return 1 - variance(residuals) / spread if spread > 0 else 0.0


def adapted_beta(beta: float, kl: float, target: float, answers: int, horizon: int) -> float:
    """The next coefficient: beta (1 + clip(kl / target - 1, -0.2, 0.2) answers / horizon) (Ziegler et al. 2019, section 2.2)."""
    error = min(max(kl / target - 1, -0.2), 0.2)
    return beta * (1 + error * answers / horizon)
