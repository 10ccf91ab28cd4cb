"""Write a corpus of dialogues with planted near-duplicates, noise and shared boilerplate; same seed, same bytes.

python -m benchmarks.make_corpus DATA -o BENCH/70k --size 70000

DATA is a folder with zhongjing/ and toyhom/ (real question-answer pairs). Written: corpus.jsonl (CMtMedQA shape) and
planted.jsonl (id, base, kind, target Jaccard). Every document is a function of the seed and its number, so that a copy can
be made without keeping its base: memory does not grow with --size.
"""

import argparse
import json
from bisect import bisect
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from benchmarks.corpus_boilerplate import GREETINGS, SIGNATURES, THANKS, personal_item
from benchmarks.corpus_edits import (
    Pairs,
    convert,
    edit_characters,
    edit_clauses,
    edit_turns,
    format_noise,
    markup,
    punctuation,
)
from benchmarks.corpus_pool import Department, Pool, Sentence, load_pool

PLANTED_SHARE = 0.1
BASES_PER_COPY = 0.7
# kind, share of the planted, whether it aims at a Jaccard below 1
KINDS = (
    ("exact", 0.10, False),
    ("traditional", 0.15, False),
    ("format", 0.08, False),
    ("characters", 0.30, True),
    ("clauses", 0.20, True),
    ("turns", 0.17, True),
)
LOWEST_TARGET, HIGHEST_TARGET = 0.70, 0.95
DEPARTMENT_PAIR = 0.62
MIXED_PAIR, MIXED_SENTENCE, SWAPPED_WORD = 0.75, 0.4, 0.18
GREETED, SIGNED, THANKED, TEMPLATED, TEMPLATE_HEAVY = 0.35, 0.30, 0.25, 0.15, 0.02
TRADITIONAL, PUNCTUATION, MARKUP, PERSONAL = 0.08, 0.10, 0.08, 0.20

_CLAUSE_TRIES = 8


class Copy(NamedTuple):
    """A planted near-duplicate: the number of its base, how it is made, the Jaccard it aims at."""

    base: int
    kind: str
    target: float


class Maker(NamedTuple):
    """What every document depends on."""

    pool: Pool
    seed: int
    size: int
    to_traditional: Callable[[str], str]


class Content(NamedTuple):
    """A dialogue before noise."""

    department: Department
    finer: str
    pairs: Pairs


def plan(size: int, seed: int) -> list[Copy | None]:
    """For each document: None for a base, else which copy it is."""
    rng = Random(f"{seed}/plan")
    copies = round(size * PLANTED_SHARE)
    planted = set(rng.sample(range(size), copies))
    bases = [number for number in range(size) if number not in planted]
    pool = rng.sample(bases, max(1, round(copies * BASES_PER_COPY)))
    kinds = [kind for kind in KINDS for _ in range(round(copies * kind[1]))]
    kinds = (kinds + [KINDS[3]] * copies)[:copies]
    rng.shuffle(kinds)
    result: list[Copy | None] = [None] * size
    for number, (kind, _, edited) in zip(sorted(planted), kinds, strict=True):
        target = rng.uniform(LOWEST_TARGET, HIGHEST_TARGET) if edited else 1.0
        result[number] = Copy(rng.choice(pool), kind, round(target, 4))
    return result


def base(maker: Maker, number: int) -> Content:
    """The dialogue of a base document, without noise and personal items."""
    pool, rng = maker.pool, Random(f"{maker.seed}/base/{number}")
    department = pool.departments[bisect(pool.weights, rng.random() * pool.weights[-1])]
    heavy = rng.random() < TEMPLATE_HEAVY
    count = 2 if heavy else rng.choice(pool.lengths)
    pairs = [_pair(maker, department, rng) for _ in range(count)]
    if heavy:
        share = rng.uniform(0.35, 0.65)
        pairs[0] = (pairs[0][0], pairs[0][1] + _template(maker, rng, round(400 * share / (1 - share)), "long"))
    if rng.random() < TEMPLATED:
        place = rng.randrange(count)
        pairs[place] = (pairs[place][0], _template(maker, rng, 180, "short"))
    if rng.random() < GREETED:
        pairs[0] = (pairs[0][0], rng.choice(GREETINGS) + pairs[0][1])
    if rng.random() < SIGNED:
        pairs[-1] = (pairs[-1][0], pairs[-1][1] + rng.choice(SIGNATURES))
    if rng.random() < THANKED:
        pairs.append(rng.choice(THANKS))
    return Content(department, rng.choice(department.finer), pairs)


def _pair(maker: Maker, department: Department, rng: Random) -> tuple[str, str]:
    """A pair of the department or of the loose pool, sentences of its kin mixed in, words swapped."""
    pool = maker.pool
    kin = department.pairs if rng.random() < DEPARTMENT_PAIR or not pool.loose else pool.loose
    question, answer = rng.choice(kin)
    if rng.random() < MIXED_PAIR:
        question, answer = _mixed(question, rng.choice(kin).question, rng), _mixed(answer, rng.choice(kin).answer, rng)
    return _spoken(question, pool, rng) or "医生您好。", _spoken(answer, pool, rng) or "您好。"


def _mixed(own: tuple[Sentence, ...], other: tuple[Sentence, ...], rng: Random) -> tuple[Sentence, ...]:
    return tuple(rng.choice(other) if other and rng.random() < MIXED_SENTENCE else sentence for sentence in own)


def _spoken(sentences: tuple[Sentence, ...], pool: Pool, rng: Random) -> str:
    parts: list[str] = []
    for pieces, slots in sentences:
        chosen = list(pieces)
        for slot in slots:
            if rng.random() < SWAPPED_WORD:
                chosen[slot] = rng.choice(pool.words[len(chosen[slot])])
        parts.extend(chosen)
    return "".join(parts).strip()


def _template(maker: Maker, rng: Random, length: int, kind: str) -> str:
    """Text of about `length` characters that some 100 other documents of this kind begin with as well."""
    share = {"long": TEMPLATE_HEAVY, "short": TEMPLATED}[kind]
    number = rng.randrange(max(3, round(maker.size * share / 100)))
    own, text = Random(f"{maker.seed}/{kind}/{number}"), ""
    while len(text) < length:
        department = own.choice(maker.pool.departments)
        text += "".join("".join(sentence.pieces) for sentence in own.choice(department.pairs).answer).strip()
    return text[:length]


def _clause(maker: Maker) -> Callable[[Random], str]:
    """Draws a clause of 4 to 40 characters from the answers of any department."""

    def draw(rng: Random) -> str:
        for _ in range(_CLAUSE_TRIES):
            answer = rng.choice(rng.choice(maker.pool.departments).pairs).answer
            clauses = "".join(rng.choice(answer).pieces).split("，") if answer else []
            found = [clause for clause in clauses if 4 <= len(clause) <= 40]
            if found:
                return rng.choice(found).rstrip("。！？；\n") + "，"
        return ""

    return draw


def copied(maker: Maker, copy: Copy, number: int) -> Content:
    """A planted copy of a base."""
    content, rng = base(maker, copy.base), Random(f"{maker.seed}/copy/{number}")
    edits = {"characters": edit_characters, "clauses": edit_clauses, "turns": edit_turns}
    if copy.kind in edits:
        return content._replace(pairs=edits[copy.kind](content.pairs, copy.target, rng, _clause(maker)))
    if copy.kind == "traditional":
        return content._replace(pairs=convert(content.pairs, maker.to_traditional))
    if copy.kind == "format":
        return content._replace(pairs=format_noise(content.pairs, rng))
    return content


def document(maker: Maker, number: int, copy: Copy | None) -> dict[str, Any]:
    """The record of one document, noise included. Copies carry no personal items, as real ones differ in them."""
    content = copied(maker, copy, number) if copy else base(maker, number)
    rng = Random(f"{maker.seed}/noise/{number}")
    pairs = list(content.pairs)
    if copy is None and rng.random() < PERSONAL:
        place = rng.randrange(len(pairs))
        pairs[place] = (personal_item(rng) + pairs[place][0], pairs[place][1])
    if rng.random() < TRADITIONAL:
        pairs = convert(pairs, maker.to_traditional)
    if rng.random() < PUNCTUATION:
        pairs = punctuation(pairs, rng)
    if rng.random() < MARKUP:
        pairs = markup(pairs, rng)
    return {
        "id": f"c{number:07d}",
        "cate1": content.department.name,
        "cate2": content.finer,
        "instruction": pairs[-1][0],
        "input": "",
        "output": pairs[-1][1],
        "history": [list(pair) for pair in pairs[:-1]],
    }


def documents(maker: Maker, copies: list[Copy | None]) -> Iterator[dict[str, Any]]:
    """All documents in order."""
    for number, copy in enumerate(copies):
        yield document(maker, number, copy)


def make(data: Path, folder: Path, size: int, seed: int) -> None:
    """Write corpus.jsonl and planted.jsonl into `folder`."""
    import opencc

    maker = Maker(load_pool(data), seed, size, opencc.OpenCC("s2t").convert)
    copies = plan(size, seed)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as stream:
        for record in documents(maker, copies):
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    with (folder / "planted.jsonl").open("w", encoding="utf-8") as stream:
        for number, copy in enumerate(copies):
            if copy is not None:
                row = {"id": f"c{number:07d}", "base": f"c{copy.base:07d}", "kind": copy.kind, "target": copy.target}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=70_000)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    make(options.data, options.output, options.size, options.seed)


if __name__ == "__main__":
    main()
