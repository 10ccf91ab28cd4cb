"""Invented candidate sets, and experts who judge them: each sees the true quality of a reply through noise of their own."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from cmtmedqa.judgements import Annotation, Candidate, CandidateSet, Message
from cmtmedqa.rubric import Rubric, load

_COMPLAINTS = ("头痛", "咳嗽", "皮疹", "失眠", "腹泻", "胸闷", "牙痛", "便秘")
_ADVICE = ("先量体温，多休息", "建议查血常规", "可以外用药膏", "近期清淡饮食", "如果加重请及时就诊", "请问持续多久了")
_DEPARTMENTS = ("内科", "外科", "皮肤科", "儿科", "中医科")
RUBRIC: Rubric = load()


class Expert(NamedTuple):
    """An expert: `noise` is added to the quality (1 is as wide as the replies differ), `first` favours what is shown first."""

    name: str
    noise: float = 0.15
    first: float = 0.0
    tie: float = 0.15


EXPERTS = (Expert("expert-01"), Expert("expert-02"), Expert("expert-03"))


def make_sets(count: int, seed: int = 1, sizes: Sequence[int] = (4,)) -> list[CandidateSet]:
    """Sets of invented replies; three sets in four have a dialogue of their own, every fourth shares that of the one before."""
    chance = random.Random(seed)
    sets = []
    for number in range(count):
        dialogue = number - (number % 4 == 3)
        asked = f"医生您好，我{chance.choice(_COMPLAINTS)}{chance.randrange(2, 90)}天了（{number}），该怎么办？"
        prompt = [Message(role="user", content=asked)]
        if number % 3 == 0:
            prompt += [
                Message(role="assistant", content=f"{chance.choice(_ADVICE)}，有没有发热？"),
                Message(role="user", content=f"没有发热，还有点{chance.choice(_COMPLAINTS)}。"),
            ]
        k = sizes[number % len(sizes)]
        candidates = tuple(
            Candidate(
                id=f"c{number}-{place}", model=f"model-{place}", text=f"{chance.choice(_ADVICE)}（{number}-{place}）。"
            )
            for place in range(k)
        )
        sets.append(
            CandidateSet(
                id=f"set-{number:04d}",
                dialogue_id=f"dialogue-{dialogue:04d}",
                prompt=tuple(prompt),
                candidates=candidates,
                department=_DEPARTMENTS[number % len(_DEPARTMENTS)],
                stratum="in-distribution",
            )
        )
    return sets


def quality(item: CandidateSet, seed: int = 1) -> dict[str, float]:
    """The true quality of each reply, from 0 to about 1."""
    chance = random.Random(f"{seed}/{item.id}")
    return {candidate.id: chance.random() for candidate in item.candidates}


def judge(item: CandidateSet, expert: Expert, number: int, purpose: str = "item", seed: int = 1) -> Annotation:
    """What an expert says of a set, replies shown in an order of their own."""
    chance = random.Random(f"{seed}/{item.id}/{expert.name}/{purpose}")
    true = quality(item, seed)
    shown = [candidate.id for candidate in item.candidates]
    chance.shuffle(shown)
    seen = {key: true[key] + chance.gauss(0, expert.noise) + expert.first * (key == shown[0]) for key in shown}
    groups: list[list[str]] = []
    for key in sorted(shown, key=lambda one: -seen[one]):
        if groups and chance.random() < expert.tie:
            groups[-1].append(key)
        else:
            groups.append([key])
    scores = {
        key: {
            name: min(5, max(1, round(2.2 + 2.6 * seen[key] + chance.gauss(0, 0.4)))) for name in RUBRIC.dimension_ids
        }
        for key in shown
    }
    return Annotation.model_validate(
        {
            "id": f"p{expert.name}:{number}",
            "set_id": item.id,
            "annotator": expert.name,
            "round": "r1",
            "purpose": purpose,
            "shown": shown,
            "rank_groups": groups,
            "scores": scores,
            "tags": {shown[0]: [RUBRIC.ability_ids[0]]} if chance.random() < 0.2 else {},
            "comment": "第一条剂量写错了。" if chance.random() < 0.05 else "",
            "seconds": round(chance.lognormvariate(4, 0.5), 1),
            "rubric_version": RUBRIC.version,
        }
    )


def two_of(experts: Sequence[Expert], number: int) -> list[Expert]:
    """The two experts who judge the set with this number: all pairs of them in turn."""
    pairs = [(one, other) for place, one in enumerate(experts) for other in experts[place + 1 :]]
    return list(pairs[number % len(pairs)])


def first_round(sets: Sequence[CandidateSet], experts: Sequence[Expert] = EXPERTS, seed: int = 1) -> list[Annotation]:
    """Two independent verdicts on each set, and a hidden duplicate of every tenth."""
    found = []
    for number, item in enumerate(sets):
        for expert in two_of(experts, number):
            found.append(judge(item, expert, 2 * number, seed=seed))
            if number % 10 == 0:
                found.append(judge(item, expert, 2 * number + 1, "duplicate", seed))
    return found


def lines(records: Sequence[CandidateSet | Annotation]) -> str:
    """The records as JSON Lines."""
    return "".join(record.model_dump_json() + "\n" for record in records)
