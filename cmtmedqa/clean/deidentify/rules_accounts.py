"""Rules for WeChat and QQ: cue and value in either order, with whatever introduces a value between them."""

import re

from cmtmedqa.clean.deidentify.grammar import BACK, GAP, LINK, announced, measured
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.patterns import compiled

_NO_ID = frozenset(("wechat", "weixin", "android", "iphone", "windows", "vitamin", "itamin"))
_SPELT = r"(?:微信|薇信|威信|徽信|围信|维信|魏信|[微薇威]芯|[Ww]ei信|[Vv]信|微[xX]|[微薇威徽Vv][❤♥♡💗💓💚]|绿泡泡|卫星(?!灶|结节|现象|病|细胞|站))"
_WECHAT = (
    rf"(?:{_SPELT}|(?<![A-Za-z])(?:[VvWw] ?[Xx]|[Ww]e[Cc]hat|WECHAT|[Ww]ei[Xx]in|WX)(?![A-Za-z])|"
    r"(?<=加)[Vv微薇威]|(?<=加我)[Vv微薇威]|(?<=\+)[Vv]|(?<![A-Za-z0-9])[Vv](?=:)|(?<![A-Za-z0-9])[Vv](?=我))"
)
_ID = r"(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9][0-9A-Za-z_-]{4,19})(?![A-Za-z0-9])"
_MIXED_ID = r"(?=[A-Za-z_-]*[0-9_])[A-Za-z][A-Za-z0-9_-]{5,19}"
_FIRST_ID = r"(?<![A-Za-z0-9_.-])(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9]{6,15})(?![A-Za-z0-9_-])"
_QQ = (
    r"(?:(?<![A-Za-z])[Qq] ?[Qq](?![A-Za-z])|扣扣|球球|叩叩|口口|抠抠|蔻蔻|秋秋|企鹅|腾讯Q|(?<![A-Za-z])[扣Qq][号群]|(?<=加)[Qq扣]|(?<=加我)[ ]?[Qq扣]|"
    r"(?<=[我发])[Qq](?=[是:： 0-9])|(?<![A-Za-z0-9])[Qq](?=[:我])|(?<![应每折克纽倒])扣(?=[:： ]?[1-9][0-9]{4}))"
)
_GROUP = r"(?:群聊?号|加群|入群|进群|(?<![人族菌])群(?=[: ]?[0-9]{6}))"
_QQ_ID = r"(?P<v>[1-9](?:[ -]?[0-9]){4,11})(?![0-9A-Za-z_])"
_FIRST_QQ = r"(?<![A-Za-z0-9_.-])(?P<v>[1-9][0-9]{4,11})(?![0-9A-Za-z])"
_ELSE = re.compile(
    "电话|座机|传真|[Qq]{2}|身份证|银行|护照|医保|社保|[费元块钱价花岁]|步数|运动|余额|充值|转[账了给]|红包|付|收[款到]|住院号|门诊号|病历|血|细胞|大约|[今去前明]年|年龄|日期|时间|粉丝|里有|上有|群里|说|里面"
)
_OTHER_CUE = re.compile("电话|邮箱|[Qq]{2}|身份证|护照|住院号|门诊号|病历号|昵称|用户名|抖音|小红书|网址")
_MOBILE = re.compile("1[3-9][0-9]{9}")


def _account(match: re.Match[str]) -> bool:
    """An id of letters that stands away from its cue holds a digit or a mark; a number there is a longer one."""
    value, gap = match["v"], match["gap"]
    if value.lower() in _NO_ID:
        return False
    if value[0] not in "0123456789":
        plain = not re.search("[0-9_-]", value)
        touching = match.string[match.start("v") - 1] in "Vvx"
        return not (plain and (touching or len(gap) > 4)) and announced(match, 0, _OTHER_CUE)
    return announced(match, 5 if len(gap) <= 4 else 6, _ELSE)


def _number(match: re.Match[str]) -> bool:
    near = len(match["gap"]) <= 4
    return announced(match, 5, _ELSE) and (near or not _MOBILE.fullmatch(match["v"]))


def _own(match: re.Match[str]) -> bool:
    return match["v"].lower() not in _NO_ID and measured(match, 0)


def _joined(match: re.Match[str]) -> bool:
    """Directly before the cue: letters with digits, or a mobile number that is not announced as a telephone."""
    if re.search("(?:手机|电话)号?码?[:是 ]{0,2}$", match.string[max(0, match.start("v") - 8) : match.start("v")]):
        return False
    return bool(
        re.fullmatch(rf"1[3-9][0-9]{{9}}|{_MIXED_ID}", match["v"]) or match.string.startswith("同", match.end())
    ) and _own(match)


def _rule(kind: str, name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, kind, compiled(pattern), yes, no, check)


ACCOUNTS: tuple[Rule, ...] = (
    _rule(
        "wechat",
        "wechat",
        _WECHAT + GAP + _ID,
        (
            "加微信abc_12345",
            "V信：zhang-1234",
            "vx13912345678",
            "加v: abc12345",
            "微信搜happycat_951关注",
            "可以加您微信吗？我的是tian_618备注",
            "我把微信写这：832164960，",
            "加个微信吧4060778882以后",
            "加我wei信bluesky-155",
            "微信我不常用，号是tian_618",
            "微信号不是那个，是tian_618",
            "微❤abc_123",
            "加微信说 tian_618",
            "卫星号abc_123",
            "我的卫星abc_123，平台上不让说",
            "微信tian_618或者tian_619",
        ),
        (
            "微信APP咨询",
            "微信里说了3次",
            "WeChat小程序",
            "微信搜android",
            "微信是2011年",
            "微信里转了20000块",
            "加vitamin c",
            "wei信里说",
            "微信步数12345",
        ),
        _account,
    ),
    _rule(
        "wechat",
        "wechat-internal",
        r"(?<![A-Za-z0-9])(?P<v>wxid_[a-z0-9]{6,24})(?![A-Za-z0-9])",
        ("wxid_5pk60e180en05b这是我的微信号",),
        ("wxid_",),
        None,
    ),
    _rule(
        "wechat",
        "wechat-before",
        _FIRST_ID + BACK + _SPELT.replace("卫星(?!灶|结节|现象|病|细胞|站)", "vx|wx|VX") + "(?![转支付收里上群说])",
        ("happy_951这是我的微信号", "tian_618（微信）", "tian_618，这是微信"),
        ("100是微信转的", "200000是微信转的"),
        _own,
    ),
    _rule(
        "wechat",
        "wechat-joined",
        _FIRST_ID + rf"[ ,]{{0,2}}(?:这?是?我的?)?{_SPELT}(?![转支付收里上群说]|号?[:是 ]{{0,2}}[0-9A-Za-z])",
        ("13912345678微信同号", "tian_618微信", "tian_618，我微信号", "9552449微信同号"),
        ("20000微信", "手机13912345678微信同号", "100微信", "13912345678微信tian_618"),
        _joined,
    ),
    _rule(
        "wechat",
        "wechat-searched",
        rf"(?:搜索?|查找|添加|加我?|找)(?:一下|下)?[: ]?(?P<v>{_MIXED_ID}|[0-9]{{6,15}})(?![A-Za-z0-9_-])[^0-9A-Za-z。;\n]{{0,8}}{_SPELT}",
        ("你搜tian_618就能找到我微信", "搜tian_618加微信"),
        ("搜android微信", "加10片微信"),
        _own,
    ),
    _rule(
        "wechat",
        "wechat-added",
        rf"(?:加我|私我|加好友|添加好友|加一下我)[: ,]{{0,2}}(?P<v>{_MIXED_ID})(?![A-Za-z0-9_-])",
        ("私信加我tian_618",),
        ("加我android",),
        _own,
    ),
    _rule(
        "qq",
        "qq",
        _QQ + GAP + _QQ_ID,
        (
            "我的QQ：123456789",
            "扣扣123456789",
            "qq 100 002 468",
            "把图发我QQ上吧，397380",
            "我的QQ不是这个，是397380",
            "口口397380",
            "Q我397380",
            "Q群：62393",
            "QQ邮箱就是397380",
            "两个QQ 397380和397381",
        ),
        ("应扣1个月工资", "QQ糖吃了100颗", "QQ多少", "QQ上说3次", "QQ群里有20000人", "QQ花了20000"),
        _number,
    ),
    _rule(
        "qq",
        "qq-group",
        _GROUP + LINK + r"(?P<v>[1-9][0-9]{4,11})(?![0-9A-Za-z])",
        ("群号2648522，QQ群里有", "加群2648522", "病友群2648522"),
        ("群号多少", "人群120000例", "进群10000人"),
        _number,
    ),
    _rule(
        "qq",
        "qq-before",
        _FIRST_QQ
        + r"(?:"
        + BACK
        + r"|(?:加|我的?)?(?=[Qq扣]{2}号?)|, ?(?:我的?)?(?=[Qq扣]{2}号?(?:[,。! ]|$)))"
        + r"(?:[Qq] ?[Qq]|扣扣|企鹅|[Qq扣]号)(?!糖|上|号?[: 是]{0,2}[0-9])",
        ("14086629这是我QQ号", "14086629（QQ）", "14086629我扣扣", "14086629，QQ"),
        ("5000QQ糖", "20000元是QQ", "87654321QQ397380"),
        lambda match: measured(match, 5),
    ),
)
