"""Checks of names that open a clause, where the cue stands behind them, and of what is bought or used and looks like a name."""

import re

from cmtmedqa.clean.deidentify.name_checks import (
    DOUBTFUL,
    JOINS,
    Extent,
    announced_sure,
    recorded,
    sound,
    usual,
    whole,
)
from cmtmedqa.clean.deidentify.names import ONLY, USUAL, allowed, surname_length
from cmtmedqa.clean.deidentify.wares import called_person


def _split(match: re.Match[str]) -> tuple[str, str]:
    """Surname and given name of the value."""
    size = surname_length(match.string, match.start("v"))
    return match["v"][:size], match["v"][size:]


def fronted(match: re.Match[str]) -> Extent:
    """Between the start of a clause and a sure cue: all characters are usual, and a word that begins it ends before its end."""
    surname, given = _split(match)
    if not surname or not given or surname in JOINS or given[0] == surname:
        return False
    text, (start, end) = match.string, match.span("v")
    if allowed(text, start):
        # 叶子 is a word, 叶子涵 a name.
        named = len(given) == 2 and given[1] in ONLY and not allowed(text, start, start + 2)
        return named and all(char in USUAL for char in given) and sound(text, start, end)
    return recorded(match)


def fronted_plain(match: re.Match[str]) -> Extent:
    """Like fronted, and the surname is no word, or the given name holds what hardly stands in words."""
    surname, given = _split(match)
    sure = len(surname) > 1 or surname not in DOUBTFUL or any(char in ONLY for char in given)
    return sure and fronted(match)


def fronted_sure(match: re.Match[str]) -> Extent:
    """Like fronted_plain, before a weaker cue: of a single character only one that hardly stands in words."""
    surname, given = _split(match)
    return (len(given) == 2 or given in ONLY or len(surname) > 1) and fronted_plain(match)


def framed_name(match: re.Match[str]) -> Extent:
    """A full name one of whose characters hardly stands in words, as the subject of what patients do."""
    given = _split(match)[1]
    return len(given) == 2 and any(char in ONLY for char in given) and fronted_sure(match)


# With these a name is entered, or a ware is used.
_WARE_VERB = re.compile("[打贴用选]的|[换改变](?:成|为|了|作|到|的)")
_PERSON = re.compile(
    "名|就诊人|患者|病人|挂号|预约|登记|医保|社保|身份|资料|信息|系统|户口|认证|监护|联系人|收[件货]|投保|报告单|化验单|腕带|号|卡"
)


def entered(match: re.Match[str]) -> Extent:
    """What is entered somewhere; behind a verb of using only where somebody is spoken of, or a full name that is no word."""
    found = announced_sure(match)
    if not isinstance(found, tuple) or not _WARE_VERB.match(match[0]):
        return found
    text, (start, end) = match.string, found
    near = _PERSON.search(text, max(0, match.start() - 14), match.start()) or _PERSON.search(text, end, end + 6)
    given = text[start + surname_length(text, start) : end]
    return found if near or (len(given) == 2 and all(char in ONLY for char in given)) else False


def called_sure(match: re.Match[str]) -> Extent:
    """Like announced_sure, and nothing that is called so."""
    found = announced_sure(match)
    known = isinstance(found, tuple) and called_person(match.string, match.start("v"), found[1])
    return found if known else False


def called_whole(match: re.Match[str]) -> Extent:
    """Like whole, and nothing that is called so."""
    return whole(match) if called_person(match.string, *match.span("v")) else False


_BORROWED = re.compile("的(?:名|身份|医保|社保|就诊|卡|号|手机|账|帐|电话|微信|资料|信息)|挂|预约|登记|取|报")


def done_for(match: re.Match[str]) -> Extent:
    """Like whole; what is used is a person's only with what persons lend."""
    used = match[0][0] in "用凭" and not _BORROWED.match(match.string, match.end("v"))
    return False if used else called_whole(match) if match[0][0] == "叫" else whole(match)


_EFFECT = re.compile(
    "[,。!? ]{1,2}[^,。!?]{0,5}(?:好用|有用|管用|效果|能[吃用喝]|[吃用喝涂抹擦贴]|多少钱|哪[里儿]?[有买]|有效|好不好|怎么样)"
)


def recommended(match: re.Match[str]) -> Extent:
    """Like usual; what is recommended, not who is looked for or booked, has a full name that hardly stands in words and no effect."""
    found = usual(match)
    if not found or not match[0].startswith("推荐") or re.search("[找挂看]$", match[0][: -len(match["v"])]):
        return found
    given = _split(match)[1]
    person = len(given) == 2 and any(char in ONLY for char in given)
    return person and not _EFFECT.match(match.string, match.end("v"))
