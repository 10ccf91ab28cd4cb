"""Generated dialogues and rankings with the lengths of real ones, for measuring speed. Their text means nothing.

Lengths are those of CMtMedQA's published test split (1,000 dialogues): turns 2 to 8 pairs with the shares below, patients 32
characters on average, doctors 112.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any

TURNS = (1, 2, 3, 4, 5, 6, 7, 8)
SHARES = (2, 3, 9, 34, 35, 14, 3, 1)  # percent of dialogues with so many pairs of turns
PATIENT, DOCTOR = 31.9, 112.1  # mean characters of a turn
SPREAD = 0.6  # of the logarithm of a length
SYLLABLES = "头胸腹腰背肩颈手脚眼耳口鼻喉心肺肝肾胃肠皮肤血压糖脂痛痒胀麻酸热寒咳喘吐泻疹肿炎症药片素酸钠检查验片超声复诊休息饮食清淡多水少盐早晚一二三天周月次量"


def words(chance: random.Random) -> list[str]:
    """A vocabulary of invented words of one to four characters, so that a tokenizer finds something to merge."""
    return ["".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 2, 3, 4)))) for _ in range(4_000)]


def turn(chance: random.Random, known: list[str], mean: float) -> str:
    """A text whose length is log-normal around a mean."""
    length = max(4, round(chance.lognormvariate(0, SPREAD) * mean / 1.197))  # 1.197 = exp(SPREAD^2 / 2)
    text = ""
    while len(text) < length:
        text += "".join(chance.choices(known, k=chance.randrange(3, 9))) + "，"
    return text[: length - 1] + "。"


def dialogue(seed: int, known: list[str]) -> list[dict[str, str]]:
    """One dialogue as chat messages."""
    chance = random.Random(seed)
    messages = []
    for _ in range(chance.choices(TURNS, SHARES)[0]):
        messages.append({"role": "user", "content": turn(chance, known, PATIENT)})
        messages.append({"role": "assistant", "content": turn(chance, known, DOCTOR)})
    return messages


def ranking(seed: int, known: list[str], answers: int = 4) -> dict[str, Any]:
    """A ranking of four answers to the last question of a dialogue, in the shape of `cmtmedqa annotate export`."""
    chance = random.Random(-seed - 1)
    ids = [f"c{number}" for number in range(answers)]
    return {
        "id": f"r{seed}", "dialogue_id": f"d{seed}", "prompt": dialogue(seed, known)[:-1], "rank_groups": [[name] for name in ids],
        "candidates": [{"id": name, "model": "none", "text": turn(chance, known, DOCTOR)} for name in ids],
        "weight": 1.0, "n_annotators": 1,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("output", type=Path)
    parser.add_argument("--dialogues", type=int, default=6000)
    given = parser.parse_args()
    known = words(random.Random(0))
    rows = ({"id": f"d{seed}", "messages": dialogue(seed, known)} for seed in range(given.dialogues))
    write(given.output / "dialogues.jsonl", rows)
    write(given.output / "rankings.jsonl", (ranking(seed, known) for seed in range(given.dialogues // 3)))


def write(path: Path, rows: Any) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
