"""The loss of a reward model over whole rankings (InstructGPT, Ouyang et al. 2022, equation 1, one item one batch element).

An item is one prompt with k answers; each answer is scored once. Its pairs are those that the experts ordered:
P_i = {(a, b) : rank_a < rank_b}; a tie gives none. With s the scores

    L_i = mean over P_i of -log sigmoid(s_a - s_b - margin * gap_ab)
    L   = sum_i w_i L_i / sum_i w_i  +  center * mean(s^2)

gap_ab counts the rank groups between a and b, w_i is the agreement of the experts or 1. The mean is taken per item first:
a mean over all pairs would weigh items by k squared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

Pair = tuple[int, int, int]


def ordered_pairs(ranks: Sequence[int], vetoed: Sequence[int] = ()) -> list[Pair]:
    """(better, worse, gap) of every two answers with different ranks; a lower rank is better.

    `gap` is the distance of their groups: 1 for neighbours, whatever numbers the ranks have. An answer in `vetoed` is never the
    better one; where a rank would put it above another, the two give no pair.
    """
    group = {rank: place for place, rank in enumerate(sorted(set(ranks)))}
    places = [group[rank] for rank in ranks]
    return [
        (a, b, places[b] - places[a])
        for a in range(len(places))
        for b in range(len(places))
        if places[a] < places[b] and a not in vetoed
    ]


@dataclass(frozen=True)
class PairIndex:
    """The pairs of a batch, as indices into its flat list of scores.

    better, worse, gap, item: [pairs]; `item` numbers the batch elements from 0 and every one of the `items` has a pair.
    """

    better: Tensor
    worse: Tensor
    gap: Tensor
    item: Tensor
    items: int

    def to(self, device: torch.device) -> "PairIndex":
        """The same on another device."""
        better, worse, gap, item = (tensor.to(device) for tensor in (self.better, self.worse, self.gap, self.item))
        return PairIndex(better, worse, gap, item, self.items)


def pair_index(items: Sequence[Sequence[Pair]], sizes: Sequence[int]) -> PairIndex:
    """The pairs of a batch of items; `sizes` are their numbers of answers. Raises ValueError for an item without a pair."""
    if not all(items):
        raise ValueError("an item without a pair has no loss; leave it out of the batch")
    rows: list[tuple[int, int, int, int]] = []
    start = 0
    for number, (pairs, size) in enumerate(zip(items, sizes, strict=True)):
        rows += [(start + a, start + b, gap, number) for a, b, gap in pairs]
        start += size
    better, worse, gap, item = torch.tensor(rows, dtype=torch.long).T
    return PairIndex(better, worse, gap, item, len(items))


def item_losses(scores: Tensor, pairs: PairIndex, margin: float = 0.0) -> Tensor:
    """L_i of each item, [items] in float32; `scores` [answers] of the whole batch in order."""
    difference = scores.float()[pairs.better] - scores.float()[pairs.worse]
    losses = -logsigmoid(difference - margin * pairs.gap)
    total = torch.zeros(pairs.items, device=scores.device).index_add(0, pairs.item, losses)
    return total / torch.bincount(pairs.item, minlength=pairs.items)


def ranking_loss(
    scores: Tensor, pairs: PairIndex, weights: Tensor | None = None, *, margin: float = 0.0, center: float = 0.0
) -> Tensor:
    """L of one batch, a scalar. `weights` [items] are the experts' agreement; without them all items count alike."""
    weights = torch.ones(pairs.items, device=scores.device) if weights is None else weights.float()
    weighed = (weights * item_losses(scores, pairs, margin)).sum() / weights.sum()
    return weighed + center * scores.float().square().mean()
