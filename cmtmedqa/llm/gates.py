"""Whether a rewritten doctor turn says what the original said. One gate for each way in which a rewrite does harm.

The gates compare; they do not understand. Each is a rule a person can check, and what one refuses keeps its original.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from cmtmedqa.clean.deidentify import find
from cmtmedqa.llm import asked, negation, numbers, reasked, swapped
from cmtmedqa.llm.identity import names_a_model, says_who_it_is
from cmtmedqa.llm.numbers import amounts
from cmtmedqa.llm.numerals import plain
from cmtmedqa.llm.swapped import shown
from cmtmedqa.llm.terms import drugs

VERSION = "gates-7"

_HEDGE = re.compile(
    "可能|(?<!再)考虑(?![到用停换加减做]|手术)|疑似|(?<!多)大多(?![重少高])|多由|(?<![增加])多为|多因|常由|常为|或许|[七八九]成(?=是|因|由|得)|大概|不排除|不能排除|倾向|也许|估计|怀疑|多半|不一定|未必|似乎|应该是|像是|有可能|一般(?!的[在去不要]|患[儿者]|病人|孩子|情况)|通常|往往|多数"
)
_ROUGHLY = re.compile(
    f"{_HEDGE.pattern}|大约|约(?!束)|左右|差不多|有望|说不定|没准|恐怕|兴许|看着像|看着?像|未必|并非都|不是都|不都|想想|想到|不等于|不代表|不意味着|不是一定|并非一定|不见得|几率|概率|机会|类似|[较更很蛮挺]像|有[点些]像|[看是]像"
)
_SURE = re.compile(
    "(?<!明)确诊(?!前|之前|[后再])|一定(?=[会是能有为属]|可以|没有)|肯定(?=[会是能有为属]|没|就)|必然|必定|绝对(?=[会是能有])|是必须|毫无疑问|百分之百|100%|保证(?=能|会|治|有效|没|好)|明确[是为]|无疑|就是(?=[^。，]{0,8}(?:炎|病|症|癌|瘤))|确定为|确定是"
)
_DENIED_SURE = re.compile(
    "(?:不一定|未必|不见得)就?是|不(?:意味着?|等于|代表|表示|说明)[^，。]{0,4}?(?:就?是|百分之?百|100%|绝对|一定|肯定)|不一定|不是必须|不必须|不是一定要|不能肯定|不确定|不是一定|未必|不必须"
)
_IS = re.compile("就(?=是([\u4e00-\u9fff]))")
_CARE = re.compile(
    "就医|就诊|医院|复诊|复查|急诊|门诊|面诊|看医生|挂个?号|专科|120|住院|随访|线下|来院|回院|到院|返院|(?<![发拍传])来看|去看|去查|来查|回来|再来|送医|入院|随诊|前来|[再去](?:做|行|查|拍|测|次(?![服用吃给喂]))|复测|复评|(?:马上|立刻|立即|赶紧|赶快|尽快|及时|尽早|抓紧)[^，。；]{0,8}(?:来|送)|来找|找我|带来(?=[，。；!！]|$)|(?<![已均过])检查"
)
_URGENT = re.compile(
    "立即|立刻|马上|尽快|尽速|及时|及早|尽早|赶紧|赶快|即刻|当即|迅速|火速|抓紧|第一时间|今[天日](?:就|即|务必|必须|一定|要)|快[去来点送]|速[去来]|当[天日](?![下上早晚晨中])|当就"
)
_SOON = re.compile(
    f"{_URGENT.pattern}|(?:不要|不能|切勿|别|不可|勿|请勿|不必)再?(?:拖|耽搁|耽误|等|延误|犹豫)|早点|越早|直接[去到来前]|提前来|今[天日](?=[^，。；]{{0,4}}[来到去])"
)
_LATER = re.compile(
    "择期|择机|有空|有时间|方便(?:的)?时|改[天日]|过几天|过两天|等几天|下[周月次]|次日|暂缓|不急(?!于)|晚些|等等再"
)
_COMES = re.compile("就医|就诊|医院|急诊|门诊|面诊|看医生|挂个?号|120|住院|线下|来院|回院|到院|返院|送医|入院")
_COMES_OR_SEEN = re.compile(
    f"{_COMES.pattern}|复诊|随诊|专科|前来|返诊|回来|过来|再来|[来去](?:看|查|复|做|打|拍|处理)|医生|科|急救|复查|检查(?=[，。；]|$)|呼叫|抢救|(?:马上|立刻|立即|赶紧|赶快|尽快|及时|尽早|现在|今[天日])就?过?(?:带|送)?来|赶来|赶到|(?:带|送)[^，。；]{0, 3}来"
)
_SEEN = re.compile(
    "(?<!检)查(?!看)|[做拍照查](?:个|一[个次回下])?[^，。；]{0,4}(?:超|镜|CT|X光|片|核磁|磁共振|常规)|过来|医生|联系我|(?:马上|立刻|立即|赶紧|赶快|尽快|及时|尽早|现在|今[天日])就?过?(?:带|送)?来|赶来|赶到|(?:带|送)[^，。；]{0,3}来|穿刺|活检|抽血|病理|排畸|切开|吹气|输液|再拔|(?:超|镜|CT|片|常规|肝功|血|蛋白)[^，。；]{0,6}[做查拍]一?[次回]"
)
_NO_CARE = re.compile(
    "(?:不必|无需|无须|不用|不需要|别|不要|请勿|没必要|没有必要)[^，。]*|[^，。]*不急[于着][^，。]*|(?:没有?|无)[^，。；]{1,8}(?:必要|指征)"
)
_AT_LEISURE = frozenset(("择期", "择机", "有空", "有时间"))
_CLAUSES = re.compile("[，,。；;！!？?]")
_NEXT = re.compile("[，,。；;！!？? 吃服用喝打别不勿和与跟同]")
_PROMISE = re.compile("(?:给您|为您|帮您|给你|我来|我会|我可以)[^。，]{0,6}(?:开药|开具|开处方|处方)")
_MARKUP = re.compile(r"\*\*|^#{1,6} |^\s*[-*] |```|<[a-z/]|\|\s*-{3}", re.MULTILINE)
_TAG = re.compile(r"\[[\u4e00-\u9fffA-Za-z0-9]{1,8}\]")
_NO_NAME = re.compile("[\u4e00-\u9fff]*[不没无否了吗过请别她他也][\u4e00-\u9fff]*")  # 告诉我孩子吐不吐 names nobody
_ECHO = re.compile("改写|润色|原文|(?<![岁度周月天年次0-9a-z%])以下是|根据要求|专业的语气|重写")

_COUNTED, _AHEAD, _BESIDE = frozenset("片粒袋支枚滴丸瓶贴喷针剂"), 5, 8  # how far behind its count a drug may stand
_EMERGENCY = re.compile("(?:拨?打|叫|呼叫?|喊)120(?![0-9a-z片粒毫微])")  # no amount of what is named behind it
_TIMES = frozenset(("分钟", "月", "岁", "点"))
_SHORTEST, _LONGEST, _SLACK = 0.4, 3.0, 40


class Fault(NamedTuple):
    """A gate that a rewrite does not pass, and what it saw: terms of the lexicon or amounts, never a sentence."""

    gate: str
    seen: str = ""


def faults(original: str, rewritten: str) -> list[Fault]:
    """Every gate that a rewrite of one doctor turn fails, in the order of `GATES`; [] when it may stand."""
    return [Fault(name, seen) for name, gate in GATES.items() if (seen := gate(original, rewritten)) is not None]


def _form(original: str, rewritten: str) -> str | None:
    size, new = len(original), len(rewritten.strip())
    if not new:
        return "empty"
    if new < _SHORTEST * size - _SLACK / 4 or new > _LONGEST * size + _SLACK:
        return "length"
    if _MARKUP.search(rewritten) and not _MARKUP.search(original):
        return "markup"
    if _ECHO.search(rewritten) and not _ECHO.search(original):
        return "echo"
    han = sum("\u4e00" <= mark <= "\u9fff" for mark in rewritten)
    return "language" if han < 0.4 * sum(mark.isalpha() for mark in rewritten) else None


def _role(original: str, rewritten: str) -> str | None:
    if names_a_model(rewritten) and not names_a_model(original):
        return "names a model"
    if says_who_it_is(rewritten) and not says_who_it_is(original):
        return "introduces itself"
    return "promise" if _PROMISE.search(rewritten) and not _PROMISE.search(original) else None


def _identifiers(original: str, rewritten: str) -> str | None:
    if Counter(_TAG.findall(original)) - Counter(_TAG.findall(rewritten)):
        return "tag lost"
    if set(_TAG.findall(rewritten)) - set(_TAG.findall(original)):
        return "tag added"
    has = {
        span.kind
        for span in find(rewritten)
        if not (_NO_NAME.fullmatch(rewritten[span.start : span.end]) or rewritten[span.start : span.end] in original)
    }
    return ", ".join(sorted(has - {span.kind for span in find(original)})) or None if has else None


def _numbers(original: str, rewritten: str) -> str | None:
    return shown(*numbers.difference(original, rewritten))


def _doses(original: str, rewritten: str) -> str | None:
    """An amount that follows one drug, up to the next drug, may not follow another one in the rewrite."""
    before, after = _doses_of(original), _doses_of(rewritten)
    for drug in before:
        for other in after:
            if drug == other or other not in before or drug not in after:
                continue
            if (before[drug] - after[drug]) & (after[other] - before[other]):
                return f"{drug}, {other}"
    return None


def _doses_of(text: str) -> dict[str, frozenset[tuple[float, str]]]:
    folded = _EMERGENCY.sub("急救", plain("，".join(asked.split(text)[1])))
    places = _named_drugs(folded)
    found: dict[str, set[tuple[float, str]]] = {drug: set() for _, drug in places}
    for amount in amounts(folded):
        if amount.said[1] in _TIMES:  # 开塞露三天不拉才用 is no dose
            continue
        before = [drug for start, drug in places if start <= amount.start]
        after = [(start, drug) for start, drug in places if amount.start < start <= amount.start + _AHEAD]
        far = before and _CLAUSES.search(
            folded[[start for start, _ in places if start <= amount.start][-1] : amount.start]
        )
        if after and (amount.unit in _COUNTED or far) and not _NEXT.search(folded[amount.start : after[0][0]]):
            found[after[0][1]].add(amount.said)  # 一粒维生素D
        elif before:
            found[before[-1]].add(amount.said)
    return {drug: frozenset(said) for drug, said in found.items()}


def _named_drugs(text: str) -> list[tuple[int, str]]:
    """Place and name of the drugs of a text; a class beside a name (左炔诺孕酮紧急避孕药) is no drug of its own."""
    places = sorted(drugs(text))
    own = [start for start, name in places if not swapped.CLASS.search(name)]
    return [
        (start, name)
        for start, name in places
        if start in own or not any(abs(start - other) <= _BESIDE for other in own)
    ]


def _certainty(original: str, rewritten: str) -> str | None:
    if _HEDGE.search("".join(asked.split(original)[1])) and not _ROUGHLY.search(rewritten):
        return "hedge lost"
    same = _IS.sub(
        lambda found: "" if re.search(f"[是为属于系即]{found[1]}", original) else found[0], rewritten
    )  # 这就是牙髓炎 for 那是牙髓炎
    if _SURE.search(_DENIED_SURE.sub("", same)) and not _SURE.search(_DENIED_SURE.sub("", original)):
        return "certainty added"
    return None


def _care(original: str, rewritten: str) -> str | None:
    told = "，".join(asked.split(original)[1])
    retold = "，".join([rewritten, *asked.split(rewritten)[1]])
    if _seeks(_CARE, told) and not (_seeks(_CARE, retold) or _seeks(_SEEN, retold)):
        return "advice to seek care lost"
    if _seeks(_COMES, told) and not _seeks(_COMES_OR_SEEN, retold):
        return "advice to seek care lost"
    if _URGENT.search(original) and not _SOON.search(rewritten):
        return "urgency lost"
    return "urgency lost" if _postponed(rewritten, original) and not _postponed(original) else None


def _seeks(advice: "re.Pattern[str]", text: str) -> bool:
    """Whether a clause advises to see a doctor or to be examined; 不必反复检查 does not."""
    return any(advice.search(_NO_CARE.sub("", clause)) for clause in _CLAUSES.split(text))


def _postponed(text: str, told: str = "") -> bool:
    """Whether a clause that sends the patient to a doctor lets him wait, in words that were not told."""
    return any(
        (found := _LATER.search(clause)) and found[0] not in told and (found[0] in _AT_LEISURE or _CARE.search(clause))
        for clause in _CLAUSES.split(text)
    )


GATES: dict[str, Callable[[str, str], str | None]] = {
    "form": _form,
    "role": _role,
    "identifiers": _identifiers,
    "numbers": _numbers,
    "doses": _doses,
    "drugs": swapped.drugs,
    "terms": swapped.terms,
    "negation": negation.difference,
    "certainty": _certainty,
    "care": _care,
    "questions": reasked.difference,
}
# The first ones compare what can be read off exactly; the others guess at a meaning, and a reader may stand in for them.
HARD = ("form", "role", "identifiers", "numbers", "doses", "drugs")
SOFT = ("terms", "negation", "certainty", "care", "questions")
