"""The arithmetic of PPO against numbers made by hand and plain Python loops."""

import math
import random

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")

import torch
from torch import Tensor

from cmtmedqa.training import ppo_math

END = 9


def lengths_mask(lengths: list[int], width: int) -> Tensor:
    return torch.tensor([[1.0] * n + [0.0] * (width - n) for n in lengths])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_end_token_counts_and_what_follows_does_not() -> None:
    answers = torch.tensor([[5, 9, 0, 9], [5, 6, 7, 8], [9, 0, 0, 0]])
    assert ppo_math.answer_mask(answers, END).tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]


def test_the_last_real_token_under_both_paddings() -> None:
    mask = torch.tensor([[0, 0, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0], [0, 1, 1, 0, 0]])
    assert ppo_math.last_real(mask).tolist() == [3, 4, 4, 0, 2]


def test_positions_do_not_count_left_padding() -> None:
    assert ppo_math.positions(torch.tensor([[0, 0, 1, 1, 0]])).tolist() == [[0, 0, 0, 1, 1]]


def test_gae_by_hand() -> None:
    rewards = torch.tensor([[0.0, 0.0, 1.0, 7.0]])
    values = torch.tensor([[0.5, 0.4, 0.3, 9.0]])
    advantages, returns = ppo_math.gae(rewards, values, lengths_mask([3], 4), gamma=0.9, lam=0.5)
    last = 1 - 0.3
    middle = (0 + 0.9 * 0.3 - 0.4) + 0.45 * last
    first = (0 + 0.9 * 0.4 - 0.5) + 0.45 * middle
    assert advantages[0].tolist() == pytest.approx([first, middle, last, 0.0])
    assert returns[0].tolist() == pytest.approx([first + 0.5, middle + 0.4, 1.0, 0.0])


def test_gae_is_that_of_a_plain_loop() -> None:
    lengths, width, gamma, lam = [7, 1, 4], 7, 0.97, 0.9
    rewards, values, mask = normal(3, width, seed=1), normal(3, width, seed=2), lengths_mask(lengths, 7)
    advantages, returns = ppo_math.gae(rewards, values, mask, gamma, lam)
    for row, length in enumerate(lengths):
        for t in range(length):
            deltas = [
                float(rewards[row, k])
                + gamma * (float(values[row, k + 1]) if k + 1 < length else 0.0)
                - float(values[row, k])
                for k in range(length)
            ]
            expected = sum((gamma * lam) ** (k - t) * deltas[k] for k in range(t, length))
            assert float(advantages[row, t]) == pytest.approx(expected, abs=1e-5)
            assert float(returns[row, t]) == pytest.approx(expected + float(values[row, t]), abs=1e-5)
        assert not advantages[row, length:].any()
        assert not returns[row, length:].any()


def test_with_lambda_1_and_gamma_1_the_return_is_the_sum_of_what_follows() -> None:
    rewards, values, mask = normal(2, 5, seed=3), normal(2, 5, seed=4), lengths_mask([5, 3], 5)
    _, returns = ppo_math.gae(rewards, values, mask, 1.0, 1.0)
    assert float(returns[1, 0]) == pytest.approx(float(rewards[1, :3].sum()), abs=1e-5)


def test_masked_mean_and_whitening_see_only_the_mask() -> None:
    values = torch.tensor([[1.0, 2.0, 1e6], [3.0, -1e6, 1e6]])
    mask = lengths_mask([2, 1], 3)
    assert float(ppo_math.masked_mean(values, mask)) == 2.0
    assert float(ppo_math.masked_mean(values, mask * 0)) == 0.0
    white = ppo_math.whiten(values, mask)
    assert white[0, :2].tolist() == pytest.approx([-math.sqrt(1.5), 0.0])
    assert float(white[1, 0]) == pytest.approx(math.sqrt(1.5))
    assert white[0, 2] == white[1, 1] == white[1, 2] == 0


def test_whitening_over_parts_is_that_of_the_whole() -> None:
    values, mask = normal(6, 4, seed=5) + 100, lengths_mask([4, 2, 3, 1, 4, 4], 4)
    whole = ppo_math.whiten(values, mask)
    total = ppo_math.moments(values[:2], mask[:2]) + ppo_math.moments(values[2:], mask[2:])
    parts = [ppo_math.whiten(values[rows], mask[rows], total) for rows in (slice(0, 2), slice(2, 6))]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-6)


def test_the_reward_lands_on_the_end_and_every_token_pays_for_its_kl() -> None:
    logp, reference = torch.tensor([[-1.0, -2.0, -3.0]]), torch.tensor([[-1.5, -2.0, 0.0]])
    found = ppo_math.token_rewards(logp, reference, lengths_mask([2], 3), torch.tensor([4.0]), beta=0.1)
    assert found[0].tolist() == pytest.approx([-0.05, 4.0, 0.0])


def test_kl_estimators_by_hand_and_unbiased() -> None:
    logp, reference, mask = torch.tensor([[-1.0, -2.0, -9.0]]), torch.tensor([[-1.5, -1.0, 0.0]]), lengths_mask([2], 3)
    assert float(ppo_math.kl_sum(logp, reference, mask)) == pytest.approx(0.5 - 1.0)
    assert float(ppo_math.kl_k3(logp, reference, mask)) == pytest.approx((math.exp(-0.5) - 1 + 0.5) + (math.e - 1 - 1))
    p, q = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.3, 0.3, 0.4])
    exact = float((p * (p / q).log()).sum())
    one = torch.ones(3, 1)
    for estimator in (ppo_math.kl_sum, ppo_math.kl_k3):
        assert float((p * estimator(p.log()[:, None], q.log()[:, None], one)).sum()) == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_clipped_losses_are_those_of_a_plain_loop(seed: int) -> None:
    chance = random.Random(seed)
    new, old, advantage, values, old_values, returns = ([chance.gauss(0, 0.5) for _ in range(8)] for _ in range(6))
    mask = [1, 1, 1, 0, 1, 1, 0, 0]
    policy = value = cut_policy = cut_value = 0.0
    for n, o, a, v, w, r, m in zip(new, old, advantage, values, old_values, returns, mask):
        ratio = math.exp(n - o)
        plain, clipped = -a * ratio, -a * min(max(ratio, 0.8), 1.2)
        policy += m * max(plain, clipped) / 5
        cut_policy += m * (clipped > plain)
        near = w + min(max(v - w, -0.3), 0.3)
        value += m * 0.5 * max((v - r) ** 2, (near - r) ** 2) / 5
        cut_value += m * ((near - r) ** 2 > (v - r) ** 2)
    rows = [torch.tensor([row]) for row in (new, old, advantage, [float(m) for m in mask])]
    loss, clipped_tokens = ppo_math.policy_loss(*rows, clip=0.2, total=5)
    assert (float(loss), float(clipped_tokens)) == pytest.approx((policy, cut_policy), abs=1e-6)
    rows = [torch.tensor([row]) for row in (values, old_values, returns, [float(m) for m in mask])]
    loss, clipped_tokens = ppo_math.value_loss(*rows, clip=0.3, total=5)
    assert (float(loss), float(clipped_tokens)) == pytest.approx((value, cut_value), abs=1e-6)


def test_a_ratio_past_the_clip_gets_no_gradient_in_the_gaining_direction_only() -> None:
    old, mask = torch.zeros(1, 2), torch.ones(1, 2)
    new = torch.tensor([[0.5, 0.5]], requires_grad=True)  # ratio 1.65
    ppo_math.policy_loss(new, old, torch.tensor([[1.0, -1.0]]), mask, 0.2, 1.0)[0].backward()
    assert float(new.grad[0, 0]) == 0
    assert float(new.grad[0, 1]) == pytest.approx(math.exp(0.5))


def test_explained_variance() -> None:
    returns, mask = torch.tensor([[1.0, 2.0, 3.0, 99.0]]), lengths_mask([3], 4)
    of_returns = ppo_math.moments(returns, mask)
    assert ppo_math.explained_variance(of_returns, ppo_math.moments(returns - returns, mask)) == pytest.approx(1.0)
    assert ppo_math.explained_variance(of_returns, ppo_math.moments(returns - 2.0, mask)) == pytest.approx(0.0)


def test_beta_moves_towards_the_target_by_at_most_a_fifth_of_its_error() -> None:
    assert ppo_math.adapted_beta(0.2, kl=12.0, target=6.0, answers=100, horizon=10_000) == pytest.approx(0.2 * 1.002)
    assert ppo_math.adapted_beta(0.2, kl=0.0, target=6.0, answers=100, horizon=10_000) == pytest.approx(0.2 * 0.998)
    assert ppo_math.adapted_beta(0.2, kl=6.6, target=6.0, answers=100, horizon=100) == pytest.approx(0.2 * 1.1)
