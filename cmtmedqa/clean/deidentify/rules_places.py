"""Rules for addresses of at least two levels, or of a road or a building with its number."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.places import AUTONOMOUS, PLACE, core_start, known_place, lead_end, place_end

_HAN = "一-鿿"
_NO_ADDRESS = re.compile(
    "医院(?![路街巷])|病|药(?!厂|材|王)|[诊防医主救]治|治疗|疗|痛|回乡|返乡|下乡|家乡|故乡|城乡|同乡|老乡|阳痿|(?:全|本|各|外)[省市县区]$|[省市]市$"
)


# What names no place before a level: words for any place, and what only looks like a place.
_NO_CORE = re.compile(
    "[了着过吗呢吧吃药痛疼病症炎血尿您你我他她它这那哪什怎么不没未查看做治疗术检买费钱岁但因果时候点自己说就都还很太把被让是的能会可要想如]|"
    "当地|本地|外地|附近|周边|各级|上级|下级|其他|其它|别的|农村|城市|所在|老家|隔壁|某|全国|国内|国外|省内|医院|医生|患者|孩子|社区|小区|地区|疫区|灾区|牧区|山区|郊区|景区|院区|病区|校区|厂区|区域|贫困|偏远|"
    "口服|静脉|高速|皮肤|颈部|胸部|腹部|头部|腰部|面部|盆腔|肺|肝|肾|脑|心|胃|肠|眼|耳|鼻|牙|淋巴|病变|感染|疼|骨"
)
_NO_ROAD = re.compile(
    "公路|铁路|尿路|通路|一路|思路|套路|走路|迷路|线路|(?<![水供邮机广])电路|来路|回路|马路|道路|出路|网路|路路|(?<!大)同路|同里|公里|里里|哪里|这里|那里|家里|心里|夜里|村里|城里|手里|嘴里|肚里|院里|消化道|胆道|尿道|气道|肠道|阴道|产道"
)
# Before a road or an estate with a number fewer characters tell that it is none.
_NO_STREET = re.compile(
    "[了着过吗呢吧吃药痛疼病症炎血尿您你我他她它这那哪什怎么不没查做治疗术买费钱说就很把被让是的]|口服|静脉"
)
_NO_ROAD_END = re.compile(f"(?:{_NO_ROAD.pattern})$")
_HOUSE = re.compile("[0-9]{1,5} ?(?:号|弄|室|栋|幢|座)|小区|公寓|宿舍")
_REGIONS = frozenset(("省", "自治区", "市", "自治州", "州", "县", "新区", "区", "旗", "盟"))
_TOWNS = frozenset(("镇", "乡", "街道", "村", "屯", "庄"))
_ROADS = frozenset(
    ("大道", "大街", "路", "街", "巷", "胡同", "弄", "小区", "花园", "家园", "公寓", "苑", "村", "屯", "庄")
)
_FIRST = re.compile(
    f"(?P<n>[一-鿿]{{1,12}}?)(?P<l>{AUTONOMOUS}|省|自治区|市(?!花园|广场|场|政|民|中心)|自治州|州(?![路街道大花])|县(?!城(?![中关])|[前府])|新区|区(?!府)|旗|盟|镇(?![江海中南北])|乡|街道|村(?!镇)|屯|庄|大道|大街|路(?![街道巷小])|街|巷|胡同|弄|小区|花园|家园|公寓|苑|[0-9A-Za-z])"
)
_MOST = {"省": 3, "市": 2, "县": 2, "区": 2, "旗": 2, "州": 2, "镇": 3, "乡": 3, "街道": 3, "村": 3, "庄": 2}


# What looks like a district and is a kind of area, unless a division is called so (西城区, 青山区).
_AREA = re.compile("(?P<n>[一-鿿]?(?:地|自治|市|城|郊|山|省|小))区$|(?P<c>[一-鿿]?城)市$")
# Parts of names that hold such a character all the same.
_PROPER = re.compile(
    "太[平和阳湖仓原康白谷保公极]|如[意东皋家归]|会[仙龙宁理东昌同泽]|果[园林]|时代|自[由强]|都[江匀昌安]|能源|未[央来]|长治|点军|[一-鿿]看[丹]|[一-鿿]心[岛洲]"
)


def _odd(core: str) -> bool:
    """Whether a name of a level is a phrase of ordinary words."""
    return bool(_NO_CORE.search(_PROPER.sub("", core))) and not known_place(core)


def _address(match: re.Match[str]) -> bool:
    """Levels with names of their own: a region, its word repeated, or a hospital is none."""
    area = _AREA.search(match["v"])
    named = area is None or any(known_place((area["n"] or area["c"])[at:]) for at in (0, 1))
    if not named and match["v"].endswith("地区"):  # 喀什地区 behind its region is a prefecture, 北京地区 is none
        lengths = (size for size in (2, 3, 4) if size + 2 < len(match["v"]))
        named = any(known_place(match["v"][-2 - size : -2]) for size in lengths)
    return named and not _NO_ADDRESS.search(match["v"])


def _numbered(match: re.Match[str]) -> bool:
    """A road or a village that is no other word; one with a number is a road in any case."""
    return _address(match) and (bool(_HOUSE.search(match["v"])) or not _NO_ROAD.search(match["v"]))


def _trimmed(match: re.Match[str]) -> tuple[int, int] | bool:
    """Without the words that lead to the first level, which must have a name of its own."""
    if not _numbered(match):
        return False
    first = _FIRST.match(match["v"])
    if first is None:
        return False
    name, level = first["n"], "区" if "自治" in first["l"] else first["l"]
    # A road may be called after a place with a word before it (沿江西路): there the last leading word decides.
    start = (
        core_start(name, _MOST.get(level, 5))
        if level in _REGIONS
        else max(lead_end(name), len(name) - (4 if level in _TOWNS else 8))
    )
    core = name[start:]
    if level == "县" and known_place(name[-1:] + level) and not known_place(core):  # 房县, 单县
        start, core = len(name) - 1, name[-1:] + level
    elif len(core) < 2 and not known_place(core):
        start, core = max(len(name) - 2, 0), name[-2:]
    other = _NO_ROAD_END.search(core + level)
    numbered = level in _ROADS and _HOUSE.match(match["v"], first.end())
    if (_NO_STREET.search(core) if numbered else _odd(core)) or (other and other.start() < 2):
        return False
    return match.start("v") + start, match.end("v")


def _building(match: re.Match[str]) -> tuple[int, int] | bool:
    """An estate and a building in it; a building of a hospital is none."""
    seen = match.string[max(0, match.start("v") - 3) : match.end("v")]
    return not re.search("住院|门诊|病房|医技|急诊|外科|内科|科", seen) and _trimmed(match)


def _two_levels(match: re.Match[str]) -> tuple[int, int] | bool:
    """Two levels, each with a name of its own."""
    inner = match["m"]
    if _odd(inner) and not place_end(inner):
        return False
    return _trimmed(match)


_SEP = "[ -]?"
_NUMBER = r"[0-9一二三四五六七八九十百零〇]{1,5}"
_KINDS = "号楼|号院|号大院|号|弄|栋|幢|座|单元|室|楼|层|户|组|社|队|门|支弄|房|排|片|段"
_UNIT = rf"(?:[附甲乙丙东南西北中]?{_NUMBER}(?:[-之]{_NUMBER}){{0,3}} ?(?:{_KINDS})(?:[东西南北中]户)?|[A-Za-z东南西北甲乙丙丁] ?[0-9]{{0,2}} ?(?:座|区|栋|幢|单元|院|号楼|段)|[0-9]{{1,3}}-[0-9]{{1,4}}(?:-[0-9]{{1,4}})?|[东西南北]户|[0-9]{{3,4}}(?![0-9.%/]|[个岁块元天次年月号种mkM]))"
_UNITS = rf"(?:{_SEP}{_UNIT})"
_ROAD = rf"[{_HAN}]{{1,8}}?(?:[0-9一二三四五六七八九十]{{0,3}}(?:大道|大街|路(?![街道巷小])|街(?!道)|巷|胡同|弄堂|里弄|[东西南北中]里|[东南西北一二三四五]{{1,2}}环|道(?=[0-9]))(?:[东南西北中]?[0-9一二三四五六七八九十]?[段路])?)"
_ESTATE = rf"[{_HAN}]{{2,8}}?(?:小区|社区|花园|家园|公寓|大厦|广场|新村|新城|苑|佳园|名城|名邸|府邸|庄园|别墅|宿舍|家属院|园区|[一二三四五六1-6]期)"
_HOUSES = r"(?:[0-9]{1,3}|[A-Za-z][0-9]{0,2}|[甲乙丙丁东南西北])(?:-[0-9]{1,2})? ?(?:号楼|栋|幢|座)"
_BLOCK = rf"[{_HAN}]{{2,8}}?(?={_HOUSES})"
_PARK = "(?:工业|产业|科技|物流|创业|软件|高新)园区?"
_TOWN = rf"[{_HAN}]{{1,6}}?(?:镇|乡|街道|苏木|新区|开发区|高新区|经开区|林场|农场|{_PARK})"
_VILLAGE = rf"[{_HAN}]{{1,6}}?(?:村(?![街路镇道安])|屯|庄|堡|寨|坝|湾|[0-9一二三四五六七八九十](?:组|队|社)|自然村|行政村)村?(?:村委会?|居委会?|村部)?"
_PROVINCE = rf"(?:{PLACE}(?:省|市|特别行政区|(?:壮族|回族|维吾尔)?自治区)?)"
_LEVEL = rf"(?:{PLACE}(?:{AUTONOMOUS}|市|地区|州|盟|自治州|县|区|旗|新区)?|[{_HAN}]{{1,6}}?(?:{AUTONOMOUS}|市|自治州|自治县|县|区|旗|盟))"
_FINE = rf"(?:{_TOWN}|{_VILLAGE}|{_ROAD}|{_ESTATE})"
_TAIL = rf"(?:{_UNITS}{{1,6}}(?:{_BLOCK}{_UNITS}{{1,6}})?)"
CUE = r"(?:家住|我住|住在|住址|地址|住|家在|老家在|老家|老家是|户籍|籍贯|来自|寄到|寄给|寄往|送到|快递到|搬到|位于|收货地址|家庭地址|现居|定居|我在|我是|家是)"


def _rule(
    name: str,
    kind: str,
    pattern: str,
    yes: tuple[str, ...],
    no: tuple[str, ...],
    check: Check | None = None,
) -> Rule:
    return Rule(name, kind, compiled(pattern), yes, no, check)


PLACES: tuple[Rule, ...] = (
    _rule(
        "address",
        "address",
        rf"(?P<v>{_PROVINCE}{_SEP}(?:{_LEVEL}{_SEP}){{1,3}}(?:{_FINE}{_SEP}){{0,4}}{_TAIL}?(?<![ ,、-]))",
        (
            "药能寄到浙江省杭州市西湖区望桥路88号12幢3单元1802室吗",
            "老家在湖北省黄冈市蕲春县云溪镇白鹭村七组，来一趟",
            "收货地址山西省长治市电话",
            "我是北京市西城区的",
        ),
        ("杭州的天气", "四川省山区", "广东人", "四川、湖北、安徽", "山东地区"),
        _address,
    ),
    _rule(
        "address-fine",
        "address",
        rf"(?P<v>{_PROVINCE}{_SEP}(?:{_FINE}{_SEP}){{1,4}}{_TAIL}?(?<![ ,、-]))",
        ("上海市浦东新区岚溪镇白鹭路7777弄66号501室",),
        ("杭州一路走来",),
        _numbered,
    ),
    _rule(
        "address-cue",
        "address",
        rf"{CUE}[:是在 ]{{0,2}}(?P<v>(?:[{_HAN}]{{2,5}}?(?:省|市|县|区|州){_SEP}){{1,3}}(?:{_FINE}{_SEP}){{1,4}}{_TAIL}?(?<![ ,、-]))",
        ("我住清沅市锦云区听雨巷99号，",),
        ("我住院了",),
        _numbered,
    ),
    _rule(
        "road-number",
        "address",
        rf"(?P<v>(?:[{_HAN}]{{2,6}}?{AUTONOMOUS}{_SEP})?(?:{_FINE}{_SEP}){{1,4}}(?<=[路街道巷同弄村庄区园寓厦场苑城墅舍院镇乡邸环段屯堡寨坝湾]){_SEP}[东南西北中甲乙丙附]?[0-9]{{1,5}}(?:-[0-9]{{1,3}})? ?(?:{_KINDS})(?:[东西]户)?{_TAIL}?(?:{_BLOCK}{_UNITS}{{1,6}})?)",
        (
            "住听雨巷99号",
            "人在东宝区铁路小区22号楼16楼西户",
            "住船山区沪青平公路791弄54号304室",
            "沿江西路234号附8号教师新村19幢1004室",
            "家住白鹭花园12栋3单元501",
            "寄到望江大道313-6号中央公馆3栋1单元803",
        ),
        ("口服一路10号",),
        _trimmed,
    ),
    _rule(
        "address-building",
        "address",
        rf"(?P<v>[{_HAN}]{{2,18}}?{_HOUSES}{_SEP}(?:[0-9A-Za-z]{{1,2}} ?单元)?{_SEP}(?:[0-9]{{1,2}}-)?(?:[0-9]{{1,4}} ?(?:室|户|号|楼|层|房)(?:[东西南北中]户)?|[0-9]{{3,4}}(?![0-9])))",
        (
            "翡翠城7号楼1-2003",
            "未来城C栋1778房",
            "地址化肥厂家属院6座1474",
            "现住址：青秀区绿地香颂22幢2703室",
            "开户行在东湖区阳光水岸33幢1602室",
        ),
        ("住院部3号楼5层", "门诊楼2号楼3楼"),
        _building,
    ),
    _rule(
        "address-levels",
        "address",
        rf"(?P<v>[{_HAN}]{{2,8}}?(?:{AUTONOMOUS}|市|县|区|旗|镇|乡|街道){_SEP}(?P<m>[{_HAN}]{{2,5}}?)(?:县|区|旗|镇|乡|街道|{_PARK}|(?:村|屯|庄)(?:镇|乡|村)?)(?!医院|卫生|人民|中心|中医|妇幼|诊所|派出所|社区)(?:{_FINE}{_SEP}){{0,3}}{_TAIL}?)",
        (
            "从庐阳区大王庄镇赶过来",
            "快递到白鹭乡白鹭村2组吧",
            "我人在锦川市城关区",
            "家在锦川市城西工业园老鸦关镇棉纺路6弄4号",
            "救护车到桑珠孜区太平乡",
        ),
        ("城市地区农村", "小区社区", "去市区县区看"),
        _two_levels,
    ),
)
