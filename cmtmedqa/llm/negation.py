"""What a doctor turn denies or forbids, clause by clause, and whether a rewrite denies and forbids the same."""

import re
from typing import NamedTuple

from cmtmedqa.llm.asked import is_question, sentences

# Words that hold a sign of negation and negate nothing.
_NO_NEGATION = re.compile(
    "非常|不仅|不但|不过|不同|不适|不良|不少|不断|无论|不论|不管|未来|差不多|对不起|不好意思|不客气|除非|无菌|不久|不舒服|不规律|不规则|不孕|不育|"
    "不全|不足|不稳|不齐|不振|不安|不宁|无力|没力气?|没劲|未婚|未成年|不妨|无痛|不错|莫不|不一样|别的|区别|特别|类别|性别|级别|个别|分别|差别|鉴别|识别|辨别|"
    "以免|免得|忽多忽少|不清楚?|不想活|没法活|不得不|禁区|不对称|不典型|无创|无糖|有没有|有没|有无|是不是|能不能|会不会|要不要|可不可以|需不需要|用不用|好不好|行不行|对不对|是否|能否|可否"
)
_ALTERNATIVE = re.compile("(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)")  # 疼不疼, 舒服不舒服, 查没查
_ASKING_TAIL = re.compile("(?:没有|没|不|否)$")
_REASSURANCE = re.compile(
    "(?:不要|不用|不必|别|无需|无须|请勿|勿|不需要?|甭)(?:太|过于|过度|过分|再)?(?:担心|紧张|着急|害怕|怕|焦虑|恐慌|顾虑|客气|多虑|惊慌)|"
    "(?:没|没有|无)(?:什么)?(?:大)?(?:关系|事|碍|妨|问题)|不要紧|不碍事|不打紧"
)
_NEGATOR = re.compile(
    "不(?:能|可以?|宜|要|应该?|得|必|用|需要?|建议|会|想|愿)?(?:再)?|没有|没|无[需须法]?|未(?:能|曾|必)?|并非|绝非|而非|严?禁(?:止|忌)?|禁忌|忌|(?:请|切)?勿|别|避免|切莫|戒|杜绝"
)
_REACH = 8
_SAME = str.maketrans({"服": "吃", "食": "吃", "用": "吃", "饮": "喝", "痛": "疼", "热": "烧", "惧": "怕", "握": "停", "断": "停", "漏": "漏"})
_EMPTY = frozenset("的了是有要会可能以需再在也都还就到得过于请您你自己行时候者和与及或随便意任何急继续一")


class Denied(NamedTuple):
    """One denial or prohibition: the characters of what it is about, and the clause it stands in."""

    about: frozenset[str]
    reassures: bool


def difference(original: str, rewritten: str) -> str | None:
    """`negation lost`, `negation added`, `negation moved`, or None where both texts deny as much of the same.

    Each denial of one text is paired with one of the other, those about the same first. Questions deny nothing.
    """
    before, after = denials(original), denials(rewritten)
    for reassures in (False, True):
        left = [item for item in before if item.reassures is reassures]
        right = [item for item in after if item.reassures is reassures]
        if len(right) < len(left):
            return "negation lost"
        if len(right) > len(left) and not reassures:
            return "negation added"
        unpaired, others = _pair(left, right)
        for one, other in zip(unpaired, others, strict=False):
            if _affirmed(one.about, rewritten) and _affirmed(other.about, original):
                return "negation moved"
    return None


def denials(text: str) -> list[Denied]:
    """Every denial of a text, in order; reassurance (不用担心, 没关系) is one of a kind of its own."""
    found = []
    for clause in statements(text):
        rest = clause
        for match in _REASSURANCE.finditer(clause):
            found.append(Denied(frozenset(), True))
            rest = rest.replace(match[0], "·" * len(match[0]), 1)
        places = list(_NEGATOR.finditer(rest))
        ends = [*(match.start() for match in places[1:]), len(rest)]
        for match, end in zip(places, ends, strict=False):
            about = _content(rest[match.end() : min(end, match.end() + _REACH)])
            found.append(Denied(about or _content(rest[max(0, match.start() - 4) : match.start()]), False))
    return found


def statements(text: str) -> list[str]:
    """The clauses of a text that ask nothing, with words masked that only look like negations."""
    clauses = [clause for sentence in sentences(text) for clause in sentence if not is_question(clause, sentence)]
    masked = [_NO_NEGATION.sub(_dots, _ALTERNATIVE.sub(_dots, clause)) for clause in clauses]
    return [_ASKING_TAIL.sub(_dots, clause) for clause in masked]


def _dots(found: "re.Match[str]") -> str:
    return "·" * len(found[0])


def _content(text: str) -> frozenset[str]:
    return frozenset(mark for mark in text.translate(_SAME) if mark.isalnum() and mark not in _EMPTY)


def _pair(left: list[Denied], right: list[Denied]) -> tuple[list[Denied], list[Denied]]:
    """What of both is about nothing that the other denies, after the closest are paired."""
    rest, unpaired = list(right), []
    for one in left:
        best = max(rest, key=lambda other: len(one.about & other.about), default=None)
        if best is not None and one.about & best.about:
            rest.remove(best)
        else:
            unpaired.append(one)
    return unpaired, rest


def _affirmed(about: frozenset[str], text: str) -> bool:
    """Whether two thirds of what is denied stand in a clause that denies nothing."""
    return bool(about) and any(
        len(about & _content(clause)) >= max(1, 2 * len(about) / 3)
        for clause in statements(text)
        if not _NEGATOR.search(clause)
    )
