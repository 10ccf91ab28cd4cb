"""Whether a rewrite names other drugs, diseases and tests than the original: swaps are sought, not each word that differs."""

import operator
import re
import string
from collections.abc import Iterable
from functools import lru_cache

from cmtmedqa.llm import terms as named
from cmtmedqa.llm.dosed import dosed
from cmtmedqa.llm.spoken import IMPLIED, LATIN, OTHERS

_WIDE = frozenset(("抗生素", "激素"))  # what a drug that is named may be called as well
_MEANT = OTHERS | IMPLIED
_SAID_IN_SHORT = re.compile("|".join(sorted(map(re.escape, _MEANT), key=len, reverse=True)))
_SAYS_NOTHING = frozenset(
    "部病疾症药检查测性项功能试验抗剂片类型做量治疗手术颅针苗口服液散盐感染期综合征史伤"
)  # in the name of a term
_EVERYDAY = str.maketrans("烧疼吐泡疤", "热痛呕疱瘢")
_TELLS_NOTHING = frozenset(
    [
        "功能",
        "检查",
        "综合",
        "合征",
        "感染",
        "疾病",
        "试验",
        "手术",
        "治疗",
        "反应",
        "障碍",
        "损伤",
        "慢性",
        "急性",
        "抗体",
        "测定",
        "分析",
        "细胞",
        "症状",
        "常规",
        "药物",
        "胶囊",
        "颗粒",
        "注射",
        "软膏",
        "维生",
        "生素",
        "小儿",
        "复方",
    ]
)
_FAMILIES = frozenset(
    ("头孢", "维生", "复方", "小儿", "盐酸", "青霉", "硝酸", "格列", "阿莫", "中药")
)  # what begins many names
# Where the name of an illness begins: what stands before belongs to no name.
_MARKS_BEFORE = re.compile(
    "^.*[^\u4e00-\u9fff]|^.*[的是为有了和与及或个做查拍行见示虑患得发出现处属在如若果疑断于再复次并伴无没非成诊]"
)
_SCALES = tuple(
    frozenset(words.split())
    for words in ("轻度 中度 重度", "早期 晚期", "急性 慢性", "良性 恶性", "阳性 阴性", "浅 深", "左 右")
)
_EXAMINED = re.compile("(?:再[查测看]|复查|化验|[查看测]一?[次下]|复测|抽血|验血)(?=[，。,；;了再还就]|$)")
_TEST = re.compile("超声|常规|X线|CT|磁共振|检查|镜|造影|心电图|病理|蛋白|试验|抗体|功能|血糖|血脂|肝功|肾功")
# Everyday words and what joins others: their loss is no loss of a name.
_SPOKEN = re.compile(
    "公分|礼拜|星期|钟头|肚子|嗓子|屁股|胳膊|脑袋|娃|小孩|老公|老婆|媳妇|舌头|眼水|饭后|饭前|睡觉|厉害|赶紧|马上|立刻|千万|东西|家里|随便|使劲|抽烟|喝酒|拉肚|发烧|老人|开刀|动刀|行吗|咋样|怎么样"
)
_FILLS = frozenset(
    "，。？！、：；（）,.?!:;() 的了吗呢吧啊呀么没不别要就才都也还再先后前上下来去回看查做用吃打抹给让把被跟和与或多少点些几个这那有无是在到得会能可行好咋啥怎样一二两三四五六七八九十半天日周月年次片粒支早晚饭自己您你他她它我们人太真很挺越光够管"
    + string.printable
)
_GLOSS = re.compile(r"([\u4e00-\u9fff]{2,12})[（(]([\u4e00-\u9fff]{2,16})[)）]")
_LATIN_GLOSS = re.compile("([\u4e00-\u9fff]{2})[（(]([A-Z]{2,8})[)）]")
_VITAMIN = re.compile("维生素([A-Z]{1,2})[0-9]*")
_SALT_OF_BLOOD = re.compile("[高低]([钾钠钙镁磷氨])|([钾钠钙镁磷氨])(?=[^，。；]{0,2}[高低0-9])")  # 钾高了要停
CLASS = re.compile("[药剂类膏贴]$|疫苗$|抗生素$|激素$|钙片$")  # 降压药 beside the drug itself says nothing new


def terms(original: str, rewritten: str) -> str | None:
    """What of diseases, tests, degrees and Latin names is another in the rewrite, or None."""
    one, other = named.terms(original), named.terms(rewritten)
    lost, added = _new(one, rewritten, other), _new(other, original, one)
    alike = {(term, twin) for term in lost for twin in added if _swap(term, twin)}
    gone = {
        term for term in lost if not (_headed(term, rewritten, original) or _abridged(term, rewritten, original))
    } | {term for term, _ in alike}
    added = {term for term in added if not (_begun(term, original, one) or _abridged(term, original, rewritten))}
    if _EXAMINED.search(original):  # 一周后再查 lets a rewrite say what of
        added = {term for term in added if not _TEST.search(term)}
    if not lost and not _vanished(original, rewritten):
        added = set()
    new = {term for term in added if not _headed(term, original, rewritten)} | {twin for _, twin in alike}
    tested, retested = named.tests(original), named.tests(rewritten)
    swapped = tested - retested, retested - tested
    return (
        shown(gone, new)
        or _opposite(named.degrees(original), named.degrees(rewritten))
        or shown(_unnamed(original, rewritten), _unnamed(rewritten, original))
        or (shown(*swapped) if all(swapped) else None)
    )


def drugs(original: str, rewritten: str) -> str | None:
    """What of drugs is another in the rewrite, or None; a drug in no list is seen by the dose it takes over."""
    one, other = named.names(original), named.names(rewritten)
    lost = _new(one, rewritten, other)
    added = {
        name
        for name in _new(other, original, one)
        if not (
            _in_short(name, original) or _abridged(name, original, rewritten) or _explains(name, original, rewritten)
        )
    }
    instead = _classes(one, rewritten, other), _classes(other, original, one)
    if all(instead):
        return shown(*instead)
    if not (lost and added):
        lost = {name for name in lost if not CLASS.search(name)}
        added = {
            name
            for name in added
            if not CLASS.search(name)
            or not ((one and name in _WIDE) or name[:2] in original or (name[-2:] in original and "药" not in name))
        }
    return shown(lost, added) or shown(*_unlike(original, rewritten))


def _classes(some: Iterable[str], text: str, others: Iterable[str]) -> set[str]:
    """The classes of drugs that a text does not name; 高烧不退 has the characters of 退烧药 and is none."""
    said = _said(text).translate(_EVERYDAY)
    classes = {term for term in some if term not in others and CLASS.search(term)}
    return {term for term in classes if term[:2].translate(_EVERYDAY) not in said}


def _swap(term: str, twin: str) -> bool:
    """Whether two terms share a pair of characters and neither is in the other: 胃溃疡 and 口腔溃疡, not B超 and 肝脏B超."""
    pairs = ({text[place : place + 2] for place in range(len(text) - 1)} for text in (term, twin))
    return term not in twin and twin not in term and bool(set.intersection(*pairs))


def _begun(term: str, text: str, known: list[str]) -> bool:
    """Whether a text has the first two characters of a longer term, which are those of no term known there: 轮状 for 轮状病毒."""
    start = term[:2]
    return (
        len(term) > 3 and start in text and start not in _TELLS_NOTHING and not any(start in other for other in known)
    )


def _abridged(term: str, text: str, own: str) -> bool:
    """Whether a text says a term by two of its characters: 网脱 for 视网膜脱离, 地贫 for 地中海贫血."""
    short = {one + other for place, one in enumerate(term) for other in term[place + 2 :]}
    return len(term) > 3 and any(word in text and word not in own for word in short)


def _vanished(text: str, other: str) -> bool:
    """Whether two neighbouring characters of content are gone, as are those of a name that another took the place of."""
    known = {*_said(other).translate(_EVERYDAY), *_FILLS}
    marks = [mark not in known for mark in _SPOKEN.sub("，", text).translate(_EVERYDAY)]
    return any(map(operator.and_, marks, marks[1:]))


def _headed(term: str, text: str, own: str) -> bool:
    """Whether a text has the last two characters of a term, and before them nothing that the text of the term does not know.

    结节 stands for 甲状腺结节, 细菌性肺炎 not for 支原体肺炎.
    """
    head = term[-2:]
    if head in _TELLS_NOTHING:
        return False
    for found in re.finditer(re.escape(head), text):
        start, size = found.start(), len(head)
        while size < len(term) and start and text[start - 1] == term[-size - 1]:
            start, size = start - 1, size + 1
        if all(mark in own for mark in _MARKS_BEFORE.sub("", text[max(0, start - 2) : start])):
            return True
    return False


def _explains(name: str, text: str, own: str) -> bool:
    """Whether a drug stands beside a word of the original in brackets that no list knows: 速力菲（琥珀酸亚铁）."""
    for found in _GLOSS.finditer(own):
        for one, other in ((found[1], found[2]), (found[2], found[1])):
            known = any(one[place:] in text for place in range(len(one) - 1))
            if name[:3] in other and known and not named.names(one[-6:]):
                return True
    return False


def _in_short(name: str, text: str) -> bool:
    """Whether a text has the first two characters of a drug, which are those of no drug named there: 雷贝 for 雷贝拉唑."""
    short = name[:2]
    if (letter := _VITAMIN.fullmatch(name)) and re.search(f"(?<![A-Z]){letter[1]}(?![A-Z])", text.upper()):
        return True  # 钙和D
    return (
        len(name) > 3
        and short not in _FAMILIES
        and short in text
        and not any(short in other for other in named.names(text))
    )


def shown(before: set[str], after: set[str]) -> str | None:
    """What one of two sets has and the other not, in words; None where they are equal."""
    lost, added = sorted(before - after), sorted(after - before)
    if not lost and not added:
        return None
    return "; ".join([*(f"lost {item}" for item in lost), *(f"added {item}" for item in added)])


def _opposite(before: set[str], after: set[str]) -> str | None:
    """The degrees of a rewrite in whose place the original has another of the same scale: 重度 for 轻度."""
    for scale in _SCALES:
        lost, left = (before - after) & scale, after & scale
        if lost and left:
            return shown(lost, left)
    return None


def _unnamed(text: str, other: str) -> set[str]:
    """The Latin names and the degrees of a text that the other neither has nor spells out in Chinese."""
    known = _said(other)
    left = named.letters(text) - named.letters(other)
    left -= {name for word, name in _LATIN_GLOSS.findall(text.upper()) if word in other}  # 利普刀（LEEP）
    return {name for name in left if name not in known and not any(full in other for full in LATIN.get(name, ()))}


def _unlike(original: str, rewritten: str) -> tuple[set[str], set[str]]:
    """The words before one and the same dose of both texts, where neither text knows the word of the other: a name in no list."""
    one, other = dosed(original), dosed(rewritten)
    for dose in sorted(one.keys() & other.keys()):
        before, after = one[dose], other[dose]
        if before <= named.ends(original) and after <= named.ends(rewritten):
            continue  # two names of one drug, or two drugs that are told apart by name
        if named.last_marks().isdisjoint(word[-1] for word in before | after):
            continue  # 嚼着, 各喂: no drug is called so
        if _unknown(before, rewritten) and _unknown(after, original):
            return before, after
    return set(), set()


def _unknown(words: set[str], text: str) -> bool:
    """Whether a text has none of some words, nor all the characters of one."""
    return all(not set(word) <= set(text) for word in words)


@lru_cache(maxsize=64)
def _said(text: str) -> str:
    """A text with what it implies: 大三阳 says hepatitis B."""
    salts = [f"血{high or low}" for high, low in _SALT_OF_BLOOD.findall(text)]
    implied = [_MEANT[word] for word in dict.fromkeys(_SAID_IN_SHORT.findall(text))]
    return (
        text + "".join(implied + salts) + "".join(full for name in named.letters(text) for full in LATIN.get(name, ()))
    )


def _new(some: Iterable[str], text: str, others: Iterable[str]) -> set[str]:
    """The terms that the other text neither has nor spells out: 肺部结节 is no new term where 肺上有结节 stood, nor is 乳腺癌 for 乳癌."""
    said = _said(text)
    known = set(said.translate(_EVERYDAY)) | _SAYS_NOTHING
    left = {term for term in some if term not in others and not set(term.translate(_EVERYDAY)) <= known}
    left = {term for term in left if not any(full in text for full in LATIN.get(term, ()))}
    short = [term for term in left if len(term) < 4]
    left -= {term for term in short if any(_shortened(other, term) for other in others)}
    return {term for term in left if not _shortened(term, text)}


def _shortened(term: str, text: str) -> bool:
    """Whether a text says a term by its first character and one of its last, side by side: 骨松 for 骨质疏松."""
    return len(term) > 2 and any(term[0] + mark in text and term[0] + mark not in term for mark in term[2:][-3:])
