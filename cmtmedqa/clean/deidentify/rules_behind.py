"""Rules for names that open a clause and have their cue behind them: who somebody is, whose name it is, whose relatives come."""

from cmtmedqa.clean.deidentify.cues import HONORIFIC, KIN, RELATIVE, ROLE
from cmtmedqa.clean.deidentify.front_checks import framed_name, fronted, fronted_sure
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import HAN, SURNAME
from cmtmedqa.clean.deidentify.patterns import compiled

_EDGE = r"(?:^|(?<=[。!?;,、:\n\"“” (（]))"
_W = rf"(?P<v>{SURNAME}[{HAN}]{{1,2}}?)"
_IS = "(?:(?:就|也|才|都|正|其实|应该)?(?:是|系|乃|为))"
_WHOSE = "(?:[我俺咱他她你您](?:们|们家|家|们单位|们科)?|孩子|宝宝|患者|病人|就诊人|本人|家里|户口本上)"
_TERM = "的?(?:真实|户口本?上?|身份证上?)?的?(?:名字|姓名|真名|本名|大名|全名|学名|原名|曾用名|名)(?![一-鿿]?[称义])"
_PATIENT = "(?:病人|患者|病患|病号|患儿|产妇|孕妇|伤者|老人家?|老太太|老爷子|孩子|小孩|小朋友|宝宝|娃娃?|人|同志|名字)"
_TIME = "(?:今天|昨天|前天|昨晚|今早|今天早上|明天|上周[一二三四五六日]?|上个?月|前几天|这几天|刚才?|早上|下午|上午|晚上|已经?)"


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, "name", compiled(pattern), yes, no, check)


BEHIND_NAMES: tuple[Rule, ...] = (
    _rule(
        "front-name-of",
        rf"{_EDGE}{_W}(?=,?(?:这个?名字?)?{_IS}{_WHOSE}{{0,2}}{_TERM}|这个?名字?[是,。!?]|,?(?:是)?(?:真名|本名|实名)(?:[,。;]|$))",
        ("林若溪是我的名字，麻烦查下", "邵岩是我真名，病情是这样的", "王芳是患者姓名", "李强这个名字是我的"),
        ("那个是我的名字", "明明是我的名字", "单子是我的名字", "关键是我的名字"),
        fronted,
    ),
    _rule(
        "front-is",
        rf"{_EDGE}{_W}(?=,?{_IS}(?:(?:[我俺咱他她你您](?:们|家|们家)?|孩子|宝宝|患者|病人)的?(?:{RELATIVE}|{_PATIENT})|{ROLE}|家[父母]))",
        ("林若溪是我同事", "邵岩是患者，我是家属", "王芳系我女儿", "李强是产妇的丈夫", "陈敏是他爱人"),
        (
            "那是我妈",
            "关键是我妈不听",
            "应该是病人",
            "单位是病人",
            "明天是我女儿生日",
            "高血压是我妈妈的病",
            "方便是患者要的",
        ),
        fronted,
    ),
    _rule(
        "front-this",
        rf"{_EDGE}{_W}(?=[这那][个位名]{_PATIENT})",
        ("林若溪这个病人您还记得吗", "王芳那位患者昨天出院了"),
        ("常见这个病人", "康复那位患者", "时间这个人"),
        fronted_sure,
    ),
    _rule(
        "front-patient",
        rf"{_EDGE}{_W}(?=(?:患者|病人|患儿|产妇)(?:[,。!?:]|$|[您你]好|的?家[属长]|[在请到来住]|本人|{_TIME})|[ (:—-]{{1,3}}(?:患者|病人|家属|患儿|产妇|本人)(?:本人|代问)?(?:[)。,;]|$))",
        ("林若溪患者您好", "邵景行病人的家属在吗", "王芳（患者）昨天住院", "陈国强患者，请到二诊室"),
        ("高危患者，", "康复患者，", "普通患者您好", "安静患者", "任何病人的家属"),
        fronted_sure,
    ),
    _rule(
        "front-kin",
        rf"{_EDGE}{_W}(?=[他她](?:{KIN})|(?:{HONORIFIC})的?(?:家[属长]|{KIN}))",
        ("林若溪他妈妈来问一下", "王广生小朋友的家长您好"),
        ("应该他妈妈来", "方便他妈妈", "明天她妈妈来"),
        fronted_sure,
    ),
    _rule(
        "front-does",
        rf"{_EDGE}{_W}(?={_TIME}?(?:在(?:你们|您|你|咱|我们)[^,。!?]{{0,4}}(?:住|做|看|查|检|治|手术|开)|(?:住|挂|约)(?:在|了|的是?)?(?:你们|您|几|[0-9])|排(?:到|在)?(?:第?几|[0-9])|是几[号床]|(?:已经?|刚)(?:缴|交|出院|住院|入院|手术|挂号|报到)|(?:挂|约)的?是?[今明后昨]天))",
        ("林晓霞住你们科几床", "邵景琪昨天在您这做的手术", "陈国伟排到几号了"),
        ("明天在你们那看", "时间已经缴费了", "检查已经缴费了", "常规排到几号"),
        framed_name,
    ),
)
