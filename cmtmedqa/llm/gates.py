"""Whether a rewritten doctor turn says what the original said. One gate for each way in which a rewrite does harm.

The gates compare; they do not understand. Each is a rule a person can check, and what one refuses keeps its original.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from cmtmedqa.clean.deidentify import find
from cmtmedqa.llm.identity import names_a_model, says_who_it_is
from cmtmedqa.llm.numbers import amounts, plain
from cmtmedqa.llm.terms import drugs, names, terms

VERSION = "gates-1"

_CLAUSE = re.compile(r"[，,。；;！!？?\n：:]")
_SENTENCE = re.compile(r"[^。！!？?；;\n]*[。！!？?；;\n]?")
_HAN_RUN = re.compile("[\u4e00-\u9fffa-zA-Z0-9]+")

_NO_NEGATION = re.compile(
    "有没有|有无|是不是|能不能|会不会|要不要|可不可以|需不需要|用不用|好不好|行不行|对不对|是否|非常|不仅|不但|不过|不同|不适|不良|不少|不断|无论|不论|不管|未来|差不多|对不起|不好意思|不客气|除非|非处方|"
    "无菌|不久|不一定|不舒服|不规律|不规则|不孕|不育|不全|不足|不稳|不齐|不振|不安|不宁|无力|未婚|未成年|不难|不得不|不妨|无痛|没关系|没事|不错|尤其|莫不|非典|不一样|别的|区别|特别|类别|性别|级别|个别|分别|差别|未必"
)
_NEGATOR = re.compile("不|没有|没|无|未|非|禁止|禁忌|禁|忌|勿|别|避免|停止|停用|戒|杜绝|远离|排除|切莫|免")
_NEGATED_CHARS, _LOOK_BACK = 7, 9
_REASSURED = re.compile(
    "(?:不要|不用|不必|别|无需|请勿|勿)(?:太|过于|过度|过分|再)?(?:担心|紧张|着急|害怕|焦虑|恐慌|顾虑|客气|多虑|惊慌)"
)
# Verbs that a prohibition may end with; each with what the professional register says in its place.
_FORBIDDEN = re.compile(
    "(?:不能|不可以?|不宜|不要|不应|不得|禁止|禁|勿|别|忌|避免)(?:再|继续|随便|随意|自行|大量|口服|使用)?([吃喝用服食做停碰抽打洗饮])"
)
_SAME_VERB = {"吃": "吃服食用", "服": "吃服食用", "食": "吃服食用", "用": "吃服食用", "喝": "喝饮", "饮": "喝饮"}

_HEDGE = re.compile(
    "可能|考虑|疑似|或许|大概|不排除|倾向|也许|估计|怀疑|多半|不一定|未必|似乎|应该是|像是|有可能|一般|通常|往往|多数"
)
_SURE = re.compile(
    "确诊|一定|肯定|必然|必定|绝对|毫无疑问|百分之百|100%|保证|必须|明确是|无疑|就是(?=[^。，]{0,8}(?:炎|病|症|癌|瘤))|确定为|确定是"
)
_CARE = re.compile("就医|就诊|医院|复诊|复查|急诊|门诊|面诊|看医生|挂号|专科|120|住院|随访|线下")
_URGENT = re.compile("立即|立刻|马上|尽快|及时|急诊|120|尽早|赶紧|赶快|抓紧|第一时间")
_PROMISE = re.compile("(?:给您|为您|帮您|给你|我来|我会|我可以)[^。，]{0,6}(?:开药|开具|开处方|处方)")
_MARKUP = re.compile(r"\*\*|^#{1,6} |^\s*[-*] |```|<[a-z/]|\|\s*-{3}", re.MULTILINE)
_TAG = re.compile(r"\[[\u4e00-\u9fffA-Za-z0-9]{1,8}\]")
_ECHO = re.compile("改写|润色|原文|以下是|根据要求|专业的语气|重写")

_QUESTION_END = re.compile("[?？]|(?:吗|呢|么|没有|没)\\W*$")
_ASKING = re.compile(
    "请问|有没有|有无|是否|是不是|会不会|能不能|多久|多长时间|几天|几次|什么时候|哪里|哪些|怎么样|怎样|多少|多大|什么(?:颜色|症状|药|检查|情况)"
)
_TO_FIND_OUT = re.compile(
    "(?:看看?|明确|了解|排除|确定|判断|评估|观察|检查|查查?|确认)(?:一下|下)?[^，。?？]{0,6}(?:有没有|有无|是否|是不是)[^?？]*$"
)
_COURTESY = re.compile(
    "(?:还|其他|其它|别的)[^，。?？]{0,8}(?:问题|疑问|想问|需要)|(?:明白|清楚|理解|可以|好|对|行|懂)(?:了)?(?:吗|吧|么)|好不好"
)
_STOP = re.compile(
    "请问|您|你|有没有|有无|是否|是不是|吗|呢|么|目前|现在|最近|平时|以前|曾经|过|的|了|有|是|和|或|及|与|以及|还|也|都|出现|存在|发生|感觉|觉得|症状|情况|会|什么|怎么|请|告诉|我|一下|说"
)

_SHORTEST, _LONGEST, _SLACK = 0.4, 3.0, 40
_SAME_QUESTION = 0.34


class Fault(NamedTuple):
    """A gate that a rewrite does not pass, and what it saw: terms of the lexicon or amounts, never a sentence."""

    gate: str
    seen: str = ""


def faults(original: str, rewritten: str) -> list[Fault]:
    """Every gate that a rewrite of one doctor turn fails, in the order of `GATES`; [] when it may stand."""
    return [Fault(name, seen) for name, gate in GATES.items() if (seen := gate(original, rewritten)) is not None]


def _form(original: str, rewritten: str) -> str | None:
    size, new = len(original), len(rewritten.strip())
    if not new:
        return "empty"
    if new < _SHORTEST * size - _SLACK / 4 or new > _LONGEST * size + _SLACK:
        return "length"
    if _MARKUP.search(rewritten) and not _MARKUP.search(original):
        return "markup"
    if _ECHO.search(rewritten) and not _ECHO.search(original):
        return "echo"
    han = sum("\u4e00" <= mark <= "\u9fff" for mark in rewritten)
    return "language" if han < 0.4 * sum(mark.isalpha() for mark in rewritten) else None


def _role(original: str, rewritten: str) -> str | None:
    if names_a_model(rewritten) and not names_a_model(original):
        return "names a model"
    if says_who_it_is(rewritten) and not says_who_it_is(original):
        return "introduces itself"
    return "promise" if _PROMISE.search(rewritten) and not _PROMISE.search(original) else None


def _identifiers(original: str, rewritten: str) -> str | None:
    if Counter(_TAG.findall(original)) - Counter(_TAG.findall(rewritten)):
        return "tag lost"
    if set(_TAG.findall(rewritten)) - set(_TAG.findall(original)):
        return "tag added"
    had, has = ({span.kind for span in find(text)} for text in (original, rewritten))
    return ", ".join(sorted(has - had)) or None


def _numbers(original: str, rewritten: str) -> str | None:
    before, after = ({amount.said for amount in amounts(plain(text))} for text in (original, rewritten))
    return _difference({f"{value:g}{unit}" for value, unit in before}, {f"{value:g}{unit}" for value, unit in after})


def _doses(original: str, rewritten: str) -> str | None:
    """Each drug keeps the amounts that follow it, up to the next drug."""
    before, after = _doses_of(original), _doses_of(rewritten)
    for drug, wanted in before.items():
        found = after.get(drug)
        if wanted and found is not None and found != wanted and len(before) > 1:
            return drug
    return None


def _doses_of(text: str) -> dict[str, frozenset[tuple[float, str]]]:
    folded = plain(text)
    places = sorted(drugs(folded))
    ends = [*(start for start, _ in places[1:]), len(folded)][: len(places)]
    found: dict[str, set[tuple[float, str]]] = {}
    every = list(amounts(folded))
    for (start, drug), end in zip(places, ends, strict=True):
        found.setdefault(drug, set()).update(amount.said for amount in every if start <= amount.start < end)
    return {drug: frozenset(said) for drug, said in found.items()}


def _terms(original: str, rewritten: str) -> str | None:
    return _difference(set(terms(original)), set(terms(rewritten)))


def _names(original: str, rewritten: str) -> str | None:
    return _difference(set(names(original)), set(names(rewritten)))


def _negation(original: str, rewritten: str) -> str | None:
    """What is denied or forbidden in one text may not stand in the other without its negation."""
    return (
        _unnegated(original, rewritten)
        or _unnegated(rewritten, original)
        or _allowed(original, rewritten)
        or _allowed(rewritten, original)
    )


def _allowed(one: str, other: str) -> str | None:
    """A prohibition of one text may not be a permission of the other, nor may all denials be gone."""
    forbidden = _FORBIDDEN.findall(_REASSURED.sub("", one))
    masked = _masked(other)
    for verb in forbidden:
        allowed = re.search(
            f"(?<!不)(?<!不可)(?:可以|可|能|应|宜|建议|请)(?:适当|继续|正常|放心|口服|使用)?[{_SAME_VERB.get(verb, verb)}]",
            masked,
        )
        if allowed or not _NEGATOR.search(masked):
            return "prohibition"
    return None


def _unnegated(one: str, other: str) -> str | None:
    denied, said = _denied(one), _pairs_with_polarity(other)
    for pairs in denied:
        seen = [said[pair] for pair in pairs if pair in said]
        if seen and not any(negated for polarity in seen for negated in polarity):
            return "negation"
    return None


def _masked(text: str) -> str:
    return _NO_NEGATION.sub(lambda found: "·" * len(found[0]), text)


def _denied(text: str) -> list[list[str]]:
    """For each negator the pairs of characters behind it, within its clause."""
    result = []
    for clause in _CLAUSE.split(_masked(text)):
        for found in _NEGATOR.finditer(clause):
            behind = clause[found.end() : found.end() + _NEGATED_CHARS]
            pairs = [pair for pair in _pairs(behind) if not _NEGATOR.search(pair)]
            if pairs:
                result.append(pairs)
    return result


def _pairs_with_polarity(text: str) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for clause in _CLAUSE.split(_masked(text)):
        negators = [match.end() for match in _NEGATOR.finditer(clause)]
        for start in range(len(clause) - 1):
            negated = any(start - _LOOK_BACK <= end <= start for end in negators)
            found.setdefault(clause[start : start + 2], []).append(negated)
    return found


_EMPTY_PAIR = re.compile("[的了是有要会可能以需再在也都还就用到得]|·|\\W")


def _pairs(text: str) -> list[str]:
    pairs = [text[start : start + 2] for start in range(len(text) - 1)]
    return [pair for pair in pairs if not _EMPTY_PAIR.search(pair)]


def _certainty(original: str, rewritten: str) -> str | None:
    if _HEDGE.search(original) and not _HEDGE.search(rewritten):
        return "hedge lost"
    if _SURE.search(_masked(rewritten)) and not _SURE.search(_masked(original)):
        return "certainty added"
    return None


def _care(original: str, rewritten: str) -> str | None:
    if _CARE.search(original) and not _CARE.search(rewritten):
        return "advice to seek care lost"
    if _URGENT.search(original) and _CARE.search(original) and not _URGENT.search(rewritten):
        return "urgency lost"
    return None


def _questions(original: str, rewritten: str) -> str | None:
    before, after = questions(original), questions(rewritten)
    for asked in before:
        if not any(_same_question(asked, other) for other in after):
            return "question lost"
    for asked in after:
        if not any(_same_question(other, asked) for other in before):
            return "question added"
    return None


def questions(text: str) -> list[str]:
    """What a doctor turn asks of the case, sentence by sentence; courtesy (还有其他问题吗) is no question."""
    return [
        sentence
        for sentence in _SENTENCE.findall(text)
        if not _TO_FIND_OUT.search(sentence)
        and (_QUESTION_END.search(sentence.rstrip("。；;\n ")) or _ASKING.search(sentence))
        and not _COURTESY.search(sentence)
    ]


def _same_question(one: str, other: str) -> bool:
    """Whether the content of a question, without the words that only ask, lies in another one to a third."""
    left, right = _content(one), _content(other)
    if not left or not right:
        return True
    return len(left & right) / min(len(left), len(right)) >= _SAME_QUESTION


@lru_cache(maxsize=1_024)
def _content(question: str) -> frozenset[str]:
    words = "".join(_HAN_RUN.findall(_STOP.sub(" ", question)))
    return frozenset(terms(question)) | frozenset(words)


def _difference(before: set[str], after: set[str]) -> str | None:
    lost, added = sorted(before - after), sorted(after - before)
    if not lost and not added:
        return None
    return "; ".join([*(f"lost {item}" for item in lost), *(f"added {item}" for item in added)])


GATES: dict[str, Callable[[str, str], str | None]] = {
    "form": _form,
    "role": _role,
    "identifiers": _identifiers,
    "numbers": _numbers,
    "doses": _doses,
    "drugs": _names,
    "terms": _terms,
    "negation": _negation,
    "certainty": _certainty,
    "care": _care,
    "questions": _questions,
}
