"""The parts of clauses, and what each part denies or forbids."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cmtmedqa.llm.signs import LIMIT, NEGATOR, REASSURANCE, USELESS
from cmtmedqa.llm.worded import SAME, content_of, dots

FIRST, FAVOUR = 3, 1.5  # characters that tell what is denied; how much a part that denies is preferred
_BREAK = re.compile(
    "(?<=.)(?<![不无没未毋别])(?=需要|必须|应当|应该?立即|应尽)|的话|(?<=(?<![随及按同暂临准定平])时)(?![间候期])|、(?=已|有|[^、，。；]{0,4}[可能])|[就则也但才](?![是有])|即(?=[可停请需须应])|(?<=.)(?=直接)|而且|并且|(?<![不必用需])因此|所以|(?<![是不])因为|由于|如果|若|只要|；|;"
)
ANYTHING = frozenset(
    "掉吃喝做打抹动碰弄查问题异常效影响必沾去点滴涂贴上"
)  # what can be done with any object: 羊肉别吃 and 忌羊肉 forbid the same
MEDICINE = frozenset("药物")
_BARE = re.compile(
    f"[都均也请先就要]*(?:{NEGATOR.pattern})[吃喝服用做打查抹动碰弄点敷贴扎了的必要考虑为进行忌]*[。；;！!·]*"
)
_ENDS = re.compile(
    "(?<=[吃喝用服])会|(?<=.)(?:难以|影响|以免|免得|怕|打电话|联系|照|继续|接着|赶紧|赶快|尽快|马上|立即|立刻|及时|请|可|先|再|来|得|需|加[到至]|去(?=医|急|门|查|看)|了(?=[\u4e00-\u9fff])|晚上|而|并|应|要)"
)


class Part(NamedTuple):
    """A part of a clause with at most one denial: its characters, those denied or forbidden, and whether the next part denies."""

    text: str
    content: frozenset[str]
    denied: frozenset[str] | None
    leads: bool = False


class Denied(NamedTuple):
    """One denial or prohibition: the first character and those of what it is about, and those of what stands before it."""

    first: str
    about: frozenset[str]
    before: frozenset[str]
    content: frozenset[str]
    whole: str


def parts(clauses: Iterable[str]) -> list[Part]:
    """The parts of some clauses in order; reassurance (不用担心) and upper limits (不超过) deny nothing."""
    found: list[Part] = []
    for clause in clauses:
        first = len(found)
        for text in _pieces(USELESS.sub(dots, LIMIT.sub(dots, REASSURANCE.sub(dots, clause)))):
            signs = list(NEGATOR.finditer(text))
            content = content_of(NEGATOR.sub("", text))
            bare = _BARE.fullmatch(text)
            if len(signs) % 2 and found and bare and found[-1].denied is None:
                content |= found[-1].content
                text = found[-1].text + text
            denied = None
            if len(signs) % 2:
                front, behind = _around(text)
                denied = content_of(behind) if _special(behind, front) and not bare else content
                if len(found) > first:
                    found[-1] = found[-1]._replace(leads=True)
            if content or signs:
                found.append(Part(text, content, denied))
    return found


def _around(text: str) -> tuple[frozenset[str], str]:
    """The characters before the last sign of negation of a text, and the text behind it."""
    *_, sign = NEGATOR.finditer(text)
    return content_of(text[: sign.start()]), text[sign.end() :]


def _special(behind: str, front: frozenset[str]) -> list[str]:
    """The characters behind a sign that tell what is denied, in order; 药 tells nothing where it stands before the sign."""
    common = ANYTHING | MEDICINE if front else ANYTHING
    return [mark for mark in behind.translate(SAME) if mark in content_of(behind) - common]


def _pieces(clause: str) -> Iterator[str]:
    """A clause cut where a condition ends and before each sign of negation; 不用忌口 allows: two signs side by side are none."""
    for piece in _BREAK.split(clause):
        signs = list(NEGATOR.finditer(piece))
        apart = [sign.start() for last, sign in itertools.pairwise(signs) if sign.start() > last.end()]
        yield from (piece[start:end] for start, end in itertools.pairwise([0, *apart, len(piece)]))


def denials(some: Sequence[Part]) -> list[tuple[int, Denied]]:
    """Every denial of some parts in order, with the place of its part."""
    found = []
    whole = "，".join(part.text for part in some)
    for place, part in enumerate(some):
        if part.denied is not None:
            front, behind = _around(part.text)
            said = _special(_ENDS.split(behind, maxsplit=1)[0], front)
            found.append((place, Denied(said[0] if said else "", frozenset(said[:FIRST]), front, part.content, whole)))
    return found


def count(pattern: "re.Pattern[str]", clauses: Iterable[str]) -> int:
    """How often a pattern stands in some clauses."""
    return sum(len(pattern.findall(clause)) for clause in clauses)
