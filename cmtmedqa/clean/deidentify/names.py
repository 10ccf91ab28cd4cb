"""Where a personal name starts and ends: surname table, characters that given names do not hold, allow-list."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.paths import package_file

_FOLDER = ("clean", "deidentify")
HAN = "一-鿿"

# Characters that end a name: function words, verbs and nouns of consultations that given names hardly hold.
STOP = frozenset(
    "的了是在有也不你您我他她它们这那哪就都还又再才已被把给让对和与或及但而因为所以如果吗呢吧啊呀哦嗯么没无未别"
    "今现昨前后上下里外内男女岁年月日号周天点分时几个多少次些每只"
    "住来去到从往于向说问看看过着得地要想能会可应该需请谢吃喝服用打做查检开拿买挂约转"
    "医师药病患疼痛咳嗽烧吐泻肿痒疹癌瘤炎血尿便肝胃肾肺肠脑腰腿脚手头眼耳鼻口嘴牙舌喉颈胸背腹皮肤骨科室院房床诊疗治术症状感染"
    "爸爷奶姥婆叔姨舅姑孩娃老先叫姓名什怎样很太最比较非常更刚曾总直接由经常按照并且即便既则者其此该各某另同共只仅连等之"
    "身体重量高低期间候况题情果因素性质型类级量数据指标结见现出生死活动作用法式方面向位置部分边旁侧处"
    "吸发确咨突偶反复怎咋啥吓哭闹睡醒走跑站坐躺怕喜爱恨觉知道认识记忘找完毕始终止停"
)


def sections(name: str) -> dict[str, str]:
    """The words of a table of this package, by the title in brackets above them."""
    found: dict[str, str] = defaultdict(str)
    title = ""
    for line in package_file(*_FOLDER, name).read_text("utf-8").splitlines():
        if line.startswith("["):
            title = line
        elif not line.startswith("#"):
            found[title] += f" {line}"
    return found


def _tables() -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    tables = sections("surnames.txt")
    plain, ambiguous = (frozenset(tables[name].replace(" ", "")) for name in ("[plain]", "[ambiguous]"))
    return (
        plain | ambiguous,
        ambiguous,
        tuple(sorted(tables["[compound]"].split(), key=lambda name: (-len(name), name))),
    )


SURNAMES, AMBIGUOUS, COMPOUND = _tables()
# Compound surnames that are also words, or parts of such.
COMPOUND_WORDS = frozenset(
    [
        "第五",
        "微生",
        "司空",
        "东方",
        "闻人",
        "段干",
        "东门",
        "南门",
        "西门",
        "东郭",
        "单于",
        "太史",
        "鲜于",
        "公羊",
        "巫马",
        "陈林",
        "张简",
        "范姜",
        "乐正",
        "公西",
        "公良",
        "子车",
        "长孙",
        "公孙",
        "南宫",
        "钟离",
        "司马",
    ]
)
_GIVEN = sections("given.txt")
COMMON, _BEFORE, _AFTER = (frozenset(_GIVEN[name].replace(" ", "")) for name in ("[common]", "[before]", "[after]"))
CUT, NO_GIVEN = (frozenset(_GIVEN[name].split()) for name in ("[cut]", "[none]"))
# Given names that are ordinary words.
_WORDS = frozenset(_GIVEN["[words]"].split())
BEHIND = dict(item.split(":") for item in _GIVEN["[behind]"].split())
# Characters of given names that hardly stand in other words.
ONLY = frozenset(_GIVEN["[only]"].replace(" ", ""))
FIRST, LAST = COMMON | _BEFORE, COMMON | _AFTER
USUAL = FIRST | _AFTER
# Few places are worth the comparison with every compound surname.
SURNAME = rf"(?:(?=[{''.join(sorted({name[0] for name in COMPOUND}))}])(?:{'|'.join(COMPOUND)})|[{''.join(sorted(SURNAMES))}])"


def _by_first(words: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for word in words:
        if len(word) > 1:
            found[word[0]].add(word)
    return {first: frozenset(terms) for first, terms in found.items()}


_LISTED = sections("allowlist.txt")
_TERMS = _by_first((*_LISTED["[words]"].split(), *load_lexicon().terms))
_ALLOWED = _by_first((*_LISTED["[makers]"].split(), *_LISTED["[words]"].split(), *load_lexicon().terms))


LISTED = _ALLOWED
_MAKERS = _by_first(_LISTED["[makers]"].split())


def allowed(text: str, start: int, but: int = 0) -> bool:
    """Whether a term of the allow-list or of the medical lexicon starts here, one that does not end at `but`."""
    terms = _ALLOWED.get(text[start : start + 1], frozenset())
    return any(text[start : start + size] in terms and start + size != but for size in range(2, 11)) if terms else False


def maker(text: str, start: int) -> bool:
    """Whether the name of a maker or a ware starts here."""
    return any(text.startswith(name, start) for name in _MAKERS.get(text[start : start + 1], ()))


def listed(text: str) -> bool:
    """Whether a text as a whole is the name of a maker or a ware."""
    return text in _MAKERS.get(text[:1], ())


def inside_maker(text: str, start: int) -> bool:
    """Whether the name of a maker or a ware that began one or two characters before goes on here: 娃哈哈."""
    return any(
        text.startswith(name, at) and at + len(name) > start
        for at in range(max(0, start - 2), start)
        for name in _MAKERS.get(text[at], ())
    )


def holds_term(text: str) -> bool:
    """Whether a word of the allow-list or a term of the lexicon stands anywhere in a text; names of makers do not count."""
    return any(
        text[start : start + size] in terms
        for start in range(len(text))
        if (terms := _TERMS.get(text[start], frozenset()))
        for size in range(2, 11)
    )


_MEDICAL = _by_first(load_lexicon().terms)


def medical(text: str) -> bool:
    """Whether a term of the medical lexicon stands anywhere in a text."""
    return any(
        text[start : start + size] in terms
        for start in range(len(text))
        if (terms := _MEDICAL.get(text[start], frozenset()))
        for size in range(2, 11)
    )


_COMPOUND = frozenset(COMPOUND)
_SIZES = sorted({len(name) for name in COMPOUND}, reverse=True)


def surname_length(text: str, start: int) -> int:
    """Length of the surname that starts here, compound ones first; 0 if none does."""
    for size in _SIZES:
        if text[start : start + size] in _COMPOUND:
            return size
    return 1 if text[start : start + 1] in SURNAMES else 0


def name_end(text: str, start: int, given: int = 2) -> int:
    """Where the name that starts here ends: a surname and up to `given` further characters; `start` if there is none."""
    size = surname_length(text, start)
    if not size or allowed(text, start):
        return start
    end = start + size
    while end < start + size + given and (
        _is_given(text, end) or (text[end : end + 1] in USUAL and closed(text, end + 1))
    ):
        end += 1
    return end if end > start + size else start


def _is_given(text: str, place: int) -> bool:
    char = text[place : place + 1]
    return "一" <= char <= "鿿" and char not in STOP


# Words that follow a name, some of which begin like the last character of one.
_FOLLOWS = re.compile(
    "小名|就是|明天|今天|昨天|后天|前天|今年|明年|去年|前年|大前|最近|近[期来日]|现在|目前|之[前后]|以前|从前|先前|刚[才刚]|上[周个月午]|下[周个月午]|"
    "这[周几次个]|早上|中午|晚上|夜里|半夜|凌晨|平[时常]|一[直到般]|已经|经常|总是|老[是说毛]|常[年常]|长期|偶尔|突然|忽然|每[天次]|天天|因为|由于|"
    "得了|检查|体检|住院|出院|入院|手术|术后|怀孕|产后|生[完病]|发[烧热现]|高[烧热血]|大[便概夫]|小便|全身|身上|心[脏慌率跳里]|可[以能]|"
    "先生|女士|小姐|同志|大夫|医[生师]|主[任治诉]|教授|过敏|年龄|性别|电话|身份|糖尿|贫血|乙肝|甲[亢状]|骨[折头质]|签[字名]|同[意事学]|推荐|这个|那个|写错|写的|签的|"
    "康复|建议|为[您你什]|擅长|提醒|家[属里住长]|宝宝|的|了|吗|呢|吧|是|在|有|没|不|又|也|都|还|就|才(?![去今]年|[昨前]天|上[周个])|跟|和[我他她您你]|来[看过找问做复]|说|想|要|会|能|把|被|给|让|请"
)


class Name(NamedTuple):
    """Where a name ends, and whether every character of its given name is a usual one."""

    end: int
    usual: bool


def likely_name(text: str, start: int) -> Name | None:
    """The name that most likely starts here, told from the words behind it; None if none does.

    Two usual characters make a given name unless the second begins a word that follows names; one does where the next
    character is none that names hold. Of unusual characters only a given name up to a mark or a word is taken.
    """
    size = surname_length(text, start)
    if not size or allowed(text, start):
        return None
    one, two = start + size + 1, start + size + 2
    first, second = text[one - 1 : one], text[one:two]
    if not "一" <= first <= "鿿":
        return None
    if first + second in _WORDS and (closed(text, two) or ends_well(text, two)):
        return Name(two, True)
    pair = first in FIRST and second in LAST and text[two - 1 : two + 1] not in CUT
    # 和 ends a name before a mark and joins it to what follows elsewhere.
    pair = pair and (second != "和" or ends_at_mark(text, two))
    alone = first in COMMON and text[one - 1 : two] not in CUT
    alone = alone and (second not in USUAL or ends_well(text, one) or bool(_FOLLOWS.match(text, one)))
    if pair and not (alone and _FOLLOWS.match(text, one)):
        return Name(two, True)
    if alone:
        return Name(one, True)
    if _is_given(text, start + size) and _is_given(text, one) and ends_well(text, two):
        return Name(two, False)
    return Name(one, first in FIRST) if _is_given(text, start + size) and ends_at_mark(text, one) else None


def whole_run(text: str, start: int) -> int:
    """Where the run of Han characters ends that starts here, if as a whole it may be a name; else `start`."""
    run = _RUN.match(text, start)
    size = surname_length(text, start)
    given = len(run[0]) - size if run and size else 0
    return start + size + given if 1 <= given <= 2 and not allowed(text, start) else start


_RUN = re.compile(f"[{HAN}]{{1,6}}")  # longer than any name is enough: a run may be as long as the text


def closed(text: str, end: int) -> bool:
    """Whether a mark or a word that follows names stands here."""
    return ends_at_mark(text, end) or bool(_FOLLOWS.match(text, end))


def ends_well(text: str, end: int) -> bool:
    """Whether no further character of a word can follow: the text ends, punctuation or a word that follows names."""
    following = text[end : end + 1]
    return not re.match(f"[{HAN}]", following) or following in STOP


def ends_at_mark(text: str, end: int) -> bool:
    """Whether the text ends here, or a mark, a number, a sex or an age follows."""
    return not re.match(f"(?![男女])[{HAN}]", text[end : end + 1])
