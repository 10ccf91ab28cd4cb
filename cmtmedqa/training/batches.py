"""Prompts and answers as tensors: prompts padded on the left, answers on the right, each batch to its own lengths.

    ids  = [ pad … | prompt | a_0 … a_{T-1} | pad … ]        mask = [ 0 … | 1 … | m_0 … m_{T-1} ], m_t = 1 up to the end token

The token a_t is predicted at position P - 1 + t, where P is the padded length of the prompts.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cmtmedqa.training.ppo_math import positions


class Batch(NamedTuple):
    """ids, mask, position_ids: [rows, P + T]; answers, answer_mask: [rows, T]; `prompt_length` is P."""

    ids: Tensor
    mask: Tensor
    position_ids: Tensor
    answers: Tensor
    answer_mask: Tensor
    prompt_length: int


def collate(
    prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], pad_id: int, device: torch.device | str = "cpu"
) -> Batch:
    """The batch of some prompts, each with its answer (which ends with its end token, if it has one)."""
    longest = max(map(len, prompts))
    width = max(1, *map(len, answers))
    ids = torch.full((len(prompts), longest + width), pad_id)
    mask = torch.zeros_like(ids)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        start, end = longest - len(prompt), longest + len(answer)
        ids[row, start:end] = torch.tensor([*prompt, *answer])
        mask[row, start:end] = 1
    ids, mask = ids.to(device), mask.to(device)
    return Batch(ids, mask, positions(mask), ids[:, longest:], mask[:, longest:].float(), longest)


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Row numbers in batches of `size`, longest first, so that a batch pads little and the first one shows the peak of memory."""
    order = sorted(range(len(lengths)), key=lambda row: (-lengths[row], row))
    yield from (order[start : start + size] for start in range(0, len(order), size))
