"""How likely a stretch of text is somebody's name, by its characters and by what stands around it.

The score is a sum of rounded natural logarithms of odds (naive Bayes): of the surname, of each character of the given name,
of what stands before and behind, and of what the clause speaks of.
"""

import re
from typing import NamedTuple

from cmtmedqa.clean.deidentify.cues import HONORIFIC, KIN, RELATIVE, ROLE, TITLE
from cmtmedqa.clean.deidentify.names import CUT, HAN, NO_GIVEN, STOP, allowed, closed, sections, surname_length
from cmtmedqa.clean.deidentify.wares import is_ware, named_after
from cmtmedqa.clean.deidentify.places import place_end

_TABLE = sections("likeness.txt")


def _weights(kind: str) -> dict[str, int]:
    return {
        char: int(title.strip("[]").split()[1])
        for title, chars in _TABLE.items()
        if title.startswith(f"[{kind} ")
        for char in chars.replace(" ", "")
    }


SURNAME_WEIGHT, GIVEN_WEIGHT = _weights("surname"), _weights("given")
_COMPOUND_WEIGHT = 9
_UNUSUAL, _WORD = 0, -5
ENOUGH = 10


class Likely(NamedTuple):
    """Where the name ends, and how likely it is one."""

    end: int
    score: int


def name_weight(text: str, start: int, end: int) -> int:
    """The weight of the characters of a name: surname and given name."""
    size = surname_length(text, start)
    surname = SURNAME_WEIGHT.get(text[start], 0) if size == 1 else _COMPOUND_WEIGHT
    return surname + sum(_given(char) for char in text[start + size : end])


def _given(char: str) -> int:
    weight = GIVEN_WEIGHT.get(char)
    return (_WORD if char in STOP else _UNUSUAL) if weight is None else weight


_BEFORE = (
    (re.compile(rf"(?:{RELATIVE}|{ROLE}|姓名|名字|[叫姓]|[0-9]号?床的?)$"), 4),
    (re.compile(r"(?:^|[。!?;\n(\[“\"])[ ]?$"), 2),
    (re.compile(r"[,: @]$"), 1),
    (re.compile(r"(?:[找给请让跟帮替问由听受向为到]|[是把和对]|写成?|[的了])$"), 1),
    (re.compile(r"[、0-9.-]$"), 0),
    (re.compile(r"(?:[片粒丸膏胶囊服食吃用喝]|[A-Za-z])$"), -5),
)
_BEHIND = (
    (re.compile(rf"(?:{HONORIFIC}|{TITLE}|{KIN}|[您你]好|本人|名下|[这那][个位])"), 4),
    (re.compile(r"(?:$|[。!?;\n)”\"])"), 1),
    (re.compile(r"[,: 、/(-]"), 1),
    (re.compile(rf"的|[{'了吗在是说讲和跟与来去住要想还也都就让把被给已刚没有家他她它我您你需可今昨前明后最现从因术挂预约签收到'}]"), 2),
    (re.compile(r"[0-9A-Za-z]"), 0),
)
_ELSE = -2
_NEAR = re.compile("名[字下]|患者|病人|挂号|预约|登记|住院|出院|[0-9]床|报告|家属|电话|手机|身份证|签[字名]|家长|医保|缴费|退款|付款|收件|联系|本人|同学|同事|朋友|邻居|邻床|隔壁")
_GOODS = re.compile("胶囊|颗粒|片|口服|服[用食]|[吃喝涂抹擦]了?|药(?!房|费|方)|牌|疗效|软膏|乳膏|治疗|医院|产品|品牌|护肤|面膜|综合征|综合症|氏|试验")


def _left(text: str, start: int) -> int:
    before = text[max(0, start - 8) : start]
    return next((weight for pattern, weight in _BEFORE if pattern.search(before)), _ELSE)


def _right(text: str, end: int) -> int:
    return next((weight for pattern, weight in _BEHIND if pattern.match(text, end)), _ELSE)


def _near(text: str, start: int, end: int) -> int:
    around = text[max(0, start - 16) : start] + "|" + text[end : end + 16]
    close = text[max(0, start - 8) : start] + "|" + text[end : end + 8]
    return 2 * bool(_NEAR.search(around)) - 3 * bool(_GOODS.search(close))


def likely(text: str, start: int, cued: int = 0) -> Likely | None:
    """The likeliest name that starts here; None if what stands here is a word, a place or a ware."""
    size = surname_length(text, start)
    if not size or allowed(text, start):
        return None
    found = []
    for end in (start + size + 1, start + size + 2):
        given = text[start + size : end]
        if end > len(text) or not re.fullmatch(f"[{HAN}]+", given):
            break
        if given in NO_GIVEN or given in CUT or text[end - 1 : end + 1] in CUT:
            continue
        if is_ware(text, end) or named_after(text, start, end) or place_end(text, start) >= end:
            continue
        score = name_weight(text, start, end) + _left(text, start) + _right(text, end) + _near(text, start, end)
        found.append(Likely(end, score + cued - 2 * (len(given) == 1)))
    return max(found, key=lambda name: (name.score, name.end), default=None)


def _of(weights: dict[str, int], least: int) -> str:
    return f"[{''.join(sorted(char for char, weight in weights.items() if weight >= least))}]"


# Where a likely name may start: the more the surname says, the less the given name has to.
START = (
    rf"(?:{_of(SURNAME_WEIGHT, 4)}(?:{_of(GIVEN_WEIGHT, 4)}|{_of(GIVEN_WEIGHT, -1)}{_of(GIVEN_WEIGHT, 4)})"
    rf"|{_of(SURNAME_WEIGHT, -1)}(?:{_of(GIVEN_WEIGHT, 6)}|{_of(GIVEN_WEIGHT, 1)}{_of(GIVEN_WEIGHT, 6)}))"
)
