"""Rankings without experts, for trying the chain: samples answers of a model and ranks them by a rule.

    python train/demo_rankings.py runs/sft DATASET -o rankings.jsonl

The rule: an answer that does not end is worst; of the others the better one shares more pairs of characters with what the doctor of
the dialogue said. It teaches nothing about medicine. Real rankings come from `cmtmedqa annotate`.
"""

import argparse
import hashlib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from cmtmedqa.errors import InputError
from cmtmedqa.training import program

BATCH = 16  # prompts whose answers are sampled side by side
STEPS = 10  # shares that differ by less than a tenth are a tie


def main() -> None:
    # parse
    parser = argparse.ArgumentParser(prog="train/demo_rankings.py")
    parser.add_argument("model")
    parser.add_argument("data", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--answers", type=int, default=4)
    parser.add_argument("--prompts", type=int, default=160)
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("--max-length", type=int, default=384)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.answers < 2:
        raise InputError(f"--answers {given.answers}: a ranking needs two or more")
    import torch
    from transformers import set_seed

    from cmtmedqa import io
    from cmtmedqa.judgements import Ranking
    from cmtmedqa.training import adapters, data, prompts

    # seed, model
    set_seed(given.seed)
    adapters.quiet()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    folder = adapters.folder_of(given.model)
    model, tokenizer = adapters.load(folder, None, device, torch.bfloat16 if device == "cuda" else torch.float32)

    # data: one informative question of each dialogue
    counts: Counter[str] = Counter()
    rows = {row.id: row for row in data.read_conversations(given.data, "train", counts)}
    room = given.max_length - given.max_new_tokens
    asked = prompts.prompts(list(rows.values()), "one", tokenizer, room, counts)[: given.prompts]
    data.require_some(asked, given.data, counts)

    # sample and rank
    lines = []
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        for prompt, answers in zip(
            batch, sampled(model, tokenizer, [prompt.ids for prompt in batch], given), strict=True
        ):
            dialogue, _, place = prompt.id.rpartition(":")
            said = rows[dialogue].messages[int(place) + 1]["content"]
            if ranking := ranked(prompt, dialogue, said, answers, folder.parent.name):
                lines.append(Ranking.model_validate(ranking).model_dump_json() + "\n")
            else:
                counts["without_two_ranks"] += 1

    # save
    io.write_text(given.output, "".join(lines))
    program.say(
        f"{given.output}: {len(lines)} rankings; {counts['without_two_ranks']} prompts whose answers the rule cannot tell apart"
    )


def sampled(
    model: Any, tokenizer: Any, rows: list[list[int]], given: argparse.Namespace
) -> list[list[tuple[str, bool]]]:
    """For each prompt its sampled answers, and whether each came to its end."""
    import torch
    from transformers import GenerationConfig

    settings = GenerationConfig(
        do_sample=True, temperature=1.0, top_p=0.95, top_k=0, num_return_sequences=given.answers, max_new_tokens=given.max_new_tokens,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    width = max(map(len, rows))
    ids = torch.tensor([[tokenizer.pad_token_id] * (width - len(row)) + row for row in rows], device=model.device)
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=model.device)
    with torch.no_grad():
        found = model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)[:, width:].tolist()
    answers = [
        (tokenizer.decode(row, skip_special_tokens=True).strip(), tokenizer.eos_token_id in row) for row in found
    ]
    return [answers[start : start + given.answers] for start in range(0, len(answers), given.answers)]


def ranked(prompt: Any, dialogue: str, said: str, answers: list[tuple[str, bool]], model: str) -> dict[str, Any] | None:
    """One ranking as a row of `Ranking`; None where fewer than two different answers, or no two ranks, are left."""
    texts = {text: ended for text, ended in answers if text and "\ufffd" not in text}
    rank = {text: round(STEPS * likeness(text, said)) if ended else -1 for text, ended in texts.items()}
    names = {text: f"c{number}" for number, text in enumerate(texts)}
    groups = [
        [names[text] for text in texts if rank[text] == value] for value in sorted(set(rank.values()), reverse=True)
    ]
    if len(groups) < 2:
        return None
    return {
        "id": hashlib.sha256(prompt.id.encode()).hexdigest()[:16],
        "dialogue_id": dialogue,
        "prompt": prompt.messages,
        "candidates": [{"id": names[text], "model": model, "text": text} for text in texts],
        "rank_groups": groups,
        "weight": 1.0,
        "n_annotators": 1,
    }


def likeness(text: str, other: str) -> float:
    """Share of the pairs of neighbouring characters that two texts have in common (Dice), 0 to 1."""
    pairs = [Counter(pairwise(value)) for value in (text, other)]
    total = sum(pairs[0].values()) + sum(pairs[1].values())
    return 2 * sum((pairs[0] & pairs[1]).values()) / total if total else 0.0


if __name__ == "__main__":
    program.run(main)
