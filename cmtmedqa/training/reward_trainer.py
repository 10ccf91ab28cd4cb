"""The reward model's trainer: whole rankings as batch elements, scores read at the end token, figures of held-out rankings."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Trainer

from cmtmedqa import io
from cmtmedqa.recipes.reward import RewardRun
from cmtmedqa.training import ranking_report, template
from cmtmedqa.training.comparisons import Item
from cmtmedqa.training.ranking import PairIndex, item_losses, pair_index

_SHOWN = ("pair_accuracy", "top1", "kendall_tau")


def rows(item: Item, tokenizer: Any) -> list[list[int]]:
    """The tokens of each answer behind the prompt, up to and including its end token: what a rollout ends with is what is scored.

    The template puts a line break behind the end token; a score read there would be another one.
    """
    found = []
    for answer in item.answers:
        whole, _ = template.training_ids(tokenizer, [*item.prompt, {"role": "assistant", "content": answer}])
        last = len(whole) - 1 - whole[::-1].index(tokenizer.eos_token_id)
        found.append(whole[: last + 1])
    return found


class Collator:
    """Items to one batch: the rows of all their answers padded on the right, and the pairs as indices into them."""

    def __init__(self, tokenizer: Any, use_agreement: bool) -> None:
        self.tokenizer, self.use_agreement = tokenizer, use_agreement

    def __call__(self, items: Sequence[tuple[int, Item]]) -> dict[str, Any]:
        """`number` [items] comes first: transformers takes its length for the size of the batch."""
        tokens = [row for _, item in items for row in rows(item, self.tokenizer)]
        width = max(map(len, tokens))
        pairs = pair_index([item.pairs for _, item in items], [len(item.answers) for _, item in items])
        return {
            "number": torch.tensor([number for number, _ in items]),
            "input_ids": torch.tensor([row + [self.tokenizer.pad_token_id] * (width - len(row)) for row in tokens]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in tokens]),
            "sizes": torch.tensor([len(item.answers) for _, item in items]),
            "weights": torch.tensor([item.weight if self.use_agreement else 1.0 for _, item in items]),
            "better": pairs.better,
            "worse": pairs.worse,
            "gap": pairs.gap,
            "item": pairs.item,
        }


class ScoreHead(nn.Linear):
    """The score in float32, also where the rest computes in 16 bits: two near answers must not get equal scores."""

    def forward(self, states: Tensor) -> Tensor:
        """[…, 1] of hidden states […, H]."""
        with torch.autocast(states.device.type, enabled=False):
            return functional.linear(states.float(), self.weight.float())


def with_float32_head(model: Any) -> Any:
    """Replace the score head of a classification model by one that computes in float32; its weights stay."""
    head = ScoreHead(model.score.in_features, 1, bias=False, device=model.score.weight.device)
    with template.gathered([model.score.weight]), torch.no_grad():
        head.weight.copy_(model.score.weight)
    model.score = head
    return model


class RankingTrainer(Trainer):
    """transformers' Trainer with the loss of `ranking.py`; `held_out` are the items of the evaluation, in order."""

    def __init__(self, *arguments: Any, settings: RewardRun, held_out: Sequence[Item], **named: Any) -> None:
        self.settings, self.held_out = settings, held_out
        self.last_report: dict[str, object] = {}
        self.last_scores: list[list[float]] = []
        super().__init__(*arguments, compute_metrics=self._metrics, **named)
        self.model_accepts_loss_kwargs = True  # the loss below is scaled for accumulation already

    def get_batch_samples(
        self, epoch_iterator: Iterator[dict[str, Any]], num_batches: int, device: torch.device
    ) -> tuple[list[dict[str, Any]], Tensor]:
        """The micro-batches of a step, and over all of them and all processes [sum of weights, answers]."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        sums = [[float(batch["weights"].sum()), float(batch["sizes"].sum())] for batch in batches]
        total = torch.tensor(sums, device=device).reshape(-1, 2).sum(0)
        return batches, self.accelerator.reduce(total, "sum")

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Tensor | None = None
    ) -> Any:
        """The part of this micro-batch in the loss of the whole step; without totals, the loss of the batch alone."""
        scores = (
            model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits.squeeze(-1).float()
        )
        pairs = PairIndex(inputs["better"], inputs["worse"], inputs["gap"], inputs["item"], len(inputs["number"]))
        weights = inputs["weights"]
        if num_items_in_batch is None:
            weight, answers, share = weights.sum(), torch.tensor(float(len(scores))), 1
        else:  # data parallelism averages over processes what is meant as a sum
            (weight, answers), share = num_items_in_batch, self.accelerator.num_processes
        loss = (weights * item_losses(scores, pairs, self.settings.margin)).sum() / weight.clamp(min=1e-6)
        loss = share * (loss + self.settings.center_coefficient * scores.square().sum() / answers)
        return (loss, {"scores": scores}) if return_outputs else loss

    def prediction_step(
        self, model: Any, inputs: dict[str, Any], prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(loss, scores [items, most answers] with NaN where an item has fewer, numbers of the items)."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            loss, found = self.compute_loss(model, inputs, return_outputs=True)
        widest = max(len(item.answers) for item in self.held_out)
        table = torch.full((len(inputs["number"]), widest), float("nan"), device=loss.device)
        for row, part in zip(table, found["scores"].split(inputs["sizes"].tolist()), strict=True):
            row[: len(part)] = part
        return loss.detach(), table, inputs["number"]

    def _metrics(self, prediction: Any) -> dict[str, float]:
        numbers, table = np.asarray(prediction.label_ids), np.asarray(prediction.predictions)
        place = {int(number): row for row, number in enumerate(numbers)}
        self.last_scores = [
            [float(score) for score in table[place[number]][: len(item.answers)]]
            for number, item in enumerate(self.held_out)
        ]
        self.last_report = held_out_report(self.held_out, self.last_scores)
        figures: dict[str, Any] = self.last_report
        return {name: figures[name]["value"] for name in _SHOWN} | {
            "ece": figures["calibration"]["ece"],
            "log_loss": figures["log_loss"],
            "score_mean": figures["score_mean"],
            "score_std": figures["score_std"],
        }


def held_out_report(items: Sequence[Item], scores: Sequence[Sequence[float]]) -> dict[str, object]:
    """`ranking_report.report` of some items and the scores of their answers."""
    return ranking_report.report(
        [
            ranking_report.Scored(
                score, item.pairs, item.dialogue_id, item.department, [len(answer) for answer in item.answers]
            )
            for item, score in zip(items, scores, strict=True)
        ]
    )


def write_scores(path: Path, items: Sequence[Item], scores: Sequence[Sequence[float]]) -> None:
    """One line per held-out item, without text: its id, the scores of its answers and its pairs [better, worse, gap]."""
    lines = [
        json.dumps(
            {"id": item.id, "scores": list(score), "pairs": [list(pair) for pair in item.pairs]}, ensure_ascii=False
        )
        for item, score in zip(items, scores, strict=True)
    ]
    io.write_text(path, "".join(line + "\n" for line in lines))


def tables(report: Mapping[str, Any]) -> str:
    """Accuracy by gap and by department, and calibration, as Markdown for the card."""
    accuracies = (
        {"all": report["pair_accuracy"]}
        | {f"gap {gap}": found for gap, found in report["by_gap"].items()}
        | report["by_department"]
    )
    lines = [
        "## Held-out pairs",
        "",
        "| pairs | accuracy | 95 % interval | n | dialogues |",
        "|---|---:|---|---:|---:|",
    ]
    lines += [
        f"| {name} | {found['value']:.3f} | {found['low']:.3f} to {found['high']:.3f} | {found['n']} | {found['dialogues']} |"
        for name, found in accuracies.items()
    ]
    lines += ["", f"Calibration of sigmoid(score difference): ECE {report['calibration']['ece']:.3f}", ""]
    lines += ["| predicted | observed | n |", "|---:|---:|---:|"]
    lines += [
        f"| {row['predicted']:.3f} | {row['observed']:.3f} | {row['n']} |" for row in report["calibration"]["bins"]
    ]
    return "\n".join(lines)
