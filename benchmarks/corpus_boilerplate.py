"""Invented text that unrelated dialogues share: greetings, signatures, thanks; and invented personal items."""

from random import Random

GREETINGS = tuple(
    f"{hello}{middle}"
    for hello in (
        "您好，",
        "你好，",
        "您好！",
        "你好，很高兴为您解答，",
        "您好，感谢您的信任，",
        "你好，欢迎来到在线问诊，",
    )
    for middle in (
        "您的情况我已经仔细看过了，下面给您详细说明一下。",
        "根据您描述的症状，我给您分析如下，请您参考。",
        "请问这种情况持续多长时间了？有没有做过相关检查？",
        "看了您的描述，考虑可能与以下几个方面有关系。",
        "您不要太担心，这种情况在临床上是比较常见的。",
    )
)
SIGNATURES = tuple(
    f"{advice}{wish}{note}"
    for advice in (
        "以上是对您这个问题的建议，仅供参考，具体请以线下医生面诊为准，",
        "平时注意休息，避免劳累，饮食宜清淡，少吃辛辣刺激性的食物，多喝水，",
        "如果症状没有缓解或者加重，请及时到当地正规医院就诊，以免延误病情，",
    )
    for wish in ("祝您早日康复！", "祝您身体健康，生活愉快！", "希望我的回答对您有所帮助，祝您健康！")
    for note in (
        "",
        "本次咨询到此结束，如果您对我的回复满意，请给予评价。",
        "【本回复由签约医师提供，不能作为诊断和处方的依据】",
    )
)
THANKS = tuple(
    (ask, reply)
    for ask in ("好的，谢谢医生。", "明白了，非常感谢您的耐心解答！", "知道了，我会按照您说的去做的，谢谢。")
    for reply in (
        "不客气，祝您早日康复。",
        "不用谢，有问题可以随时联系我，祝您健康。",
        "好的，注意复查，祝您身体健康！",
    )
)

_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉红建国"
_CITIES = ("安和市", "南浦市", "清源县", "东岭区", "柳泉镇")
_STREETS = ("人民路", "建设大街", "文化巷", "滨河路", "解放路")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def personal_item(rng: Random) -> str:
    """One invented identifier in a sentence a patient might begin with; id cards carry a valid check character."""
    name = rng.choice(_SURNAMES) + "".join(rng.choice(_GIVEN) for _ in range(rng.randrange(1, 3)))
    digits = f"{rng.randrange(10**8):08d}"
    return rng.choice(
        (
            f"我的电话是1{rng.choice('3578')}{rng.randrange(10)}{digits}，",
            f"身份证号{id_card(rng)}，",
            f"我的邮箱是user{digits[:5]}@example.com，",
            f"我住在{rng.choice(_CITIES)}{rng.choice(_STREETS)}{rng.randrange(1, 300)}号{rng.randrange(1, 30)}栋，",
            f"我叫{name}，",
            f"病历号：{digits}，",
            f"我的微信号是wx_{digits[:6]}，",
        )
    )


def id_card(rng: Random) -> str:
    """An 18-character number of the right form, with a region code that is in no use."""
    body = f"99{rng.randrange(10_000):04d}{rng.randrange(1940, 2015)}{rng.randrange(1, 13):02d}"
    body += f"{rng.randrange(1, 29):02d}{rng.randrange(1000):03d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]
