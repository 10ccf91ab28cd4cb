"""Checks of matched values: checksums, plausible dates, and the context that tells a measurement from a number."""

import datetime
import re

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
        "91",
    ]
)
_BANK_PREFIX = re.compile(r"62|4|5[1-5]|35|3[47]|60|68|95|9[0-9]{2}|2[2-7]")
_HAN = str.maketrans("〇零○一幺壹二贰两三叁四肆五伍六陆七柒八捌九玖oO", "00011122233445566778899" + "00")
_UNIT = re.compile(
    r" ?(?:/|×|\*|\^|%|‰|个(?:/|每)|亿|万|单位|[kKmM]?IU|[Uu]/|[Uu][Ll]|copies|拷贝|[mnpμu]?g/|[mnpμu]?mol|[kmnpμu]?g(?![A-Za-z])|[mM][lL](?![A-Za-z]))"
)
_ANALYTE = re.compile(
    r"(?:细胞|DNA|RNA|HBV|HCV|血小板|计数|载量|拷贝数?|滴度|HCG|hcg|定量|浓度|数值|国药准字|批准文号|批号|条形?码|监管码|追溯码|货号|订单号?|运单号?|快递单号?|"
    r"编码|流水号|序列号|型号|文号)[^0-9,。;!?\n]{0,6}$"
)
_PHONE_LETTERS = ("tel", "phone", "mobile", "wx", "vx", "v", "qq", "t", "dianhua", "shouji")


def digits(text: str) -> str:
    """The decimal digits of a number in any form: Han numerals converted, separators dropped."""
    return "".join(c for c in text.translate(_HAN) if c in "0123456789")


def valid_date(year: int, month: int, day: int) -> bool:
    """Whether the date exists and lies between 1900 and 2039."""
    try:
        return 1900 <= datetime.date(year, month, day).year < 2040
    except ValueError:
        return False


def id_card_18(match: re.Match[str]) -> bool:
    """Checksum mod 11-2 and a plausible date; the county is not looked up, it may no longer exist."""
    value = re.sub(r"[^0-9Xx]", "", match["v"]).upper()
    if len(value) != 18 or not valid_date(int(value[6:10]), int(value[10:12]), int(value[12:14])):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, value[:17], strict=True))
    return _ID_CHECK[total % 11] == value[17]


def id_card_15(match: re.Match[str]) -> bool:
    """A province code and a plausible date of the twentieth century."""
    value = digits(match["v"])
    dated = valid_date(1900 + int(value[6:8]), int(value[8:10]), int(value[10:12]))
    return value[:2] in _PROVINCES and dated and number_context(match)


def luhn(value: str) -> bool:
    """The Luhn checksum of a string of decimal digits."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(value))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


_OTHER_CARD = re.compile("(?:医保|社保|参保|农合)[^0-9]{0,8}$|(?:住院号|病历号|就诊卡|身份证)[^0-9]{0,4}$")


def bank_card(match: re.Match[str]) -> bool:
    """Luhn and the prefix of a card scheme, and no other number's cue before it."""
    value = digits(match["v"])
    grouped = " " in match["v"] or "-" in match["v"]
    if not grouped and _OTHER_CARD.search(match.string[max(0, match.start("v") - 12) : match.start("v")]):
        return False
    return 16 <= len(value) <= 19 and bool(_BANK_PREFIX.match(value)) and luhn(value) and number_context(match)


def number_context(match: re.Match[str]) -> bool:
    """False for a measurement or a product code: a unit follows, or an analyte or a code's name stands before."""
    text, start, end = match.string, match.start("v"), match.end("v")
    return not _UNIT.match(text, end) and not _ANALYTE.search(text[max(0, start - 16) : start])


def phone(match: re.Match[str]) -> bool:
    """A number that no measurement, product code or longer Latin code surrounds."""
    before = re.search(r"[A-Za-z]+$", match.string[max(0, match.start("v") - 12) : match.start("v")])
    if _NUMBERED.search(match.string[max(0, match.start("v") - 24) : match.start("v")]):
        return False
    return (before is None or before[0].lower() in _PHONE_LETTERS) and number_context(match)


# A cue that says the number of what it is; the rules of that class take it.
_NUMBERED = re.compile(
    "(?:医保|社保|参保|农合|保障|合作医疗|住院|门诊|病历|病案|登记|就诊卡?|诊疗卡?|条码|检查|检验|标本|报告|护照|处方|流水|影像|病理)"
    "(?:病历|患者|个人|电子|卡|证|单|本|上|的){0,3}(?:号码?|编号|编码|条码|ID)[^0-9。;!?机话]{0,4}$"
)


def service_number(match: re.Match[str]) -> bool:
    """A 400 or 800 number in at most four groups."""
    return sum(c in " -" for c in match["v"]) <= 3 and phone(match)


def han_mobile(match: re.Match[str]) -> bool:
    """Eleven digits in Han numerals, possibly mixed with Arabic ones, that make a mobile number."""
    text, start = match.string, match.start("v")
    lettered = bool(re.match("[A-Za-z]", text[max(0, start - 1) : start])) and bool(re.search("[,。 ]", match["v"]))
    return bool(re.fullmatch(r"1[3-9][0-9]{9}", digits(match["v"]))) and not lettered and number_context(match)


def ip_address(match: re.Match[str]) -> bool:
    """Four octets that are no enumeration like 1.2.3.4."""
    octets = match["v"].split(".")
    return all(octet == str(int(octet)) and int(octet) < 256 for octet in octets) and sum(map(len, octets)) >= 7


def plate(match: re.Match[str]) -> bool:
    """At least three digits (a gene or an enzyme has fewer), or two where the text speaks of a vehicle."""
    text, (start, end) = match.string, match.span("v")
    count = sum(c in "0123456789" for c in match["v"])
    return count >= 3 or (
        count == 2 and bool(_VEHICLE.search(text[max(0, start - 12) : start] + "|" + text[end : end + 12]))
    )


_VEHICLE = re.compile("车|司机|停|撞|牌|路口|违章|驾驶")
