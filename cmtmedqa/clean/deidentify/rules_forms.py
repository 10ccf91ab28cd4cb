"""Rules for names in the fields of forms, on cards and slips, and at the head of records."""

import re

from cmtmedqa.clean.deidentify.cues import FIELD, KIN, RELATIVE, ROLE
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import (
    announced,
    delimited,
    field,
    recorded,
    usual,
    whole,
)
from cmtmedqa.clean.deidentify.names import HAN, SURNAME, listed
from cmtmedqa.clean.deidentify.patterns import compiled

_V = rf"(?P<v>{SURNAME}[{HAN}])"
_W = rf"(?P<v>{SURNAME}[{HAN}]{{1,2}}?)"
_EDGE = r"(?<![^。!?;,、:\n\"“” (（])"
# A user name is none.
_FIELD = FIELD.replace("|户名", "|(?<!用)户名")
_LATIN = "[A-Z][a-z]{1,15}(?:[ -][A-Z][a-z]{1,15}){1,2}"


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, "name", compiled(pattern), yes, no, check)


_SOMEBODY = re.compile(rf"(?:我|{KIN})名?$")


def _called_like_a_ware(match: re.Match[str]) -> bool:
    """Somebody who is called like a maker or a ware, where only a person can be meant."""
    led = match[0][0] != "叫" or _SOMEBODY.search(match.string, max(0, match.start() - 5), match.start())
    return bool(led) and listed(match["v"])


def _addressed_like_a_ware(match: re.Match[str]) -> tuple[int, int] | bool:
    """The name of a maker or a ware that a form of address follows, with nothing of a sentence before it."""
    text, end = match.string, match.start("v")
    starts = (start for start in (end - 3, end - 2) if start >= 0 and listed(text[start:end]))
    return next(((start, end) for start in starts if not re.match(f"[{HAN}]", text[start - 1 : start])), False)


_LIKE = rf"{SURNAME}[{HAN}]{{1,2}}"

FORMS: tuple[Rule, ...] = (
    _rule(
        "name-field",
        _FIELD + rf"(?:是|叫|为|:|=|[ (\[「\"'“])+(?P<v>[{HAN}·]{{2,15}})",
        ("姓名：林若溪", "患者姓名 欧阳慕云，女", "联系人:阿依古丽·买买提"),
        ("姓名是什么", "名字叫不出", "姓名：匿名"),
        field,
    ),
    _rule(
        "name-written",
        rf"(?:{_FIELD}(?:上|栏|处|那里|那栏|这里|那|里)?(?:写|填|登记|用|选|打|印|改|留|报|错)?的?(?:变?成了?|是|了|着|为)?|(?:下一位|[叫喊念]到)(?:是|病人|患者)?|(?:写|登记|填|挂|打印|显示|查|报|预约|约)(?:的|着|成|了)(?:是|名字是)?){_V}",
        (
            "姓名那里填林若溪",
            "预约的是林若溪",
            "叫号叫到林若溪了",
            "就诊人选的邵景行",
            "化验单上写着林若溪，是我",
            "挂号登记的是邵景行对吧",
            "病历上名字写的谌云帆",
        ),
        ("写着高血压", "用的方法", "查的血常规", "用的温碧泉面霜"),
        announced,
    ),
    _rule(
        "name-english-cue",
        rf"(?<![A-Za-z])(?:(?:[Pp]atient(?:'s)? )?(?:[Ff]ull )?[Nn]ame(?: is)?|[Pp]atient|PATIENT|NAME|[Mm]y (?:name is|son|daughter|wife|husband|mother|father|mom|mum|dad|baby|child|kid|friend|brother|sister)|[Mm]rs?\.?|[Mm]s\.?)[:, ]{{1,3}}(?P<v>{SURNAME}[{HAN}]{{1,2}}?)(?=[^{HAN}]|$)",
        ("Name: 林若溪  Sex: F", "My daughter 邵岩 has a rash"),
        ("Name: 高血压 ", "file name 方案 "),
        delimited,
    ),
    _rule(
        "like-a-ware",
        rf"(?:(?:患者|病人|姓名|名字|联系人|就诊人)[:是叫 ]{{0,2}}(?=[{HAN}]{{2,3}}[, ]{{0,2}}(?:[男女](?![儿孩人童生士])|[0-9]))|叫(?=[{HAN}]{{2,3}}(?:[,。!;]|$|今年)))(?P<v>{_LIKE})(?![{HAN}])",
        ("患者赵一鸣，女，45岁", "我叫张小泉，头疼", "我妈叫张小泉，头疼"),
        ("我叫高血压，", "患者女，45岁", "牌子叫张小泉，"),
        _called_like_a_ware,
    ),
    _rule(
        "like-a-ware-addressed",
        "(?P<v>女士|先生)(?=,?[您你]好)",
        ("郑明明女士您好", "你好，张小泉先生您好"),
        ("高血压女士您好", "用张小泉先生您好"),
        _addressed_like_a_ware,
    ),
    _rule(
        "in-chain",
        rf"接龙[ :]{{0,2}}(?:[0-9]{{1,3}}[.、: ]{{0,2}})?(?P<v>{SURNAME}[{HAN}]{{1,2}}?)(?=[ ,:0-9]|$|周[一二三四五六日]|[今明后]天|[一二两三四五六七八九十0-9]{{1,2}}[盒瓶袋份箱件套])",
        ("钙片团购接龙：林若溪 两盒 ", "接龙1邵岩周四复查要空腹"),
        ("接龙：高血压 ", "接龙1方便"),
        delimited,
    ),
    _rule(
        "called-by-number",
        rf"(?:请|有请|呼叫)[A-Z]?[0-9]{{1,4}} ?号(?:患者|病人)?[:, ]?(?P<v>{SURNAME}[{HAN}]{{1,2}}?)(?=(?:患者|病人)?(?:请)?(?:马上|尽快)?(?:到|去|进|前往|在|来)[^,。!?;\n]{{0,10}}(?:室|窗口|门口|诊|台|区|厅|楼|前))",
        ("请035号林若溪到彩超二室门口等候",),
        ("请3号方便时到门口",),
        delimited,
    ),
    _rule(
        "name-latin",
        rf"(?:{_FIELD}|我叫|名叫|患者|病人)(?:是|叫|为|:|=|[ (\[])*(?P<v>{_LATIN})",
        ("姓名：Zhang Wei", "我叫Maria Lopez"),
        ("姓名：无",),
        None,
    ),
    _rule(
        "name-dotted",
        rf"(?:{_FIELD}|{RELATIVE}|{ROLE}|叫做?|我是)(?:是|叫|为|:|,|[ (\[「\"'“])*(?P<v>(?![的我做是他她])[{HAN}]{{1,7}}[·•・][{HAN}]{{2,7}}?)(?=[^{HAN}]|$|[，的今昨最在有是从感因住]|医生|大夫|大爷|大妈|女士|先生)",
        ("患者阿依古丽·买买提，女", "我叫巴特尔·其其格，", "签字的家属热依拉·吐尔逊，"),
        ("患者血压·心率",),
        lambda match: not re.search("血压|心率|药|片|检查|病(?!了|得)|(?:征|试验|反应|现象)(?:[阳阴].*)?$", match["v"]),
    ),
    _rule(
        "name-corrected",
        rf"(?:名字?|姓名|病历|登记|写|打|录|输)错[^。!?]{{0,10}}(?<!不)(?:是|叫|为){_V}",
        ("病历写错了，不是张三，是林若溪", "名字打错了，应该是邵景行"),
        ("登记错了，应该是常规号", "写错了是正常的"),
        announced,
    ),
    _rule(
        "name-on-card",
        rf"(?:医保卡|社保卡|身份证|就诊卡|报告单?|化验单|检查单|处方|单子|病历本?|床头卡|腕带|手环|挂号单|系统|户口本)(?:上|里)面?(?:的?名字|的?姓名)?(?:写|印|显示|登记|填)?(?:的|着)?(?:是|叫)?{_V}",
        ("医保卡上是林若溪", "床头卡上写着邵景行"),
        ("报告上是阳性", "单子上写着高血压", "病历上有方案"),
        announced,
    ),
    _rule(
        "name-of-card",
        rf"(?:医保卡|社保卡|身份证|就诊卡|处方|单子|病历|号|挂号|登记)(?:都|就|开的?|填的?|写的?)?是{_W}(?=的(?:名|$|[,。]))",
        ("医保卡是林若溪的名字", "处方开的是邵景行的名"),
        ("处方是常规的，", "单子是安全的"),
        whole,
    ),
    _rule(
        "bed-name",
        rf"(?:[0-9] ?号?床(?:位)?(?:的|:|,|的?病人|的?患者)?|床号?:? ?[0-9]{{1,3}}[, ]{{1,2}}){_V}",
        ("17-6床尹丽", "加6床赫连玲", "床号12，林若溪"),
        ("12床高血压", "3床方便吗"),
        announced,
    ),
    _rule(
        "record-joined",
        rf"{_EDGE}{_W}(?=[男女]性?[, ]?(?:[0-9]{{1,3}}岁|因|主因|以|于|[已未]婚|汉族))",
        ("袁军女28岁孕12周", "澹台琪男45岁"),
        ("高血压男45岁", "黄疸女5岁"),
        recorded,
    ),
    _rule(
        "record",
        rf"(?:^|[。!?;:\n\" ,、])(?P<v>{SURNAME}[{HAN}]{{1,3}}?)[, 、(/|]{{1,2}}(?:性别)?:?(?=[男女][性,、 ;)。/|0-9]|[男女]$)",
        ("李建国，男，56岁", "林若溪 女 34岁", "邵景行（男，61岁）"),
        ("高热，女，5岁", "单位，男，"),
        delimited,
    ),
    _rule(
        "record-age",
        rf"(?:^|[。;:,\n\" ])(?P<v>{SURNAME}[{HAN}]{{1,2}})[, 、(/|]{{1,2}}(?:年龄)?:?(?=[0-9]{{1,3}}岁)",
        ("林若溪，34岁，头痛",),
        ("高热，5岁", "感冒 5岁", "黄疸，3岁"),
        usual,
    ),
)
