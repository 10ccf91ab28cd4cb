"""What a doctor turn denies or forbids, clause by clause, and whether a rewrite denies and forbids the same."""

import re
from collections.abc import Container, Sequence

from cmtmedqa.llm import lightened, weighed
from cmtmedqa.llm.asked import split
from cmtmedqa.llm.denials import ANYTHING, FAVOUR, FIRST, Denied, Part, count, denials, parts
from cmtmedqa.llm.signs import (
    ALLOWED,
    BEFORE,
    COMFORT,
    DEFERRED,
    DELAY,
    EASED,
    GAPS,
    KEEP,
    LESS,
    NEGATOR,
    OPPOSITE,
    REASSURANCE,
    URGENT,
    USELESS,
    WAITS,
    WEAK,
    WHOLE,
)
from cmtmedqa.llm.turned import bound, stops, straight, turned
from cmtmedqa.llm.upended import dropped, upended
from cmtmedqa.llm.worded import content_of, statements


def difference(original: str, rewritten: str) -> str | None:
    """`negation lost`, `negation added`, or None where both texts deny as much of the same. Questions deny nothing.

    Of each denial of one text the part of the other that speaks of the same is looked for. Where that part denies nothing,
    the denial is lost; where the other text speaks of it in other words, or not at all, such denials of both texts cancel out.
    """
    told, retold = split(original)[1], split(rewritten)[1]
    one, other = statements(original), statements(rewritten)
    if _contrary(told, retold, one, other) or dropped(told, retold, original, rewritten):
        return "negation lost"
    other = _of_the_case(other, original)
    before, after = parts(one), parts(other)
    kept, used, places = _outcome(before, after)
    had, drawn, _ = _outcome(after, before)
    free = [place for (place, _), found in zip(denials(after), had, strict=True) if not found and place not in used]
    kept = _weighed(kept, places, before, after, free, len(kept) - len(had) + _idle(other, original))
    if False in kept or weighed.permitted([item for _, item in denials(before)], told, retold):
        return "negation lost"
    if lightened.increased(original, rewritten) or lightened.made_light(
        [item for _, item in denials(before)], told, retold
    ):
        return "negation lost"
    if weighed.freed(told, retold, one, other) or weighed.thinned(told, retold, one, other):
        return "negation lost"
    hasty = any(URGENT.search(clause) for clause in retold)
    kept = [
        True if place in drawn else _implied(item, after, before, hasty) if found is None else found
        for (place, item), found in zip(denials(before), kept, strict=True)
    ]
    new = _new(had, used, after)
    # Two denials that one part of the other text denies are one: 切勿挖鼻、用力擤鼻.
    split_up = _split_up(new, before, kept)
    fewer = len(kept) - max(0, kept.count(True) - len(used)) - len(had) + split_up
    useless = max(0, count(USELESS, one) - count(USELESS, other))
    lost = kept.count(None)
    spare = max(0, _weak(after, used, other, one) - _weak(before, drawn, one, other))
    if False in kept or useless > max(0, len(new) - lost):
        return "negation lost"
    if fewer > 0 and (lost > len(new) - split_up + spare or (lost and count(ALLOWED, other) > count(ALLOWED, one))):
        return "negation lost"
    if weighed.freed(retold, told, other, one):
        return "negation added"
    added = fewer < 0 and not useless and any(weighed.affirmed(told, *denial) for denial in new)
    return "negation added" if added else None


def _contrary(told: Sequence[str], retold: Sequence[str], one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether single words of a rewrite say the contrary, by clauses as they are said and in one wording."""
    if stops(told, retold) or straight(told, retold) or bound(told, retold) or upended(told, retold):
        return True
    return turned(one, other, count(NEGATOR, retold) < count(NEGATOR, told))


def _weighed(
    kept: Sequence[bool | None],
    places: Sequence[int],
    here: Sequence[Part],
    there: Sequence[Part],
    free: Sequence[int],
    fewer: int,
) -> list[bool | None]:
    """The outcomes, where a denial that the evidence does not show to be turned round is one the rewrite does not speak of."""
    answers = weighed.answers(here, there)
    return [
        found
        if found is not False
        or weighed.turned_round(weighed.evidence(item, here[place], twin, there, free, answers.get(place), fewer > 0))
        else None
        for (place, item), found, twin in zip(denials(here), kept, places, strict=True)
    ]


def _new(
    had: Sequence[bool | None], used: Container[int], there: Sequence[Part]
) -> list[tuple[Denied, frozenset[str], int]]:
    """The denials of a rewrite that answer none, the characters of their parts, and how many of them the original must have."""
    denied = [part.denied for place, part in enumerate(there) if place in used and part.denied]
    return [
        (item, there[place].content, 2 if found is None else 1)
        for (place, item), found in zip(denials(there), had, strict=True)
        if not found
        and place not in used
        and not any(item.about and item.about <= again for again in denied)  # 请戒烟，别再抽烟
    ]


def _split_up(
    new: Sequence[tuple[Denied, frozenset[str], int]], before: Sequence[Part], kept: Sequence[bool | None]
) -> int:
    """How many denials of a rewrite say over again what one of the original that is kept says: 戒熬夜、戒酒 of 熬夜喝酒戒."""
    told = [before[place].content for (place, _), found in zip(denials(before), kept, strict=True) if found]
    return sum(bool(item.about) and any(item.about <= content for content in told) for item, _, _ in new)


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


_WHOLLY = 4  # how much a part is preferred that has all that is denied
_OPENING = 4  # clauses in which a reply may greet and comfort


def _implied(item: Denied, there: Sequence[Part], here: Sequence[Part], hasty: bool) -> bool | None:
    """Whether what a text does not speak of is denied by what it says instead: 请继续服用 for 不用停, 请即刻来院 for 不能等."""
    if item.about and item.about <= DELAY:
        waits = [any(part.denied is None and WAITS.search(part.text) for part in some) for some in (there, here)]
        return False if waits[0] and not waits[1] else hasty or None
    if item.about & GAPS or "停" in item.about:
        words = KEEP if "停" in item.about else WHOLE
        one, other = (
            sum(part.denied is None and bool(words.search(part.text)) for part in some) for some in (here, there)
        )
        return True if other > one else None
    return None


def _weak(some: Sequence[Part], used: Container[int], clauses: Sequence[str], others: Sequence[str]) -> int:
    """How often a text denies in other words that the other does not have, in parts that serve no denial of the other text yet."""
    own, known = "".join(clauses), "".join(others)
    free = [part.text for place, part in enumerate(some) if place not in used]
    words = [found[0] for text in free for found in LESS.finditer(text)]
    less = sum(own.count(word[0]) > known.count(word[0]) for word in words)
    return less + count(REASSURANCE, clauses) + max(0, count(BEFORE, clauses) - count(BEFORE, others))


_AFFECTS = frozenset("影响")
_STOPS = re.compile("停(?:止|用|掉|药|了)")


def _outcome(some: Sequence[Part], others: Sequence[Part]) -> tuple[list[bool | None], set[int], list[int]]:
    """Of each denial of one text whether the other denies it too (None: does not speak of it), the parts that do, and where.

    Two denials of the same need two parts: 孕妇不能灸，皮肤破了也别灸.
    """
    kept: list[bool | None] = []
    places: list[int] = []
    used: dict[int, Denied] = {}
    for _, item in denials(some):
        place = _counterpart(item, others, used.keys(), some)
        places.append(-1 if place is None else place)
        if place is None or (item.about and place in used and not _serves_again(others[place], item, used[place])):
            kept.append(None)
            continue
        kept.append(_verdict(others, place, item))
        if kept[-1]:
            used[place] = item
    return kept, {*used, *(place + 1 for place in used if others[place].leads and others[place].denied is None)}, places


def _serves_again(part: Part, item: Denied, first: Denied) -> bool:
    """Whether a part that answers one denial answers another one: 不肿、不痛 of 不肿不痛, but 勿往口中塞物 not of 别掐人中."""
    return first.about != item.about and 2 * len(item.about & part.content) > len(item.about)


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
    said = [other.content for other in here if other.denied is None and other.content - ANYTHING and not other.leads]
    return any(
        (len(content & part.content) > shared and of_it <= content)
        or (content <= part.content and len(content) >= shared and len(of_it) < 2)
        for content in said
    )


def _counterpart(item: Denied, there: Sequence[Part], taken: Container[int], here: Sequence[Part]) -> int | None:
    """The part of the other text that speaks of what is denied, if any: of several the nearest, and rather one that denies."""
    wanted = item.about or item.before - ANYTHING
    if item.about and item.about <= DELAY:
        return next((place for place, part in enumerate(there) if part.denied and part.denied & DELAY), None)
    near = [
        place
        for place, part in enumerate(there)
        if wanted and (2 * len(wanted & part.content) >= len(wanted) or item.first in (part.denied or ()))
    ]
    near = [place for place in near if not _repeats(there[place], item, here)]
    if len(wanted) >= FIRST:
        near = [place for place in near if item.first in there[place].content] or near
    if not item.about and all(there[place].denied is None for place in near):
        # 不影响 and 不会影响 are about all that stands before them.
        bare = [place for place, part in enumerate(there) if part.denied is not None and part.denied == part.content]
        near = [place for place in bare if place not in taken and len(wanted & there[place].content) > 1] or near
    if near:
        return max(near, key=lambda place: (_nearness(item, there[place]), place not in taken, -place))
    topic = item.about | item.before
    for place, part in enumerate(there):
        if _denies(part, item) and 3 * len(topic & part.content) >= max(3, len(topic)):
            return place
    return None


def _nearness(item: Denied, part: Part) -> float:
    wanted = item.about or item.before - ANYTHING
    said = len(wanted & part.content) + len(item.before & part.content)
    return (
        said
        + FAVOUR * _denies(part, item) * _share(part, item)
        + _WHOLLY * bool(part.denied and item.about and item.about <= part.content)
    )


def _share(part: Part, item: Denied) -> float:
    """How much of what is denied a part denies: 玩手机 has but half of 手术; all of it where it denies in other words."""
    shared = item.about & (part.denied or frozenset())
    return len(shared) / len(item.about) if shared else 1.0


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
    if item.about & GAPS or "停" in item.about:
        return any(found not in item.whole for found in (KEEP if "停" in item.about else WHOLE).findall(text))
    if item.content >= _AFFECTS and ALLOWED.search(text):  # 可以开车 for 不影响开车
        return True
    if DEFERRED.search(text) and not DEFERRED.search(item.whole):
        return True
    words = [found[0] for pattern in (LESS, EASED, _STOPS) for found in pattern.finditer(text)]
    return any(word not in item.whole and item.about.isdisjoint(word) for word in words)
