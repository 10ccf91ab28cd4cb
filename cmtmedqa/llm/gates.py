"""Whether a rewritten doctor turn says what the original said. One gate for each way in which a rewrite does harm.

The gates compare; they do not understand. Each is a rule a person can check, and what one refuses keeps its original.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from cmtmedqa.clean.deidentify import find
from cmtmedqa.llm import asked, negation, numbers
from cmtmedqa.llm.dosed import dosed
from cmtmedqa.llm.identity import names_a_model, says_who_it_is
from cmtmedqa.llm.numbers import amounts, plain
from cmtmedqa.llm.spoken import IMPLIED, LATIN, OTHERS
from cmtmedqa.llm.terms import degrees, drugs, letters, names, terms, tests

VERSION = "gates-3"

_HEDGE = re.compile(
    "可能|考虑|疑似|(?<!多)大多(?![重少高])|多由|多为|多因|常由|常为|或许|大概|不排除|不能排除|倾向|也许|估计|怀疑|多半|不一定|未必|似乎|应该是|像是|有可能|一般|通常|往往|多数"
)
_SURE = re.compile(
    "确诊|一定|肯定|必然|必定|绝对|毫无疑问|百分之百|100%|保证|必须|明确是|无疑|就是(?=[^。，]{0,8}(?:炎|病|症|癌|瘤))|确定为|确定是"
)
_DENIED_SURE = re.compile("不一定|不是必须|不必须|不是一定要|不能肯定|不确定|不是一定|未必|不必须")
_CARE = re.compile(
    "就医|就诊|医院|复诊|复查|急诊|门诊|面诊|看医生|挂号|专科|120|住院|随访|线下|来院|回院|到院|返院|来看|去看|去查|来查|回来|再来|送医|入院|(?:马上|立刻|立即|赶紧|尽快)来|检查"
)
_URGENT = re.compile("立即|立刻|马上|尽快|及时|尽早|赶紧|赶快|抓紧|第一时间|今[天日](?:就|即)|快[去来点送]|速[去来]")
_LATER = re.compile(
    "择期|择机|有空|方便(?:的)?时|改[天日]|过几天|过两天|等几天|下[周月次]|次日|暂缓|不急(?!于)|晚些|等等再"
)
_CLAUSES = re.compile("[，,。；;！!？?]")
_PROMISE = re.compile("(?:给您|为您|帮您|给你|我来|我会|我可以)[^。，]{0,6}(?:开药|开具|开处方|处方)")
_MARKUP = re.compile(r"\*\*|^#{1,6} |^\s*[-*] |```|<[a-z/]|\|\s*-{3}", re.MULTILINE)
_TAG = re.compile(r"\[[\u4e00-\u9fffA-Za-z0-9]{1,8}\]")
_ECHO = re.compile("改写|润色|原文|以下是|根据要求|专业的语气|重写")

_MEANT = OTHERS | IMPLIED
_SAID_IN_SHORT = re.compile("|".join(sorted(map(re.escape, _MEANT), key=len, reverse=True)))
_SAYS_NOTHING = frozenset(
    "部病症药检查测性项功能试验抗剂片类型做量治疗手术颅针苗口服液散盐感染期综合征史伤"
)  # in the name of a term
_EVERYDAY = str.maketrans("烧疼吐泡", "热痛呕疱")
_COUNTED, _AHEAD = frozenset("片粒袋支枚滴丸瓶贴喷针剂"), 5  # how far behind its count a drug may stand
_SHORTEST, _LONGEST, _SLACK = 0.4, 3.0, 40


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
    has = {span.kind for span in find(rewritten)}
    return ", ".join(sorted(has - {span.kind for span in find(original)})) or None if has else None


def _numbers(original: str, rewritten: str) -> str | None:
    return _difference(*numbers.difference(original, rewritten))


def _doses(original: str, rewritten: str) -> str | None:
    """An amount that follows one drug, up to the next drug, may not follow another one in the rewrite."""
    before, after = _doses_of(original), _doses_of(rewritten)
    for drug in before:
        for other in after:
            if drug == other or other not in before or drug not in after:
                continue
            if (before[drug] - after[drug]) & (after[other] - before[other]):
                return f"{drug}, {other}"
    return None


def _doses_of(text: str) -> dict[str, frozenset[tuple[float, str]]]:
    folded = plain(text)
    places = sorted(drugs(folded))
    found: dict[str, set[tuple[float, str]]] = {drug: set() for _, drug in places}
    for amount in amounts(folded):
        before = [drug for start, drug in places if start <= amount.start]
        after = [(start, drug) for start, drug in places if amount.start < start <= amount.start + _AHEAD]
        if after and amount.unit in _COUNTED and not _CLAUSES.search(folded[amount.start : after[0][0]]):
            found[after[0][1]].add(amount.said)  # 一粒维生素D
        elif before:
            found[before[-1]].add(amount.said)
    return {drug: frozenset(said) for drug, said in found.items()}


def _terms(original: str, rewritten: str) -> str | None:
    found = _new(terms(original), rewritten, terms(rewritten)), _new(terms(rewritten), original, terms(original))
    swapped = _new(tests(original), rewritten, tests(rewritten)), _new(tests(rewritten), original, tests(original))
    return (
        _difference(*found)
        or _difference(_unnamed(original, rewritten), _unnamed(rewritten, original))
        or (_difference(*swapped) if all(swapped) else None)
    )


def _unnamed(text: str, other: str) -> set[str]:
    """The Latin names and the degrees of a text that the other neither has nor spells out in Chinese."""
    known = _said(other)
    left = (letters(text) | degrees(text)) - letters(other) - degrees(other)
    return {name for name in left if name not in known and not any(full in other for full in LATIN.get(name, ()))}


def _names(original: str, rewritten: str) -> str | None:
    said = _new(names(original), rewritten, names(rewritten)), _new(names(rewritten), original, names(original))
    return _difference(*said) or _difference(*_unlike(original, rewritten))


def _unlike(original: str, rewritten: str) -> tuple[set[str], set[str]]:
    """The words before one and the same dose of both texts, where neither text knows the word of the other: a name in no list."""
    one, other = dosed(original), dosed(rewritten)
    for dose in sorted(one.keys() & other.keys()):
        before, after = one[dose], other[dose]
        if _unknown(before, rewritten) and _unknown(after, original):
            return before, after
    return set(), set()


def _unknown(words: set[str], text: str) -> bool:
    """Whether a text has none of some words, nor all the characters of one."""
    return all(not set(word) <= set(text) for word in words)


@lru_cache(maxsize=64)
def _said(text: str) -> str:
    """A text with what it implies: 大三阳 says hepatitis B."""
    implied = [_MEANT[word] for word in dict.fromkeys(_SAID_IN_SHORT.findall(text))]
    return text + "".join(implied) + "".join(full for name in letters(text) for full in LATIN.get(name, ()))


def _new(some: Iterable[str], text: str, others: Iterable[str]) -> set[str]:
    """The terms that the other text neither has nor spells out: 肺部结节 is no new term where 肺上有结节 stood, nor is 乳腺癌 for 乳癌."""
    said = _said(text)
    known = set(said.translate(_EVERYDAY)) | _SAYS_NOTHING
    left = {term for term in some if term not in others and not set(term.translate(_EVERYDAY)) <= known}
    left = {term for term in left if not any(full in text for full in LATIN.get(term, ()))}
    short = [term for term in left if len(term) < 4]
    left -= {term for term in short if any(_shortened(other, term) for other in others)}
    return {term for term in left if not _shortened(term, text)}


def _shortened(term: str, text: str) -> bool:
    """Whether a text says a term by its first character and one of its last, side by side: 骨松 for 骨质疏松."""
    return len(term) > 2 and any(term[0] + mark in text and term[0] + mark not in term for mark in term[2:][-3:])


def _certainty(original: str, rewritten: str) -> str | None:
    if _HEDGE.search(original) and not _HEDGE.search(rewritten):
        return "hedge lost"
    if _SURE.search(_DENIED_SURE.sub("", rewritten)) and not _SURE.search(_DENIED_SURE.sub("", original)):
        return "certainty added"
    return None


def _care(original: str, rewritten: str) -> str | None:
    if _CARE.search(original) and not _CARE.search(rewritten):
        return "advice to seek care lost"
    if _URGENT.search(original) and not _URGENT.search(rewritten):
        return "urgency lost"
    return "urgency lost" if _postponed(rewritten) and not _postponed(original) else None


def _postponed(text: str) -> bool:
    """Whether a clause that sends the patient to a doctor lets him wait."""
    return any(_LATER.search(clause) and _CARE.search(clause) for clause in _CLAUSES.split(text))


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
    "negation": negation.difference,
    "certainty": _certainty,
    "care": _care,
    "questions": asked.difference,
}
