"""Rules for QQ numbers and the numbers of groups: cue and value in either order, with whatever introduces a value between them."""

import re

from cmtmedqa.clean.deidentify.grammar import BACK, FAR, GAP, LINK, led_to, measured
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.patterns import compiled

_NAME = (
    r"(?:(?<![A-Za-z])[Qq][ ._-]?[Qq](?![A-Za-z])(?!糖|星|飞车|音乐|农场|堂)|扣扣|球球|叩叩|口口|抠抠|蔻蔻|秋秋|丘丘|企鹅|腾讯(?:Q|号|[账帐]号)|🐧|"
    r"(?<![A-Za-z])(?:OICQ|oicq|TIM|tim)(?![A-Za-z-])|(?<![A-Za-z0-9])[扣Qq][号群聊])"
)
# A letter or a character that may be something else.
_WEAK = (
    r"(?:(?<![A-Za-z0-9])[Qq](?![A-Za-z0-9])|(?<![A-Za-z0-9])[Qq](?=[1-9][0-9]{4,10}(?![0-9A-Za-z]))|"
    r"(?<![应每折克纽倒])扣(?=[: ]?[1-9][0-9]{4})|(?<=[加留发聊])扣|扣(?:我|一下)|(?<![A-Za-z])[QqVv][/、和&+][QqVv](?![A-Za-z]))"
)
# A letter that stands for a channel: somebody has it, is asked for it, or sends something there.
_CHANNEL = r"(?<=[我您你他她个加的])[Qq](?![A-Za-z0-9间波])"
_GROUP = r"(?:群聊?号码?|加群|入群|[进拉]群(?:请?加)?|(?<![人族菌种])群(?=[:( ]?[1-9][0-9]{4,9}(?![0-9])))"
_VALUE = r"(?P<v>[1-9](?:[ -]?[0-9]){4,11})(?![0-9A-Za-z_])"
_FIRST = r"(?<![A-Za-z0-9_.-])(?P<v>[1-9][0-9]{4,11})(?![0-9])"
_HAN = "〇零○一幺二两三四五六七八九"
_ELSE = re.compile(
    "电话|座机|传真|身份证|银行|护照|医保|社保|[费元块钱价花岁]|步数|运动|余额|充值|转[账了给]|红包|付|收[款到]|住院号|门诊号|病历|血|细胞|大约|[今去前明]年|年龄|日期|时间|粉丝|里有|上有|群里有|(?<![上细详再慢聊来想后])说(?![:明一下])|里面有"
)
_MOBILE = re.compile("1[3-9][0-9]{9}")
_ROUND = re.compile("[1-9][0-9]?0+$|[0-9]{3}00$")


def _number(match: re.Match[str]) -> bool:
    near = len(match["gap"]) <= 4
    return led_to(match, 5, _ELSE) and (near or not _MOBILE.fullmatch(match["v"]))


def _sure(match: re.Match[str]) -> bool:
    """Behind a weak cue, or before one: no round number and no mobile one."""
    return not _ROUND.match(match["v"]) and not _MOBILE.fullmatch(match["v"]) and measured(match, 5)


def _weakly(match: re.Match[str]) -> bool:
    return _sure(match) and led_to(match, 5, _ELSE)


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, "qq", compiled(pattern), yes, no, check)


QQ: tuple[Rule, ...] = (
    _rule(
        "qq",
        _NAME + GAP + _VALUE,
        (
            "我的QQ：123456789",
            "扣扣123456789",
            "qq 100 002 468",
            "把图发我QQ上吧，397380",
            "我的QQ不是这个，是397380",
            "口口397380",
            "Q群：62393",
            "QQ邮箱就是397380",
            "两个QQ 397380和397381",
            "您加我QQ吧。我的号是397380",
            "🐧：397380",
            "q_q 397380",
            "QQ大号397380，小号397381",
            "老师能不能加个QQ细说，我的是397380",
            "加个QQ慢慢说吧，397380",
        ),
        (
            "QQ糖吃了100颗",
            "QQ多少",
            "QQ上说3次",
            "QQ群里有20000人",
            "QQ花了20000",
            "TIM-3抑制剂",
            "QQ问诊。血小板213000",
        ),
        _number,
    ),
    _rule(
        "qq-far",
        _NAME + FAR + _VALUE,
        ("我的QQ平时很少用，不过报告可以发过去，号是397380", "QQ可以的，我一般晚上八点以后在线，号码397380"),
        ("QQ上问过别的医生，说是不要紧，大概加200000单位",),
        _number,
    ),
    _rule(
        "qq-weak",
        _WEAK + LINK + _VALUE,
        (
            "Q我397380",
            "+q397381",
            "我的Q是397380",
            "扣我，397381",
            "有意者Q 397381",
            "Q/V 397381",
            "发我Q上397381",
            "联系方式Q397381",
            "q：397381",
        ),
        ("应扣1个月工资", "扣我100000", "辅酶Q10", "Q波异常", "q8h", "Q热"),
        _weakly,
    ),
    _rule(
        "qq-channel",
        _CHANNEL + GAP + _VALUE,
        ("可以加你Q吗，我的397380", "能加个Q吗 397380"),
        ("你Q波异常，肌钙蛋白12345", "他Q-T间期400"),
        _weakly,
    ),
    _rule(
        "qq-group",
        _GROUP + LINK + r"(?P<v>[1-9][0-9]{4,11})(?![0-9A-Za-z])",
        ("群号2648522，QQ群里有", "加群2648522", "病友群2648522", "癌友群（2648521）"),
        ("群号多少", "人群120000例", "进群10000人"),
        _number,
    ),
    _rule(
        "qq-group-before",
        _FIRST
        + r"[, ]?(?:这个?|那个|就|也|才|是)+(?:我们?|咱们?)?的?[一-鿿]{0,6}?(?<![人族菌种])群(?:的?群?号)?(?![众体落])",
        ("2648522这是病友群的群号", "2648522就是我们的群"),
        ("20000是高危人群", "10000例是人群", "12345这是群众"),
        _sure,
    ),
    _rule(
        "qq-before",
        _FIRST
        + r"(?![a-pr-zA-PR-Z])(?:"
        + BACK
        + r"|[ ,(]{0,2}(?:这个?|那个|加|搜|我|的|您|是|就|也|请){0,4} ?)"
        + rf"(?:{_NAME}|(?<![A-Za-z])[Qq](?=[ ,。!;)]|$)|扣我)"
        + r"(?!上|里|群里|[号群]?(?:号码)?[: 是,]{0,2}[0-9])",
        (
            "14086629这是我QQ号",
            "14086629（QQ）",
            "14086629我扣扣",
            "14086629，QQ",
            "14086629QQ",
            "14086629 qq",
            "14086629加我QQ",
            "14086629，扣我",
            "14086629是我的Q",
        ),
        ("5000QQ糖", "20000元是QQ", "87654321QQ397380", "20000QQ"),
        _sure,
    ),
    _rule(
        "qq-searched",
        rf"(?:搜索?|查找|添加|加)(?:一下|下)?[: ]?{_FIRST}[^0-9A-Za-z。;\n]{{0,6}}(?:[Qq][Qq]|扣扣|企鹅)",
        ("搜14086629加我QQ", "加14086629这个QQ"),
        ("加20000单位QQ",),
        _sure,
    ),
    _rule(
        "qq-han",
        _NAME
        + r"(?:号码?|是|为|:| ){0,4}"
        + rf"(?<![{_HAN}])(?P<v>[{_HAN}](?:[ ,、-]?[{_HAN}]){{5,10}})(?![{_HAN}十百千万])",
        ("扣扣：五八三二九一七四", "QQ号是三二五八六一四七九"),
        ("QQ群里三四个人", "企鹅一二三"),
        None,
    ),
)
