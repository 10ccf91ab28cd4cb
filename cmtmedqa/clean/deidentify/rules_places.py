"""Rules for addresses of at least two levels, or of a road or a building with its number."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.places import PLACE

_HAN = "一-鿿"
_NO_ADDRESS = re.compile(
    "医院|病|药|治(?![区州县])|疗|痛|回乡|同乡|老乡|阳痿|(?:地|自治|市|城|郊|山|省|小)区$|(?:全|本|各|外)[省市县区]$|[大小多都]?城市$|[省市]市$"
)


def _address(match: re.Match[str]) -> bool:
    """Levels with names of their own: a region, its word repeated, or a hospital is none."""
    return not _NO_ADDRESS.search(match["v"])


def _numbered(match: re.Match[str]) -> bool:
    """A road or a village that is no other word."""
    return _address(match) and not re.search(
        "公路|铁路|尿路|通路|一路|思路|套路|走路|迷路|线路|电路|来路|回路|马路|道路|出路|网路|路路|同路|同里|公里|里里|哪里|这里|那里|家里|心里|夜里|村里|城里|手里|嘴里|肚里|院里",
        match["v"],
    )


_NUMBER = r"[0-9一二三四五六七八九十百零〇]{1,5}"
_UNIT = rf"(?:(?:附)?{_NUMBER}(?:[-之]{_NUMBER}){{0,3}} ?(?:号楼|号院|号|弄|栋|幢|座|单元|室|楼|层|户|组|社|队|门|支弄)|[A-Za-z东南西北甲乙] ?(?:座|区|栋|幢|单元|院)|[0-9]{{1,3}}-[0-9]{{1,4}}(?:-[0-9]{{1,4}})?|[0-9]{{3,4}}(?=[,。;! ]|$))"
_ROAD = rf"[{_HAN}]{{1,8}}?(?:[0-9一二三四五六七八九十]{{0,3}}(?:大道|大街|路|街|巷|胡同|弄堂|里弄)(?:[东南西北中]?[0-9一二三四五六七八九十]?[段路])?)"
_ESTATE = (
    rf"[{_HAN}]{{2,8}}?(?:小区|社区|花园|家园|公寓|大厦|广场|新村|苑|佳园|名城|府邸|庄园|别墅|宿舍|家属院|园区|期)"
)
_TOWN = rf"[{_HAN}]{{1,6}}?(?:镇|乡|街道|苏木|新区|开发区|高新区|经开区|林场|农场)"
_VILLAGE = rf"[{_HAN}]{{1,6}}?(?:村|屯|庄|堡|寨|坝|湾|[0-9一二三四五六七八九十](?:组|队|社)|自然村|行政村)村?"
_PROVINCE = rf"(?:{PLACE}(?:省|市|特别行政区|(?:壮族|回族|维吾尔)?自治区)?)"
_LEVEL = rf"(?:{PLACE}(?:市|地区|州|盟|自治州|县|区|旗|新区)?|[{_HAN}]{{1,6}}?(?:市|自治州|自治县|县|区|旗|盟))"
_FINE = rf"(?:{_TOWN}|{_VILLAGE}|{_ROAD}|{_ESTATE})"
CUE = r"(?:家住|我住|住在|住址|地址|住|家在|老家在|老家|老家是|户籍|籍贯|来自|寄到|寄给|寄往|送到|快递到|搬到|位于|收货地址|家庭地址|现居|定居|我在|我是|家是)"
_SEP = "[ -]?"


def _rule(
    name: str,
    kind: str,
    family: str,
    pattern: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    check: Check | None = None,
) -> Rule:
    return Rule(name, kind, family, re.compile(pattern), yes, no, check)


PLACES: tuple[Rule, ...] = (
    _rule(
        "address",
        "address",
        "address",
        rf"(?P<v>{_PROVINCE}{_SEP}(?:{_LEVEL}{_SEP}){{1,3}}(?:{_FINE}{_SEP}){{0,4}}(?:{_UNIT}{_SEP}){{0,6}}(?<![ ,、-]))",
        ("药能寄到浙江省杭州市西湖区望桥路88号12幢3单元1802室吗", "老家在湖北省黄冈市蕲春县云溪镇白鹭村七组，来一趟"),
        ("杭州的天气", "广东人", "四川、湖北、安徽", "山东地区"),
        _address,
    ),
    _rule(
        "address-fine",
        "address",
        "address",
        rf"(?P<v>{_PROVINCE}{_SEP}(?:{_FINE}{_SEP}){{1,4}}(?:{_UNIT}{_SEP}){{0,6}}(?<![ ,、-]))",
        ("上海市浦东新区岚溪镇白鹭路7777弄66号501室",),
        ("杭州一路走来",),
        _numbered,
    ),
    _rule(
        "address-cue",
        "address",
        "address",
        rf"{CUE}[:是在 ]{{0,2}}(?P<v>(?:[{_HAN}]{{2,5}}?(?:省|市|县|区|州){_SEP}){{1,3}}(?:{_FINE}{_SEP}){{1,4}}(?:{_UNIT}{_SEP}){{0,6}}(?<![ ,、-]))",
        ("我住清沅市锦云区听雨巷99号，",),
        ("我住院了",),
        _numbered,
    ),
    _rule(
        "road-number",
        "address",
        "road",
        rf"{CUE}?[:是在 ]{{0,2}}(?P<v>(?:{_FINE}{_SEP}){{1,4}}(?<=[路街道巷同弄村庄区园寓厦场苑城墅舍院镇乡]){_SEP}[0-9]{{1,5}} ?(?:号|弄|栋|幢)(?:{_SEP}{_UNIT}){{0,6}})",
        ("住听雨巷99号", "家住白鹭花园12栋3单元501"),
        ("口服一路10号",),
        _numbered,
    ),
)
