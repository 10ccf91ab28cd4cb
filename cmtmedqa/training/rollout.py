"""Answers of the policy and everything that an update needs to know of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cmtmedqa.training.batches import by_length, collate
from cmtmedqa.training.roles import Cast, acting


class Rollout(NamedTuple):
    """Some prompts and their answers (token ids, the end token included where the model set one).

    mask, logp, reference, values, entropy: [answers, T], 0 past the end, on the cast's device. `logp` is the policy's at the time of
    sampling. scores, ended: [answers]; a score is that of the reward model at the last token, whether the answer ended or not.
    """

    prompts: list[list[int]]
    answers: list[list[int]]
    mask: Tensor
    logp: Tensor
    reference: Tensor
    values: Tensor
    entropy: Tensor
    scores: Tensor
    ended: Tensor


def sample(
    cast: Cast,
    prompts: Sequence[list[int]],
    *,
    seed: int,
    end_id: int,
    pad_id: int,
    length: int,
    temperature: float,
    batch: int,
) -> list[list[int]]:
    """An answer of the policy to each prompt, from its full distribution, up to and including the end token or `length` tokens.

    Prompts are answered in batches sorted by length. The answers depend on `seed` alone and leave the generators as they were.
    """
    config = _sampling(end_id, pad_id, length, temperature)
    answers: list[list[int]] = [[] for _ in prompts]
    devices = [cast.device.index] if cast.device.type == "cuda" else []
    with torch.no_grad(), acting(cast.policy) as model, torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        causal = model.get_base_model()
        for rows in by_length([len(prompt) for prompt in prompts], batch):
            ids, mask = _left_padded([prompts[row] for row in rows], pad_id, cast.device)
            with cast.autocast():
                drawn = causal.generate(input_ids=ids, attention_mask=mask, generation_config=config)
            for row, answer in zip(rows, drawn[:, ids.shape[1] :].tolist(), strict=True):
                answers[row] = answer[: answer.index(end_id) + 1] if end_id in answer else answer
    return answers


def _sampling(end_id: int, pad_id: int, length: int, temperature: float) -> Any:
    """The full distribution: what a model's own generation_config asks for would bias the ratio of PPO."""
    from transformers import GenerationConfig

    return GenerationConfig(
        do_sample=True, temperature=temperature, top_p=1.0, top_k=0, eos_token_id=end_id, pad_token_id=pad_id,
        max_new_tokens=length, use_cache=True, repetition_penalty=1.0, num_beams=1,
    )  # fmt: skip


def _left_padded(prompts: Sequence[Sequence[int]], pad_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad_id] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    return ids.to(device), mask.to(device)


def judge(
    cast: Cast,
    prompts: list[list[int]],
    answers: list[list[int]],
    *,
    end_id: int,
    pad_id: int,
    temperature: float,
    batch: int,
) -> Rollout:
    """Fresh forward passes of all four roles over some answers, in batches of similar length."""
    width = max(1, *map(len, answers))
    mask, logp, reference, values, entropy = (torch.zeros(len(answers), width, device=cast.device) for _ in range(5))
    scores = torch.zeros(len(answers), device=cast.device)
    for rows in by_length([len(p) + len(a) for p, a in zip(prompts, answers, strict=True)], batch):
        part = collate([prompts[row] for row in rows], [answers[row] for row in rows], pad_id, cast.device)
        with torch.no_grad(), acting(cast.policy) as model:
            new, spread = cast.logprobs_and_entropy(model, part, temperature)
        with torch.no_grad(), acting(cast.reference) as model:
            old = cast.logprobs(model, part, temperature)
        with torch.no_grad(), acting(cast.value) as model:
            critic = cast.values(model, part)
        for whole, piece in (
            (mask, part.answer_mask),
            (logp, new),
            (reference, old),
            (values, critic),
            (entropy, spread),
        ):
            whole[rows, : piece.shape[1]] = piece
        scores[rows] = cast.scores(part)
    ended = torch.tensor([bool(answer) and answer[-1] == end_id for answer in answers], device=cast.device)
    return Rollout(prompts, answers, mask, logp, reference, values, entropy, scores, ended)


def rewards(rollout: Rollout, clip: float, no_end: float) -> Tensor:
    """[answers]: the score cut to +-clip, and `no_end` for an answer that the length limit cut off."""
    return torch.where(rollout.ended, rollout.scores.clamp(-clip, clip), torch.full_like(rollout.scores, no_end))
