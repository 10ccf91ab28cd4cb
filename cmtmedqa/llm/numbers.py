"""Numbers and doses of Chinese medical text in one form, so that 每日三次 and 一天3次 are equal and 5 mg and 5 g are not."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TENS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}

# Units by their one name; longer spellings first where one begins with another.
_UNITS = {
    "mmhg": ("毫米汞柱", "mmhg"), "mmol/l": ("mmol/l", "毫摩尔每升", "毫摩尔/升"), "μmol/l": ("μmol/l", "umol/l", "微摩尔/升"),
    "g/l": ("g/l", "克/升"), "iu": ("国际单位", "万单位", "iu", "单位"), "μg": ("微克", "μg", "ug", "mcg"), "mg": ("毫克", "mg"),
    "kg": ("公斤", "千克", "kg"), "g": ("克", "g"), "ml": ("毫升", "ml", "cc"), "l": ("升",), "mm": ("毫米", "mm"),
    "cm": ("厘米", "公分", "cm"), "m": ("米",), "℃": ("摄氏度", "°c", "℃", "度"), "%": ("%",), "月": ("个月", "月"), "周": ("星期", "礼拜", "周"),
    "岁": ("周岁", "岁"), "小时": ("个小时", "小时", "钟头"), "分钟": ("分钟",), "日": ("天", "日"), "年": ("年",), "次": ("次", "遍", "回"),
    "片": ("片",), "粒": ("粒", "颗"), "袋": ("袋", "包"), "支": ("支",), "滴": ("滴",), "丸": ("丸",), "瓶": ("瓶",), "盒": ("盒",), "贴": ("贴",),
    "喷": ("喷", "揿"), "针": ("针",), "剂": ("剂", "副", "付"), "倍": ("倍",), "疗程": ("个疗程", "疗程"), "杯": ("杯",), "顿": ("顿", "餐"), "型": ("型",), "级": ("级",), "期": ("期",),
}  # fmt: skip
_NAME_OF = {spelling: name for name, spellings in _UNITS.items() for spelling in spellings}
_UNIT = "|".join(sorted(map(re.escape, _NAME_OF), key=len, reverse=True))
_HAN = "[零〇一二两三四五六七八九十百千]"
_NUMBER = re.compile(
    rf"(?P<digits>[0-9]+(?:\.[0-9]+)?(?:/[0-9]+)?)\s*(?:(?P<unit>{_UNIT})(?![a-z]))?|(?P<han>{_HAN}+(?:点{_HAN}+)?|半)(?P<half>个半)?(?P<hanunit>{_UNIT})(?P<more>半)?"
)
_RANGE = re.compile(rf"([0-9.]+|{_HAN}+)\s*(?:-|~|～|—|–|至|到)\s*(?=(?:[0-9]|{_HAN}))")
_LIST_MARK = re.compile(
    r"(?m)^\s*(?:[(（]?[0-9]{1,2}[.、)）](?![0-9])|[一二三四五六七八九十]{1,2}、)|(?<=[。；;:：])\s*[0-9]{1,2}[.、)）](?![0-9])"
)
_FREQUENCY = re.compile(
    rf"(?:每|一|1)\s*个?(?:天|日)(?:内|里)?(?=[^，,。;；、\d]{{0,6}}?(?:[0-9几]|{_HAN}|半|多少))|每日|每天|日(?=[0-9一二两三四]次)"
)
_PER_TIME = re.compile(r"(?:每|一|1)次(?=[^，,。;；]{0,4}?(?:[0-9几]|[一二两三四五六七八九十半]))")
# Words that hold a numeral and no number; 一次 is a number, 一下 is not.
_NO_NUMBER = re.compile(
    "一般|一定|一些|一下|一起|一样|一直|一旦|一切|一方面|另一|进一步|一步|第一|唯一|统一|万一|一点|十分(?!钟)|千万|百分之百|三甲|二甲|四肢|五官|三叉|七情|八珍|六味|三七|九价|四价|二价|三联|四联|二便|三餐|一日三餐|半夜|半天|一半|两侧|双侧|一侧|两者|两种|一种|一个(?!月|半|小时|星期|疗程|礼拜|周)|哪一?天|个别|有一|一律|一致"
)
_KEPT_OF_THOSE = {
    "第一": "",
    "半天": "半天",
    "两种": "两种",
    "九价": "9价",
    "四价": "4价",
    "二价": "2价",
}


_FRACTION = re.compile(f"(?<!百)({_HAN}+)分之({_HAN}+)")
_HALVES = {
    "半个小时": "30分钟",
    "半小时": "30分钟",
    "半个钟头": "30分钟",
    "0.5小时": "30分钟",
    "半年": "6个月",
    "半个月": "15天",
}
_TWO_IN_ONE = re.compile(f"([一两二三四五六七八])([二两三四五六七八九])(?={_UNIT})")  # 两三次 are 2 to 3
_SPOKEN = frozenset(("一二", "一两", "两三", "二三", "三四", "四五", "五六", "六七", "七八", "八九"))
_LATIN = {"qd": "每天1次", "bid": "每天2次", "tid": "每天3次", "qid": "每天4次", "qn": "每晚1次", "qod": "隔日1次"}
_LATIN_SIGN = re.compile(r"(?<![a-z])q\.?o\.?d\.?|(?<![a-z])(?:qd|bid|tid|qid|qn)(?![a-z])")
_EVERY_OTHER = re.compile("每?隔[一1]?[天日]")
_PER_PERIOD = re.compile(
    rf"(?:每|一|1)\s*个?(周|星期|礼拜|月|年|分钟|小时)(?=[^，,。;；、\d后内前以]{{0,4}}?(?:[0-9几]|{_HAN})+[^，,。;；]{{0,2}}?[次片粒针回遍趟]|[^，,。;；]{{0,2}}多少)"
)
_ORDINAL = re.compile(f"第{_HAN}+[天日周年]")
_PERIODS = {
    "day": re.compile(
        rf"[每逐]\s*个?[天日]|天天|(?:一|1)\s*[天日](?![后内前以])(?=[^，,。;；]{{0,6}}(?:[0-9几]|{_HAN}))|(?<!隔)日[0-9一二两三]次"
    ),
    "week": re.compile("每\\s*个?(?:周|星期|礼拜)"),
    "month": re.compile("每\\s*个?月"),
    "year": re.compile("每年"),
    "morning and evening": re.compile("早晚|早上?[和、及]晚"),
    "other day": re.compile("隔日"),
}


_TIME_OF_DAY = re.compile("[早晚夜睡晨餐饭]")


class Amount(NamedTuple):
    """A number and the one name of its unit ("" where it has none); `start` is its place in the normalised text."""

    value: float
    unit: str
    start: int = 0

    @property
    def said(self) -> tuple[float, str]:
        """Value and unit alone."""
        return self.value, self.unit


def plain(text: str) -> str:
    """The text in the form in which numbers are looked for: half width, lower case, without list marks and idioms."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("µ", "μ")
    folded = _LIST_MARK.sub(" ", folded)
    folded = _FRACTION.sub(lambda found: f"{_whole(found[2]) or 0:g}/{_whole(found[1]) or 1:g}", folded)
    for half, whole in _HALVES.items():
        folded = folded.replace(half, whole)
    folded = _TWO_IN_ONE.sub(
        lambda found: f"{found[1]}-{found[2]}" if found[1] + found[2] in _SPOKEN else found[0], folded
    )
    folded = _EVERY_OTHER.sub("隔日", _ORDINAL.sub("", _LATIN_SIGN.sub(_from_latin, folded)))
    folded = _PER_PERIOD.sub(r"每\1", folded)
    folded = _NO_NUMBER.sub(lambda found: _KEPT_OF_THOSE.get(found[0], "□" * len(found[0])), folded)
    return _PER_TIME.sub("每回", _FREQUENCY.sub("每天", folded)).replace("每天", "逐").replace("每回", "各")


def periods(text: str) -> set[str]:
    """How often something is to happen: `every day`, `every week`, … of what a text says; `by day` for a time of the day alone."""
    folded = _LATIN_SIGN.sub(_from_latin, unicodedata.normalize("NFKC", text).lower())
    folded = _PER_PERIOD.sub(r"每\1", _EVERY_OTHER.sub("隔日", folded))
    found = {f"every {name}" for name, pattern in _PERIODS.items() if pattern.search(folded)}
    return found | ({"by day"} if _TIME_OF_DAY.search(folded) else set())


def _from_latin(found: "re.Match[str]") -> str:
    return _LATIN.get(found[0].replace(".", ""), found[0])


def amounts(text: str) -> Iterator[Amount]:
    """The numbers of a text already in `plain` form. A range gives both ends, with the unit behind it."""
    spread = _RANGE.sub(lambda found: _end_of_range(found, text), text)
    for found in _NUMBER.finditer(spread):
        if found["digits"]:
            yield Amount(_decimal(found["digits"]), _NAME_OF.get(found["unit"] or "", ""), found.start())
        elif (value := _han(found["han"])) is not None:
            yield Amount(value + 0.5 * bool(found["more"] or found["half"]), _NAME_OF[found["hanunit"]], found.start())


def _end_of_range(found: "re.Match[str]", text: str) -> str:
    """The first end of a range takes the unit of the second: 3-5天 is 3天 and 5天."""
    behind = _NUMBER.match(text, found.end())
    unit = "" if behind is None else behind["unit"] or behind["hanunit"] or ""
    return f"{found[1]}{unit} " if unit else f"{found[1]} "


def _decimal(text: str) -> float:
    above, _, below = text.partition("/")
    return round(float(above) / float(below), 4) if below and float(below) else float(above)


def _han(text: str) -> float | None:
    if text == "半":
        return 0.5
    whole, _, part = text.partition("点")
    value = _whole(whole)
    if value is None or not part:
        return value
    return value + sum(_DIGITS.get(mark, 0) * 0.1**place for place, mark in enumerate(part, 1))


def _whole(text: str) -> float | None:
    if not any(mark in _TENS for mark in text):
        # 两三天 are two numbers said as one; 二〇 is spelt out.
        return float("".join(str(_DIGITS[mark]) for mark in text)) if text else None
    total, current = 0, 0
    for mark in text:
        if mark in _TENS:
            total += (current or 1) * _TENS[mark]
            current = 0
        else:
            current = _DIGITS[mark]
    return float(total + current)
