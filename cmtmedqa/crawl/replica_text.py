"""Invented consultations for the replica site: the same seed and number give the same text, and no patient ever wrote it."""

import random
from typing import NamedTuple

DEPARTMENTS = ("内科", "外科", "皮肤科", "妇产科")
LONG_TURNS = 600

_SYMPTOMS = ("头痛", "咳嗽", "腹泻", "皮疹", "失眠", "胸闷", "关节痛", "乏力", "耳鸣", "牙痛", "便秘", "反酸")
_SINCE = ("昨天开始", "大概一周了", "断断续续有半个月", "从上个月起", "今天早上突然")
_WORSE = ("晚上更明显", "饭后会加重", "走路的时候厉害一些", "休息以后好一点", "没有什么规律")
_ASKED = ("有没有发热", "以前有没有类似的情况", "做过什么检查", "平时有没有吃药", "大小便正常吗", "睡眠怎么样")
_ANSWERS = ("没有", "以前有过一次", "只做过血常规，结果正常", "没有吃药", "都正常", "最近睡得不太好")
_ADVICE = (
    "先观察两三天",
    "多喝水，饮食清淡",
    "到医院查一个血常规",
    "必要时做胸片",
    "避免辛辣和熬夜",
    "复查肝功能",
    "外用药膏一天两次",
)


class Turn(NamedTuple):
    """One message of an invented consultation."""

    role: str
    text: str


class Consultation(NamedTuple):
    """What one detail page is rendered from; `answers` holds, for a thread, the turns under each doctor."""

    number: int
    title: str
    department: str
    sex: str
    age: int
    opening: str
    answers: tuple[tuple[Turn, ...], ...]


def consultation(seed: int, number: int, doctors: int = 1, long: bool = False) -> Consultation:
    """The invented consultation with this number; `doctors` answers, and 600 messages if `long`."""
    chance = random.Random(f"{seed}:{number}")  # noqa: S311 - invented text, not a secret
    first, second = chance.sample(_SYMPTOMS, 2)
    opening = f"医生您好，我{first}{chance.choice(_SINCE)}，还有点{second}，{chance.choice(_WORSE)}，编号{number}，请问该怎么办？"
    return Consultation(
        number=number,
        title=f"{first}伴{second}怎么办{number}",
        department=DEPARTMENTS[number % len(DEPARTMENTS)],
        sex=chance.choice("男女"),
        age=chance.randrange(18, 80),
        opening=opening,
        answers=tuple(_turns(chance, LONG_TURNS if long else chance.choice((1, 3, 3, 5, 7))) for _ in range(doctors)),
    )


def _turns(chance: random.Random, count: int) -> tuple[Turn, ...]:
    """`count` messages that begin with the doctor and alternate; the last one of a doctor gives advice."""
    turns = []
    for index in range(count):
        last = index >= count - 2
        if index % 2:
            text = f"{chance.choice(_ANSWERS)}，{chance.choice(_WORSE)}。"
        elif last:
            text = f"根据您的描述，建议{'，'.join(chance.sample(_ADVICE, 3))}，大约{chance.randrange(2, 15)}天后再看。"
        else:
            text = f"您好，请问{chance.choice(_ASKED)}？{chance.choice(_ASKED)}？"
        turns.append(Turn("doctor" if index % 2 == 0 else "patient", text))
    return tuple(turns)
