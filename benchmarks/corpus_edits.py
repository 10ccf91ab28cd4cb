"""What is done to copies of a dialogue (edits that aim at a Jaccard of character 5-grams) and to any document (noise)."""

import re
from collections.abc import Callable
from random import Random

Pairs = list[tuple[str, str]]
Clause = Callable[[Random], str]

_CLAUSE = re.compile(r"[^，。！？；,;!?\n]*[，。！？；,;!?\n]?")
_FULL_TO_ASCII = str.maketrans("，？！：；（）", ",?!:;()")
_ASCII_TO_FULL = str.maketrans(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,?!:;()",
    "０１２３４５６７８９ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ"
    "ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ，？！：；（）",
)
_MARKUP = ("<br>", "<br/>", "&nbsp;", "<p>", "</p>", '<span class="txt">', "</span>", "\u3000", "<b>", "</b>")
_REMOVE, _INSERT, _REPLACE = range(3)
_TRIES = 400


def characters(pairs: Pairs) -> int:
    """The length of a dialogue: all turns."""
    return sum(len(question) + len(answer) for question, answer in pairs)


def edit_characters(pairs: Pairs, target: float, rng: Random, clause: Clause) -> Pairs:
    """Change single characters: each edit breaks five 5-grams on both sides, so n(1-J) / (5(1+J)) edits give Jaccard J."""
    turns = [list(text) for pair in pairs for text in pair]
    places = [(turn, place) for turn, text in enumerate(turns) for place in range(len(text))]
    edits = min(round(len(places) * (1 - target) / (5 * (1 + target))), len(places))
    fresh = clause(rng) or "的"
    for turn, place in rng.sample(places, edits):
        fresh = fresh if len(fresh) > 1 else clause(rng) or "的"
        draw, other, fresh = rng.random(), fresh[0], fresh[1:]
        old = turns[turn][place]
        turns[turn][place] = other if draw < 0.6 else "" if draw < 0.8 else old + other
    return _paired(["".join(text) for text in turns])


def edit_clauses(pairs: Pairs, target: float, rng: Random, clause: Clause) -> Pairs:
    """Remove, insert or replace clauses for a budget of n(1-J) characters; a replacement costs 1.6 of the longer clause."""
    turns = [[part for part in _CLAUSE.findall(text) if part] for pair in pairs for text in pair]
    budget = characters(pairs) * (1 - target)
    for _ in range(_TRIES):
        if budget < 4:
            break
        turn = turns[rng.randrange(len(turns))]
        place, kind, fresh = rng.randrange(len(turn)), rng.randrange(3), clause(rng)
        if kind == _REMOVE and len(turn) == 1:
            continue
        cost = {_REMOVE: len(turn[place]), _INSERT: len(fresh), _REPLACE: 1.6 * max(len(turn[place]), len(fresh))}[kind]
        if cost > budget or not fresh:
            continue
        budget -= cost
        turn[place : place + (kind != _INSERT)] = [] if kind == _REMOVE else [fresh]
    return _paired(["".join(turn) for turn in turns])


def edit_turns(pairs: Pairs, target: float, rng: Random, clause: Clause) -> Pairs:
    """Insert a thanks pair with filler of n(1/J - 1) characters, or drop the shortest pairs up to n(1 - J) characters."""
    size = characters(pairs)
    if rng.random() < 0.6 or len(pairs) < 2:
        wanted, filler = round(size * (1 / target - 1)), ""
        while len(filler) < wanted:
            filler += clause(rng) or "嗯，"
        filler, middle = filler[:wanted], wanted // 3
        place = rng.randrange(1, len(pairs) + 1)
        return [*pairs[:place], (f"谢谢医生。{filler[:middle]}", f"不客气。{filler[middle:]}"), *pairs[place:]]
    dropped: set[int] = set()
    lost = 0
    for number in sorted(range(len(pairs)), key=lambda item: len(pairs[item][0]) + len(pairs[item][1]))[:-1]:
        lost += len(pairs[number][0]) + len(pairs[number][1])
        if dropped and lost > size * (1 - target):
            break
        dropped.add(number)
    return [pair for number, pair in enumerate(pairs) if number not in dropped]


def format_noise(pairs: Pairs, rng: Random) -> Pairs:
    """Another layout of the same text: punctuation forms, markup, white space, and a few doubled full stops."""
    spaced = [(question.replace("，", "， "), answer.replace("。", "。\n")) for question, answer in pairs]
    place = rng.randrange(len(spaced))
    question, answer = spaced[place]
    spaced[place] = (question, answer.replace("。", "。。", 2))
    return markup(punctuation(spaced, rng), rng)


def punctuation(pairs: Pairs, rng: Random) -> Pairs:
    """Half-width or full-width punctuation; the full-width form takes letters and digits with it."""
    table = _FULL_TO_ASCII if rng.random() < 0.5 else _ASCII_TO_FULL
    return [(question.translate(table), answer.translate(table)) for question, answer in pairs]


def markup(pairs: Pairs, rng: Random) -> Pairs:
    """Remnants of HTML after one to three sentences of each answer."""
    return [(question, _with_markup(answer, rng)) for question, answer in pairs]


def convert(pairs: Pairs, to_traditional: Callable[[str], str]) -> Pairs:
    """Traditional characters, the whole dialogue in one call (a separator that no text holds stands between turns)."""
    return _paired(to_traditional("\x1e".join(text for pair in pairs for text in pair)).split("\x1e"))


def _with_markup(text: str, rng: Random) -> str:
    for _ in range(rng.randrange(1, 4)):
        place = text.find("。", rng.randrange(len(text) or 1)) + 1
        text = text[:place] + rng.choice(_MARKUP) + text[place:]
    return text


def _paired(turns: list[str]) -> Pairs:
    return list(zip(turns[::2], turns[1::2], strict=True))
