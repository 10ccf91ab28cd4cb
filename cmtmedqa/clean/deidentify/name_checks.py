"""Checks of the name rules: where a name after a cue, between marks or before a title ends, and whether it is one."""

import re

from cmtmedqa.clean.deidentify.names import (
    AMBIGUOUS,
    HAN,
    STOP,
    USUAL,
    allowed,
    ends_at_mark,
    ends_well,
    likely_name,
    name_end,
    surname_length,
    whole_run,
)
from cmtmedqa.clean.deidentify.places import PLACES

Extent = tuple[int, int] | bool

# Words whose last character is a surname: what stands before it tells them from a name.
_NOT_GIVEN = frozenset(
    [
        "专业",
        "咨询",
        "任何",
        "帮助",
        "麻烦",
        "健康",
        "负责",
        "值班",
        "熟练",
        "主刀",
        "麻醉",
        "当班",
        "接诊",
        "家庭",
        "年轻",
        "责任",
        "资深",
        "优秀",
        "权威",
        "知名",
        "别的",
        "其他",
        "外地",
        "当地",
        "中医",
        "西医",
        "住院",
        "执业",
        "乡村",
        "实习",
        "美容",
        "心理",
        "营养",
        "江湖",
        "信任",
        "尊敬",
        "现场",
        "在线",
        "网络",
        "线上",
        "顺利",
        "进行",
        "健康",
        "增强",
        "安静",
        "智能",
        "创建",
        "有明",
        "宝宝",
        "朋友",
        "弟弟",
        "一线",
    ]
)
_WORD_BEFORE = {
    "楚": "清",
    "权": "",
    "况": "情状何",
    "戚": "亲",
    "幸": "不荣有",
    "鲜": "新",
    "阳": "三大小太朝",
    "鱼": "",
    "张": "主紧扩夸纸开慌嚣舒",
    "何": "任如为",
    "任": "责信主担胜上",
    "谢": "谢感多致代",
    "王": "女霸",
    "高": "提最更较偏升增身很",
    "程": "过课疗流全病工历行进里旅日",
    "段": "阶手片",
    "常": "正非经通平异日时照",
    "班": "值当白夜上下早",
    "管": "主血尿不气食尽只",
    "应": "反响适效",
    "时": "同当及小到随暂按有",
    "成": "完变形合造组",
    "安": "平不保西",
    "康": "健",
    "方": "对双地配处多官西东南北医院",
    "易": "容不",
    "解": "了理缓",
    "明": "说证声",
    "边": "旁一两",
    "石": "结",
    "温": "体",
    "连": "一接",
    "于": "由对关属至等处在",
    "向": "方",
    "和": "温",
    "单": "简菜清账",
    "金": "现",
    "关": "有相",
    "车": "开",
    "党": "共",
    "史": "病",
    "夏": "",
    "周": "每上下一两三四五六",
    "江": "",
    "项": "事各",
    "席": "",
    "司": "公上",
    "童": "儿",
    "部": "",
    "路": "马公",
    "黄": "发",
    "计": "",
    "强": "加",
    "全": "安",
    "平": "水",
    "文": "",
    "古": "",
    "宁": "",
    "能": "可功",
    "查": "检复",
    "水": "喝",
    "包": "",
    "柳": "",
    "宗": "",
    "毛": "",
    "牛": "",
    "都": "成",
    "国": "中全外",
    "海": "上",
    "山": "",
    "门": "专部",
    "学": "",
    "甘": "",
    "华": "",
    "利": "",
    "万": "",
    "钱": "多挂花",
    "余": "其",
    "章": "",
    "家": "",
    "年": "",
}
# Surnames that mostly are other words: never a name on weak evidence; then those that need a full name.
_NEVER = frozenset("权但和从应时成全能经由祝对连同还有都为以及查年须终才是门首后广计怀")
_FUNCTION = _NEVER | frozenset("于常左戴关单包向国信但修衣位保权")
# Of these the ones that stand alone before a title where nothing else can be meant.
_BARE = frozenset("于常左戴关单包国信修权")
_OPENERS = frozenset("的是找看给问挂请让跟和由到见在了谢过叫科院约听从向对但我您你,:说被苦次托转位老小")
_NO_NAME = re.compile(r"[未不无没]|匿名|保密|患者|姓名|什么|多少|怎|先生$|女士$|医生|大夫")


def strong(match: re.Match[str]) -> Extent:
    """After a cue that always announces a name."""
    text, start = match.string, match.start("v")
    found = likely_name(text, start)
    end = max(found.end if found else name_end(text, start), whole_run(text, start))
    return (start, end) if end > start else False


def announced(match: re.Match[str]) -> Extent:
    """After a cue that often announces a name: its given name is a usual one, or it ends at a mark."""
    text, start = match.string, match.start("v")
    found = likely_name(text, start)
    if text[start] in _NEVER and surname_length(text, start) == 1:
        return False
    end = whole_run(text, start)
    given = text[start + 1 : end]
    plain = text[start] not in _FUNCTION and not any(char in STOP and char not in USUAL for char in given)
    if len(given) >= 2 and plain and any(char in USUAL for char in given):
        return (start, end) if _sound(text, start, end) else False
    return (start, found.end) if found and found.usual and _sound(text, start, found.end) else False


def announced_full(match: re.Match[str]) -> Extent:
    """Like announced, and of a full name only."""
    found = announced(match)
    return found if isinstance(found, tuple) and found[1] - found[0] >= 3 else False


def _sound(text: str, start: int, end: int) -> bool:
    """Whether a stretch that looks like a name is none of the words and places that do."""
    size = surname_length(text, start)
    given = text[start + size : end]
    if size == 1 and ((text[start] in _FUNCTION and len(given) < 2) or text[start] in _NEVER):
        return False
    before = text[start - 1 : start]
    place = PLACES.match(text, start)
    return (
        given not in _NOT_GIVEN
        and not (place and place.end() >= end)
        and not (before and before in _WORD_BEFORE.get(text[start], ""))
    )


def whole(match: re.Match[str]) -> Extent:
    """Between two cues: the whole stretch is a name, of whose given name one character may be an unusual one."""
    text, (start, end) = match.string, match.span("v")
    size = surname_length(text, start)
    given = text[start + size : end]
    if not given or allowed(text, start) or any(char in STOP and char not in USUAL for char in given):
        return False
    weak_surname = size == 1 and text[start] in AMBIGUOUS | _FUNCTION
    return _sound(text, start, end) and sum(char in USUAL for char in given) >= (len(given) if weak_surname else 1)


def usual(match: re.Match[str]) -> Extent:
    """Between two weak cues: every character of the given name is a usual one."""
    text, (start, end) = match.string, match.span("v")
    size = surname_length(text, start)
    given = text[start + size : end]
    sure = len(given) == 2 or size > 1 or text[start] not in AMBIGUOUS | _FUNCTION
    known = bool(given) and sure and not allowed(text, start) and all(char in USUAL for char in given)
    return known and _sound(text, start, end)


def after_title(match: re.Match[str]) -> Extent:
    """Like weak, but a label that opens a turn is no cue."""
    return not (match.string[match.start("v") - 1] == ":" and not match.string[: match.start()].strip()) and weak(match)


def weak(match: re.Match[str]) -> Extent:
    """After a cue that mostly announces something else: the name must end well, and look like one."""
    text, start = match.string, match.start("v")
    end = name_end(text, start)
    found = announced(match)
    if end == start or text[start] in _FUNCTION:
        return found
    if text[start - 1] == ":" and not text[: match.start()].strip():
        sure = end - start >= 3 and text[start] not in AMBIGUOUS and ends_at_mark(text, end)
        return (start, end) if sure else False
    if found is not False:
        return found
    if text[start + 1 : end] in _NOT_GIVEN:
        return False
    if (text[start] in AMBIGUOUS and surname_length(text, start) == 1) or end - start == 2:
        return (start, end) if ends_at_mark(text, end) else False
    return (start, end) if ends_well(text, end) else False


def delimited(match: re.Match[str]) -> Extent:
    """Between two marks: the whole stretch must be a name of two to four characters."""
    start, end = match.span("v")
    known = name_end(match.string, start) == end or usual(match) is True
    return known and match.string[start:end] not in _GREETINGS


_GREETINGS = frozenset(("马上", "谢谢", "祝好", "全部"))


def field(match: re.Match[str]) -> Extent:
    """The value of a form's name field, whatever it is made of."""
    if (extent := strong(match)) is not False:
        return extent
    value = match["v"]
    return (
        len(value) <= 15
        and (len(value) <= 4 or "·" in value)
        and not _NO_NAME.search(value)
        and not allowed(match.string, match.start("v"))
    )


def titled(match: re.Match[str]) -> Extent:
    """A surname, with or without a given name, before a title."""
    text, start = match.string, match.start("v")
    place = match.start("s")
    before = text[start - 1 : start]
    surname, given = match["s"], match["g"]
    if allowed(text, place):
        return False
    # Behind a department a full name is the rule (外科 + surname + two characters), even where one of them is a common word.
    behind_department = (
        before == "科" and len(given) == 2 and surname not in AMBIGUOUS and not set(given) & set("科院室")
    )
    if (
        given in _NOT_GIVEN
        or (any(char in STOP for char in given) and not behind_department and not _all_usual(given, before))
        or (before and before in _WORD_BEFORE.get(surname, ""))
    ):
        return False
    if surname in _FUNCTION and not given and (place == start):
        return surname in _BARE and (not re.match(f"[{HAN}]", before) or before in _OPENERS)
    known = len(surname) > 1 or surname not in AMBIGUOUS or place > start
    return known or not re.match(f"[{HAN}]", before) or before in _OPENERS


def _all_usual(given: str, before: str) -> bool:
    """Characters that are also words but make a given name here, where none can belong to the word before."""
    return all(char in USUAL for char in given) and (
        not re.match(f"[{HAN}]", before) or before in _OPENERS or before == "科"
    )


def honorific(match: re.Match[str]) -> Extent:
    """A surname before a form of address."""
    return (match["s"] not in _FUNCTION or usual_given(match)) and titled(match)


def usual_given(match: re.Match[str]) -> bool:
    """Whether a surname that is also a word stands with a full given name of usual characters."""
    return match["s"] not in _NEVER and len(match["g"]) == 2 and all(char in USUAL for char in match["g"])
