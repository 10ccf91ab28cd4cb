"""Invented rankings whose order can be learnt: the more of an answer's four sentences are sound advice, the better it is."""

import json
import random
from pathlib import Path
from typing import Any

from tests.training.tiny import dialogue

SOUND = (
    "建议先查血常规。",
    "请多休息，多喝水。",
    "症状加重请及时就医。",
    "目前不必过于担心。",
    "可以先观察三天。",
    "请问有没有发热？",
)
UNSOUND = (
    "不用管它就行。",
    "自己随便买药吃。",
    "我也不太清楚。",
    "网上查一下吧。",
    "这个问题问别人。",
    "没空回答你了。",
)
_DEPARTMENTS = ("内科", "外科", "儿科")


def answer(sound: int, chance: random.Random) -> str:
    """Four sentences, `sound` of which are of the good kind, in any order."""
    sentences = chance.sample(SOUND, sound) + chance.sample(UNSOUND, 4 - sound)
    chance.shuffle(sentences)
    return "".join(sentences)


def ranking(seed: int, k: int = 4) -> dict[str, Any]:
    """A record of `annotate export`: k answers, those with equally many sound sentences tied."""
    chance = random.Random(seed)
    sound = [chance.randrange(5) for _ in range(k - 2)] + [0, 4]
    answers = [answer(count, chance) for count in sound]
    order = list(range(k))
    chance.shuffle(order)
    candidates = [{"id": f"c{place}", "model": "m", "text": answers[number]} for place, number in enumerate(order)]
    groups = [
        [f"c{place}" for place, number in enumerate(order) if sound[number] == count] for count in range(4, -1, -1)
    ]
    return {
        "id": f"r{seed}",
        "dialogue_id": f"d{seed}",
        "prompt": dialogue(seed)[:1],
        "candidates": candidates,
        "rank_groups": [group for group in groups if group],
        "weight": 1.0,
        "n_annotators": 2,
        "department": _DEPARTMENTS[seed % 3],
    }


def write_rankings(path: Path, seeds: range, k: int = 4) -> Path:
    """A JSON Lines file of rankings."""
    path.write_text(
        "".join(json.dumps(ranking(seed, k), ensure_ascii=False) + "\n" for seed in seeds), encoding="utf-8"
    )
    return path


def write_advice(path: Path, seeds: range) -> Path:
    """Dialogues whose doctor gives answers of all kinds: what a policy learns before PPO."""
    rows = []
    for seed in seeds:
        chance = random.Random(seed)
        said = {"role": "assistant", "content": answer(chance.randrange(5), chance)}
        rows.append({"id": f"d{seed}", "messages": [*dialogue(seed)[:1], said]})
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
