"""Rules for transcribed names that are known as a whole, or part by part: looked up, not guessed from their sounds."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from cmtmedqa.clean.deidentify.cues import FIELD, RELATIVE, ROLE
from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.names import allowed, closed, ends_at_mark, ends_well, sections
from cmtmedqa.clean.deidentify.patterns import compiled
from cmtmedqa.clean.deidentify.places import place_end
from cmtmedqa.clean.deidentify.wares import called_person, is_ware

_NAMES = {title.strip("[]"): frozenset(words.split()) for title, words in sections("transcribed_names.txt").items()}
_ENDS = frozenset("加草措毛吉太本")  # behind one part
_GROUP = 14
_DOTS = "·•・‧∙⋅･"
_LONGEST = max(map(len, _NAMES["whole"]))


def _begin(size: int, *titles: str) -> str:
    """A pattern of the first two or three characters of names, by the first one: few pairs of neighbours, so that few texts are looked at."""
    starts: dict[str, set[str]] = defaultdict(set)
    for title in titles:
        for word in _NAMES[title]:
            starts[word[0]].add(word[1:size])
    firsts = sorted(starts)
    # In groups behind a look at the first character: an alternation of all would try each in turn.
    groups = [firsts[at : at + _GROUP] for at in range(0, len(firsts), _GROUP)]
    return f"(?:{'|'.join(_group(group, starts) for group in groups)})"


def _group(firsts: Sequence[str], starts: Mapping[str, set[str]]) -> str:
    ways = "|".join(f"{first}{_either(starts[first])}" for first in firsts)
    return f"(?=[{''.join(firsts)}])(?:{ways})"


def _either(ends: set[str]) -> str:
    seconds: dict[str, set[str]] = defaultdict(set)
    for end in ends:
        seconds[end[0]].add(end[1:])
    ways = [f"{second}[{''.join(sorted(thirds))}]" for second, thirds in sorted(seconds.items()) if thirds != {""}]
    return f"(?:{'|'.join(ways)})" if ways else f"[{''.join(sorted(seconds))}]"


def _sizes(text: str, start: int) -> Iterator[int]:
    """How long the known names are that start here, longest first: whole ones, Tibetan parts in a row, a Yi clan with a given name."""
    for size in range(min(_LONGEST, len(text) - start), 2, -1):
        name = text[start : start + size]
        parts = [name[at : at + 2] for at in range(0, size, 2)]
        if (
            name in _NAMES["whole"]
            or (size == 3 and parts[0] in _NAMES["tibetan"] and name[2] in _ENDS and closed(text, start + 3))
            or (size in (4, 6) and all(part in _NAMES["tibetan"] for part in parts))
            or (name[:2] in _NAMES["yi"] and name[2:] in _NAMES["yi-given"])
        ):
            yield size


def _plain(text: str, start: int, end: int) -> bool:
    """Whether a name here is no place, no drug and nothing that is sold, and no word begins in it."""
    words = any(allowed(text, at) for at in range(start, end - 1))
    return not (words or is_ware(text, end) or place_end(text, start) >= end - 1)


def _known(match: re.Match[str]) -> tuple[int, int] | bool:
    text, start = match.string, match.start("v")
    if text[start - 1 : start] == "叫" and not called_person(text, start, match.end("v")):
        return False
    end = next((start + size for size in _sizes(text, start) if _plain(text, start, start + size)), start)
    while end > start and text[end : end + 1] in tuple(_DOTS):
        more = next(_sizes(text, end + 1), 0)
        if not more:
            break
        end += 1 + more
    return (start, end) if end > start else False


def _short(match: re.Match[str]) -> bool:
    """A name of two characters behind a cue, which a mark or a word that follows names ends."""
    text, (start, end) = match.string, match.span("v")
    known = any(match["v"] in _NAMES[title] for title in ("short", "tibetan"))
    return known and (closed(text, end) or ends_at_mark(text, end) or ends_well(text, end)) and _plain(text, start, end)


_PART = _begin(2, "tibetan")
_GIVEN = "".join(sorted({word[0] for word in _NAMES["yi-given"]}))
_RUN = f"(?:{_begin(3, 'whole')}|{_PART}(?:{_PART}|[{''.join(sorted(_ENDS))}])|{_begin(2, 'yi')}[{_GIVEN}])"

KNOWN: tuple[Rule, ...] = (
    Rule(
        "known-transcribed",
        "name",
        compiled(f"(?P<v>{_RUN})"),
        ("麻烦叫一下古再丽努尔，她该换药了", "扎西顿珠昨天来过", "阿都日洛的片子", "娜仁托娅说还疼"),
        ("阿莫西林", "吃了奥美拉唑", "乌鲁木齐的"),
        _known,
    ),
    Rule(
        "known-transcribed-short",
        "name",
        compiled(
            rf"(?:{RELATIVE}|{ROLE}|{FIELD}|(?:我|他|她|你|您)(?:就|都)?是|名?叫|喊)(?:的|了|是|叫|为|名字|[:, (]){{0,2}}(?P<v>{_begin(2, 'short', 'tibetan')})"
        ),
        ("我奶奶拉姆血压高",),
        ("患者阿胶", "我妈达到标准"),
        _short,
    ),
)
