"""Pairs of answers for DPO: which ones are learnt from, how much each counts, and trl's trainer with weights."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from cmtmedqa.recipes.dpo import DpoRun
from cmtmedqa.training import comparisons, template
from cmtmedqa.training.comparisons import Item
from cmtmedqa.training.data import Messages, require_some


class Pair(NamedTuple):
    """Two answers to one prompt; `weight` multiplies the gradient of the pair."""

    prompt: Messages
    chosen: str
    rejected: str
    weight: float


def read_pairs(settings: DpoRun, tokenizer: Any, counts: Counter[str]) -> tuple[list[Pair], list[Pair]]:
    """(train, held out) of the data; files of `eval_data` are held out whole. Raises InputError when nothing is left to learn from."""
    train = _items(settings, settings.data, tokenizer, counts)
    if settings.eval_data:
        train = comparisons.learnt(train, counts, "dev", "test")
        dev = _items(settings, settings.eval_data, tokenizer, Counter())
    else:
        train, dev = comparisons.halves(train, settings.eval_share, counts)
    chosen = weighted(selected(train, settings, counts), settings.weigh_by_agreement)
    require_some(chosen, settings.data, counts)
    counts["pairs"] += len(chosen)
    held = weighted(selected(dev, settings, Counter()), False)
    counts["pairs_held_out"] += len(held)
    return chosen, held


def _items(settings: DpoRun, paths: Sequence[str], tokenizer: Any, counts: Counter[str]) -> list[Item]:
    items = comparisons.usable(comparisons.read_items(paths, counts), template.control_marks(tokenizer), counts)
    return comparisons.fit(items, lambda messages: template.lengths(tokenizer, messages), settings.max_length, counts)


def selected(items: Sequence[Item], settings: DpoRun, counts: Counter[str]) -> list[Pair]:
    """The pairs that the settings ask for, in order; `weight` is still the agreement of the experts. What is left out is counted."""
    found = []
    for item in items:
        if item.weight < settings.min_agreement:
            counts["pairs_below_min_agreement"] += len(item.pairs)
            continue
        widest = max(gap for _, _, gap in item.pairs)
        for better, worse, gap in item.pairs:
            if gap < settings.min_margin:
                counts["pairs_below_min_margin"] += 1
            elif settings.pairs == "best_worst" and gap < widest:
                counts["pairs_between_best_and_worst"] += 1
            else:
                found.append(Pair(item.prompt, item.answers[better], item.answers[worse], item.weight))
    return found


def weighted(pairs: Sequence[Pair], by_agreement: bool) -> list[Pair]:
    """The pairs with weights whose mean is 1, so that the learning rate keeps its meaning; all 1 unless `by_agreement`."""
    mean = sum(pair.weight for pair in pairs) / len(pairs) if pairs else 1.0
    if not by_agreement or not mean:
        return [pair._replace(weight=1.0) for pair in pairs]
    return [pair._replace(weight=pair.weight / mean) for pair in pairs]


def tokenised(tokenizer: Any, pairs: Sequence[Pair]) -> Any:
    """A `datasets.Dataset` of `prompt_ids`, `chosen_ids`, `rejected_ids` and `weight`. Both answers end with the end token.

    trl's own rendering goes on to the line break behind it, which a sampled answer never has.
    """
    from datasets import Dataset

    rows = [
        {
            "prompt_ids": template.prompt_ids(tokenizer, pair.prompt),
            "chosen_ids": answer_ids(tokenizer, pair.prompt, pair.chosen),
            "rejected_ids": answer_ids(tokenizer, pair.prompt, pair.rejected),
            "weight": pair.weight,
        }
        for pair in pairs
    ]
    return Dataset.from_list(rows)


def answer_ids(tokenizer: Any, prompt: Messages, answer: str) -> list[int]:
    """The tokens of an answer in its place behind a prompt, up to its end token and no further."""
    ids, labels = template.training_ids(tokenizer, [*prompt, {"role": "assistant", "content": answer}])
    start = len(template.prompt_ids(tokenizer, prompt))
    last = max(place for place, label in enumerate(labels) if label != template.IGNORED)
    return ids[start : last + 1]


class Collator:
    """trl's batch of chosen answers over rejected ones, with the weight of each pair."""

    def __init__(self, pad_token_id: int) -> None:
        self.collate = DataCollatorForPreference(pad_token_id=pad_token_id)

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """`input_ids`, `attention_mask` and `completion_mask` (2 × rows, length), and `weight` (rows)."""
        batch: dict[str, Any] = self.collate(rows)
        return batch | {"weight": torch.tensor([row["weight"] for row in rows])}


class PairTrainer(DPOTrainer):
    """trl's DPOTrainer on rows that are tokenised already, whose gradient is that of the weighted mean of the pairs' losses.

    What it logs stays unweighted.
    """

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        return dataset

    def _compute_loss(self, model: Any, inputs: Mapping[str, Any], return_outputs: bool) -> Any:
        weight = inputs["weight"]

        def weighing(**keywords: Any) -> Any:
            outputs = model(**keywords)
            outputs.log_probs = scale_gradient(outputs.log_probs, torch.cat([weight, weight]))
            return outputs

        rest = {key: value for key, value in inputs.items() if key != "weight"}
        return super()._compute_loss(weighing, rest, return_outputs)


def scale_gradient(values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """`values` (rows, …) unchanged, whose gradient is multiplied by `scale` (rows).

    The loss of a pair depends on the model through the log-probabilities of its two rows alone, so this weighs the pair in any loss.
    """
    factor = scale.to(values.dtype).reshape(-1, *[1] * (values.dim() - 1))
    return values.detach() + (values - values.detach()) * factor
