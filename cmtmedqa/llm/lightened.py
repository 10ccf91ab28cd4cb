"""What a rewrite makes light of: a prohibition that has become a matter of no consequence, and less that has become more."""

import re
from collections.abc import Sequence

from cmtmedqa.llm.denials import ANYTHING, Denied
from cmtmedqa.llm.signs import NEGATOR
from cmtmedqa.llm.worded import content_of, wording

_LIGHT = re.compile(
    "不受(?:影响|限制|妨碍|约束)|(?:没有?|无)(?:多?大|什么|啥)?(?:关系|影响|妨碍|大碍|妨)|不(?:要紧|碍事|打紧|影响|妨碍)|不妨|没事|无所谓|"
    "随意|随便|照常|照样|照旧|(?<![吃服用])即可|都行|也行|(?<![不就])可以(?:天天|每天|经常|常|长期|少量|继续)"
)
_LESS = re.compile("少([吃喝碰用动走摄抽熬坐站饮食])")


def made_light(denied: Sequence[Denied], told: Sequence[str], retold: Sequence[str]) -> bool:
    """Whether a clause of the rewrite says of what the original denies or forbids that it does not matter: 洗澡不受影响 for 别洗澡.

    `told` and `retold` are the clauses of original and rewrite as they are said.
    """
    if sum(len(_LIGHT.findall(clause)) for clause in retold) <= sum(len(_LIGHT.findall(clause)) for clause in told):
        return False
    own = [content_of(wording(clause)) for clause in told if _LIGHT.search(clause)]
    wanted = [about for item in denied if (about := (item.about or item.before) - ANYTHING)]
    for clause in retold:
        rest = _LIGHT.sub("", clause)
        if rest == clause or NEGATOR.search(rest):
            continue  # 请勿随意服用 forbids
        said = content_of(wording(rest)) - ANYTHING
        if any(
            2 * len(about & said) >= len(about) and all(about.isdisjoint(known) for known in own) for about in wanted
        ):
            return True
    return False


def increased(original: str, rewritten: str) -> bool:
    """Whether what is to be done less is to be done more: 多吃油腻 for 少吃油腻."""
    more = {f"多{found[1]}" for found in _LESS.finditer(original)}
    return any(word in rewritten and word not in original for word in more)
