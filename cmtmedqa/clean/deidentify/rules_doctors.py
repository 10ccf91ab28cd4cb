"""Rules for names of medical professionals: a surname before a title, or a name after one."""

import re

from cmtmedqa.clean.deidentify.cues import FUNCTION, TITLE
from cmtmedqa.clean.deidentify.front_checks import recommended
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.name_checks import (
    JOINS,
    after_title,
    announced_full,
    delimited,
    usual,
    usual_acting,
    whole,
)
from cmtmedqa.clean.deidentify.names import AMBIGUOUS, HAN, SURNAME, allowed
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.title_checks import titled


def _rule(name: str, kind: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, kind, compiled(pattern), yes, no, check)


_V = rf"(?P<v>{SURNAME}[{HAN}])"

_W = rf"(?P<v>{SURNAME}[{HAN}]{{1,2}}?)"
_EDGE = r"(?<![^。!?;,、:\n\"“” (（])"


def _thanked(match: re.Match[str]) -> bool:
    """No word, and no surname that joins the title to what stands before it."""
    text, start = match.string, match.start("v")
    return (
        text[start] not in JOINS and not allowed(text, start, start + 2) and not set(match["v"][1:]) & set("科院室诊部")
    )


DOCTORS: tuple[Rule, ...] = (
    _rule(
        "doctor",
        "doctor",
        rf"(?P<v>[小老]?(?P<s>{SURNAME})(?P<g>[{HAN}]{{0,2}}?) ?{TITLE.replace('(?:', '(?P<t>', 1)})",
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
            "于医生而言",
            "从医生的角度",
        ),
        titled,
    ),
    _rule(
        "doctor-called",
        "doctor",
        rf"{FUNCTION}(?:的?(?:医生|大夫|专家|人))?(?:一栏|那一?栏|栏里?|处|那里|那儿|这里|上面?|下面|后面)?(?:的?名字|姓名|签名|签字|签章|盖章)?(?:现在|已经?|后来|又|给|临时|今天)*(?:[改换变调转分]|写|填|签|盖|印|打|显示|安排|分配|指定|登记)?(?:成|到|给|了|着)?的?(?:就)?(?:叫做?|名叫|是|为|:|[ (「\"“])*{_V}",
        (
            "医师签名：邵景行",
            "主刀的是邵景行",
            "报告者：林若溪",
            "主刀医生是邵景行。",
            "主治医师：谌云帆",
            "管床医生林若溪不在",
            "主任叫邵岩",
            "单子上主治医生一栏是林若溪",
            "管床医生换成邵景行了，还没见过",
            "主刀医生后来改成谌云帆了",
        ),
        ("检查者须知", "记录人：无", "医生是白天上班", "主任：高血压要吃药", "医生叫马上去"),
        after_title,
    ),
    _rule(
        "i-am-doctor",
        "doctor",
        rf"(?:医生|大夫|医师|教授|主任)(?P<v>{SURNAME}[{HAN}]{{1,3}}?)(?=[,。!;]|$)",
        ("我是骨科医生邵景行，",),
        ("谢谢医生明白，", "医生应该，"),
        lambda match: match["v"][0] not in AMBIGUOUS and delimited(match),
    ),
    _rule(
        "doctor-set-apart",
        "doctor",
        rf"(?P<v>{SURNAME}[{HAN}]{{1,2}})[ ,、:(-]{{1,2}}(?:[{HAN}]{{1,6}}科的?)?(?={TITLE.replace('|老师', '').replace('|专家', '')})",
        ("邵景行（主任医师）", "林若溪，副主任医师，擅长糖尿病", "林若溪，心内科主任医师"),
        ("高血压，医生说", "方便，主任在吗", "谢谢，医生"),
        usual,
    ),
    _rule(
        "doctor-at-work",
        "doctor",
        rf"(?:挂|找|看|由|请|让|约|问|是|跟|听|让您|选|转)(?:了|过|的|到)?(?P<v>{SURNAME}[{HAN}]{{1,2}}?)(?=的(?:专家|普通|特需)?号|的?门诊|(?:给|为)(?:我|他|她|孩子|我[爸妈])|做的|主刀|看过|看的|开的|会诊|接诊|坐诊|亲自|操刀|说的)",
        ("我想挂谌云帆的号", "上次找林若溪看过", "是邵景行给我做的手术", "由邵岩主刀"),
        ("挂专家的号", "是常规做的", "看方便门诊"),
        whole,
    ),
    _rule(
        "doctor-acting",
        "doctor",
        rf"{_EDGE}{_W}(?=给(?:开|做|看|治)的|(?:给|为|帮)(?:我|他|她|孩子|宝宝|俺|你|您)(?:们|[爸妈]|女儿|儿子|老公|老婆)?(?:开|做|看|治|拔|打|换|动|检查|调|推荐|诊)|亲自|主刀|坐诊|出诊|接诊|执笔|开的|看的|做的手术|做的|说(?:不|没|我|要|可以|得|这|是))",
        ("林若溪给我开的药", "胃疼，邵景行看的门诊", "谌云帆亲自做的", "朱凯给我开的药", "林若溪说不用手术"),
        ("方便给我看看", "高手给我开的", "白天做的", "医院给我开的药", "别人说我胖", "时间说不准"),
        usual_acting,
    ),
    _rule(
        "doctor-recommended",
        "doctor",
        rf"(?<!药店)(?<!药房)(?<!店员)(?<!导购)(?<!广告)(?<!超市)(?<!商家)(?<!专柜)(?:建议(?:您|你)?去?[找挂看]|(?:推荐(?:的?(?:是|找|挂|看)|到|上|了|您|你|我)?|(?:约|挂|抢)(?:到|上|了|的|您|你|我)?)去?[找挂看]?){_W}(?=[,。!; ]|$|的[号,。]|[明今后]天|下?周|看(?:看|病|诊|一下)?(?:[,。!?;吧]|$))",
        ("约了孟莹，", "挂林若溪的号", "推荐您找林若溪。", "推荐您找邵景行看", "网上推荐邵景琪"),
        ("推荐高效的，", "建议找专家。", "建议安静，", "药店推荐王守义", "导购推荐林若溪", "朋友推荐的郁美净"),
        recommended,
    ),
    _rule(
        "doctor-introduced",
        "doctor",
        rf"(?:我|敝|免贵|鄙人)姓(?P<v>{SURNAME})(?=[,、。 ]{{0,2}}(?:我?是)[^,。!?]{{0,12}}(?:医生|大夫|医师|护士|主任|药师))",
        ("我姓邵，是您的主管医生",),
        ("我姓什么，医生", "我姓邵，医生"),
        None,
    ),
    _rule(
        "doctor-presented",
        "doctor",
        rf"我叫{_W}(?=[,。 ]?(?:我?是)(?:您|你|咱|这|今)?[^,。!?]{{0,12}}(?:医生|大夫|医师|护士|主任|药师))",
        ("我叫林若溪，是您的主治医生",),
        ("我叫马上，是医生", "我叫林若溪，医生"),
        whole,
    ),
    _rule(
        "doctor-of-department",
        "doctor",
        rf"(?:科|科室|门诊|病区|门诊部|医院)(?:的|:)?{_V}",
        ("我是心内科的邵景行，很高兴为您服务", "神经内科林若溪看的"),
        ("内科方面", "妇科常规检查", "外科于今天", "皮肤科黄褐斑", "医院安排"),
        announced_full,
    ),
    _rule(
        "doctor-on-duty",
        "doctor",
        rf"我是(?:今[天晚]的?|夜班的?)?(?:值班|住院|管床|主治|接诊|急诊)的?(?:医[师生]|大夫|护士)(?P<v>{SURNAME})(?=[,。!;:])",
        ("我是值班医师张，患者现在怎么样",),
        ("我是值班医师，", "我是值班医生常年在"),
        None,
    ),
    _rule(
        "doctor-by-surname",
        "doctor",
        rf"(?P<v>{SURNAME})(?=姓(?:医生|大夫|主任|教授|专家|护士|医师))",
        ("一位邵姓医生",),
        ("百姓医生",),
        None,
    ),
    _rule(
        "doctor-dr",
        "doctor",
        rf"(?<![A-Za-z])(?:[Dd][Rr]|[Dd]octor|DR|[Pp]rof(?:essor)?)[. ]{{1,2}}(?P<v>{SURNAME}[{HAN}]{{0,2}}?)(?=$|[^{HAN}]|[让说给建开叫看的是在也])",
        ("Dr. 滕 让我三个月复查", "I saw Dr. 林若溪 last month"),
        ("Dr. 高血压", "doctor 说"),
        lambda match: not allowed(match.string, match.start("v")) and match["v"] not in JOINS,
    ),
    _rule(
        "doctor-surname-of",
        "doctor",
        rf"姓(?P<v>{SURNAME})(?=的?(?:那[个位]|这[个位]|一[个位])?(?:女|男|老|年轻)?(?:的)?(?:医生|大夫|主任|教授|专家|护士|医师|药师|郎中|院长|护工|技师))",
        ("口腔科有两个姓容的大夫", "挂号姓潘的主任"),
        ("百姓的医生", "姓什么的大夫"),
        None,
    ),
    _rule(
        "doctor-sister",
        "name",
        rf"(?:^|(?<=[。!?\n ，,、:]))(?P<v>{SURNAME}[姐哥])(?=[,!。 ]{{0,1}}(?:我|你|您|在吗|麻烦|帮|辛苦|谢谢|这|药|护士)|[你您]好)",
        ("蒋姐，我这瓶快滴完了", "宋哥你好"),
        ("大姐，我想问", "表姐我的", "小哥，你好"),
        lambda match: match["v"][0] not in JOINS,
    ),
    _rule(
        "doctor-thanked",
        "doctor",
        rf"(?:多亏|赠|送|敬赠|献给|托|亏了|感恩|辛亏|幸亏|烦请|值班的|商量送|商量给|老乡|镇上|村里|通知[:因][^。!?]{{0,10}},|[您你]好,)(?P<v>{SURNAME}(?:[{HAN}]{{1,2}}?)?{TITLE.replace('|专家', '').replace('|老师', '').replace('|助理', '').replace('|组长', '')})",
        ("妈住院多亏舒护士长关照", "锦旗：赠雍医生 妙手仁心", "家里商量送李子鑫主任一面锦旗", "镇上豆郎中摸的脉"),
        ("多亏全科医生", "送到主任那里", "赠和医生", "值班的门诊医生"),
        _thanked,
    ),
)
