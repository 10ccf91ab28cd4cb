"""The prompts of a PPO recipe as JSON Lines, for OpenRLHF and verl.

    python train/prompts.py --recipe modern model=runs/sft-merged reward_model=runs/reward data=dataset output=prompts

Writes `train.jsonl` and `held_out.jsonl` to the folder `output`; a row has `prompt` (the messages, verl), `input` (the text as our
template renders it, OpenRLHF without --apply_chat_template) and `id`.
"""

import json
from collections import Counter
from pathlib import Path

from cmtmedqa import io
from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.training import program


def main() -> None:
    settings = program.parse("ppo", PpoRun)
    from cmtmedqa.training import lineage, models, stages
    from cmtmedqa.training import prompts as prompting

    tokenizer = models.load_tokenizer(lineage.model_folder(settings.model))
    counts: Counter[str] = Counter()
    halves = prompting.read_prompts(settings, tokenizer, counts)
    for name, rows in zip(("train", "held_out"), halves, strict=True):
        lines = [
            {
                "id": row.id,
                "prompt": row.messages,
                "input": tokenizer.decode(row.ids, clean_up_tokenization_spaces=False),
            }
            for row in rows
        ]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        io.write_text(Path(settings.output) / f"{name}.jsonl", text)
    stages.say_counts(counts)


if __name__ == "__main__":
    program.run(main)
