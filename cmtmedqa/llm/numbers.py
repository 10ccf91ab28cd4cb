"""Numbers and doses of Chinese medical text in one form: 每日三次 is 一天3次, 0.5 g is 500 mg, 7 days are a week; 5 mg is not 5 g."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from cmtmedqa.llm.numerals import HAN, NAME_OF, RECENT, UNIT, moments, periods, plain, value_of

# What a unit is in the smallest one of its kind: 0.5 g and 500 mg, 两周 and 14天, 2斤 and 1公斤 are equal.
_IN = {
    "μg": (0.001, "mg"), "g": (1_000, "mg"), "斤": (500_000, "mg"), "kg": (1_000_000, "mg"), "l": (1_000, "ml"), "cm": (10, "mm"), "m": (1_000, "mm"),
    "秒": (1 / 60, "分钟"), "小时": (60, "分钟"), "日": (1_440, "分钟"), "周": (10_080, "分钟"), "年": (12, "月"),
}  # fmt: skip
_ONE_OF_ANYTHING = frozenset((
    "次", "个", "口", "块", "根", "针", "喷", "片", "粒", "袋", "支", "枚", "滴", "丸", "瓶", "盒", "贴", "剂", "杯", "碗", "勺", "顿", "疗程", "组",
))  # one of these goes without saying: 每天一次 is 每天, 吃片药 is 吃一片药  # fmt: skip
_GRAMS = 5.0  # a doctor's bare 0.5 is grams; above this no dose is
_NUMBER = re.compile(
    rf"(?P<digits>[0-9]+(?:\.[0-9]+)?(?:/[0-9]+)?)\s*(?P<wan>万)?(?:(?P<unit>{UNIT})(?![a-z]))?|(?P<han>{HAN}+(?:点{HAN}+)?|半)(?P<half>个半)?(?P<hanunit>{UNIT})(?P<more>半(?!{UNIT}))?"
)
_RANGE = re.compile(rf"([0-9.]+|{HAN}+)\s*(?:-|~|～|—|–|至|到)\s*(?=(?:[0-9]|{HAN}))")


_OVER = re.compile("[超大高多][过于出]|至少|起码|最少|(?:不(?:要|能|可|应|得)?|别|勿)[低少小]于|[>≥]")
_BELOW = re.compile(
    "(?:[不别勿没未][^，,。；;?？0-9]{0,3}|避免)[超大高多][过于出]?|最多|至多|顶多|(?<![不别勿])(?<!不[要能可应得])(?:低于|小于|少于)|不[到足满]|[<≤]"
)
_MARK, _DENIED = re.compile(r"[，,。；;?？\s]"), re.compile("[不别勿]")
_BOUND = re.compile(
    rf"(?P<before>(?:{_OVER.pattern}|{_BELOW.pattern})?)[^，,。；;0-9]{{0,2}}(?P<number>[0-9.]+)\s*(?:{UNIT}|分)?(?:[之以](?P<behind>[上下])|(?<![天日周月年时钟秒期拜])以(?P<within>内))?"
)
_EVERY = {
    "every day": (1_440.0, "分钟"),
    "every week": (10_080.0, "分钟"),
    "other day": (2_880.0, "分钟"),
    "every month": (1.0, "月"),
    "every year": (12.0, "月"),
}


_HAN_OF = "零一二三四五六七八九"
# Numbers that words without a numeral say as well.
_SAID = {
    "50%": re.compile("一半|减半|半量|对半|半数"),
    "2倍": re.compile("加倍|翻倍|翻番|双倍|双份|两份"),
    "1": re.compile("一个加号|(?<![+＋0-9])[+＋]"),
    "2日": re.compile("这[两2][天日]"),
    "2次": re.compile("早[^，。；]{0,14}晚"),
    "3次": re.compile("三餐|每餐|每顿|顿顿|餐餐"),
}
_DAYS_OF_A_MONTH = 30 * 1_440
_DOSED_BY_DAY = re.compile(rf"(?:[每一1]\s*个?|天)[天日][^，,。;；]{{0,3}}(?:[0-9几半]|{HAN})|[qbt]i?d")


class Amount(NamedTuple):
    """A number and the one name of its unit ("" where it has none); `start` is its place in the normalised text."""

    value: float
    unit: str
    start: int = 0

    @property
    def said(self) -> tuple[float, str]:
        """Value and unit alone, in the smallest unit of its kind."""
        factor, unit = _IN.get(self.unit, (1, self.unit))
        return round(self.value * factor, 6), unit

    @property
    def shown(self) -> str:
        """As a report shows it."""
        return f"{self.value:g}{self.unit}"


def difference(original: str, rewritten: str) -> tuple[set[str], set[str]]:
    """What one text says of numbers and of periods and the other does not, and the other way round; both as shown.

    A number without a unit equals the same number with one: 38.5以上 and 38.5度以上 are the same, 0.5 and 500 mg too.
    """
    one, other = (amounts(plain(text)) for text in (original, rewritten))
    before, after = periods(original), periods(rewritten)
    lost, added = _missing(one, other, after), _missing(other, one, before)
    lost, added = _unspelt(lost, rewritten), _unspelt(added, original)
    if lost or added:
        return lost, added
    if turned := _turned(original, rewritten):
        return turned
    when, then = moments(original), moments(rewritten)
    if when - then and then - when:
        return when - then, then - when
    return _unheard(before, after, other, original), _unheard(after, before, one, rewritten)


def _turned(original: str, rewritten: str) -> tuple[set[str], set[str]] | None:
    """The bounds of one text that the other has the other way round: 30度以下 for 30度以上, 超过200g for 不超过200g."""
    before, after = _bounds(original), _bounds(rewritten)
    for number in sorted(before.keys() & after.keys()):
        if before[number].isdisjoint(after[number]):
            return {f"{number} {min(before[number])}"}, {f"{number} {min(after[number])}"}
    return None


def _bounds(text: str) -> dict[str, set[str]]:
    """Of each number of a text that bounds something whether from above or from below."""
    found: dict[str, set[str]] = {}
    folded = plain(text)
    for bound in _BOUND.finditer(folded):
        before, behind = bound["before"], bound["behind"]
        clause = _MARK.split(folded[: bound.start("number")])[-1]
        below = _BELOW.search(before) is not None
        if behind:
            below = (behind == "下") != bool(_DENIED.search(clause))  # 不要加到100mg以上
        if bound["within"]:
            below = True  # 4分以内
        if before or behind or bound["within"]:
            found.setdefault(bound["number"], set()).add("below" if below else "above")
    return found


def _missing(some: Sequence[Amount], others: Sequence[Amount], repeated: set[str]) -> set[str]:
    """What of the amounts of one text has no equal in the other, which is to be done in the periods given."""
    said, values = {item.said for item in others}, {item.value for item in others}
    bare = {item.value for item in others if not item.unit} - {item.value for item in some if not item.unit}
    spans = {_EVERY[name] for name in repeated & _EVERY.keys()}
    return {item.shown for item in some if item.said not in said | spans and not _unsaid(item, said, values, bare)}


def _unspelt(shown: set[str], text: str) -> set[str]:
    """Without what a text says in words, or before a word that is no unit here: 三组 has a 3, 减半 says 50%, 三餐 three times."""
    return {item for item in shown if not (_in_words(item, text) or ((said := _SAID.get(item)) and said.search(text)))}


def _in_words(item: str, text: str) -> bool:
    """Whether a bare number stands in a text in Chinese numerals."""
    if not item.isdigit() or not 1 < (value := int(item)) < 1_000:
        return False
    hundreds, tens, ones = value // 100, value // 10 % 10, value % 10
    han = f"{_HAN_OF[hundreds]}百" if hundreds else ""
    han += (f"{_HAN_OF[tens] if tens > 1 or hundreds else ''}十" if tens else "零" if hundreds and ones else "") + (
        _HAN_OF[ones] if ones else ""
    )
    return han in text or (value == 2 and any(mark in text for mark in "两双俩")) or (value == 3 and "仨" in text)


def _unsaid(item: Amount, said: set[tuple[float, str]], values: set[float], bare: set[float]) -> bool:
    """Whether an amount says nothing new: one of anything, or a number whose unit only one of the texts gives."""
    value, unit = item.said
    if not unit:
        if item.value in values or (value, "mg") in said:
            return True
        return item.value <= _GRAMS and (round(item.value * 1_000, 6), "mg") in said
    grams = value / 1_000
    if (unit == "月" and (value * _DAYS_OF_A_MONTH, "分钟") in said) or (value / _DAYS_OF_A_MONTH, "月") in said:
        return True
    return (
        (item.value == 1 and unit in _ONE_OF_ANYTHING)
        or item.value in bare
        or (unit == "mg" and value in bare)
        or (unit == "mg" and grams <= _GRAMS and grams in bare)
    )


def _unheard(some: set[str], others: set[str], amounts_there: Iterable[Amount], text: str) -> set[str]:
    """What of the periods differs; a time of the day (睡前) may stand for every day, and says nothing by itself."""
    said = {item.said for item in amounts_there}
    left = {name for name in some - others if _EVERY.get(name) not in said} - {"by day"}
    return left - {"every day"} if "by day" in others or not _DOSED_BY_DAY.search(text) else left


@lru_cache(maxsize=RECENT)
def amounts(text: str) -> tuple[Amount, ...]:
    """The numbers of a text already in `plain` form. A range gives both ends, with the unit behind it."""
    return tuple(_amounts(_RANGE.sub(lambda found: _end_of_range(found, text), text)))


def _amounts(spread: str) -> Iterator[Amount]:
    for found in _NUMBER.finditer(spread):
        if found["digits"]:
            number = _decimal(found["digits"]) * (10_000 if found["wan"] else 1)
            yield Amount(number, NAME_OF.get(found["unit"] or "", ""), found.start())
        elif (value := value_of(found["han"])) is not None:
            yield Amount(value + 0.5 * bool(found["more"] or found["half"]), NAME_OF[found["hanunit"]], found.start())


def _end_of_range(found: "re.Match[str]", text: str) -> str:
    """The first end of a range takes the unit of the second: 3-5天 is 3天 and 5天."""
    behind = _NUMBER.match(text, found.end())
    unit = "" if behind is None else behind["unit"] or behind["hanunit"] or ""
    return f"{found[1]}{unit} " if unit else f"{found[1]} "


def _decimal(text: str) -> float:
    above, _, below = text.partition("/")
    return round(float(above) / float(below), 4) if below and float(below) else float(above)
