"""Log-probabilities of tokens from hidden states, in pieces: the whole of a batch's logits never exists.

8 answers of 512 tokens over a vocabulary of 152,000 are 2.5 GB of float32 logits, and as much again for their gradient; a piece of
1,024 tokens is a quarter of that, and is computed again in the backward pass.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

CHUNK = 1_024


def token_logprobs(
    hidden: Tensor, head: Any, targets: Tensor, mask: Tensor, temperature: float, chunk: int = CHUNK
) -> Tensor:
    """[answers, T]: log pi(target) at each token of the mask, 0 elsewhere, in float32.

    `hidden` [answers, T, H] are the states *before* each target, `head` maps [n, H] to [n, vocabulary], `targets` [answers, T].
    """
    inside = mask.bool()
    states, wanted = hidden[inside], targets[inside]
    pieces = []
    for start in range(0, len(states), chunk):
        part = (states[start : start + chunk], wanted[start : start + chunk])
        if torch.is_grad_enabled() and states.requires_grad:
            pieces.append(checkpoint(_chosen, head, *part, temperature, use_reentrant=False))
        else:
            pieces.append(_chosen(head, *part, temperature))
    found = torch.cat(pieces) if pieces else torch.zeros(0, device=hidden.device)
    return torch.zeros(mask.shape, device=hidden.device).masked_scatter(inside, found)


def _chosen(head: Any, states: Tensor, targets: Tensor, temperature: float) -> Tensor:
    logs = (head(states).float() / temperature).log_softmax(1)
    return logs.gather(1, targets[:, None]).squeeze(1)


def logprobs_and_entropies(
    hidden: Tensor, head: Any, targets: Tensor, mask: Tensor, temperature: float, chunk: int = CHUNK
) -> tuple[Tensor, Tensor]:
    """`token_logprobs` and the entropy of the distribution at each token in nats, [answers, T] both, without gradients."""
    inside = mask.bool()
    states, wanted = hidden[inside], targets[inside]
    found = torch.zeros(2, len(states), device=hidden.device)
    with torch.no_grad():
        for start in range(0, len(states), chunk):
            rows = slice(start, start + chunk)
            logs = (head(states[rows]).float() / temperature).log_softmax(1)
            found[0, rows] = logs.gather(1, wanted[rows, None]).squeeze(1)
            found[1, rows] = -(logs.exp() * logs).sum(1)
    logprobs, entropies = (torch.zeros(mask.shape, device=hidden.device).masked_scatter(inside, part) for part in found)
    return logprobs, entropies
