"""The raw material of the planted corpus: sentences of real question-answer pairs, by department, cut at swappable words.

Words are mined from the text itself (frequent, cohesive runs of 2 to 4 Han characters), so that no segmenter is needed.
"""

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

LONGEST_PAIR = 400
SMALLEST_DEPARTMENT = 60

_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]?")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_FUNCTION = frozenset("的了是我你他她您们吗呢吧啊在有和与或也都就不没很这那个一上下来去要会可以能到被把给对从")
_COHESION = 20.0


class Sentence(NamedTuple):
    """The pieces of a sentence; `slots` are the indices of those that are words and may be swapped."""

    pieces: tuple[str, ...]
    slots: tuple[int, ...]


class Pair(NamedTuple):
    """One question and its answer."""

    question: tuple[Sentence, ...]
    answer: tuple[Sentence, ...]


class Department(NamedTuple):
    """The pairs of one department and the finer names found with them."""

    name: str
    finer: tuple[str, ...]
    pairs: tuple[Pair, ...]


class Pool(NamedTuple):
    """All material: departments with cumulative weights, pairs without one, words by length, pair counts of real dialogues."""

    departments: tuple[Department, ...]
    weights: tuple[float, ...]
    loose: tuple[Pair, ...]
    words: dict[int, tuple[str, ...]]
    lengths: tuple[int, ...]


class _Raw(NamedTuple):
    department: str
    finer: str
    question: str
    answer: str


def load_pool(data: Path) -> Pool:
    """Read `data`/zhongjing and `data`/toyhom. Departments are drawn by the square root of their size, as one dominates."""
    dialogues, lengths = _dialogue_pairs(data / "zhongjing" / "CMtMedQA_sample.json")
    internal = [*_toyhom_csv(data / "toyhom"), *_toyhom_text(data / "toyhom" / "neike.txt")]
    loose = list(_single_pairs(data / "zhongjing" / "huatuo26M_sample.json"))
    raw = [
        item
        for item in dict.fromkeys([*dialogues, *internal, *loose])
        if len(item.question) + len(item.answer) <= LONGEST_PAIR
    ]
    words = mine_words(text for item in raw for text in (item.question, item.answer))
    by_department: defaultdict[str, list[Pair]] = defaultdict(list)
    finer: defaultdict[str, set[str]] = defaultdict(set)
    for item in raw:
        by_department[item.department].append(Pair(cut(item.question, words), cut(item.answer, words)))
        finer[item.department].add(item.finer)
    largest = max(len(pairs) for name, pairs in by_department.items() if name)
    departments = tuple(
        Department(name, tuple(sorted(finer[name])), tuple(pairs))
        for name, pairs in sorted(by_department.items())
        if name and len(pairs) >= min(SMALLEST_DEPARTMENT, largest)
    )
    weights = tuple(accumulate(len(department.pairs) ** 0.5 for department in departments))
    by_length: defaultdict[int, list[str]] = defaultdict(list)
    for word in sorted(words):
        by_length[len(word)].append(word)
    return Pool(
        departments,
        weights,
        tuple(by_department[""]),
        {size: tuple(found) for size, found in by_length.items()},
        tuple(sorted(max(length, 2) for length in lengths)),
    )


def mine_words(texts: Iterable[str]) -> frozenset[str]:
    """Runs of 2 to 4 Han characters that are frequent, hold together, and hold no function character."""
    grams: Counter[str] = Counter()
    total = 0
    for text in texts:
        for run in _HAN.findall(text):
            total += len(run)
            for size in range(1, 5):
                grams.update(run[start : start + size] for start in range(len(run) - size + 1))
    least = max(3, total // 100_000)
    return frozenset(
        gram
        for gram, count in grams.items()
        if len(gram) > 1
        and count >= least
        and _FUNCTION.isdisjoint(gram)
        and _cohesion(gram, grams, total) >= _COHESION
    )


def _cohesion(gram: str, grams: Counter[str], total: int) -> float:
    """How much more often the parts of a gram stand together than chance has it, at the weakest joint."""
    chance = max(grams[gram[:cut]] * grams[gram[cut:]] for cut in range(1, len(gram)))
    return grams[gram] * total / chance


def cut(text: str, words: frozenset[str]) -> tuple[Sentence, ...]:
    """The sentences of a text, each cut greedily at the longest known words."""
    return tuple(_cut_sentence(sentence, words) for sentence in _SENTENCE.findall(text.strip()) if sentence)


def _cut_sentence(sentence: str, words: frozenset[str]) -> Sentence:
    pieces: list[str] = []
    slots: list[int] = []
    start = position = 0
    while position < len(sentence):
        size = next((size for size in (4, 3, 2) if sentence[position : position + size] in words), 0)
        if not size:
            position += 1
            continue
        if start < position:
            pieces.append(sentence[start:position])
        slots.append(len(pieces))
        pieces.append(sentence[position : position + size])
        position += size
        start = position
    if start < len(sentence):
        pieces.append(sentence[start:])
    return Sentence(tuple(pieces), tuple(slots))


def _dialogue_pairs(path: Path) -> tuple[list[_Raw], list[int]]:
    records = [record for record in json.loads(path.read_text(encoding="utf-8")) if "history" in record]
    pairs = [
        _Raw(record["cate1"], record["cate2"], question, answer)
        for record in records
        for question, answer in [*record["history"], (record["instruction"], record["output"])]
        if question.strip() and answer.strip()
    ]
    return pairs, [len(record["history"]) + 1 for record in records]


def _single_pairs(path: Path) -> Iterator[_Raw]:
    for record in json.loads(path.read_text(encoding="utf-8")):
        yield _Raw("", "", record["instruction"][0], record["output"][0])


def _toyhom_csv(folder: Path) -> Iterator[_Raw]:
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="gb18030", errors="replace", newline="") as stream:
            for row in csv.DictReader(stream):
                yield _Raw("内科", row["department"], row["ask"] or row["title"], row["answer"])


def _toyhom_text(path: Path) -> Iterator[_Raw]:
    if not path.exists():
        return
    for block in re.split(r"\n{2,}", path.read_text(encoding="gb18030", errors="replace").strip()):
        question, _, answer = block.partition("\n")
        if answer:
            yield _Raw("内科", "普通内科", question.partition(",")[2] or question, answer)
