"""What a doctor turn denies or forbids, clause by clause, and whether a rewrite denies and forbids the same."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cmtmedqa.llm.asked import is_question, sentences

# Words that hold a sign of negation and negate nothing.
_NO_NEGATION = re.compile(
    "不然|要不|不光|不止|不单|不只|没准|没错|不至于|不到|不满|不停|不住|非常|不仅|不但|不过|不同|不适|不良|不少|不断|无论|不论|不管|未来|差不多|对不起|不好意思|不客气|除非|无菌|不久|不舒服|不规律|不规则|不孕|不育|"
    "不全|不足|不稳|不齐|不振|不安|不宁|无力|没力气?|没劲|未婚|未成年|不妨|无痛|不错|莫不|不一样|别的|区别|特别|类别|性别|级别|个别|分别|差别|鉴别|识别|辨别|"
    "以免|免得|忽多忽少|不清楚?|不想活|没法活|不得不|禁区|不对称|不典型|无创|无糖|有没有|有没|有无|是不是|能不能|会不会|要不要|可不可以|需不需要|用不用|好不好|行不行|对不对|是否|能否|可否"
)
_ALTERNATIVE = re.compile("(?P<one>[\u4e00-\u9fff]{1,2})[不没](?P=one)")  # 疼不疼, 舒服不舒服, 查没查
_ASKING_TAIL = re.compile("(?:没有|没|不|否)$")
_REASSURANCE = re.compile(
    "(?:不要|不用|不必|别|无需|无须|请勿|勿|不需要?|甭)(?:太|过于|过度|过分|再)?(?:担心|紧张|着急|害怕|怕|焦虑|恐慌|顾虑|客气|多虑|惊慌)|"
    "(?:没|没有|无)(?:什么|多|太)?大?(?:关系|事|碍|妨|问题)|不要紧|不碍事|不打紧|放心|安心"
)
_NEGATOR = re.compile(
    "不(?:能|可以?|宜|要|应该?|得|必|用|需要?|建议|会|想|愿)?(?:再)?|没有|没|无[需须法]?|未(?:能|曾|必)?|并非|绝非|而非|严?禁(?:止|忌)?|禁忌|忌|(?:请|切)?勿|别|避免|切莫|戒|杜绝"
)
_LIMIT = re.compile(
    "(?:不(?:能|可以?|宜|要|应该?|得)?|别|勿|避免)[^，。]{0,4}?超过?(?![声市])|最多|至多|最长"
)  # 别超过两周 and 最多两周 are the same
# What may stand for a prohibition, or a prohibition for it: 先停药 and 先别吃药.
_LESS = re.compile(
    "少(?=[吃喝服食饮抽用看爬走站坐做油盐糖辣熬])|减少(?=[吃摄爬走饮盐油糖看用食熬])|低[盐脂糖]|(?<!可以)(?<!可)(?<![不请]要)(?<!勿)(?:停止|暂停|停用)(?![后前时])|远离|清淡|空腹|难以|[受忍睡憋喘](?:不|得)[了着住上]|吃不下"
)
_UNABLE = re.compile("[受忍睡憋喘]不[了着住上]|吃不下")
_DELAY = frozenset("拖延等待误耽犹豫")
_URGENT = re.compile("立即|立刻|马上|尽快|及时|尽早|赶紧|赶快|抓紧|第一时间|今[天日]")
_TWICE = re.compile("([不没无])([\u4e00-\u9fff])\\1([\u4e00-\u9fff])")  # 不疼不痒 denies once, as 无疼痛、瘙痒 does
_REACH = 8
_SAME = str.maketrans({"服": "吃", "食": "吃", "用": "吃", "饮": "喝", "痛": "疼", "热": "烧", "惧": "怕", "断": "停"})
_EMPTY = frozenset("的了是有要会可能以需再在也都还就到得过于请您你自己行时候者和与及或随便意任何急继续一")


class Denied(NamedTuple):
    """One denial or prohibition: the characters of what it is about, and those of the clause it stands in."""

    about: frozenset[str]
    clause: frozenset[str]


def difference(original: str, rewritten: str) -> str | None:
    """`negation lost`, `negation added`, `negation moved`, or None where both texts deny as much of the same.

    Each denial of one text is paired with one of the other, those about the same first. Questions deny nothing.
    """
    one, other = statements(original), statements(rewritten)
    if _count(_REASSURANCE, other) < _count(_REASSURANCE, one) or _count(_LIMIT, other) < _count(_LIMIT, one):
        return "negation lost"
    lost, added = _unpaired(denials(one), denials(other))
    spare = _count(_LESS, other) - _count(_LESS, one)
    if _URGENT.search(rewritten) and not any(_DELAY & _content(clause) for clause in other):
        lost = [item for item in lost if not item.about <= _DELAY]
    if len(lost) > len(added) + min(max(0, spare), _replaceable(lost)):
        return "negation lost"
    if len(added) > len(lost) + min(max(0, -spare), _replaceable(added)):
        return "negation added"
    moved = any(_affirmed(a.about, other) and _affirmed(b.about, one) for a, b in zip(lost, added, strict=False))
    return "negation moved" if moved else None


def denials(clauses: Iterable[str]) -> list[Denied]:
    """Every denial of some clauses, in order; reassurance (不用担心) and upper limits (不超过) are none."""
    found = []
    for clause in clauses:
        rest = _UNABLE.sub(_dots, _LIMIT.sub(_dots, _REASSURANCE.sub(_dots, clause)))
        places = list(_NEGATOR.finditer(rest))
        ends = [*(match.start() for match in places[1:]), len(rest)]
        for match, end in zip(places, ends, strict=False):
            about = _content(rest[match.end() : min(end, match.end() + _REACH)])
            before = _content(rest[max(0, match.start() - 4) : match.start()])
            found.append(Denied(about or before, _content(rest)))
    return found


def _replaceable(denied: Iterable[Denied]) -> int:
    """How many denials 停用 or 少吃 may replace; 别停 is none of them."""
    return sum("停" not in item.about for item in denied)


def _count(pattern: "re.Pattern[str]", clauses: Iterable[str]) -> int:
    return sum(len(pattern.findall(clause)) for clause in clauses)


def statements(text: str) -> list[str]:
    """The clauses of a text that ask nothing, with words masked that only look like negations."""
    clauses = [clause for sentence in sentences(text) for clause in sentence if not is_question(clause, sentence)]
    masked = [_NO_NEGATION.sub(_dots, _ALTERNATIVE.sub(_dots, clause)) for clause in clauses]
    return [_TWICE.sub(r"\1\2\3", _ASKING_TAIL.sub(_dots, clause)) for clause in masked]


def _dots(found: "re.Match[str]") -> str:
    return "·" * len(found[0])


def _content(text: str) -> frozenset[str]:
    return frozenset(mark for mark in text.translate(_SAME) if mark.isalnum() and mark not in _EMPTY)


def _unpaired(left: Sequence[Denied], right: Sequence[Denied]) -> tuple[list[Denied], list[Denied]]:
    """What of both is about nothing that the other denies, after the closest are paired.

    不疼不痒 may become 无疼痛、瘙痒, and the other way round: what stands wholly in a clause that denies is denied.
    """
    rest, lost = list(right), []
    for one in left:
        best = max(rest, key=lambda other: len(one.about & other.about), default=None)
        if best is not None and one.about & best.about:
            rest.remove(best)
        else:
            lost.append(one)
    return (
        [one for one in lost if not any(_within(one.about, other.clause) for other in right)],
        [one for one in rest if not any(_within(one.about, other.clause) for other in left)],
    )


def _within(about: frozenset[str], clause: frozenset[str]) -> bool:
    return len(about) > 1 and 3 * len(about & clause) >= 2 * len(about)


def _affirmed(about: frozenset[str], clauses: Iterable[str]) -> bool:
    """Whether what is denied stands in a clause that denies nothing."""
    return any(_within(about, _content(clause)) for clause in clauses if not _NEGATOR.search(clause))
