"""Rules for names behind what somebody did or a document says, before who it was, and behind a misspelt cue."""

import re

from cmtmedqa.clean.deidentify.front_checks import fronted
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import Extent, announced_sure, field, recorded, sound
from cmtmedqa.clean.deidentify.names import HAN, SURNAME, USUAL, surname_length, whole_run
from cmtmedqa.clean.deidentify.patterns import compiled

_V = rf"(?P<v>{SURNAME}[{HAN}])"
_W = rf"(?P<v>{SURNAME}[{HAN}]{{1,2}}?)"
_EDGE = r"(?<![^。!?;,、:\n\"“” (（])"
# What only somebody does or undergoes: what is done to things or samples is none of it.
_DID = (
    "(?:住院|入院|出院|转院|手术|开刀|看病|就诊|看诊|候诊|挂号|加号|陪[床护诊]|签字|[缴交]费|[取领]药|输液|打针|透析|化疗|放疗|分娩|生产|生病|得病|患病|抢救|去世|过世|"
    "复诊|体检|预约|报名|登记|实名(?:认证)?|认证|绑定|投保|参保|卧床|摔倒|咨询|提问|代[问诉])"
)
_HEAD = "(?:抬头|台头|页眉|表头|署名|落款|名头|签[名字]处|姓名[处栏])"
_PAPER = "(?:检查单|化验单|报告单?|发票|收据|单子|单据|腕带|手环|床头卡|条码|胶片|片子|申请单|挂号[单条]|标签|同意书|诊断书|证明)"
_KINSMAN = "(?:父亲?|母亲?|夫|丈夫|妻子?|子(?!宫)|儿子|女儿?|兄|姐|弟|妹|哥哥|姐姐|弟弟|妹妹|祖[父母]|外祖[父母]|爷爷|奶奶|外[公婆]|配偶|家属|监护人|女婿|儿媳)"
_WHEN = "(?:刚才?|方才|昨[天晚]|今[天早]|前[天几]|上[午次周回个]|那天|之前|早上|早晨|晚上|下午|头[几两]天)"


_INSTITUTION = re.compile(f"[{HAN}]{{0,4}}(?:医院|公司|大学|学院|集团|银行|药[房店]|门诊部)")


def _person(match: re.Match[str]) -> Extent:
    """A name that is sure by itself, or a run of usual characters up to a mark."""
    found = announced_sure(match)
    if isinstance(found, tuple):
        return not _INSTITUTION.match(match.string, found[1]) and found
    text, start = match.string, match.start("v")
    end = whole_run(text, start)
    given = text[start + surname_length(text, start) : end]
    return (start, end) if given and all(char in USUAL for char in given) and sound(text, start, end) else False


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check) -> Rule:
    return Rule(name, "name", compiled(pattern), yes, no, check)


ROLES: tuple[Rule, ...] = (
    _rule(
        "role-who-is",
        rf"{_DID}[的嘞](?:人|病人|患者|那[个位])?(?:就|也|才|其实|应该)?(?:是|叫){_V}",
        ("住院的是林若溪，术后第三天", "签字的就是邵岩", "陪床的人是何玲，", "实名认证的是王占和，处方开在这个名字下"),
        ("住院的是方便，", "打针的是安定，", "挂号的是常规门诊", "手术的是左腿"),
        _person,
    ),
    _rule(
        "role-document-head",
        rf"(?:{_HEAD}(?:上|处|那里|栏|里)?面?(?:打|写|印|开|填|标|显示)?(?:的|着|成了?)?(?:就|都|也)?(?:是|为|叫|:)|{_PAPER}(?:上|里)?面?(?:打|印|标|落|署)(?:的|着|成了?)?(?:名字?|姓名)?(?:是|为|叫)?){_V}",
        ("检查单抬头打的是林若溪，不是别人的", "发票抬头：邵岩", "腕带印的是林若溪"),
        ("抬头是单位，", "报告打印", "单子印的是高血压", "发票抬头是公司", "抬头是华东医院"),
        _person,
    ),
    _rule(
        "role-speaks-for",
        rf"其{_KINSMAN}[: ]?{_W}(?=代诉|代述|代为|代签|陈述|供史|提供|签字|陪同|陪护|护送|送[来入]|述|诉|[,。;! )(]|$)",
        ("患儿，男，3岁，其母林若溪代诉", "其父邵岩陪同", "其女何玲，电话未留"),
        ("其母高血压，", "其父健在，", "其子宫，", "其母常年陪护"),
        recorded,
    ),
    _rule(
        "role-misspelt-field",
        rf"(?:姓[明铭民鸣各](?![亮])|性[名明]|幸名|名[子宇])(?:是|叫|为|:|=| )+(?P<v>[{HAN}·]{{2,15}})",
        ("姓明：林若溪，我填好了", "性名：邵岩，女", "孩子名子叫林若溪"),
        ("姓明：", "性名是什么"),
        field,
    ),
    _rule(
        "role-front-who",
        rf"{_EDGE}{_W}(?=[, ]{{0,2}}(?:我?就是){_WHEN}[^,。!?;\n]{{1,14}}的(?:[那这][个位]|病人|患者|家属|[,。!?]|$))",
        ("何凯，就是刚才发CT片子的那个", "邵岩，我就是昨天问湿疹的"),
        ("方案，就是昨天说的那个", "单子，就是刚才发的那个", "那个就是昨天说的"),
        fronted,
    ),
)
