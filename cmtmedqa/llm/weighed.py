"""The evidence that a rewrite turned a denial round, and what it weighs."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from cmtmedqa.llm.denials import ANYTHING, Denied, Part, count, denials, parts
from cmtmedqa.llm.pairing import paired, weight, weights_of
from cmtmedqa.llm.signs import DEFERRED, EASED, FINE, LESS, NEGATOR
from cmtmedqa.llm.worded import content_of, statements, wording


class Evidence(NamedTuple):
    """What is seen where a part of a rewrite speaks of what the original denies, and denies nothing.

    `allowed`: the part has a word of permission that the original does not have there. `fewer`: the rewrite denies less often.
    `elsewhere`: a denial of the rewrite that answers none of the original is of the same topic. `beside`: where the denials of
    both texts are paired one to one by what is said around them, this one's counterpart stands within two parts of the place
    (往后凡是有花生的东西，一口都不要碰). `masked`: a turn of speech there only looks like a denial, or reassures.
    """

    allowed: bool
    fewer: bool
    elsewhere: bool
    beside: bool
    masked: bool


# Fitted by benchmarks/gate_weights.py: the log odds of a logistic regression on the 1,874 such places of the open sets, damaged and
# faithful, are 2.0, 2.7, -0.9, -2.5 and -1.0, and with each set left out in turn of the same signs; rounded to whole ones. A
# permission has the weight of both signs against it, so that it tells alone: 可以 stood at none of the faithful places.
WEIGHTS: tuple[float, ...] = (3, 2, -1, -2, -1)  # in the order of `Evidence`
BAR: float = 0

_MASK = "·"
_STOPS = ("。", "；", ";", "！", "!")
_NEAR = 2  # parts
_TOUCHES, _SAME_DENIED = (
    0.25,
    0.5,
)  # a share by which two denials may be one, and how much the same word denied speaks for it
_SHARED, _MOST = 0.6, 0.75  # of the characters of a denial, by which a clause speaks of the same
_PERMISSION = "(?<![不即许认方尚])可(?![能见疑是以致引导达升伴呈])|(?<![不没可功性机只才])能(?!够?不|体会|理解)|无妨|不妨|没关系|允许|照常|照样|随意|随便|尽管|适当|适量|也行"
_ALLOWED = re.compile(f"{_PERMISSION}|(?<![不才])可以|没事|照旧|继续|接着")
_ALLOWS = re.compile(f"{_PERMISSION}|(?<!就)可以|就可以(?=[\u4e00-\u9fff])")
# Signs of denial, not where they are in names: 他达拉非, 非那雄胺, 别嘌醇, 莫西沙星, 免疫, 避孕.
_NO = "[不没无未勿禁忌戒停暂难甭绝拒]|(?<![拉那])非(?![布那洛])|别(?!嘌)|莫(?![西匹沙])|免(?!疫)|避(?!孕)"
_SIGN = re.compile(f"{_NO}|才|前(?!列)")
_SIGN_OR_LESS = re.compile(f"{_NO}|[止消缓推延歇断]|(?<!可以)(?<!可)少")
_CANCELLED = re.compile(
    "(?:不用|不必|无[需须]|不要|不是|并非|不能|不可|不得|别)[^，。、不]{0,3}[不忌禁戒停]"
)  # 不用忌口 forbids nothing
_NO_SIGN = re.compile("没(?:有)?(?:关系|事|影响)|停[^，。；]{0,6}[之以]?后")
_CONTRAST = re.compile("([吃用喝服打选])[^，。；不没别勿要]{2,8}(?=(?:别|不要|勿|不能)再?\\1)")  # 用丙卡特罗别用可待因
_PIECE = re.compile("、|但是?|而")


def evidence(
    item: Denied, part: Part, twin: int, there: Sequence[Part], free: Collection[int], answer: int | None, fewer: bool
) -> Evidence:
    """What is seen at the part `twin` of a rewrite, which affirms what `part` of the original denies.

    `free` are the places of the denials of the rewrite that answer none of the original, `answer` that of the counterpart by `answers`.
    """
    affirmed = there[twin]
    behind = there[twin + 1].text if twin + 1 < len(there) and _goes_with(affirmed, there[twin + 1]) else ""
    return Evidence(
        allowed=bool(_ALLOWED.search(affirmed.text + behind)) and not _ALLOWED.search(part.text),
        fewer=fewer,
        elsewhere=any(place != twin and there[place].content & item.content for place in free),
        beside=answer is not None and abs(answer - twin) <= _NEAR,
        masked=_MASK in affirmed.text or _MASK in part.text,
    )


def _goes_with(part: Part, behind: Part) -> bool:
    """Whether a part ends what the one before it begins: 感冒药里有麻黄碱的，也能吃."""
    return behind.denied is None and not part.text.endswith(_STOPS) and behind.content <= ANYTHING


def answers(here: Sequence[Part], there: Sequence[Part]) -> dict[int, int]:
    """The denial of one text that answers to each of the other, by their places, paired one to one."""
    some, others = denials(here), denials(there)
    around, elsewhere = (
        [_around(text, place) for place, _ in items] for text, items in ((here, some), (there, others))
    )
    weights = weights_of([part.content for part in here], [part.content for part in there])
    likeness = {}
    for one, (_, item) in enumerate(some):
        about = item.about or item.before
        for other, (place, twin) in enumerate(others):
            if item.about and twin.about and twin.about.isdisjoint(item.content):
                continue  # 没有发热，有咳嗽 is not 有发热，没有咳嗽
            least = min(weight(around[one], weights), weight(elsewhere[other], weights))
            share = weight(around[one] & elsewhere[other], weights) / least if least else 0.0
            same = about & there[place].content
            if share >= _TOUCHES or (same and 2 * len(same) >= len(about)):
                likeness[one, other] = share + _SAME_DENIED * bool(same)
    return {some[one][0]: others[other][0] for one, other in paired(likeness).items()}


def _around(text: Sequence[Part], place: int) -> frozenset[str]:
    """The characters of a part that denies, and of the two before it as far as they deny nothing."""
    found = text[place].content
    for before in range(place - 1, max(-1, place - 1 - _NEAR), -1):
        if text[before].denied is not None or text[before].text.endswith(_STOPS):
            break
        found |= text[before].content
    return found


def turned_round(seen: Evidence) -> bool:
    """Whether the evidence that a denial was turned round outweighs what speaks for a denial in other words."""
    return sum(weight for weight, there in zip(WEIGHTS, seen, strict=True) if there) >= BAR


def permitted(denied: Sequence[Denied], told: Sequence[str], retold: Sequence[str]) -> bool:
    """Whether a piece of the rewrite without a sign of denial allows what is denied, and the original nowhere speaks of it so.

    `told` and `retold` are the clauses of original and rewrite as they are said.
    """
    if sum(len(_ALLOWS.findall(clause)) for clause in retold) <= sum(len(_ALLOWS.findall(clause)) for clause in told):
        return False
    own = [content_of(wording(piece)) for piece in _plain(told)]
    allowed = [content_of(wording(piece)) for piece in _plain(retold) if _ALLOWS.search(piece)]
    wanted: list[tuple[frozenset[str], float]] = [(item.about, len(item.about)) for item in denied if item.about]
    before = [item.before - ANYTHING for item in denied if not item.about]  # 偏方草药一律别吃
    wanted += [(some, max(2, _MOST * len(some))) for some in before]
    alone = [some for some in before if len(some) == 1]  # 酒一滴不能沾
    return any(content - ANYTHING in alone for content in allowed) or any(
        len(some & content) >= least
        and not any(some & content <= known and 2 * len(known & content) > len(content) for known in own)
        for some, least in wanted
        for content in allowed
    )


def freed(told: Sequence[str], retold: Sequence[str], one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a text, with no more words that deny in another way, has a denial less than the other and a permission more, of what the other denies.

    `told` and `retold` are the clauses of both texts as they are said, `one` and `other` those in one wording.
    """
    if any(count(words, other) > count(words, one) for words in (LESS, EASED, FINE, DEFERRED)):
        return False
    if count(NEGATOR, told) <= count(NEGATOR, retold) or count(_ALLOWED, other) <= count(_ALLOWED, one):
        return False
    before = parts(one)
    denied = frozenset().union(*(_around(before, place) for place, _ in denials(before)))
    allowed = [part.content - ANYTHING for part in parts(other) if part.denied is None and _ALLOWED.search(part.text)]
    return any(2 * len(about & denied) >= len(about) for about in allowed)


def thinned(told: Sequence[str], retold: Sequence[str], one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a text has two denials less than the other, does not list what it denies, and says nothing instead of them."""
    if any(count(words, other) > count(words, one) for words in (LESS, EASED, FINE, DEFERRED)):
        return False
    lists = sum(clause.count("、") for clause in retold) > sum(clause.count("、") for clause in told)
    told, retold = ([_CANCELLED.sub("", clause) for clause in some] for some in (told, retold))
    lost = count(NEGATOR, told) - count(NEGATOR, retold)
    return lost > 1 and not lists and count(_ALLOWED, other) >= count(_ALLOWED, one)


def affirmed(told: Sequence[str], item: Denied, whole: frozenset[str], least: int) -> bool:
    """Whether a clause of the original without any sign of denial has most of the words of a denial of the rewrite.

    `whole` are the characters of the part that denies, of which at least `least` must be there.
    """
    return any(
        len(whole & content) >= max(least, _SHARED * len(whole)) and 2 * len(item.about & content) >= len(item.about)
        for clause in told
        if _CANCELLED.search(clause) or not _SIGN.search(clause.replace("停", "") if "停" in whole else clause)
        for content in [content_of("".join(statements(clause)))]
    )


def _plain(clauses: Sequence[str]) -> list[str]:
    """The pieces of some clauses without a sign of denial."""
    pieces = [piece for clause in clauses for piece in _PIECE.split(_CONTRAST.sub(r"\g<0>、", clause))]
    return [piece for piece in pieces if not _SIGN_OR_LESS.search(_NO_SIGN.sub("", piece))]
