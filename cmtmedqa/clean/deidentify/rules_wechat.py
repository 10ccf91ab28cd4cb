"""Rules for WeChat: cue and value in either order, with whatever introduces a value between them."""

import re

from cmtmedqa.clean.deidentify.grammar import BACK, FAR, GAP, LINK, led_to, measured
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.patterns import compiled

_NO_ID = frozenset(("wechat", "weixin", "android", "iphone", "windows", "vitamin", "itamin"))
_HEART = "[❤♥♡💗💓💚💕]"
# In Han characters: the name itself and how it is written where a platform forbids it.
_SPELT = (
    rf"(?:[微薇威徽围维魏味][ ./*·_~+|丨-]?信|[微薇威][心芯星讯](?!片)|[微薇威徽维] ?[xX]|[微薇威徽维卫魏Vv➕]{_HEART}️?|[微薇威][号聊]|企微|绿泡泡?|绿色的?(?:聊天)?(?:软件|图标|泡泡|头像|气泡)|[某×]信|(?:聊天|社交)(?:软件|工具|账?号)|"
    "卫星(?!灶|结节|现象|病|细胞|站|电视|图)|(?<![A-Za-z])(?:[Ww]ei ?信|[VvWw][信心]))"
)
_LATIN = r"(?:[VvWw][ ._-]?[Xx]|[Ww]e ?[cC]hat|WECHAT|[Ww]ei ?[Xx]in(?:g|hao)?|WEIXIN)(?:[ ._-]?(?:[Ii][Dd]|[Hh]ao|HAO|[Nn][Oo]\.?|[Nn]umber))?"
_CUE = rf"(?:{_SPELT}|(?<![A-Za-z]){_LATIN}(?![A-Za-z]))(?:[0-9](?=[: ]))?"
# One letter or character that may be something else: it is added, or stands by itself before a value.
_ADDED = r"(?:(?<=加)|(?<=[加给跟]我)|(?<=[+➕私])|(?<=[加留要换给有发求]个)|(?<=留)|(?<=一下)|(?<=方式)|(?<=[我您你他她的] )|(?<=我的)|(?<=[,。!?;:( \n][我您你])|(?<=^[我您你]))"
_ALONE = r"(?:^|(?<=[,。!?;:、( \n]))"
_WEAK = rf"(?:{_ADDED} ?(?:[Vv](?![A-Za-z])|[微薇威徽]{{1,2}})|{_ALONE}(?:[VvWw](?=[: ])|[微薇威徽](?=[: A-Za-z0-9]))|(?<![A-Za-z0-9肝素])(?:[Vv]|[微薇威])(?=一?下?[我俺][,: ]?)|(?<=有)[Vv微薇威](?=[吗不么没号])|(?<=[我您你俺])[Vv](?= ?(?:[1-9][0-9]{{5}}|[A-Za-z]+[0-9_-])))"
_ID = r"(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9][0-9A-Za-z_-]{4,19})(?![A-Za-z0-9])"
_MARKED_ID = r"(?=[A-Za-z_-]*[0-9_])[A-Za-z][A-Za-z0-9_-]{5,19}"
_FIRST_ID = r"(?<![A-Za-z0-9_.-])(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9]{5,15})(?![A-Za-z0-9_-])"
_WORDS = r"(?:这个?|那个|也|就|都|同|才|加|请|搜|添加|是|您?我|您|的|同步|可[加以]|工作|私人|个人|常用|[大小]号|手机|电话|[ ,(（]){0,6}"
_NOT_USED = r"(?![转支付收里上群说缴交]|号?码?[:是为 ,]{0,3}[0-9A-Za-z])"
_ELSE = re.compile(
    ".{3}电话|座机|传真|[Qq]{2}|身份证|银行|护照|医保|社保|[费元块钱价花岁]|步数|运动|余额|充值|转[账了给]|红包|付|收[款到]|住院号|门诊号|病历|血|细胞|大约|[今去前明]年|年龄|日期|时间|粉丝|里有|上有|群里|(?<![细详再慢聊来想后])说(?![:明一下吗吧?]|行[吗不]|可以[吗不])|里面|细?菌"
)
_OTHER_CUE = re.compile("电话是|邮箱|身份证|护照|住院号|门诊号|病历号|昵称|用户名|网址")
_ROUND = re.compile("[1-9][0-9]?0+$|[0-9]{3}00$")


# A handle: letters with a number, which little else in these texts is.
_HANDLE = r"(?P<v>[A-Za-z]{4,16}[._-]?[0-9]{1,4}|[A-Za-z]{2,16}[_-][0-9]{2,4})"
_NO_HANDLE = re.compile(
    "vitamin|omega|hpv|covid|sars|iphone|ipad|cyfra|windows|win[0-9]|android|mate[0-9]|note[0-9]|type[0-9]|stage[0-9]|level[0-9]|grade[0-9]|figo",
    re.IGNORECASE,
)


def _account(match: re.Match[str]) -> bool:
    """An id of letters that stands away from its cue holds a digit or a mark; a number there is a longer one."""
    value, gap = match["v"], match["gap"]
    if value.lower() in _NO_ID:
        return False
    if value[0] not in "0123456789":
        plain = not re.search("[0-9_-]", value)
        touching = match.string[match.start("v") - 1] in "Vvx"
        return not (plain and (touching or len(gap) > 4)) and led_to(match, 0, _OTHER_CUE)
    return led_to(match, 5 if len(gap) <= 4 or _INTRODUCED.search(gap) else 6, _ELSE)


# A gap that ends like this introduces the value whatever stands before it.
_INTRODUCED = re.compile("(?:[我您你他她]的|号码?|手机|[是叫为搜加:])[: ,]?$")


def _marked(match: re.Match[str]) -> bool:
    """Behind a weak cue: letters with a digit or a mark, or a number of six digits that is not round."""
    value = match["v"]
    if value[0] in "0123456789":
        return not _ROUND.match(value) and led_to(match, 5, _ELSE)
    return bool(re.search("[0-9_]", value)) and value.lower() not in _NO_ID and led_to(match, 0, _OTHER_CUE)


def _own(match: re.Match[str]) -> bool:
    return match["v"].lower() not in _NO_ID and measured(match, 0)


def _joined(match: re.Match[str]) -> bool:
    """Directly before the cue: letters with a digit or a mark, or a number that is not announced as a telephone or is round."""
    value = match["v"]
    if re.search("(?:手机|电话)号?码?[:是 ]{0,2}$", match.string[max(0, match.start("v") - 8) : match.start("v")]):
        return False
    plain = value.isalpha()
    return not plain and not _ROUND.match(value) and _own(match)


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, "wechat", compiled(pattern), yes, no, check)


WECHAT: tuple[Rule, ...] = (
    _rule(
        "wechat",
        _CUE + GAP + _ID,
        (
            "加微信abc_12345",
            "V信：zhang-1234",
            "vx13912345678",
            "微信搜happycat_951关注",
            "可以加您微信吗？我的是tian_618备注",
            "我把微信写这：832164960，",
            "加个微信吧4060778882以后",
            "加我wei信bluesky-155",
            "微信我不常用，号是tian_618",
            "微信号不是那个，是tian_618",
            "您加我微信吧。我的是tian_618",
            "微❤abc_123",
            "加微信说 tian_618",
            "卫星号abc_123",
            "我的卫星abc_123，平台上不让说",
            "微信tian_618或者tian_619",
            "微-信 tian_618",
            "v.x：tian_618",
            "wxid：tian_618",
            "WX ID:dengyuan88",
            "我的VXhao wxid_k3tian618",
            "微号：2576402",
            "那个绿色软件1048148",
            "在国外，用wechat吧，我的是14956",
            "您微信号多少？我的68533",
            "能在微信上说吗？76168044，这边回得慢",
        ),
        (
            "微信APP咨询",
            "微信里说了3次",
            "WeChat小程序",
            "微信搜android",
            "微信是2011年",
            "微信里转了20000块",
            "wei信里说",
            "微信步数12345",
            "微信预约。血小板213000",
        ),
        _account,
    ),
    _rule(
        "wechat-far",
        _CUE + FAR + rf"(?P<v>{_MARKED_ID}|[0-9]{{6,15}})(?![A-Za-z0-9_-])",
        ("微信我平时不怎么看，不过您加的话我会通过，号是tian_618",),
        ("微信上问了一下别的医生，说是不能停药，大概要吃200000", "微信里有人说这个药加100000单位"),
        lambda match: led_to(match, 0, _ELSE),
    ),
    _rule(
        "wechat-handle",
        _CUE + r"[^A-Za-z;\n]{0,28}?" + _HANDLE + r"(?![A-Za-z0-9@.])",
        ("老师微信1对1指导，随时都可以问：momo_1982", "微信24小时在线tian618"),
        ("微信问了2个人，都说omega3没用",),
        lambda match: not _NO_HANDLE.match(match["v"]),
    ),
    _rule(
        "wechat-touching",
        r"(?<![A-Za-z0-9])(?:[VvWw][Xx]|[Vv](?![Xx])|[Ww]eixin|[Ww]e[Cc]hat)(?!itamin)(?P<v>"
        + _MARKED_ID
        + r")(?![A-Za-z0-9])",
        ("加VXyezi_2004聊", "联系方式wxmomo_1988", "加vtian_618"),
        ("VX-770这个药", "wxid", "加vitamin c", "VEGFR2突变", "V600E突变"),
        lambda match: (
            match.string[match.start() + 1] in "Xxe"
            or match.string[match.start() - 1 : match.start()] in tuple("加+➕私")
        ),
    ),
    _rule(
        "wechat-weak",
        _WEAK + LINK + _ID,
        (
            "有问题v我，tian_618",
            "走路还行我V 976988，私聊",
            "加v: abc12345",
            "➕V yezi_1986",
            "薇：684129",
            "我的V是tian_618",
            "联系方式v 13912345678",
            "微 momo-1982",
        ),
        ("V 5", "加v带", "因子V 活性", "微 高", "肝V 120000", "V1-V6导联", "加v100000"),
        _marked,
    ),
    _rule(
        "wechat-internal",
        r"(?P<v>[Ww][Xx][Ii][Dd]_[A-Za-z0-9]{6,24})(?![A-Za-z0-9])",
        ("wxid_5pk60e180en05b这是我的微信号", "➕vwxid_e8fe0k1p68865c"),
        ("wxid_",),
        None,
    ),
    _rule(
        "wechat-sent",
        rf"[给向往](?P<v>[A-Za-z][A-Za-z0-9_-]{{5,19}}|[0-9]{{5,12}}) ?(?:发|留|打)(?:个|条|一下|一?个)?(?:{_SPELT}|语音|留言)",
        ("直接给8756891发微信留言", "给tian_618发个微信"),
        ("给5000发微信红包", "给他发微信"),
        None,
    ),
    _rule(
        "wechat-before",
        _FIRST_ID
        + BACK
        + rf"(?:{_SPELT.replace('卫星', '卫星号')}|(?<![A-Za-z]){_LATIN}(?![A-Za-z]))(?![转支付收里上群说])",
        ("happy_951这是我的微信号", "tian_618（微信）", "tian_618，这是微信", "60151（微信号）", "64368是我vx"),
        ("100是微信转的", "200000是微信转的"),
        _own,
    ),
    _rule(
        "wechat-told-behind",
        _FIRST_ID
        + rf"(?P<gap>[, ]{{1,2}}[^0-9A-Za-z。;\n]{{0,16}}[, ](?:这|那)?(?:个|也)?就?是[我俺咱]的?){_SPELT}(?![转支付收里上群说])",
        ("39390，加的时候备注名字，是我微信，",),
        ("120000，收到了，是我微信转的",),
        _own,
    ),
    _rule(
        "wechat-joined",
        r"(?<![A-Za-z0-9_.-])(?P<v>[A-Za-z][A-Za-z0-9_-]{5,19}|[0-9]{5,15})(?![0-9_-])"
        + _WORDS
        + rf"{_CUE}(?!片){_NOT_USED}",
        (
            "13912345678微信同号",
            "tian_618微信",
            "tian_618，我微信号",
            "9552449微信同号",
            "bluesky591，加微信",
            "tian_618(同微信)",
            "438626592 vx",
        ),
        ("20000微信", "手机13912345678微信同号", "100微信", "13912345678微信tian_618", "123456微信转的", "android微信"),
        _joined,
    ),
    _rule(
        "wechat-searched",
        rf"(?:搜索?|查找|添加|加我?|找)(?:一下|下)?[: ]?(?P<v>{_MARKED_ID}|[0-9]{{5,15}})(?![A-Za-z0-9_-])[^0-9A-Za-z。;\n]{{0,8}}{_SPELT}",
        ("你搜tian_618就能找到我微信", "搜tian_618加微信"),
        ("搜android微信", "加10片微信"),
        _own,
    ),
    _rule(
        "wechat-added",
        rf"(?:加我|私我|私聊我|滴滴我|戳我|扫我|联系我|手动搜索?|联系(?:老师|助教|助理)|加[您你]?好友了?|添加好友|加一下我|我好友|好友号|(?:小助理|助理|管理员|群主|客服|助教|顾问|小编|专员)(?:的?(?:号|账号))?|进群请?加|拉群加|公众号搜?索?)[:是 ,]{{0,2}}(?P<v>{_MARKED_ID}|[0-9]{{5,12}})(?![A-Za-z0-9_-])",
        ("私信加我tian_618", "加好友：162286509", "加小助理：4181708"),
        ("加我android", "加我100000"),
        lambda match: not _ROUND.match(match["v"]) and _own(match),
    ),
)
