"""Whether a rewrite still asks what a doctor turn asks: one question answers to one, each is served once."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cmtmedqa.llm.asked import END, asks, questions, requests, sentences, split
from cmtmedqa.llm.pairing import LITERAL, Pair, literalness, paired, weight, weights_of
from cmtmedqa.llm.topic import topic

_LEAST, _MOST = 0.34, 0.6  # the share by which a question is found again, and that by which one serves two
_NEW = 0.2  # the share of a question in the original, below which it is one the doctor did not ask
_SAME_WAY = 0.3  # how much two questions are the liker for asking in the same way
_QUANTITIES = 2  # the first ways of asking: for a time, a number
_YES_OR_NO = re.compile("[吗么]|有没有|有无|是否|是不是|能否|可否|会不会|没有?$|(?P<one>[\u4e00-\u9fff])[没不](?P=one)")
_TELLS = re.compile("告知|告诉|方便|说|讲|知道|了解|清楚|提供|记得|描述|数值|年龄|体重|身高")
_WAYS = (
    re.compile("多久|多长时间|什么时候|几[天周年月点]|多少[天年]|[么长啥]时间|时间$|哪一?天"), re.compile("多少|几|多大|多重|多高"), re.compile("什么|啥|哪"), re.compile("怎么|怎样|如何|咋"),
)  # fmt: skip
# Where one clause asks twice: 白带什么颜色|有味吗, 以前抽过没|家里人有抽的吗, 脖子有没有变粗|声音哑不哑.
_ENDS = re.compile(
    "(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)|(?<![怎那这要多])么(?!时候)|(?<!着)呢|吗(?![啡丁替洛])|[过了]没有?(?=[\u4e00-\u9fff]{2})|(?:多久|多长时间|几(?:个?(?:月|小时|星期|礼拜|钟头)|分钟|[个天次片周年岁点遍回支斤号颗顿级瓶包胎根])|多少(?:[天次斤度年岁根])?|多大|多重|多高|(?:什么|啥)(?!时候|东西|过敏)[\u4e00-\u9fff]{2}|怎么样|怎样|如何)[了啦呢]?"
)
_LEADS = re.compile("有没有|有无|是否|是不是|会不会|能不能|能否|可否")
_PARTICLES = frozenset("吗么呢")
_LIST = re.compile("、|以及|及|和|或")
# What patients complain of, everyday and professional words for each.
_COMPLAINTS = tuple(
    map(re.compile, (
        "疼|痛", "烧|热", "咳|咯", "吐(?!口水)|呕|恶心", "出血|见红|流血|血", "痒", "肿", "麻", "晕|眩", "出汗|盗汗|汗", "疹", "头发|脱发|掉发", "溃疡", "拉肚|拉稀|腹泻|泻|稀",
    ))
)  # fmt: skip
_FAR = 4  # characters between a leading form of asking and the next one, by which a topic of its own stands there


class _Unit(NamedTuple):
    """One thing that is asked: the words, the characters that tell what of, and whether it is one of a list."""

    text: str
    content: frozenset[str]
    listed: bool = False


def difference(original: str, rewritten: str) -> str | None:
    """`question lost` or `question added`, or None where each question of one text has a counterpart in the other.

    Questions are cut where they ask twice and paired one to one, best first; a counterpart shares a third of the characters
    of content (of the shorter, the rarer ones weighing more), everyday and professional words being equal. One question serves
    two where it has most characters of both. Two left over that ask in the same way are the same in other words. A
    question is added where the rewrite asks more often than the original, and of what stands nowhere in it.
    """
    before = [item for unit in _units(questions(original)) for item in _listed(unit.text)]
    asking = [found for found in questions(rewritten) if not _stated(found, original, rewritten)]
    after = _units(asking)
    served = after + _units(_beside(rewritten, asking))
    weights = weights_of([unit.content for unit in before], [unit.content for unit in served])
    pairs = paired(_likenesses(before, served, weights))
    strange = [
        place
        for place, found in enumerate(after)
        if place not in pairs.values() and all(_likeness(unit, found, weights) is None for unit in before)
    ]
    literal = literalness(original, rewritten) >= LITERAL
    fewer = sum(len(_listed(unit.text)) for unit in served) < len(before)
    for place, unit in enumerate(before):
        if place in pairs or any(_holds(unit, other, weights) for other in served):
            continue
        # A rewrite that keeps the doctor's words elsewhere has not put a question of yes or no in quite other words.
        plain = not literal or _way(unit.text) < len(_WAYS)
        twin = next((other for other in strange if plain and _way(after[other].text) == _way(unit.text)), None)
        if twin is not None:
            strange.remove(twin)
        elif not unit.listed or fewer:
            return "question lost"
    if _halved(questions(original), "，".join(unit.text for unit in served)):
        return "question lost"
    known = topic(original)
    new = [after[place].content for place in strange if after[place].content]
    added = len(after) > len(before) and any(len(about & known) < _NEW * len(about) for about in new)
    return "question added" if added else None


def _halved(asked: Sequence[str], again: str) -> bool:
    """Whether a question asks of two complaints (肚子疼出血了没) of which the questions of the rewrite name but one."""
    for clause in asked:
        named = [complaint for complaint in _COMPLAINTS if complaint.search(clause)]
        found = [complaint for complaint in named if complaint.search(again)]
        if found and len(found) < len(named):
            return True
    return False


def _units(asking: Sequence[str]) -> list[_Unit]:
    return [_Unit(part, topic(part)) for clause in asking for part in _cut(clause.rstrip(END))]


def _cut(clause: str) -> list[str]:
    """A clause cut behind each form of asking that another one follows."""
    for found in _ENDS.finditer(clause):
        front, behind = clause[: found.end()], clause[found.end() :]
        if topic(front) and topic(behind) and asks(behind.strip(END + "?？")):
            return [front, *_cut(behind)]
    if (first := _LEADS.search(clause)) is not None:
        later = _LEADS.search(clause, first.end()) or _ENDS.search(clause, first.end())
        if later is not None and later[0] not in _PARTICLES and later.start() - first.end() >= _FAR:
            middle = later.start() - (0 if _LEADS.match(clause, later.start()) else 2)
            return [clause[:middle], *_cut(clause[middle:])]
    return [clause]


def _listed(part: str) -> list[_Unit]:
    """What a part asks of, one by one: 有无腰痛、发热 asks of two."""
    pieces = [(piece, topic(piece)) for piece in _LIST.split(part)]
    if len(pieces) < 2 or any(not content for _, content in pieces) or "还是" in part:
        return [_Unit(part, topic(part))]
    return [_Unit(part, content, True) for _, content in pieces]


def _likenesses(some: Sequence[_Unit], others: Sequence[_Unit], weights: Mapping[str, float]) -> dict[Pair, float]:
    return {
        (one, other): value
        for one, unit in enumerate(some)
        for other, twin in enumerate(others)
        if (value := _likeness(unit, twin, weights)) is not None
    }


def _likeness(unit: _Unit, twin: _Unit, weights: Mapping[str, float]) -> float | None:
    """How like two questions are, or None where they ask of different things."""
    way = _way(unit.text)
    same = _SAME_WAY * (way == _way(twin.text))
    if not unit.content or not twin.content:
        return same or None
    mine, other = weight(unit.content, weights), weight(twin.content, weights)
    shared = weight(unit.content & twin.content, weights)
    if shared < _LEAST * min(mine, other) or _only_whether(unit.text, twin.text):
        return same / 10 if same and way < len(_WAYS) else None
    return 2 * shared / (mine + other) + same


def _only_whether(asked: str, found: str) -> bool:
    """Whether one asks for a number or a time and the other for yes or no."""
    bare = found.strip(END + "?？")
    whether = _way(found) == len(_WAYS) and not _TELLS.search(found) and _YES_OR_NO.search(bare) is not None
    return _way(asked) < _QUANTITIES and whether


def _holds(unit: _Unit, other: _Unit, weights: Mapping[str, float]) -> bool:
    """Whether a question that serves another one has most of this one too; of one of a list it need have but a share."""
    least = _LEAST if unit.listed else _MOST
    return (
        bool(unit.content)
        and weight(unit.content & other.content, weights) >= least * weight(unit.content, weights)
        and not _only_whether(unit.text, other.text)
    )


def _stated(found: str, original: str, rewritten: str) -> bool:
    """Whether a clause asks by its mark alone what the original states (您的血小板只有20？), or for a number, and ends in a stop."""
    bare = found.strip(END + "?？")
    if (
        f"{bare}。" in rewritten
        and bare not in original
        and not requests(bare)
        and "请问" not in bare
        and not _YES_OR_NO.search(bare)
    ):
        return True
    if asks(bare) or requests(bare):
        return False
    asked, states = split(original)
    content = topic(bare)
    said, known = (max((len(content & topic(clause)) for clause in some), default=0) for some in (states, asked))
    return said > known and 2 * said >= len(content)


def _way(asked: str) -> int:
    """How a question asks: for a time, a number, a thing, a manner, or for yes or no."""
    return next((place for place, pattern in enumerate(_WAYS) if pattern.search(asked)), len(_WAYS))


def _beside(text: str, asking: Sequence[str]) -> list[str]:
    """The clauses without the form of a question in sentences that end as one: 吃奶的情况，以及大便的颜色吗？"""
    return [
        clause
        for sentence in sentences(text)
        if sentence and sentence[-1].endswith(("?", "？"))
        for clause in sentence
        if clause not in asking and topic(clause)
    ]
