"""The text as rules see it: one character for one, half width, simplified, without zero-width characters.

Tags of an earlier run and values that somebody masked already (`陈**`, `138****`) become filler that no rule matches.
"""

import re
from typing import NamedTuple

from cmtmedqa.clean.deidentify.kinds import TAG
from cmtmedqa.clean.deidentify.rule import FILLER, Span

_KEPT_WIDE = "！（），：；？～"
_TRADITIONAL = (
    "號号電电話话機机碼码證证醫医師师護护歲岁車车銀银開开戶户賬账帳帐郵邮網网聯联繫系員员險险錄录檔档檢检條条診诊門门"
    "衛卫華华學学屬属東东廣广蘇苏灣湾貴贵雲云陝陕肅肃寧宁內内遼辽滬沪縣县鄉乡鎮镇區区園园樓楼棟栋單单術术國国軍军"
    "劉刘陳陈張张趙赵黃黄吳吴孫孙馬马羅罗謝谢韓韩馮冯蔣蒋許许鄧邓蕭萧葉叶閻阎鄭郑鄒邹嚴严賴赖龍龙萬万錢钱湯汤賀贺"
    "顧顾龔龚譚谭盧卢鍾钟陸陆賈贾鄔邬歐欧陽阳諸诸葛葛聞闻閔闵塗涂連连齊齐樂乐衛卫應应牆墙爾尔彭彭"
    "請请這这個个兒儿媽妈爺爷們们對对為为問问親亲愛爱婦妇幼幼產产兩两壹壹貳贰叄叁參参陸陆"
    "稱称籍籍職职務务處处辦办廳厅長长鳳凤麗丽偉伟傑杰強强軍军濤涛勇勇艷艳娟娟敏敏靜静紅红蘭兰曉晓輝辉剛刚鵬鹏飛飞"
    "習习騰腾寶宝貝贝紹绍興兴鄰邻莊庄灘滩島岛濱滨嶺岭溝沟橋桥鐵铁錦锦銅铜鹽盐"
)
_FOLD = (
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT_WIDE}
    | {ord(old): new for old, new in zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True) if old != new}
    | {0x3000: " ", 0xA0: " "}
)
_INVISIBLE = "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
_FOLDED = "[" + "".join(re.escape(chr(code)) for code in sorted(_FOLD)) + "]"
_MASKED = "[A-Za-z0-9\u4e00-\u9fff]{0,4}[*＊]{2,}[A-Za-z0-9]{0,4}|90岁以上"

SPECIAL = "|".join((_FOLDED, _INVISIBLE, _MASKED, TAG))

_special = re.compile(SPECIAL)
_invisible = re.compile(_INVISIBLE)
_filled = re.compile(f"{_MASKED}|{TAG}")


class Prepared(NamedTuple):
    """`text` for the rules; `places[i]` is where character i stands in the given text (None: at i)."""

    text: str
    places: tuple[int, ...] | None


def prepare(text: str) -> Prepared:
    """Fold a text; unchanged (the usual case after normalisation) where SPECIAL does not match."""
    if not _special.search(text):
        return Prepared(text, None)
    folded = text.translate(_FOLD)
    places = None
    if _invisible.search(folded):
        places = tuple(place for place, char in enumerate(folded) if not _invisible.match(char))
        folded = "".join(folded[place] for place in places)
    return Prepared(_filled.sub(lambda found: FILLER * len(found[0]), folded), places)


def restore(span: Span, places: tuple[int, ...] | None) -> Span:
    """The span in offsets of the text that was given to `prepare`."""
    return span if places is None else span._replace(start=places[span.start], end=places[span.end - 1] + 1)
