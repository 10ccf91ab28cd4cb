"""Copies: exact ones in other clothes, near ones with small edits, and decoys that only look like copies.

Similarity is counted here by plain sets of character 5-grams, apart from the product's own arithmetic.
"""

import re
from collections.abc import Callable

import chance
import noise
from noise import Turns

from cmtmedqa.clean.normalise import normalise_text
from cmtmedqa.config import Normalise

GRAM = 5
NEAR = (0.85, 0.97)
DECOY = (0.55, 0.70)

EXACT: dict[str, Callable[[Turns, str], Turns]] = {
    "plain": lambda turns, _: turns,
    "traditional": noise.traditional,
    "full_width": noise.full_width,
    "html": noise.html,
    "zero_width": noise.zero_width,
}

# Only what keeps the meaning wherever it stands: advice must stay what it was.
_SYNONYMS = (
    ("您", "你"), ("(?<=[，。；])建议", "最好"), ("目前", "现在"), ("现在", "眼下"), ("立即", "马上"), ("马上", "立刻"),
    ("通常", "一般"), ("(?<!不)明显", "显著"), ("如果", "要是"), ("但是", "不过"), ("，但(?!是)", "，不过"), ("每日", "每天"),
    ("大概", "大约"), ("医生", "大夫"), ("继续", "接着"), ("尽快", "早点"), ("(?<!要)不要", "别"), ("有点", "有些"),
    ("(?<!该)怎么办", "该怎么处理"), ("经常", "常常"), ("(?<!有)必要时", "有必要时"), ("(?<=[，。；])请(?!问)", "烦请"),
    ("(?<!与此)同时", "与此同时"), ("因为", "由于"), ("所以", "因此"), ("非常", "十分"), ("常见", "多见"), ("(?<!大)多数", "大多数"),
    ("每次", "每回"), ("或者", "或是"), ("之前", "以前"), ("之后", "以后"), ("(?<!小)孩子", "小孩"), ("请问", "想问一下"),
    ("什么时候", "何时"), ("多久", "多长时间"), ("为什么", "怎么会"), ("(?<=，)可以", "也可以"), ("(?<=。)可以", "您可以"),
)  # fmt: skip


def cleaned(turns: Turns) -> Turns:
    """The turns as the product normalises them."""
    settings = Normalise()
    return tuple((role, normalise_text(text, settings, role == "doctor")) for role, text in turns)


def key(turns: Turns) -> str:
    """The turns in lower case, without white space, joined by line ends."""
    return "\n".join("".join(text.lower().split()) for _, text in turns)


def grams(turns: Turns) -> frozenset[str]:
    """The character 5-grams of the key."""
    text = key(turns)
    return frozenset(text[place : place + GRAM] for place in range(len(text) - GRAM + 1))


def similarity(first: Turns, second: Turns) -> float:
    """The Jaccard index of the 5-grams of two dialogues."""
    a, b = grams(first), grams(second)
    return len(a & b) / len(a | b)


def near(turns: Turns, name: str) -> Turns | None:
    """The dialogue with a few words said otherwise, Jaccard 0.85 to 0.97; None if it has no such words."""
    result, floor = turns, NEAR[0] + chance.number(name, 8) / 100
    for old, new in chance.shuffled(_SYNONYMS, name):
        changed = _reworded(result, old, new)
        if similarity(turns, changed) >= floor:
            result = changed
    return result if NEAR[0] <= similarity(turns, result) <= NEAR[1] else None


def decoy(turns: Turns, name: str) -> Turns | None:
    """The dialogue reworded and shortened to a Jaccard of 0.55 to 0.70; None if that does not come out."""
    result = turns
    for old, new in chance.shuffled(_SYNONYMS, name)[:10]:
        result = _reworded(result, old, new)
        if similarity(turns, result) <= DECOY[1]:
            break
    for place in (place for place, (role, _) in enumerate(turns) if role == "doctor"):
        if similarity(turns, result) <= DECOY[1]:
            break
        parts = noise.sentences(result[place][1])
        if len(parts) > 1:
            result = (*result[:place], ("doctor", "".join(parts[1:])), *result[place + 1 :])
    return result if DECOY[0] <= similarity(turns, result) <= DECOY[1] else None


def _reworded(turns: Turns, old: str, new: str) -> Turns:
    """Replace the first match of `old` in the first two turns that hold one and are no farewell."""
    result, left = [], 2
    for role, text in turns:
        if left and len(text) > 20 and "谢" not in text and "祝" not in text:
            text, changes = re.subn(old, new, text, count=1)
            left -= changes
        result.append((role, text))
    return tuple(result)
