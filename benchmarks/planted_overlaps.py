"""What decontamination finds of planted overlaps, and what it costs: python -m benchmarks.planted_overlaps ../shared/data

Questions of CMtMedQA are planted into dialogues of Toyhom in every way named in `PLANTS`; recall is the share that is found,
and what is found of the last ones is wrong. Cost: CPU seconds for 10,000 dialogues without any overlap.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa

from benchmarks.corpus_edits import Pairs, punctuation
from benchmarks.corpus_pool import _dialogue_pairs, _toyhom_csv, _toyhom_text
from cmtmedqa.clean import normalise
from cmtmedqa.config import Normalise
from cmtmedqa.dedup.contamination import Index, Item, Limits, Overlap, find_overlaps, make_index
from cmtmedqa.dedup.folded import fold_table

Plant = Callable[[Pairs, Pairs, Random], Pairs]

_GREETING, _CLOSING = "医生您好，我想咨询一下，", "好的，我知道了，谢谢医生的解答，我会按照您的建议去做的。"
_PER_EDIT = 25  # characters of a question for each one that is changed
_PIECES = 3
DEFAULTS = Limits(13, 0.4, 8, 0.8)


def _digits(text: str, rng: Random) -> str:
    return "".join(str(rng.randrange(10)) if character.isdecimal() else character for character in text)


def _edited(text: str, rng: Random) -> str:
    characters = list(text)
    for place in rng.sample(range(len(text)), len(text) // _PER_EDIT):
        characters[place] = "某"
    return "".join(characters)


@cache
def _traditional() -> Callable[[str], str]:
    import opencc

    return opencc.OpenCC("s2t").convert


def _cut(text: str) -> list[str]:
    size = -(-len(text) // _PIECES)
    return [text[start : start + size] for start in range(0, len(text), size)]


def _asked(item: Pairs) -> str:
    return "".join(question for question, _ in item)


PLANTS: dict[str, Plant] = {
    "exact": lambda item, _host, _rng: item,
    "other punctuation, full width": lambda item, _host, rng: punctuation(item, rng),
    "traditional characters": lambda item, _host, _rng: [(_traditional()(q), _traditional()(a)) for q, a in item],
    "changed digits": lambda item, host, rng: [(_digits(q, rng), host[0][1]) for q, _ in item],
    "one character in 25 changed": lambda item, host, rng: [(_edited(q, rng), host[0][1]) for q, _ in item],
    "the questions, other answers": lambda item, host, _rng: [(q, host[0][1]) for q, _ in item],
    "the first question alone": lambda item, host, _rng: [(item[0][0], host[0][1])],
    "inside a turn": lambda item, host, _rng: [(f"{host[0][0]}{_asked(item)}", host[0][1])],
    "inside a long dialogue": lambda item, host, _rng: [*host, *item, *host],
    "told in three pieces": lambda item, host, _rng: [(piece, host[0][1][:40]) for piece in _cut(_asked(item))],
    "in the doctor's words": lambda item, host, _rng: [(host[0][0], f"您说：{_asked(item)}")],
}
NOT_CONTAMINATION: dict[str, Plant] = {
    "the answers alone": lambda item, host, _rng: [(host[0][0], "".join(answer for _, answer in item))],
    "greeting and thanks": lambda _item, host, _rng: [(_GREETING + host[0][0], host[0][1]), (_CLOSING, "不客气。")],
    "another dialogue": lambda _item, host, _rng: host,
}


def normalised(dialogues: Sequence[Pairs]) -> list[Pairs]:
    """The dialogues as the build leaves them."""
    flat = [text for pairs in dialogues for pair in pairs for text in pair]
    doctor = pa.array(np.arange(len(flat)) % 2 == 1)
    texts = iter(normalise.normalise_column(pa.array(flat, pa.string()), Normalise(), doctor).to_pylist())
    return [[(next(texts), next(texts)) for _ in pairs] for pairs in dialogues]


def index_of(items: Sequence[Pairs], ngram: int = DEFAULTS.ngram) -> Index:
    """The index of some dialogues as evaluation items."""
    return make_index(
        [
            Item(_asked(pairs), pairs[0][0] if len(pairs) > 1 else "", "".join(chain.from_iterable(pairs)))
            for pairs in items
        ],
        fold_table(normalise.simplify),
        ngram,
    )


def overlaps(dialogues: Sequence[Pairs], index: Index, limits: Limits) -> list[Overlap]:
    """What dialogues hold of an index."""
    flat = [text for pairs in dialogues for pair in pairs for text in pair]
    number = np.repeat(np.arange(len(dialogues)), [2 * len(pairs) for pairs in dialogues])
    return find_overlaps(pa.array(flat, pa.string()), number, np.arange(len(flat)) % 2 == 0, index, limits)


def found(plant: Plant, items: Sequence[Pairs], hosts: Sequence[Pairs], index: Index, limits: Limits) -> int:
    """In how many dialogues with one plant each (item i in host i) item i is found."""
    rng = Random(2026)
    planted = normalised([plant(item, host, rng) for item, host in zip(items, hosts, strict=False)])
    return sum(overlap.item == overlap.dialogue for overlap in overlaps(planted, index, limits))


def main() -> None:
    """Print recall and false alarms by coverage, and the cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    raw, lengths = _dialogue_pairs(data / "zhongjing" / "CMtMedQA_sample.json")
    pairs = iter([(item.question, item.answer) for item in raw])
    items = [list(islice(pairs, length)) for length in lengths]
    single = [*_toyhom_csv(data / "toyhom"), *_toyhom_text(data / "toyhom" / "neike.txt")]
    hosts = [[(item.question, item.answer)] for item in single if len(item.question) > 15 and len(item.answer) > 15]
    index = index_of(normalised(items))
    coverages = (0.2, 0.3, 0.4, 0.5, 0.6)
    print(f"| planted ({len(items)} each) | " + " | ".join(f"{value:g}" for value in coverages) + " |")
    for name, plant in {**PLANTS, **NOT_CONTAMINATION}.items():
        counts = [found(plant, items, hosts, index, DEFAULTS._replace(coverage=value)) for value in coverages]
        print(f"| {name} | " + " | ".join(f"{count / len(items):.3f}" for count in counts) + " |")
    dialogues = list(islice(cycle(normalised(items)), 10_000))
    for count in (1_000, 20_000):
        variants = [
            [(question + f"第{'一二三四五六七八九'[n // len(hosts)]}问", answer)]
            for n, ((question, answer),) in enumerate(islice(cycle(hosts), count))
        ]
        other = index_of(normalised(variants))
        start = time.process_time()
        for first in range(0, len(dialogues), 2_048):
            overlaps(dialogues[first : first + 2_048], other, DEFAULTS)
        spent = time.process_time() - start
        characters = sum(len(text) for pairs in dialogues for pair in pairs for text in pair)
        print(
            f"{count:,} items ({len(other.grams):,} grams): {spent:.2f} CPU-s for 10,000 dialogues of {characters / 1e4:.0f} characters"
        )


if __name__ == "__main__":
    main()
