"""How a reward model orders rankings that it has not seen: accuracy by gap and department, calibration, best of n.

    cmtmedqa evaluate reward runs/reward --rankings held-out.jsonl
    python train/evaluate_reward.py runs/reward --rankings held-out.jsonl

Every answer is scored as in training, at its end token. `-o` names the JSON file of figures; a table goes to standard output.
"""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.training import program


def main() -> None:
    # parse
    parser = argparse.ArgumentParser(prog="train/evaluate_reward.py")
    parser.add_argument("model")
    parser.add_argument("--rankings", action="append", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--base")
    parser.add_argument("--max-length", type=int, default=2_048)
    given = parser.parse_args()
    import torch

    from cmtmedqa.training import adapters, comparisons, data, reward_trainer, template

    # model
    adapters.quiet()
    folder = adapters.reward_folder(given.model)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, tokenizer = adapters.load(folder, given.base, device, torch.float32)

    # rankings: those of the test split where one is named, that the experts ordered and that fit
    counts: Counter[str] = Counter()
    items = comparisons.read_items(given.rankings, counts)
    if any(item.split == "test" for item in items):
        items = comparisons.learnt(items, counts, "train", "dev")
    items = comparisons.usable(items, template.control_marks(tokenizer), counts)
    items = comparisons.fit(items, lambda said: template.lengths(tokenizer, said), given.max_length, counts)
    if not items:
        raise InputError(f"{', '.join(given.rankings)}: no ranking that can be scored ({data.told(counts)})")

    # scores, figures
    with torch.inference_mode():
        scores = [scores_of(item, model, tokenizer) for item in items]
    report: dict[str, Any] = dict(reward_trainer.held_out_report(items, scores))
    report["best_of_n"] = best_of_n(items, scores)
    report["left_out"] = {key: count for key, count in sorted(counts.items()) if count}
    io.write_json(given.output, {"version": "reward-1", "rankings": len(items), **report})
    program.say(reward_trainer.tables(report))
    for row in report["best_of_n"]:
        program.say(
            f"best of {row['n']}: the highest score is an expert's best in {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}) "
            f"of {row['items']} rankings; one drawn at random in {row['chance']:.3f}"
        )
    program.say(f"{given.output}: {len(items)} rankings")


def scores_of(item: Any, model: Any, tokenizer: Any) -> list[float]:
    """The score of each answer of one item, read at its end token."""
    import torch

    from cmtmedqa.training.reward_trainer import rows

    tokens = rows(item, tokenizer)
    width = max(map(len, tokens))
    ids = torch.tensor([row + [tokenizer.pad_token_id] * (width - len(row)) for row in tokens], device=model.device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in tokens], device=model.device)
    found: list[float] = model(input_ids=ids, attention_mask=mask).logits[:, 0].float().tolist()
    return found


def best_of_n(items: Any, scores: Any) -> list[dict[str, Any]]:
    """By number of answers: how often the highest score stands at an answer that no expert put below another.

    Equal highest scores share the point; `chance` is the share that a random choice would reach.
    """
    from cmtmedqa.training.ranking_report import wilson

    found: dict[int, list[tuple[float, float]]] = {}
    for item, score in zip(items, scores, strict=True):
        beaten = {worse for _, worse, _ in item.pairs}
        highest = [place for place, value in enumerate(score) if value == max(score)]
        right = sum(place not in beaten for place in highest) / len(highest)
        found.setdefault(len(score), []).append((right, 1 - len(beaten) / len(score)))
    table = []
    for number, points in sorted(found.items()):
        value = sum(right for right, _ in points) / len(points)
        low, high = wilson(value, len(points))
        chance = sum(lucky for _, lucky in points) / len(points)
        table.append({"n": number, "items": len(points), "value": value, "low": low, "high": high, "chance": chance})
    return table


if __name__ == "__main__":
    program.run(main)
