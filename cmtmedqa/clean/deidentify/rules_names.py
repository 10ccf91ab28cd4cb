"""Rules for names of patients and relatives, all by a cue; bare names are not looked for."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import delimited, field, honorific, strong, weak
from cmtmedqa.clean.deidentify.names import HAN, SURNAME

RELATIVE = (
    r"(?:老公|老婆|丈夫|妻子|爱人|先生|太太|媳妇|对象|父亲|母亲|爸爸|妈妈|老爸|老妈|老爹|爸|妈|儿子|女儿|闺女|孩子|宝宝|小孩|小朋友|男友|女友|男朋友|女朋友|未婚夫|未婚妻"
    r"|哥哥|姐姐|弟弟|妹妹|表[哥姐弟妹]|堂[哥姐弟妹]|[大小二三]?[哥姐弟妹]|奶奶|爷爷|外公|外婆|姥姥|姥爷|公公|婆婆|岳父|岳母|丈母娘|女婿|儿媳妇?|孙子|孙女|外孙女?|侄子|侄女|外甥女?"
    r"|叔叔|伯伯|伯父|伯母|舅舅|舅妈|姑姑|姑父|阿姨|姨妈|老伴|同事|朋友|同学|室友|邻居|亲戚|双胞胎|老人|家属|家长|本人)"
)
ROLE = r"(?:患者|病人|病患|患儿|产妇|孕妇|伤者|病员|死者|受试者|就诊人|就诊者|联系人|监护人|申请人|收件人|收货人|陪护|陪同人|证明人|投保人|被保险人|大名|用户|客户|会员|户主)"
FIELD = r"(?:姓名|名字|大名|全名|真名|名讳|联系人|收件人|收货人|监护人|签名|签字|落款|署名|户名|持卡人|曾用名|开户人|就诊人|患者名)"
HONORIFIC = (
    r"(?:先生|女士|小姐|同志|师傅|阿姨|大爷|大妈|大叔|大婶|叔叔|伯伯|奶奶|爷爷|太太|夫人|同学|老太|大姐|大哥|小朋友)"
)


def _rule(
    name: str, kind: str, family: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None
) -> Rule:
    return Rule(name, kind, family, re.compile(pattern), yes, no, check)


_V = rf"(?P<v>{SURNAME}[{HAN}])"

NAMES: tuple[Rule, ...] = (
    _rule(
        "name-field",
        "name",
        "name",
        FIELD + rf"(?:是|叫|为|:|=|[ (\[「\"'“])+(?P<v>[{HAN}·]{{2,15}})",
        ("姓名：林若溪", "患者姓名 欧阳慕云，女", "联系人:阿依古丽·买买提"),
        ("姓名是什么", "名字叫不出", "姓名：匿名"),
        field,
    ),
    _rule(
        "called",
        "name",
        "called",
        rf"(?:我|他|她|人|名字|大名|学名|{RELATIVE}|{ROLE})(?:的)?(?:名字|大名|全名)?(?:就|也)?(?:名叫|叫做|叫作|叫){_V}",
        ("孩子叫傅小满，名字写错了", "我叫张伟想问一下"),
        ("我叫高医生来", "他叫马上去"),
        strong,
    ),
    _rule(
        "named",
        "name",
        "called",
        rf"(?:名叫|取名叫?|起名叫?|名为|名唤|人称){_V}",
        ("有个人名叫李秀英。",),
        ("药名为白芍",),
        strong,
    ),
    _rule(
        "nickname",
        "name",
        "name",
        rf"(?:小名|乳名)(?:叫|是|:)*(?P<v>(?P<r>[{HAN}])(?P=r)|[小大阿][{HAN}])",
        ("小名叫乐乐",),
        ("小名没有",),
        None,
    ),
    _rule(
        "relative",
        "name",
        "relative",
        rf"(?:{RELATIVE}|{ROLE})(?:是|:|,|[ (「\"“])?{_V}",
        ("我父亲赖德厚以前也得过", "病人萧亦舒，就是昨天那个", "患者王芳，女"),
        ("患者高热三天", "我妈马上到", "孩子黄疸高", "病人方便吗"),
        weak,
    ),
    _rule(
        "i-am",
        "name",
        "name",
        rf"我(?:就)?是(?P<v>{SURNAME}[{HAN}]{{1,3}}?)(?=的(?:爸|妈|父|母|家属|家长|女儿|儿子|老公|老婆|丈夫|妻子|爱人|姐|妹|哥|弟|孙|儿媳|女婿|朋友|同事)|[,。!;]|$)",
        ("我是林若溪的妈妈", "我是林若溪，上周来过"),
        ("我是单身，", "我是高血压，", "我是白带多。"),
        delimited,
    ),
    _rule(
        "salutation",
        "name",
        "greeting",
        rf"(?:^|[。!?;\n\"“ ])(?P<v>{SURNAME}[{HAN}]{{1,3}}?) ?[,、! ]?(?=你好|您好)",
        ("阎柏青，你好，报告我看了", "林若溪您好"),
        ("谢谢，您好", "大夫您好", "张嘴您好"),
        delimited,
    ),
    _rule(
        "greeted",
        "name",
        "greeting",
        rf"(?:你好|您好|尊敬的|亲爱的|早上好|下午好|晚上好)[,!: ]{{0,2}}(?P<v>{SURNAME}[{HAN}]{{1,3}}?)(?=[,!:。]|$)",
        ("您好，林若溪，报告出来了",),
        ("你好，高血压，", "您好，谢谢。", "您好，白癜风。"),
        delimited,
    ),
    _rule(
        "record",
        "name",
        "sex",
        rf"(?:^|[。;:\n\" ])(?P<v>{SURNAME}[{HAN}]{{1,3}}?)[, 、(]{{1,2}}(?=[男女][性,、 ;)。0-9]|[男女]$)",
        ("李建国，男，56岁",),
        ("高热，女，5岁", "单位，男，"),
        delimited,
    ),
    _rule(
        "surname",
        "name",
        "name",
        rf"(?:免贵|我|他|她|患者|病人|医生|大夫|专家|老师|本人|孩子|跟[妈爸])姓(?P<v>{SURNAME})(?=[,。!;:的 ]|$)",
        ("免贵姓王。", "一个医生姓谌，"),
        ("我姓什么",),
        None,
    ),
    _rule(
        "honorific",
        "name",
        "honorific",
        rf"(?P<v>(?P<s>{SURNAME})(?P<g>[{HAN}]{{0,2}}?){HONORIFIC.replace('(?:', '(?P<t>', 1)})(?![{HAN}]?科)",
        ("王女士您好", "我是张先生"),
        ("我先生", "和先生", "常常阿姨", "方便阿姨"),
        honorific,
    ),
)
