"""What a doctor turn denies or forbids, clause by clause, and whether a rewrite denies and forbids the same."""

import itertools
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from cmtmedqa.llm.asked import split
from cmtmedqa.llm.signs import (
    ADJECTIVES,
    ALLOWED,
    AS_FINE,
    AS_LIMIT,
    BEFORE,
    COMFORT,
    DEFERRED,
    DELAY,
    DISMISSED,
    EASED,
    FINE,
    FLOOR,
    GAPS,
    GRAVE,
    KEEP,
    LESS,
    LIMIT,
    NEGATOR,
    NO_STOP,
    OPPOSITE,
    REASSURANCE,
    SERIOUS,
    URGENT,
    USELESS,
    WAITS,
    WEAK,
    WHOLE,
)
from cmtmedqa.llm.worded import SAME, STOPPED, content_of, dots, statements

_FIRST, _FAVOUR = 3, 1.5  # characters that tell what is denied; how much a part that denies is preferred
_BREAK = re.compile(
    "(?<=.)(?<![不无没未毋别])(?=需要|必须|应当)|的话|(?<=(?<![随及按同暂临准定平])时)(?![间候期])|、(?=[已可有能])|[就则也但才](?![是有])|(?<=.)(?=直接)|而且|并且|(?<![不必用需])因此|所以|(?<![是不])因为|由于|如果|若|只要|；|;"
)
_ANYTHING = frozenset(
    "掉吃喝做打抹动碰弄查问题异常效影响必沾去点滴涂贴上"
)  # what can be done with any object: 羊肉别吃 and 忌羊肉 forbid the same
_MEDICINE = frozenset("药物")


class Part(NamedTuple):
    """A part of a clause with at most one denial: its characters, those denied or forbidden, and whether the next part denies."""

    text: str
    content: frozenset[str]
    denied: frozenset[str] | None
    leads: bool = False


class Denied(NamedTuple):
    """One denial or prohibition: the first character and those of what it is about, and those of what stands before it."""

    first: str
    about: frozenset[str]
    before: frozenset[str]
    content: frozenset[str]
    whole: str


def difference(original: str, rewritten: str) -> str | None:
    """`negation lost`, `negation added`, or None where both texts deny as much of the same. Questions deny nothing.

    Of each denial of one text the part of the other that speaks of the same is looked for. Where that part denies nothing,
    the denial is lost; where the other text speaks of it in other words, or not at all, such denials of both texts cancel out.
    """
    one, other = statements(original), statements(rewritten)
    if _stops(split(original)[1], split(rewritten)[1]):
        return "negation lost"
    if _turned(one, other) or _straight(split(original)[1], split(rewritten)[1]):
        return "negation lost"
    other = _of_the_case(other, original)
    before, after = parts(one), parts(other)
    kept, used = _outcome(before, after)
    had, drawn = _outcome(after, before)
    if False in kept:
        return "negation lost"
    hasty = any(URGENT.search(clause) for clause in split(rewritten)[1])
    kept = [
        True if place in drawn else _implied(item, after, before, hasty) if found is None else found
        for (place, item), found in zip(denials(before), kept, strict=True)
    ]
    again = [after[place].denied or frozenset() for place in used]  # 请戒烟，别再抽烟
    if False in kept:
        return "negation lost"
    had = [
        True if place in used or (item.about and any(item.about <= denied for denied in again)) else found
        for (place, item), found in zip(denials(after), had, strict=True)
    ]
    # Two denials that one part of the other text denies are one: 切勿挖鼻、用力擤鼻.
    fewer = len(kept) - max(0, kept.count(True) - len(used)) - len(had)
    useless = max(0, _count(USELESS, one) - _count(USELESS, other))
    if False in had and fewer < 0 and not useless:
        return "negation added"
    lost, added = kept.count(None), len(had) - had.count(True)
    if useless > max(0, added - lost):
        return "negation lost"
    spare = _weak(after, used, other, one) - _weak(before, drawn, one, other)
    if fewer > 0 and (lost > added + max(0, spare) or (lost and _count(ALLOWED, other) > _count(ALLOWED, one))):
        return "negation lost"
    idle = _idle(other, original)
    return "negation added" if added > lost + max(0, -spare) + useless + idle and fewer + idle < 0 else None


def _turned(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether reassurance, a limit or the gravity of a case is another in a rewrite, by the words for it alone."""
    eased = _count(REASSURANCE, other) - _count(REASSURANCE, one)
    if _count(REASSURANCE, one) and not _count(REASSURANCE, other):
        return True
    if _count(FINE, one) and not _count(AS_FINE, other) and eased <= 0:
        return True
    grave = [_count(GRAVE, [REASSURANCE.sub(dots, clause) for clause in clauses]) for clauses in (one, other)]
    if grave[1] > grave[0] or _goes_on(one, other) or _manages(one, other) or _loosened(one, other):
        return True
    if _count(FLOOR, one) > _count(FLOOR, other) and _count(LIMIT, other) > _count(LIMIT, one):
        return True
    if _count(SERIOUS, one) > _count(SERIOUS, other) and _count(DISMISSED, other) > _count(DISMISSED, one):
        return True
    return _count(LIMIT, other) + max(0, _count(AS_LIMIT, other) - _count(AS_LIMIT, one)) < _count(LIMIT, one)


def _stops(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what must not be stopped is to be stopped, by clauses that say no more."""
    stopped = [sum(bool(STOPPED.search(clause.strip())) for clause in some) for some in (one, other)]
    return stopped[1] > stopped[0] and _count(NO_STOP, one) > _count(NO_STOP, other)


def _of_the_case(clauses: Sequence[str], original: str) -> list[str]:
    """The clauses of a rewrite without those at its beginning that speak of feelings and of nothing of the case."""
    known = _named(original)
    return [
        clause
        for place, clause in enumerate(clauses)
        if place >= _OPENING
        or not COMFORT.search(clause)
        or clause in split(original)[1]
        or not content_of(COMFORT.sub("", clause)).isdisjoint(known)
    ]


def _named(text: str) -> frozenset[str]:
    """The characters of all that a text says and asks, in its own words and in one wording."""
    return content_of("".join([text, *statements(text)]))


def _idle(clauses: Sequence[str], original: str) -> int:
    """How many denials at the beginning of a rewrite are about nothing that the original names: 请别有心理负担."""
    known = _named(original)
    opening = [item for _, item in denials(parts(clauses[:_OPENING]))]
    return sum(bool(item.about) and item.about.isdisjoint(known) for item in opening)


_OPENING = 4  # clauses in which a reply may greet and comfort


def _straight(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a text has the contrary of an adjective of the other: 规则 for 不规则."""
    text = "，".join(other)
    return any(
        word not in text and re.search(f"(?<![不欠无没]){word[1:]}", text)
        for clause in one
        for word in ADJECTIVES.findall(clause)
    )


def _manages(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text says cannot be done (止不住) is done in the other (已经止住)."""
    for part in parts(one):
        for act in _HARD.findall(part.text):
            act = "压|可以控|能控|能够控" if act == "压" else act
            done = re.compile(f"(?:{act})(?:住|下|着|了|制|得[^，。])")
            if any(
                twin.denied is None and not _HARD.search(twin.text) and done.search(twin.text) for twin in parts(other)
            ):
                return True
    return False


def _loosened(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text tells to do less of (海鲜少碰) the other allows."""
    some = [part.content - _ANYTHING for part in parts(one) if _SPARING.search(part.text)]
    return any(
        about and 2 * len(about & part.content) >= min(len(about), len(part.content - _ANYTHING)) > 0
        for part in parts(other)
        if part.denied is None and ALLOWED.search(part.text) and not LESS.search(part.text)
        for about in some
    )


_SPARING = re.compile("少(?=[吃喝碰用做抽沾走站坐看爬])")
_HARD = re.compile("难以(.)")


def _implied(item: Denied, there: Sequence[Part], here: Sequence[Part], hasty: bool) -> bool | None:
    """Whether what a text does not speak of is denied by what it says instead: 请继续服用 for 不用停, 请即刻来院 for 不能等."""
    if item.about and item.about <= DELAY:
        waits = [any(part.denied is None and WAITS.search(part.text) for part in some) for some in (there, here)]
        return False if waits[0] and not waits[1] else hasty or None
    if item.about & GAPS or "停" in item.content:
        words = KEEP if "停" in item.content else WHOLE
        one, other = (
            sum(part.denied is None and bool(words.search(part.text)) for part in some) for some in (here, there)
        )
        return True if other > one else None
    return None


def _weak(some: Sequence[Part], used: Container[int], clauses: Sequence[str], others: Sequence[str]) -> int:
    """How often a text denies in other words, in parts that serve no denial of the other text yet."""
    free = [part.text for place, part in enumerate(some) if place not in used]
    return _count(LESS, free) + _count(REASSURANCE, clauses) + max(0, _count(BEFORE, clauses) - _count(BEFORE, others))


_STOPS = re.compile("停(?:止|用|掉|药|了)")
_STOP = re.compile("(?<![别不要勿没可以能])停(?=[了掉戴照用药服]*(?:[，。；;!！]|$))")
_NOT = re.compile("[停别不勿禁避戒忌暂]")


def _goes_on(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether what one text stops (凉茶冷饮停) is named in the other, and neither there nor in the two clauses behind is a no."""
    for about in (content_of(clause[: found.start()]) for clause in one if (found := _STOP.search(clause))):
        near = [
            place for place, clause in enumerate(other) if 2 * len(about & content_of(clause)) >= max(2, len(about))
        ]
        if any(KEEP.search(other[place]) and not _NOT.search(other[place]) for place in near):
            return True
        if near and not any(_NOT.search("".join(other[place : place + 3])) for place in near):
            return True
    return False


_BARE = re.compile(f"[都均也请先就要]*(?:{NEGATOR.pattern})[吃喝服用做打查抹动碰弄点敷贴扎了的必要考虑为进行忌]*[。；;！!·]*")
_ENDS = re.compile(
    "(?<=.)(?:难以|影响|以免|免得|怕|打电话|联系|照|继续|接着|赶紧|赶快|尽快|马上|立即|立刻|及时|请|可|先|再|来|得|需|加[到至]|去(?=医|急|门|查|看)|了(?=[\u4e00-\u9fff])|晚上|而|并|应|要)"
)


def parts(clauses: Iterable[str]) -> list[Part]:
    """The parts of some clauses in order; reassurance (不用担心) and upper limits (不超过) deny nothing."""
    found: list[Part] = []
    for clause in clauses:
        first = len(found)
        for text in _pieces(USELESS.sub(dots, LIMIT.sub(dots, REASSURANCE.sub(dots, clause)))):
            signs = list(NEGATOR.finditer(text))
            content = content_of(NEGATOR.sub("", text))
            bare = _BARE.fullmatch(text)
            if len(signs) % 2 and found and bare and found[-1].denied is None:
                content |= found[-1].content
                text = found[-1].text + text
            denied = None
            if len(signs) % 2:
                front, behind = _around(text)
                denied = content_of(behind) if _special(behind, front) and not bare else content
                if len(found) > first:
                    found[-1] = found[-1]._replace(leads=True)
            if content or signs:
                found.append(Part(text, content, denied))
    return found


def _around(text: str) -> tuple[frozenset[str], str]:
    """The characters before the last sign of negation of a text, and the text behind it."""
    *_, sign = NEGATOR.finditer(text)
    return content_of(text[: sign.start()]), text[sign.end() :]


def _special(behind: str, front: frozenset[str]) -> list[str]:
    """The characters behind a sign that tell what is denied, in order; 药 tells nothing where it stands before the sign."""
    common = _ANYTHING | _MEDICINE if front else _ANYTHING
    return [mark for mark in behind.translate(SAME) if mark in content_of(behind) - common]


def _pieces(clause: str) -> Iterator[str]:
    """A clause cut where a condition ends and before each sign of negation; 不用忌口 allows: two signs side by side are none."""
    for piece in _BREAK.split(clause):
        signs = list(NEGATOR.finditer(piece))
        apart = [sign.start() for last, sign in itertools.pairwise(signs) if sign.start() > last.end()]
        yield from (piece[start:end] for start, end in itertools.pairwise([0, *apart, len(piece)]))


def denials(some: Sequence[Part]) -> list[tuple[int, Denied]]:
    """Every denial of some parts in order, with the place of its part."""
    found = []
    whole = "，".join(part.text for part in some)
    for place, part in enumerate(some):
        if part.denied is not None:
            front, behind = _around(part.text)
            said = _special(_ENDS.split(behind, maxsplit=1)[0], front)
            found.append((place, Denied(said[0] if said else "", frozenset(said[:_FIRST]), front, part.content, whole)))
    return found


def _outcome(some: Sequence[Part], others: Sequence[Part]) -> tuple[list[bool | None], set[int]]:
    """Of each denial of one text whether the other denies it too (None: does not speak of it), and the parts that do.

    Two denials of the same need two parts: 孕妇不能灸，皮肤破了也别灸.
    """
    kept: list[bool | None] = []
    used: dict[int, Denied] = {}
    for _, item in denials(some):
        place = _counterpart(item, others, used.keys(), some)
        if place is None or (item.about and place in used and used[place].about == item.about):
            kept.append(None)
            continue
        kept.append(_verdict(others, place, item))
        if kept[-1]:
            used[place] = item
    return kept, {*used, *(place + 1 for place in used if others[place].leads and others[place].denied is None)}


def _verdict(there: Sequence[Part], place: int, item: Denied) -> bool | None:
    """Whether a part denies what another does: False where it affirms it, None where it denies something else of the same."""
    part, behind = there[place], there[place + 1 : place + 2]
    if _denies(part, item):
        return True
    if behind and behind[0].denied is not None and behind[0].text.startswith(part.text):
        return None  # 激素药膏，请不要抹: what is denied stands before its denial
    return None if part.denied is not None or part.leads else False


def _repeats(part: Part, item: Denied, here: Sequence[Part]) -> bool:
    """Whether a part that denies nothing says what the other text says elsewhere, rather than the contrary of a denial.

    一天喂8到12次 of both texts is no contrary of 不吃奶.
    """
    if part.denied is not None or ALLOWED.search(part.text):
        return False
    shared, of_it = len(part.content & item.content), part.content & item.about
    said = [other.content for other in here if other.denied is None and other.content - _ANYTHING and not other.leads]
    return any(
        (len(content & part.content) > shared and of_it <= content)
        or (content <= part.content and len(content) >= shared and len(of_it) < 2)
        for content in said
    )


def _counterpart(item: Denied, there: Sequence[Part], taken: Container[int], here: Sequence[Part]) -> int | None:
    """The part of the other text that speaks of what is denied, if any: of several the nearest, and rather one that denies."""
    wanted = item.about or item.before - _ANYTHING
    if item.about and item.about <= DELAY:
        return next((place for place, part in enumerate(there) if part.denied and part.denied & DELAY), None)
    near = [place for place, part in enumerate(there) if wanted and 2 * len(wanted & part.content) >= len(wanted)]
    near = [place for place in near if not _repeats(there[place], item, here)]
    if len(wanted) >= _FIRST:
        near = [place for place in near if item.first in there[place].content] or near
    if near:
        return max(near, key=lambda place: (_nearness(item, there[place]), place not in taken, -place))
    topic = item.about | item.before
    for place, part in enumerate(there):
        if _denies(part, item) and 3 * len(topic & part.content) >= max(3, len(topic)):
            return place
    return None


def _nearness(item: Denied, part: Part) -> float:
    wanted = item.about or item.before - _ANYTHING
    return len(wanted & part.content) + len(item.before & part.content) + _FAVOUR * _denies(part, item)


def _denies(part: Part, item: Denied) -> bool:
    """Whether a part denies what another does, be it in other words: 可能性不大 and 较小, 别停 and 坚持, 不痒 and 止痒."""
    if part.denied is not None and (part.denied & item.about or not item.about):
        return True
    if (part.leads and not item.about) or any(set(OPPOSITE.get(mark, "")) & part.content for mark in item.about):
        return True
    if item.about and item.about <= DELAY:
        return bool(part.denied and part.denied & DELAY)
    if part.denied and part.denied <= WEAK:
        return bool(item.about & part.content)
    return part.denied is None and _in_other_words(part.text, item)


def _in_other_words(text: str, item: Denied) -> bool:
    """Whether a text without a sign of negation denies something, with words that the denial itself does not have."""
    if item.about & GAPS or "停" in item.content:
        return any(found not in item.whole for found in (KEEP if "停" in item.content else WHOLE).findall(text))
    if DEFERRED.search(text) and not DEFERRED.search(item.whole):
        return True
    words = [found[0] for pattern in (LESS, EASED, _STOPS) for found in pattern.finditer(text)]
    return any(word not in item.whole and item.about.isdisjoint(word) for word in words)


def _count(pattern: "re.Pattern[str]", clauses: Iterable[str]) -> int:
    return sum(len(pattern.findall(clause)) for clause in clauses)
