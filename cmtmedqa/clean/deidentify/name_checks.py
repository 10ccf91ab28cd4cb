"""Checks of the name rules: where a name after a cue, between marks or before a title ends, and whether it is one."""

import re

from cmtmedqa.clean.deidentify.cues import KIN
from cmtmedqa.clean.deidentify.names import (
    AMBIGUOUS,
    BEHIND,
    CUT,
    HAN,
    NO_GIVEN,
    ONLY,
    STOP,
    SURNAMES,
    USUAL,
    allowed,
    closed,
    ends_at_mark,
    ends_well,
    inside_maker,
    likely_name,
    name_end,
    surname_length,
    whole_run,
)
from cmtmedqa.clean.deidentify.patterns import TAG_MARK
from cmtmedqa.clean.deidentify.places import place_end
from cmtmedqa.clean.deidentify.wares import called_ware, is_ware, named_after

Extent = tuple[int, int] | bool

# Surnames that mostly are other words: never a name on weak evidence; then those that need a full name.
NEVER = frozenset("那相权但和从应时成全能经由祝对连同还有都为以及查年须终才是门首后广计怀来由公")
# Of these the ones that join what stands before them to what follows: no surname at all here.
JOINS = frozenset("和从能对连同还有为以及须才是经信")
FUNCTION_WORDS = NEVER | frozenset("于常左戴关单包向国信但修衣位保权")
DOUBTFUL = AMBIGUOUS | FUNCTION_WORDS
_NO_NAME = re.compile(
    r"[未不无没错对空假乱看字写填改变样误]|[同如][上下]|电话|性别|年龄|[证号卡码件单车]|医保|社保|银行|手机|护照|户口|认证|登记|完成|成功|失败|通过|已|地址|朋友|同事|前台|正确|一致|匿名|保密|患者|姓名|什么|多少|怎|先生$|女士$|医生|大夫"
)


def strong(match: re.Match[str]) -> Extent:
    """After a cue that always announces a name, unless a thing is called so."""
    text, start = match.string, match.start("v")
    if called_ware(text, start):
        return False
    if _WORD_NAME.match(text, start) and text[start + 2] in USUAL and not allowed(text, start, start + 2):
        return start, start + 3
    found = likely_name(text, start)
    end = max(found.end if found else name_end(text, start), whole_run(text, start))
    return (start, end) if end > start else False


# A full name up to a mark, of which two characters may be a word (方向 + 东).
_WORD_NAME = re.compile(f"[{''.join(sorted(SURNAMES))}][{HAN}]{{2}}(?![{HAN}])")


def announced(match: re.Match[str]) -> Extent:
    """After a cue that often announces a name: its given name is a usual one, or it ends at a mark."""
    text, start = match.string, match.start("v")
    found = likely_name(text, start)
    end = whole_run(text, start)
    given = text[start + 1 : end]
    if text[start] in JOINS and surname_length(text, start) == 1 and not closed(text, end):
        return False
    if text[start] in NEVER and surname_length(text, start) == 1:
        if found and found.usual and found.end - start == 3 and closed(text, found.end):
            end, given = found.end, text[start + 1 : found.end]
        if found and _names_only(text, start, found.end):
            return start, found.end
        named = text[start] not in JOINS and len(given) == 2 and all(char in USUAL for char in given)
        return (start, end) if named and given not in NO_GIVEN and given not in CUT else False
    plain = text[start] not in FUNCTION_WORDS and not any(char in STOP and char not in USUAL for char in given)
    if len(given) >= 2 and plain and any(char in USUAL for char in given):
        return (start, end) if sound(text, start, end) else False
    return (start, found.end) if found and found.usual and sound(text, start, found.end) else False


def announced_full(match: re.Match[str]) -> Extent:
    """Like announced, and of a full name only."""
    found = announced(match)
    return found if isinstance(found, tuple) and found[1] - found[0] >= 3 else False


def announced_sure(match: re.Match[str]) -> Extent:
    """Like announced, where the surname is no word, or the name is a full one of usual characters that ends well."""
    text, start = match.string, match.start("v")
    found = announced(match)
    if not isinstance(found, tuple):
        return False
    end = found[1]
    plain = surname_length(text, start) > 1 or text[start] not in DOUBTFUL
    given = text[start + surname_length(text, start) : end]
    known = all(char in USUAL for char in given)
    ended = closed(text, end) or allowed(text, end)
    full = end - start >= 3
    return found if known and (plain or ended) and (full or (plain and ended)) else False


def _names_only(text: str, start: int, end: int) -> bool:
    """Whether a given name behind a surname of one character is made of what hardly stands in other words.

    One such character is enough in a full name that ends well; the surnames that join words are never sure.
    """
    given = text[start + 1 : end]
    if text[start] in JOINS or not given:
        return False
    count = sum(char in ONLY for char in given)
    return count == len(given) or (count > 0 and all(char in USUAL for char in given) and closed(text, end))


def sound(text: str, start: int, end: int) -> bool:
    """Whether a stretch that looks like a name is none of the words and places that do."""
    given = text[start + 1 : end]
    if (
        surname_length(text, start) == 1
        and not _names_only(text, start, end)
        and (text[start] in NEVER or (text[start] in FUNCTION_WORDS and len(given) < 2 and not closed(text, end)))
    ):
        return False
    return fits(text, start, end) and not ends_word(text, start)


_ADVERBS = frozenset("就都只也才还很最太不")


def _only_names(text: str, start: int, end: int) -> bool:
    """Whether each character of a given name hardly stands in other words."""
    return end - start == 3 and all(char in ONLY for char in text[start + 1 : end])


def fits(text: str, start: int, end: int) -> bool:
    """Whether a stretch that looks like a name is no ware, no eponym and no place, whatever its surname."""
    size = surname_length(text, start)
    # Behind an adverb such a surname is the verb: 就信, 也关, 都包.
    if (
        size == 1
        and text[start] in FUNCTION_WORDS
        and text[start - 1 : start] in _ADVERBS
        and not _only_names(text, start, end)
    ):
        return False
    if size == 1 and inside_maker(text, start):
        return False
    if text[end - 1] == "征" and re.match("[阴阳(检试]|$", text[end : end + 1]):
        return False
    if "氏" in text[start + size : end + 1] or is_ware(text, end) or named_after(text, start, end):
        return False
    return text[start + size : end] not in NO_GIVEN and place_end(text, start) < end


def ends_word(text: str, start: int) -> bool:
    """Whether the surname that starts here ends a word that began before it."""
    before = text[start - 1 : start]
    return bool(
        surname_length(text, start) == 1
        and before
        and before in BEHIND.get(text[start], "")
        and not _KIN_ENDS.search(text, max(0, start - 4), start)
    )


# Behind a word for kin the next character begins a word of its own (孙女 + 王, not 女王).
_KIN_ENDS = re.compile(f"(?:{KIN})$")


def whole(match: re.Match[str]) -> Extent:
    """Between two cues: the whole stretch is a name, of whose given name one character may be an unusual one."""
    text, (start, end) = match.string, match.span("v")
    size = surname_length(text, start)
    given = text[start + size : end]
    if not given or allowed(text, start) or any(char in STOP and char not in USUAL for char in given):
        return False
    weak_surname = size == 1 and text[start] in DOUBTFUL
    return sound(text, start, end) and sum(char in USUAL for char in given) >= (len(given) if weak_surname else 1)


def usual(match: re.Match[str]) -> Extent:
    """Between two weak cues: every character of the given name is a usual one."""
    text, (start, end) = match.string, match.span("v")
    size = surname_length(text, start)
    given = text[start + size : end]
    sure = len(given) == 2 or size > 1 or text[start] not in DOUBTFUL or _names_only(text, start, end)
    known = bool(given) and sure and not allowed(text, start) and all(char in USUAL for char in given)
    return known and sound(text, start, end)


def usual_acting(match: re.Match[str]) -> Extent:
    """Like usual; of two characters only where the surname is no word."""
    return usual(match) if match.end("v") - match.start("v") >= 3 else usual_plain(match)


def usual_plain(match: re.Match[str]) -> Extent:
    """Like usual, and the surname is no word."""
    text, start = match.string, match.start("v")
    compound = surname_length(text, start) > 1
    return (compound or text[start] not in DOUBTFUL) and usual(match)


def recorded(match: re.Match[str]) -> Extent:
    """Before a sex and an age: every character of the given name is a usual one, whatever the surname."""
    text, (start, end) = match.string, match.span("v")
    given = text[start + surname_length(text, start) : end]
    known = bool(given) and not allowed(text, start) and all(char in USUAL for char in given)
    return known and sound(text, start, end)


def recorded_mark(match: re.Match[str]) -> Extent:
    """In the field of a form: a name up to a mark."""
    found = strong(match)
    return found if isinstance(found, tuple) and ends_at_mark(match.string, found[1]) else False


def fielded(match: re.Match[str]) -> Extent:
    """Directly behind the name of a field: a name up to a mark, whose surname joins nothing to the field."""
    return match["v"][0] not in JOINS and recorded_mark(match)


def after_title(match: re.Match[str]) -> Extent:
    """Like weak, but behind a label that opens a turn only a full name counts."""
    found = weak(match)
    opens = _opens(match.string, match.start())
    if isinstance(found, tuple) and opens and _LABEL.fullmatch(match.string[match.start() : match.start("v")].strip()):
        sure = usual_plain(match) and ends_at_mark(match.string, found[1])
        return found if found[1] - found[0] >= 3 or sure else False
    return found


_LABEL = re.compile("(?:医生|大夫|医师|专家|主任|护士|老师):")


def _opens(text: str, start: int) -> bool:
    """Whether nothing but a little white space stands before a place: looking at more would be quadratic in long texts."""
    return start <= 8 and not text[:start].strip()


def weak(match: re.Match[str]) -> Extent:
    """After a cue that mostly announces something else: the name must end well, and look like one."""
    text, start = match.string, match.start("v")
    end = name_end(text, start)
    found = announced(match)
    if end == start or text[start] in FUNCTION_WORDS:
        return found
    if text[start - 1] == ":" and start - match.start() <= 3 and _opens(text, match.start()):
        long = end - start >= 3 and text[start] not in AMBIGUOUS
        sure = (long or isinstance(found, tuple)) and ends_at_mark(text, end)
        return (start, end) if sure else False
    if found is not False:
        return found
    if text[start + 1 : end] in NO_GIVEN or not sound(text, start, end):
        return False
    if (text[start] in AMBIGUOUS and surname_length(text, start) == 1) or end - start == 2:
        # Before a value that another rule found there is mostly a word for it (家属车牌 ...).
        marked = ends_at_mark(text, end) and not text.startswith(TAG_MARK, end)
        return (start, end) if marked else False
    return (start, end) if ends_well(text, end) else False


def delimited(match: re.Match[str]) -> Extent:
    """Between two marks: the whole stretch must be a name of two to four characters."""
    start, end = match.span("v")
    weak_surname = match.string[start] in NEVER and end - start == 2
    known = (name_end(match.string, start) == end or usual(match) is True) and not weak_surname
    return known and match.string[start:end] not in _GREETINGS and not named_after(match.string, start, end)


_GREETINGS = frozenset(("马上", "谢谢", "祝好", "全部"))


_KIN = re.compile(f"[我他她你您]|(?:{KIN})(?:本人)?$")


def field(match: re.Match[str]) -> Extent:
    """The value of a form's name field, whatever it is made of."""
    if _KIN.match(match["v"]):
        return False
    if (extent := strong(match)) is not False:
        return extent
    value = match["v"]
    if _KIN.search(value):
        return False
    return (
        len(value) <= 15
        and ("·" in value or bool(re.search(r"[:=(\[「\"'“]", match.string[match.start() : match.start("v")])))
        and (len(value) <= 4 or "·" in value)
        and not _NO_NAME.search(value)
        and not allowed(match.string, match.start("v"))
    )
