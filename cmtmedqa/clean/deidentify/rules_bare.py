"""Rules for names without a cue where nothing but a name can stand: between marks, beside a number, with a compound surname."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import usual
from cmtmedqa.clean.deidentify.names import COMPOUND, COMPOUND_WORDS, HAN, SURNAME, likely_name
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.wares import is_ware, named_after

_EDGE = r"(?<![^。!?;,、:\n\"“” (（])"
_W = rf"(?P<v>{SURNAME}[{HAN}]{{1,2}})"
_NUMBER = r"(?:(?:我的)?(?:联系|手机|身份证?|[宅家])?(?:电话|手机|号码?|方式)?号?码?(?:是|为|:| )?[ ,:(]{0,2}(?:\+?86[ -]?)?(?:1[3-9][0-9 -]{9,11}(?![0-9])|[1-9][0-9]{16}[0-9Xx]))"
_SURE = "|".join(name for name in COMPOUND if name not in COMPOUND_WORDS)
_HISTORY = re.compile(
    "诸葛亮|诸葛孔明|诸葛行军|诸葛菜|司马迁|司马光|司马懿|欧阳修|上官婉儿|皇甫谧|夏侯惇|欧阳询|欧阳娜娜|纳兰性德|慕容复"
)


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, "name", compiled(pattern), yes, no, check)


def _living(match: re.Match[str]) -> tuple[int, int] | bool:
    """Nobody of history; of two further characters the second may belong to the next word."""
    text, start = match.string, match.start("v")
    found = likely_name(text, start)
    if named_after(text, start, match.end("v")) or is_ware(text, match.end("v")):
        return False
    return not _HISTORY.match(text, start) and (start, found.end if found else match.end("v"))


BARE: tuple[Rule, ...] = (
    _rule(
        "name-before-number",
        rf"{_EDGE}{_W}[ ,:、(]{{0,2}}(?={_NUMBER})",
        ("邵岩，电话13912345678", "林若溪 13912345678", "王芳110101199003070011"),
        ("电话 13912345678", "方便，电话13912345678", "高血压 13912345678"),
        usual,
    ),
    _rule(
        "name-behind-number",
        rf"1[3-9][0-9]{{9}}[ ,(、]{{1,2}}{_W}(?=[,。!?;、: )\n]|$|收|女士|先生)",
        ("13912345678，邵岩", "13912345678（林若溪）"),
        ("13912345678，高血压", "13912345678 谢谢"),
        usual,
    ),
    _rule(
        "name-compound",
        rf"(?P<v>(?:{_SURE})[{HAN}]{{1,2}}?)(?=$|[^{HAN}]|[的了在是也就都有说去来看做住吃从给和跟与、]|医|主|教|大夫|老师|护|先生|女士|小姐|您好|你好|今|昨|上|现|因|最|一起|一样|都|到|先|后|前|没|不)",
        ("听说欧阳慕云看得好", "和上官静一起体检", "令狐云的处方"),
        ("诸葛亮的马", "诸葛行军散", "欧阳修的诗", "第五天的", "东方的", "听说诸葛酿不错", "司徒酱不"),
        _living,
    ),
)
