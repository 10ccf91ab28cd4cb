"""Rules for names of medical professionals: a surname before a title, or a name after one."""

import re

from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import after_title, delimited, titled
from cmtmedqa.clean.deidentify.names import AMBIGUOUS, HAN, SURNAME

TITLE = r"(?:副?主任医师|主治医[师生]|主治大夫|住院医[师生]|副?主任(?:医生|大夫|护师|药师|技师)?|副?教授|副?院长|护士长|主管护师|护士|护师|医生|医师|大夫|专家|博士|药师|技师|所长|科长|主治|老师|老中医)"


def _rule(
    name: str, kind: str, family: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None
) -> Rule:
    return Rule(name, kind, family, re.compile(pattern), yes, no, check)


_V = rf"(?P<v>{SURNAME}[{HAN}])"

DOCTORS: tuple[Rule, ...] = (
    _rule(
        "doctor",
        "doctor",
        "title",
        rf"(?P<v>[小老]?(?P<s>{SURNAME})(?P<g>[{HAN}]{{0,2}}?){TITLE.replace('(?:', '(?P<t>', 1)})",
        ("之前是郝主任给我看的", "神经外科邵彦刚教授", "挂过谌云帆教授的号", "我是邵景行医生", "龚大夫说", "小王护士"),
        (
            "谢谢医生",
            "任何医生",
            "变成医生",
            "及时医生",
            "适应医生",
            "有的医生",
            "和医生",
            "全科医生",
            "儿科和外科专家",
            "内科高年资专家",
            "皮肤科常规门诊医生",
            "祝医生",
            "包括医生",
            "向医生",
            "按照医生",
            "胡大夫综合征",
        ),
        titled,
    ),
    _rule(
        "doctor-called",
        "doctor",
        "title",
        rf"(?:医生|大夫|医师|教授|主任|专家|主刀|主治|护士|院长|老师)(?:的?名字|姓名)?(?:叫做?|名叫|是|为|:|[ (「\"“])+{_V}",
        ("主刀医生是邵景行。", "主治医师：谌云帆"),
        ("医生是白天上班", "主任：高血压要吃药", "医生叫马上去"),
        after_title,
    ),
    _rule(
        "i-am-doctor",
        "doctor",
        "title",
        rf"(?:医生|大夫|医师|教授|主任)(?P<v>{SURNAME}[{HAN}]{{1,3}}?)(?=[,。!;]|$)",
        ("我是骨科医生邵景行，",),
        ("谢谢医生明白，", "医生应该，"),
        lambda match: match["v"][0] not in AMBIGUOUS and delimited(match),
    ),
)
