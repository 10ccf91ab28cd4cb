"""Numbers of Chinese medical text in one spelling: 每日三次 is 一天3次, 半小时 is 30分钟, tid is 每天3次."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TENS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
# Units by their one name; longer spellings first where one begins with another.
_UNITS = {
    "mmhg": ("毫米汞柱", "mmhg"), "cmh2o": ("厘米水柱", "cmh2o"), "mmol/l": ("mmol/l", "毫摩尔每升", "毫摩尔/升", "mmol"), "μmol/l": ("μmol/l", "umol/l", "微摩尔/升"),
    "g/l": ("g/l", "克/升"), "ng/ml": ("ng/ml", "纳克/毫升"), "pg/ml": ("pg/ml",), "u/l": ("u/l", "iu/l"), "mg/dl": ("mg/dl",), "kcal": ("千卡", "大卡", "kcal"),
    "iu": ("国际单位", "个单位", "iu", "单位", "u"), "μg": ("微克", "μg", "ug", "mcg"), "mg": ("毫克", "mg"),
    "kg": ("公斤", "千克", "kg"), "斤": ("斤",), "g": ("克", "g"), "ml": ("毫升", "ml", "cc"), "l": ("升", "l"), "mm": ("毫米", "mm"),
    "cm": ("厘米", "公分", "cm"), "m": ("米",), "℃": ("摄氏度", "°c", "℃", "度"), "%": ("%",), "月": ("个月", "月"), "周": ("个星期", "个礼拜", "星期", "礼拜", "周", "w"),
    "岁": ("周岁", "岁"), "小时": ("个小时", "小时", "个钟头", "钟头", "h"), "分钟": ("分钟", "min"), "秒": ("秒钟", "秒"), "日": ("天", "日", "d"), "年": ("年",), "次": ("次", "遍", "回", "针"), "点": ("点钟", "点"),
    "片": ("片",), "粒": ("粒", "颗"), "袋": ("袋", "包"), "支": ("支",), "枚": ("枚",), "滴": ("滴",), "丸": ("丸",), "瓶": ("瓶",), "盒": ("盒",), "贴": ("贴",),
    "喷": ("喷", "揿", "吸"), "": ("下", "个"), "剂": ("剂", "副", "付"), "倍": ("倍",), "疗程": ("个疗程", "疗程"), "杯": ("杯",), "碗": ("碗",), "勺": ("勺", "匙"), "顿": ("顿", "餐"), "型": ("型",), "级": ("级",), "期": ("期",),
    "组": ("组",), "口": ("口",), "块": ("块",), "根": ("根",),
}  # fmt: skip
NAME_OF = {spelling: name for name, spellings in _UNITS.items() for spelling in spellings}
UNIT = "|".join(sorted(map(re.escape, NAME_OF), key=len, reverse=True))
HAN = "[零〇一二两三四五六七八九十百千]"
_ONE = "(?<![0-9.零〇一二两三四五六七八九十百千第])(?:一|1)"  # not the end of another number
_LIST_MARK = re.compile(
    r"(?m)^\s*(?:[(（]?[0-9]{1,2}[.、)）](?![0-9])|[一二三四五六七八九十]{1,2}、)|(?<=[。；;:：])\s*[0-9]{1,2}[.、)）](?![0-9])"
)
_FREQUENCY = re.compile(
    rf"(?:每|{_ONE})\s*个?(?:天|日)(?:之?内|里)?(?=[^，,。;；、\d]{{0,6}}?(?:[0-9几]|{HAN}|半|多少))|每日|每天|日(?=[0-9一二两三四]次)"
)
_PER_TIME = re.compile(rf"(?:每|{_ONE})次(?=[^，,。;；]{{0,4}}?(?:[0-9几]|[一二两三四五六七八九十半]))")
# Words that hold a numeral and no number; 一次 is a number, 一下 is not.
_NO_NUMBER = re.compile(
    "(?<=[以下认意明解教充调醒问这住到有说])(?:您|一下|如下)?[两二三四五六2-6]点(?![钟半前后左右以、到至0-9])|一般|一定|一些|一下|一起|一样|一直|一旦|一切|一方面|另一|进一步|一步|第一|唯一|统一|万一|(?<![十二三四五六七八九])一点(?![钟半])|十分(?!钟)|千万|百分之百|三甲|二甲|四肢|五官|三叉|七情|八珍|六味|三七|九价|四价|二价|三联|四联|二便|三餐|[一1][日天]三顿|三顿饭|一日三餐|半夜|半天|一半|两侧|双侧|一侧|两者|两种|一种|一个(?!月|半|小时|星期|疗程|礼拜|周)|哪一?天|同[一1][天日]|[一1][天秒](?=[都也]?[不别勿])|个别|有一|一律|一致|一周期|[三3][天日]打鱼(?:[两2][天日]晒网)?|[三3][天日][两2]头|三番[五两]次|一时半[会刻]|一天到晚|[明这那近]后?[两2几][天日]|两次(?=[^，,。；;]{0,8}(?:之间|间隔|(?<!间)隔(?![天日])|[用服给]药|相隔))|[下上][一1]?[次顿]|一段时间|一会儿?|一并|一同|一次性|一口气|一大?[杯瓶碗](?=[水温])|二十四小时(?=动态)|24小时(?=动态)|十二指肠|三高|四环素"
)
_KEPT_OF_THOSE = {
    "第一": "",
    "半天": "半天",
    "两种": "两种",
    "九价": "9价",
    "四价": "4价",
    "二价": "2价",
}
_FRACTION = re.compile(f"(?<!百)({HAN}+)分之({HAN}+)")
_HALVES = {
    "半个小时": "30分钟",
    "半小时": "30分钟",
    "半个钟头": "30分钟",
    "0.5小时": "30分钟",
    "半分钟": "30秒",
    "半年": "6个月",
    "半个月": "15天",
}
_TWO_IN_ONE = re.compile(f"([一两二三四五六七八])([二两三四五六七八九])(?={UNIT})")  # 两三次 are 2 to 3
_SPOKEN = frozenset(("一二", "一两", "两三", "二三", "三四", "三五", "四五", "五六", "六七", "七八", "八九"))
_LATIN = {
    "qd": "每天1次",
    "bid": "每天2次",
    "tid": "每天3次",
    "qid": "每天4次",
    "qn": "每晚1次",
    "qod": "隔日1次",
    "qw": "每周1次",
    "biw": "每周2次",
    "tiw": "每周3次",
}
_EVERY_HOURS = re.compile(r"(?<![a-z])q([0-9]{1,2})h(?![a-z])")
_LATIN_SIGN = re.compile(r"(?<![a-z])q\.?o\.?d\.?|(?<![a-z])(?:qd|bid|tid|qid|qn|qw|biw|tiw)(?![a-z])")
_EVERY_OTHER = re.compile("每?隔[一1]?[天日]")
_PER_PERIOD = re.compile(
    rf"(?:每|(?<!提前){_ONE})\s*个?(周|星期|礼拜|月|年|分钟|小时)(?=[^，,。;；、\d后内前以]{{0,4}}?(?:[0-9几]|{HAN})+[^，,。;；]{{0,2}}?[次片粒针回遍趟]|[^，,。;；]{{0,2}}多少)"
)
_PERIODS = {
    "day": re.compile(
        rf"[每逐]\s*个?[天日]|天天|日日|{_ONE}\s*[天日](?![后内前以])(?=[^，,。;；]{{0,6}}(?:[0-9几]|{HAN}|半))|(?<!隔)日[0-9一二两三]次"
    ),
    "week": re.compile("每\\s*个?(?:周|星期|礼拜)|周周"),
    "month": re.compile("每\\s*个?月|月月"),
    "year": re.compile("每年|年年"),
    "other day": re.compile("隔日"),
}
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
# Rewritten before anything is read: one spelling each, in this order.
_SPELLINGS: tuple[tuple["re.Pattern[str]", "str | Callable[[re.Match[str]], str]"], ...] = (
    (re.compile(r"\s*[×x*]\s*10\^?[0-9]{1,2}\s*/\s*l(?![a-z])"), ""),  # 35×10⁹/L
    (re.compile(f"((?:{HAN}|[0-9])+)个半(?=小时|钟头|月|星期|礼拜|疗程|周|年|天)"), lambda found: f"{_value(found[1]) + 0.5:g}个"),
    (re.compile(rf"([0-9]+)({UNIT})半(?!{UNIT}|[个天年月夜])"), lambda found: found[0] if found[2] == "点" else f"{_value(found[1]) + 0.5:g}{found[2]}"),  # 1片半
    (re.compile(f"({HAN}|[0-9])刻钟"), lambda found: f"{15 * _value(found[1]):g}分钟"), (re.compile(f"(?<=[十百千0-9])[多余](?=个|{UNIT})"), ""), (re.compile("(?<=[0-9])(?=半(?:年|个月|个?小时|分钟))"), " "), (re.compile("个把(?=月|小时|钟头|星期|礼拜)"), "1个"),
    (re.compile("([0-9.]+)千(?![卡克瓦])"), lambda found: f"{1_000 * _value(found[1]):g}"),
    (re.compile("(?<![0-9一二两三四五六七八九])(?:([一二两三四五六七八九])(?=[一二两三四五六七八九]成))?([一二两三四五六七八九])成(?![人分年长功熟为型形立果药就是因由得])"), lambda found: (f"{10 * _value(found[1]):g}%-" if found[1] else "") + f"{10 * _value(found[2]):g}%"),
    (re.compile("(?<![、0-9一二两三四五六七八九十百])([一二三四五六七八1-8])、([二三四五六七八九2-9])(?=[个天日周月年小次片粒岁袋度支])"), lambda found: f"{found[1]}-{found[2]}" if _value(found[2]) == _value(found[1]) + 1 else found[0]),
    (re.compile("早[上晨]?[、,]?(?:中午?|午)[、,和]?晚上?(?:各(?=[一1]次))?(?:[一1]次)?"), "每天3次 "), (re.compile("一昼夜|1昼夜"), "每天"),
    (re.compile("每周(?=[一二三四五六][、和及一二三四五六日])(?![一二三四五六][、和及]?[一二三四五六]?[次片粒回天遍])"), "周"),
    (re.compile("(?<![a-z])(i{1,3}|iv|v)(?=[度级期型])"), lambda found: _ROMAN[found[1]]),
    (re.compile(rf"百分之(?!百)({HAN}+|[0-9.]+)"), lambda found: f"{_value(found[1]):g}%"),
    (re.compile(rf"([0-9]{{2}}|{HAN}{{2,3}})度([0-9]|[一二三四五六七八九])(?![0-9度]|{HAN})"), lambda found: f"{_value(found[1]):g}.{_value(found[2]):g}度"),
    (re.compile(r"([0-9]{1,2}):(00|30)(?![0-9])"), lambda found: f"{int(found[1])}点" + "半" * (found[2] == "30")),
    (re.compile(rf"((?:下午|傍晚|晚上?|夜[里间]?)(?:于|的)?)([0-9]{{1,2}}|{HAN}{{1,2}})(?=点(?!{HAN}))"), lambda found: f"{found[1]}{_evening(_value(found[2])):g}"),
    (re.compile(f"([0-9]{{1,2}}|{HAN}{{1,2}})点钟?半"), lambda found: f"{_value(found[1]) + 0.5:g}点"),
    (re.compile(rf"({HAN}|[0-9])两(?:(半)|(?=[主酒肉饭米面粮油糖盐生熟(（,。、;]|左右|以内|$))"), lambda found: f"{50 * _value(found[1]) + 25 * bool(found[2]):g}g"),
    (re.compile("俩(?=[片粒颗包袋支次周天年礼星月小])"), "两"), (re.compile("俩"), "两个"), (re.compile("仨"), "三个"), (re.compile("(?<=[十百千])来(?=[个天次岁斤下])"), ""),
    (re.compile("早晚(?!温差|凉|[得必总会]|都[得要会])|早[上晨]?[、和及与]晚上?"), "每天2次 "),
    (re.compile("每天2次 各?(?:一|1)次"), "每天2次 "),
    (re.compile("24个?小时(?:之内|以内|内)?(?=[^，,。;；]{0,4}(?:最|不|别|勿|至|总))"), "每天"),
    (re.compile("第[二2][天日]|次日"), "翌"),  # the day after: no second day of anything
    (re.compile("(?<=[喝吃用服打做])第[二2]次|第[二2]次(?=再?[喝吃用服打做])"), "下次"),
    (re.compile(rf"第(?=(?:{HAN}+|[0-9]+)个?[天日周年月次])"), ""), (re.compile("首(?=[周月年])"), "1"),
    (re.compile("每[片粒袋包支瓶丸颗枚](?=[0-9])"), ""), (re.compile("每(?=[片粒袋包支瓶丸颗枚])"), "1"),
    (re.compile("[前后这那][两三]个(?![月半小星礼疗周])|[两三几]个(?=情况|问题|方面|事|细节|信息)"), ""),
)  # fmt: skip
_ASKED = re.compile(
    "[每一1]个?[天日][^，,。;；0-9一二两三四五六次]{0,8}?(?:几|多少|多久|多长)"
)  # 每天几次 prescribes nothing
RECENT = 64  # both texts of a pair are read by several gates
_TIME_OF_DAY = re.compile("[早晚夜睡晨餐饭]|终[身生]|长期|一辈子")


@lru_cache(maxsize=RECENT)
def plain(text: str) -> str:
    """The text in the form in which numbers are looked for: half width, lower case, without list marks and idioms."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("µ", "μ")
    folded = _spelt(_LIST_MARK.sub(" ", folded))
    folded = _FRACTION.sub(lambda found: f"{_whole(found[2]) or 0:g}/{_whole(found[1]) or 1:g}", folded)
    for half, whole in _HALVES.items():
        folded = folded.replace(half, whole)
    folded = _TWO_IN_ONE.sub(
        lambda found: f"{found[1]}-{found[2]}" if found[1] + found[2] in _SPOKEN else found[0], folded
    )
    folded = _PER_PERIOD.sub(r"每\1", folded)
    folded = _NO_NUMBER.sub(lambda found: _KEPT_OF_THOSE.get(found[0], "□" * len(found[0])), folded)
    return _PER_TIME.sub("每回", _FREQUENCY.sub("每天", folded)).replace("每天", "逐").replace("每回", "各")


# When of the day: another of these in the place of one is another moment.
_MOMENTS = {
    "before meals": re.compile("[饭餐]前|吃饭[之以]?前|空腹|空着?肚"),
    "after meals": re.compile("[饭餐]后|吃[完过]饭|吃饭[之以]?后"),
    "at bedtime": re.compile("睡(?:觉|着)?[之以]?前|临睡|上床"),
    "at noon": re.compile("午后|中午|午[饭餐]|下午"),
    "in the morning": re.compile("晨|早上|清早|早[饭餐]"),
}


def moments(text: str) -> set[str]:
    """When of the day something is to happen: `before meals`, `at bedtime`, …"""
    return {name for name, pattern in _MOMENTS.items() if pattern.search(text)}


@lru_cache(maxsize=RECENT)
def periods(text: str) -> set[str]:
    """How often something is to happen: `every day`, `every week`, … of what a text says; `by day` for a time of the day alone."""
    folded = _PER_PERIOD.sub(r"每\1", _ASKED.sub("", _spelt(unicodedata.normalize("NFKC", text).lower())))
    found = {f"every {name}" for name, pattern in _PERIODS.items() if pattern.search(folded)}
    return found | ({"by day"} if _TIME_OF_DAY.search(folded) else set())


def _spelt(folded: str) -> str:
    folded = _EVERY_HOURS.sub(r"每\1小时1次", _LATIN_SIGN.sub(_from_latin, folded))
    for pattern, spelling in _SPELLINGS:
        folded = pattern.sub(spelling, folded)
    return _EVERY_OTHER.sub("隔日", folded)


def _value(text: str) -> float:
    return float(text) if text[0] in "0123456789" else value_of(text) or 0.0


def _evening(hour: float) -> float:
    return hour + 12 if hour < 12 else hour


def _from_latin(found: "re.Match[str]") -> str:
    return _LATIN.get(found[0].replace(".", ""), found[0])


def value_of(text: str) -> float | None:
    """The value of a Chinese numeral (半, 三点五, 一百二); None for one without a digit."""
    if text == "半":
        return 0.5
    whole, _, part = text.partition("点")
    value = _whole(whole)
    if value is None or not part:
        return value
    return value + sum(DIGITS.get(mark, 0) * 0.1**place for place, mark in enumerate(part, 1))


def _whole(text: str) -> float | None:
    if not any(mark in _TENS for mark in text):
        # 两三天 are two numbers said as one; 二〇 is spelt out.
        return float("".join(str(DIGITS[mark]) for mark in text)) if text else None
    total, current, last = 0, 0, 0
    for mark in text:
        if mark in _TENS:
            last = _TENS[mark]
            total += (current or 1) * last
            current = 0
        else:
            current = DIGITS[mark]
    if len(text) > 1 and text[-2] in "百千万":  # 一百二 is 120, 一百零二 102
        current *= last // 10
    return float(total + current)
