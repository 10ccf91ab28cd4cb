"""What a rewrite turns round without a denial being lost: reassurance, a limit, the gravity of a case, what is to be stopped."""

import re
from collections.abc import Sequence

from cmtmedqa.llm.denials import ANYTHING, count, parts
from cmtmedqa.llm.signs import (
    ADJECTIVES,
    ALLOWED,
    AS_FINE,
    AS_LIMIT,
    DISMISSED,
    FINE,
    FLOOR,
    GRAVE,
    KEEP,
    LESS,
    LIMIT,
    NO_STOP,
    REASSURANCE,
    SERIOUS,
)
from cmtmedqa.llm.worded import STOPPED, content_of, dots

_COMFORT = 2  # clauses in which a reply may comfort: 您别太担心
_WORRY = re.compile("担心|紧张")
_NO_MATTER = re.compile("无关|[不无]影响|不相关|无碍|无妨|不碍|没[^，。]{0,3}影响")
_MILD = re.compile("(?:较|比较|很|程度|病情)轻(?![易松])|轻微|轻度")  # 病情较轻 for 不严重
_SPARING = re.compile("少(?=[吃喝饮食服摄进碰用做抽沾走站坐看爬])")
_OPTIONAL = re.compile(
    "(?:不等于|不代表|不意味着|不说明)(?:就|一定)?|(?:不是|并非|不)(?:都|全都?|就)?(?:一定|必须|非)[得要需]?|未必|不见得|没必要|不必(?:非[得要]?)?|(?:用不着|不用|无[需须])(?:非[得要]?)"
)
_MUST = re.compile("一定[得要需]|必须|(?<![^，。是不就])非[要得]|[就便]?非得|务必")
_MORE = re.compile("多(?=[吃喝饮食服摄进碰用做抽沾走站坐看爬])")
_HARD = re.compile("难以(.)")
_STOP = re.compile("(?<![别不要勿没可以能])停(?=[了掉戴照用药服]*(?:[，。；;!！]|$))")
_MAY_STOP = re.compile("(?<![别不要勿没])(?:可以?|能|即可|便可)?停[了掉戴照用药服]*(?:[，。；;!！]|$)")
_LETS_STOP = re.compile("(?<![不别勿])(?:可以|即可|就可以?|便可以?|可(?=[自随停])|就能|也能)(?:自行|随时)?停(?![打一])")
_NOT = re.compile("[歇停别不勿禁避戒忌暂]")


def turned(one: Sequence[str], other: Sequence[str], fewer: bool) -> bool:
    """Whether reassurance, a limit or the gravity of a case is another in a rewrite, by the words for it alone.

    What was fine is missed only where the rewrite has `fewer` signs of denial: no harm is said to be none in many ways.
    """
    eased = count(REASSURANCE, other) - count(REASSURANCE, one)
    allowed = count(ALLOWED, other) > count(ALLOWED, one)  # 可以碰水 for 碰水没关系
    if (
        count(REASSURANCE, one)
        and not count(REASSURANCE, other)
        and not count(_NO_MATTER, other)
        and not count(_MILD, other)
        and not allowed
    ):
        return True
    if count(FINE, one) and not count(AS_FINE, other) and eased <= 0 and fewer:
        return True
    if _graver(one, other) or _goes_on(one, other) or _manages(one, other) or _loosened(one, other):
        return True
    if count(FLOOR, one) > count(FLOOR, other) and count(LIMIT, other) > count(LIMIT, one):
        return True
    dismissed = [clause for place, clause in enumerate(other) if place >= _COMFORT or not _WORRY.search(clause)]
    if count(SERIOUS, one) > count(SERIOUS, other) and count(DISMISSED, dismissed) > count(DISMISSED, one):
        return True
    return count(LIMIT, other) + max(0, count(AS_LIMIT, other) - count(AS_LIMIT, one)) < count(LIMIT, one)


def _graver(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a rewrite calls grave what the original does not: 很危险 stands for 危险."""
    told, retold = ("，".join(REASSURANCE.sub(dots, clause) for clause in clauses) for clauses in (one, other))
    new = [found for found in GRAVE.findall(retold) if not re.search(f"(?<![不没无]){found[-2:]}", told)]
    return len(new) > len(GRAVE.findall(told))


def stops(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what must not be stopped is to be stopped, by clauses that say no more."""
    stopped = [
        sum(bool(STOPPED.search(clause.strip()) or _LETS_STOP.search(clause)) for clause in some)
        for some in (one, other)
    ]
    return stopped[1] > stopped[0] and count(NO_STOP, one) > count(NO_STOP, other)


def bound(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what need not be (不一定) must be in the other, by clauses as they are said."""
    free = [count(_OPTIONAL, some) for some in (one, other)]
    must = [count(_MUST, [_OPTIONAL.sub("", clause) for clause in some]) for some in (one, other)]
    return free[1] < free[0] and must[1] > must[0]


def straight(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a text has the contrary of an adjective of the other: 规则 for 不规则."""
    text = "，".join(other)
    return any(
        word not in text and re.search(f"(?<![不欠无没]){word[1:]}", text)
        for clause in one
        for word in ADJECTIVES.findall(clause)
    )


def _manages(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text says cannot be done (止不住) is done in the other (已经止住)."""
    for part in parts(one):
        for act in _HARD.findall(part.text):
            act = "压|可以控|能控|能够控" if act == "压" else act
            done = re.compile(f"(?:{act})(?:住|下|着|了|制|得[^，。])")
            if any(
                twin.denied is None and not _HARD.search(twin.text) and done.search(twin.text) for twin in parts(other)
            ):
                return True
    return False


def _loosened(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text tells to do less of (海鲜少碰) the other allows."""
    some = [part.content - ANYTHING for part in parts(one) if _SPARING.search(part.text)]
    return any(
        about and 2 * len(about & part.content) >= min(len(about), len(part.content - ANYTHING)) > 0
        for part in parts(other)
        if part.denied is None and (ALLOWED.search(part.text) or _MORE.search(part.text)) and not LESS.search(part.text)
        for about in some
    )


def _goes_on(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text stops (凉茶冷饮停) is named in the other, and neither there nor in the two clauses behind is a no."""
    if sum(bool(_MAY_STOP.search(clause)) for clause in other) >= sum(bool(_STOP.search(clause)) for clause in one):
        return False
    for about in (
        content_of(clause[: found.start()])
        for clause in one
        if (found := _STOP.search(clause)) and not NO_STOP.search(clause)
    ):
        near = [
            place for place, clause in enumerate(other) if 2 * len(about & content_of(clause)) >= max(2, len(about))
        ]
        if any(
            (KEEP.search(other[place]) or ALLOWED.search(other[place])) and not _NOT.search(other[place])
            for place in near
        ):
            return True
        if near and not any(_NOT.search(NO_STOP.sub("", "，".join(other[place : place + 2]))) for place in near):
            return True
    return False
