"""Rules for the number of a bed: before 床, or behind a word for it."""

import re

from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.patterns import compiled

_BED = r"(?:外?加|[+A-Za-z]){0,2}[0-9]{1,4}(?:-[0-9]{1,3})?"
_IS = r"(?:号码?|位|号|是|为|在|写的?|[:= (\"“])"
# What is counted, measured or lasts is no bed.
_COUNTED = re.compile(
    " ?(?:张|个|元|块|天|多|年|小?时|分|次|周|月|岁|[cm]?m(?![A-Za-z])|米|厘米|公[分里]|点|级|度|床(?!位)(?:以上|以下|规模|左右)|余|万|人|例|片|期|[%/.×*]|[mk]?g)"
)
_MANY = re.compile("(?:有|共|每[天日个]|设|增|开放|拥有|编制|张|达到?|超过|仅|只有|约|近)$")


def _cued(match: re.Match[str]) -> bool:
    return not _COUNTED.match(match.string, match.end("v"))


def _bed(match: re.Match[str]) -> bool:
    return not _MANY.search(match.string[max(0, match.start("v") - 4) : match.start("v")]) and not re.match(
        "以上|以下|规模|左右|的?(?:医院|编制)|(?:被|棉|枕|垫|单|品|罩)|上用",
        match.string[match.end("v") : match.end("v") + 8],
    )


def _rule(name: str, pattern: str, yes: tuple[str, ...], no: tuple[str, ...]) -> Rule:
    return Rule(name, "bed", compiled(pattern), yes, no, _cued if name != "bed" else _bed)


BEDS: tuple[Rule, ...] = (
    _rule(
        "bed-cue",
        rf"(?:床位号?|床头[卡号牌]?|床号|(?<![0-9张])病床){_IS}{{0,4}}(?P<v>{_BED}(?: ?[号床]床?)?)(?![0-9A-Za-z.])",
        ("床号：A1203", "床位号加12", "病床号是12号", "床头号12", "床位是 27-3"),
        ("床位2张不够", "床位费50元", "床位30元", "病床10张", "病床旁100米", "床位500张"),
    ),
    _rule(
        "bed-label",
        rf"(?:^|(?<=[。!?;,、\n 区室科楼])|(?<=住|在|到))床[: ]{{1,2}}(?P<v>{_BED}(?: ?[号床])?)(?![0-9A-Za-z.])",
        ("姓名：林若溪 床：12", "内科床 加3"),
        ("起床 8点", "床 2张", "卧床：20天"),
    ),
    _rule(
        "bed",
        rf"(?<![0-9.+/×*~-])(?<![0-9][至到])(?<![每共约近余超一张][0-9])(?P<v>{_BED} ?(?:号?病?床|号床位)(?:加[0-9]{{0,2}})?)(?![位头垫上旁以单铺品被罩]|数(?!据)|都是)",
        (
            "住院部骨科12床",
            "他住36床",
            "住加12床",
            "昨天您给54床换的药",
            "27-3床病人",
            "产科+7床",
            "住在12病床",
            "12床、13床",
            "把12 床的片子拿来",
        ),
        ("医院有500床位", "共3张床", "每天1床", "有200床以上", "病房里3床被子", "50床位规模", "50床规模"),
    ),
    _rule(
        "bed-terse",
        r"(?:^|(?<=[。!?;,、\n ]))床(?P<v>(?:\+|加)[0-9]{1,3}|[0-9]{1,2}-[0-9]{1,3})(?![0-9A-Za-z.])",
        ("医嘱单  床+5  头孢", "床7-6 头孢"),
        ("起床7-8点", "卧床3-5天", "床3-5天"),
    ),
    _rule(
        "bed-english",
        r"(?<![A-Za-z])[Bb]ed(?: ?(?:[Nn]o\.?|[Nn]umber|#))? ?(?P<v>[0-9]{1,3}[A-Z]?)(?![0-9A-Za-z.])",
        ("my father is in bed 42, 心外科", "Bed No. 12A"),
        ("bed rest 3 days", "2 beds"),
    ),
    _rule(
        "bed-corridor",
        r"(?:走廊|过道|楼道)里?的?(?P<v>(?:外?加)?[0-9]{1,3}号?床)(?!位)",
        ("放在走廊40床上，", "过道加3床"),
        ("走廊里4张床", "走廊40床位"),
    ),
    _rule(
        "bed-listed",
        rf"(?<![0-9A-Za-z.])(?P<v>{_BED}号?)(?=[、和及与跟]{_BED}号?床)",
        ("12和13床都该换药", "2、3号床"),
        ("2和3天后下床", "12床"),
    ),
)
