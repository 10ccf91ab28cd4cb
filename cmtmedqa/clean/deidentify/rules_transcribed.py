"""Rules for names that are written in Chinese by their sound: Uyghur, Kazakh, Tibetan, Mongolian, Yi and Dai ones."""

import re

from cmtmedqa.clean.deidentify.cues import BELONGINGS, FIELD, FUNCTION, HONORIFIC, RELATIVE, ROLE, TITLE
from cmtmedqa.clean.deidentify.likeness import inside_term, surroundings
from cmtmedqa.clean.deidentify.model import Check, Rule
from cmtmedqa.clean.deidentify.names import HAN, STOP, USUAL, allowed, closed, ends_at_mark, ends_well, sections
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.places import place_end
from cmtmedqa.clean.deidentify.wares import called_person, is_ware, named_after

_TABLE = {title.strip("[]"): words.split() for title, words in sections("transcribed.txt").items()}


def _any(*titles: str, least: int = 2) -> str:
    words = {word for title in titles for word in _TABLE[title] if len(word) >= least}
    return f"(?:{'|'.join(sorted(words, key=lambda word: (-len(word), word)))})"


_SOUND = "".join(sorted(set("".join(_TABLE["sound"]))))
_SOUNDS = "".join(sorted(set("".join(_TABLE["sound"] + _TABLE["more"]))))
_DAI = f"[{''.join(_TABLE['dai'])}](?![米器口])[{''.join(sorted(set(''.join(_TABLE['dai-given']))))}]{{1,2}}"
_DAI_NAME = re.compile(_DAI)
_DOT = "[·•・‧∙⋅･]"
_PARTS = "|".join(f"{_any(title)}{{2,3}}" for title in ("tibetan", "mongolian", "turkic"))
# Endings that only such names have, with whatever sounds stand before them.
_ENDINGS = "(?:古丽|买买提|别克|其木格|琪木格|其其格|琪琪格|巴雅尔|德力格尔|格日[乐勒]|特木尔|图雅|娜仁|阿不都|吐尔逊|热合曼|库尔班|卓玛|央金|扎西|次仁|多吉|加措)"
_YI = f"{_any('yi')}{_any('yi-given')}"
_RUN = rf"(?![不都者子叫皮法])[{_SOUNDS}]{{2,9}}"
_CUE = (
    rf"(?:(?:{RELATIVE}|{ROLE}|{FIELD}|[0-9] ?号?床|(?:我|他|她|你|您|这|那|病人|谁)(?:就|都)?是|名|叫|喊|请|给|帮|替|找|登记|预约|挂号|写|填|换|改|绑|签|打印?|显示|转)"
    r"(?:的|了|到|号|着|成|为|是|叫|做|作|名字|姓名|本人|[:, (\"“「]){0,3})"
)
# Of these cues what follows is a person only sometimes.
_VERBS = frozenset("请给帮替找写填换改签打印显转")
_NO_RUN = re.compile(
    "医院|孩子|妈|爸|血|病|药|检查|[0-9]|马上|知道|比如|特别|可能|加重|加量|明显|法子|根本|当地|其实|其他|其它|其中"
)


def _dotted(match: re.Match[str]) -> bool:
    """Not the name of a finding or a disease, nor two words with a dot between them."""
    text, end = match.string, match.end("v")
    if re.search("(?:病|征|综合[征症]|试验|反应|现象)$", match["v"]):
        return False
    odd = re.match(
        "[酸钠钾钙胺醇酯素]|片|胶囊|颗粒|注射|氏|综合[征症]|[征病]|现象|体征|试验|法则|反应|定律|骨折|手术|线|环|膜|球",
        text[end : end + 3],
    )
    return not odd and not any(allowed(match["v"], place) for place in range(len(match["v"])))


# Characters that end what leads to a name, or begin what stands behind it.
_LEADS = re.compile("[的是在叫给我你他她您了和与由请为科师刀助位找问:]")
_FOLLOWS = re.compile(f"{TITLE}|{HONORIFIC}|[的了吗呢吧是在有没不也都还就才跟说想要会能把被让男女,]")


def _around_dot(match: re.Match[str]) -> tuple[int, int] | bool:
    """The two parts beside a dot, without what leads to them or follows; most of their characters are such sounds."""
    text, dot = match.string, match.start("d")
    leads = [lead.end() for lead in _LEADS.finditer(text, match.start("v"), dot)]
    start = max((lead for lead in leads if dot - lead >= 2), default=match.start("v"))
    follows = _FOLLOWS.search(text, dot + 3, match.end("v"))
    end = follows.start() if follows else match.end("v")
    parts = text[start:dot] + text[dot + 1 : end]
    words = any(allowed(part, at) for part in (text[start:dot], text[dot + 1 : end]) for at in range(len(part)))
    sounds = sum(char in _SOUNDS for char in parts)
    words = words or inside_term(text, start) or text[end : end + 1] == "-" or not _dotted(match)
    return (start, end) if not words and 10 * sounds >= 6 * len(parts) and end - dot >= 3 else False


def _known(match: re.Match[str]) -> bool:
    """Parts of names that together are no place and no drug."""
    text, (start, end) = match.string, match.span("v")
    place = place_end(text, start)
    return not place >= end and not re.match(
        "[省市县区州盟旗镇乡路街氏]|自治|地区|医院|综合[征症]", text[end : end + 2]
    )


def _ended(match: re.Match[str]) -> bool:
    """A part of a name that a mark, a word that follows names or a medical term ends."""
    text, end = match.string, match.end("v")
    return _known(match) and (closed(text, end) or ends_well(text, end) or allowed(text, end))


def _by_cue(match: re.Match[str]) -> tuple[int, int] | bool:
    """The longest stretch of such sounds behind the cue that ends well and is no place, drug or other word."""
    text, start = match.string, match.start("v")
    verb = match[0][0] in _VERBS
    called = text[start - 1] == "叫"
    for end in range(match.end("v"), start + 2, -1):
        run = text[start:end]
        sure = sum(char in _SOUND for char in run)
        ended = ends_at_mark(text, end) or (end == match.end("v") and end - start >= 4)
        if not (ended or closed(text, end) or ends_well(text, end)) or (
            verb and end - start < 4 and 3 * sure < 2 * len(run)
        ):
            continue
        if (sure >= 2 and 2 * sure >= len(run)) or (ended and sure) or _DAI_NAME.fullmatch(run):
            ware = (
                is_ware(text, end) or named_after(text, start, end) or (called and not called_person(text, start, end))
            )
            return (start, end) if not ware and _sounded(text, start, end) else False
    return False


def _sounded(text: str, start: int, end: int) -> bool:
    """Whether a stretch of such sounds is no place, drug or other word."""
    place = place_end(text, start)
    words = any(allowed(text, at) for at in range(start, end - 1))
    return not (words or _NO_RUN.search(text[start:end]) or place >= end - 1)


def _framed(match: re.Match[str]) -> bool:
    """Between two marks or cues: half of the sounds and two of them are such that hardly are words."""
    run = match["n"] if "n" in match.re.groupindex else match["v"]
    sure = sum(char in _SOUND for char in run)
    start = match.start("v")
    return sure >= 2 and 2 * sure >= len(run) and _sounded(match.string, start, start + len(run))


def _clan(match: re.Match[str]) -> bool:
    """A clan and a given name of any characters that ends well."""
    text, end = match.string, match.end("v")
    given = text[match.start("v") + 2 : end]
    plain = not any(char in STOP and char not in USUAL for char in given)
    return plain and (closed(text, end) or ends_at_mark(text, end)) and not allowed(text, match.start("v"))


def _rule(name: str, kind: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...], check: Check | None) -> Rule:
    return Rule(name, kind, compiled(pattern), yes, no, check)


def _likely_run(match: re.Match[str]) -> tuple[int, int] | bool:
    """The longest stretch that ends well of parts of such names or of sounds that hardly are words, where what stands around it speaks of somebody."""
    text, start = match.string, match.start("v")
    for end in range(match.end("v"), start + 2, -1):
        run = text[start:end]
        sure = sum(char in _SOUND for char in run)
        known = len(_KNOWN.match(run)[0])  # type: ignore[index]
        if 2 * sure < len(run) or not (closed(text, end) or ends_well(text, end)):
            continue
        score = 2 * sure + (len(run) - sure) + known + surroundings(text, start, end)
        if score >= 11 and _sounded(text, start, end) and not is_ware(text, end) and not named_after(text, start, end):
            return start, end
    return False


_KNOWN = re.compile(f"(?:{_any('tibetan', 'mongolian', 'turkic', 'yi', 'yi-given')})*")

TRANSCRIBED: tuple[Rule, ...] = (
    _rule(
        "transcribed-likely",
        "name",
        rf"(?<![{_SOUNDS}])(?P<v>(?![不都者子叫皮法])[{_SOUNDS}]{{3,9}})",
        ("公众号里绑的卡是娜仁高娃，怎么换", "请艾克拜尔到彩超室门口", "手术通知：其木格，明日第二台"),
        ("吃了阿莫西林，", "马来西亚的，", "乌鲁木齐的", "奥美拉唑，"),
        _likely_run,
    ),
    _rule(
        "transcribed-dotted",
        "name",
        rf"(?P<v>(?![者子叫不都])[{_SOUNDS}]{{2,8}}(?: ?{_DOT} ?(?:[{_SOUNDS}]|别克|司马义|斯马义|[司斯]迪克){{1,8}}){{1,2}})",
        ("阿依古丽·买买提今天来复查", "给努尔兰•叶尔肯开的", "艾力・吐尔逊，男"),
        ("格林·巴利综合征", "上午·下午", "阿莫西林·克拉维酸"),
        _dotted,
    ),
    _rule(
        "transcribed-beside-dot",
        "name",
        rf"(?P<v>[{HAN}]{{2,7}}(?P<d>{_DOT})[{HAN}]{{2,8}})",
        ("主刀祖丽皮耶·买合木提，一助", "今天值夜班的是麦麦提敏·喀迪尔医生", "我是儿童保健科的沙吾列·胡马尔，"),
        ("上午·下午", "阿莫西林·克拉维酸", "内科·外科都看过", "格林·巴利综合征"),
        _around_dot,
    ),
    _rule(
        "transcribed-point",
        "name",
        rf"(?P<v>(?:{_any('turkic')}|[{_SOUND}]){{1,4}}[.。 ](?:{_any('turkic')}){{1,2}})",
        ("阿依古丽.买买提来取报告", "热依汗 库尔班，女"),
        ("古丽。你好", "阿依.血压"),
        _known,
    ),
    _rule(
        "transcribed-parts",
        "name",
        rf"(?P<v>{_PARTS}|(?![者子叫不都])[{_SOUNDS}]{{1,5}}{_ENDINGS}|{_any('tibetan')}{_ENDINGS})(?![{_SOUND}])",
        ("扎西顿珠昨天来过", "乌云其木格的片子", "巴合提古丽说还疼", "叶尔肯别克的药"),
        ("乌兰察布", "锡林浩特", "呼和浩特的"),
        _known,
    ),
    _rule(
        "transcribed-yi",
        "name",
        rf"(?P<v>{_YI})",
        ("沙马石布的检查单", "木乃阿支今天来了"),
        ("阿木果", "尼克酰胺"),
        _known,
    ),
    _rule(
        "transcribed-cue",
        "name",
        rf"{_CUE}(?P<v>(?=[{_SOUNDS}]{{0,3}}[{_SOUND}][{_SOUNDS}]){_RUN})",
        ("患者次仁拉措，女", "我爸叫额尔德木图，高血压", "姓名：阿勒腾格勒"),
        ("患者阿莫西林过敏", "我爸特别能吃", "孩子马上到", "叫乌鲁木齐的", "给布洛芬吃了"),
        _by_cue,
    ),
    _rule(
        "transcribed-framed",
        "name",
        rf"(?:^|(?<=[。!?;,、:\n\"“” (]))(?P<v>[{_SOUNDS}]{{3,9}})(?=[,、 (/|]{{1,2}}(?:[男女]|[0-9]{{1,3}}岁)|[,、 ]?[您你]好|的(?:{BELONGINGS})|{HONORIFIC}|在吗|在不在|请?到[0-9诊窗护]|(?:就|也|才)?是(?:[我俺咱他她](?!们家)|患者|病人)|[这那][个位](?:病人|患者))",
        ("热依拉的检查结果出来了", "帕尔哈提您好", "艾尔肯江，男，56岁"),
        ("阿莫西林，男", "马来西亚的朋友", "玛丽的", "巴布亚是我"),
        _framed,
    ),
    _rule(
        "transcribed-clan",
        "name",
        rf"{_CUE}(?P<v>{_any('yi')}[{HAN}]{{1,2}}?)(?=$|[^{HAN}]|[的了吗呢吧是在有没不又也都还就才跟说想要会能把被让请问男女今昨现])",
        ("我叫吉克隽逸，凉山人", "患者俄木小兵，男"),
        ("患者沙马", "我是马海的"),
        _clan,
    ),
    _rule(
        "transcribed-titled",
        "doctor",
        rf"(?:^|(?<=[。!?;,、:\n\"“” (请找挂约跟给让由问谢是的科院和]))(?P<v>(?P<n>[{_SOUNDS}]{{3,9}}){TITLE.replace('|专家', '')})",
        ("热依拉医生您好", "找帕尔哈提大夫看的"),
        ("阿里医生", "布洛芬医生", "都知道医生"),
        _framed,
    ),
    _rule(
        "transcribed-one",
        "name",
        rf"{_CUE}(?P<v>{_any('tibetan', 'mongolian', 'turkic')})",
        ("我爱人叫卓玛，藏族", "我妈玛依拉关节疼", "患者巴特尔，男"),
        ("我是哈密的", "叫成林的"),
        _ended,
    ),
    _rule(
        "transcribed-dai",
        "name",
        rf"(?:{RELATIVE}|{ROLE}|{FIELD}|我叫|[他她]叫|名叫|我是|你是|您是)(?:的|名字|叫|是|为|[:, ]){{0,3}}(?P<v>{_DAI})",
        ("病人岩温香，男", "病人岩三手术费交了", "我叫玉罕叫，", "产妇刀岩罕，昨晚生的"),
        ("患者刀口疼", "孩子玉米过敏"),
        _ended,
    ),
    _rule(
        "transcribed-doctor",
        "doctor",
        rf"(?P<v>(?:{_PARTS}|{_YI}|{_DAI}|[{_SOUNDS}]{{1,5}}{_ENDINGS}|[{_SOUNDS}]{{2,8}}{_DOT}[{_SOUNDS}]{{2,8}}|{_any('tibetan', 'mongolian', 'turkic')}){TITLE.replace('|专家', '')})",
        ("普布扎西大夫做的手术", "沙马石布主任说要开刀", "卓玛医生您好", "玉罕叫大夫看得好"),
        ("乌兰察布医生", "兰州专家"),
        _known,
    ),
    _rule(
        "transcribed-doctor-called",
        "doctor",
        rf"{FUNCTION}(?:[一那]?栏|处|那里|上面|已经|现在|后来|[改换变]成?|签名|签字|姓名|名字|写|填|签|盖|的|是|叫|为|[: (\"“「]){{0,4}}(?P<v>{_RUN}|{_DAI})",
        ("医师签名：吉克阿牛", "管床医生换成娜仁托娅了", "审核医师额尔德木图，写的未见异常"),
        ("医生布洛芬能吃吗", "检查者马上到", "医生给凯普兰打电话"),
        _by_cue,
    ),
)
