"""Rules for names that are told by their characters and by what stands around them, whatever the wording."""

import re

from cmtmedqa.clean.deidentify.likeness import likeliest, start
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.name_checks import Extent
from cmtmedqa.clean.deidentify.patterns import compiled

LEAST = 3


def _likely(match: re.Match[str]) -> Extent:
    """The likeliest of the names that touch this place, if it is likely enough."""
    found = likeliest(match.string, match.start("v"))
    return (found[0], found[1].end) if found else False


LIKELY: tuple[Rule, ...] = (
    Rule(
        "likely",
        "name",
        compiled(f"(?P<v>{start(LEAST)})"),
        ("今天轮到刘武军值日吗", "张晓燕需要空腹吗"),
        ("替诺福韦", "吃了布洛芬"),
        _likely,
    ),
)
