"""Where a personal name starts and ends: surname table, characters that given names do not hold, allow-list."""

import re
from collections import defaultdict

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


def _tables() -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    sections: dict[str, str] = defaultdict(str)
    title = ""
    for line in package_file(*_FOLDER, "surnames.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            title = line
        elif not line.startswith("#"):
            sections[title] += f" {line}"
    plain, ambiguous = (frozenset(sections[name].replace(" ", "")) for name in ("[plain]", "[ambiguous]"))
    return (
        plain | ambiguous,
        ambiguous,
        tuple(sorted(sections["[compound]"].split(), key=lambda name: (-len(name), name))),
    )


SURNAMES, AMBIGUOUS, COMPOUND = _tables()
SURNAME = rf"(?:{'|'.join(COMPOUND)}|[{''.join(sorted(SURNAMES))}])"


def _allowed() -> dict[str, frozenset[str]]:
    lines = package_file(*_FOLDER, "allowlist.txt").read_text("utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    found: dict[str, set[str]] = defaultdict(set)
    for word in (*words, *load_lexicon().terms):
        if len(word) > 1:
            found[word[0]].add(word)
    return {first: frozenset(terms) for first, terms in found.items()}


_ALLOWED = _allowed()


def allowed(text: str, start: int) -> bool:
    """Whether a term of the allow-list or of the medical lexicon starts here."""
    terms = _ALLOWED.get(text[start : start + 1], frozenset())
    return any(text[start : start + size] in terms for size in range(2, 11)) if terms else False


def surname_length(text: str, start: int) -> int:
    """Length of the surname that starts here, compound ones first; 0 if none does."""
    for compound in COMPOUND:
        if text.startswith(compound, start):
            return len(compound)
    return 1 if text[start : start + 1] in SURNAMES else 0


def name_end(text: str, start: int, given: int = 2) -> int:
    """Where the name that starts here ends: a surname and up to `given` further characters; `start` if there is none."""
    size = surname_length(text, start)
    if not size or allowed(text, start):
        return start
    end = start + size
    while end < start + size + given and _is_given(text, end):
        end += 1
    return end if end > start + size else start


def _is_given(text: str, place: int) -> bool:
    char = text[place : place + 1]
    return "一" <= char <= "鿿" and char not in STOP


def ends_well(text: str, end: int) -> bool:
    """Whether no further character of a word can follow: the text ends, punctuation or a word that follows names."""
    following = text[end : end + 1]
    return not re.match(f"[{HAN}]", following) or following in STOP


def ends_at_mark(text: str, end: int) -> bool:
    """Whether the text ends here, or a mark, a number, a sex or an age follows."""
    return not re.match(f"(?![男女])[{HAN}]", text[end : end + 1])
