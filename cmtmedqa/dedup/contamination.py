"""Which dialogues hold items of an evaluation set: overlap of character 13-grams, or Jaccard of 5-grams.

Texts are compared as `folded` leaves them: letters alone, every number one mark. A question is held by a dialogue to the degree
(*coverage*) that its distinct n-grams stand in the turns of the dialogue joined in order, or in the patient's turns joined: a
case that is told in pieces is found. Options and answers alone prove nothing: options are common terms, and on consultation
sites one answer stands under many questions. They count where the question is shorter than an n-gram and stands there literally.

Nothing here reads files. An `Index` is plain arrays, so that worker processes can map one copy from disk.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmedqa.codepoints import Codes, Hashes, Ints, code_points, ngram_hashes
from cmtmedqa.dedup.clusters import jaccard
from cmtmedqa.dedup.folded import Folded, fold_column, fold_turns

VERSION = "contamination-1"
JACCARD_GRAM = 5

Measure = Literal["question", "opening", "item", "jaccard"]
Mask = npt.NDArray[np.bool_]

_BITS_PER_GRAM = 16  # at most one false alarm of the prefilter in 16 windows
_SMALLEST_TABLE = 1 << 16
_TEXTS = 3
_OPENING, _WHOLE = 1, 2
_SKETCH = 64  # grams that stand for a whole item when candidates for Jaccard are sought


class Limits(NamedTuple):
    """From when on an item is held by a dialogue; `config.Decontaminate` explains each."""

    ngram: int
    coverage: float
    min_shared: int
    jaccard: float | None


class Item(NamedTuple):
    """What is looked for: all that the patient asks, what is asked first where more follows, and the whole item."""

    question: str
    opening: str
    whole: str


class Index(NamedTuple):
    """The n-grams of all items. A *key* is one text of an item: 3i its question, 3i + 1 its opening, 3i + 2 its whole.

    fold: code point -> folded code, 0 for what is left out. alarm: one bit for each value of the low bits of a gram. grams:
    all distinct grams, ascending; the keys that hold gram g are keys[starts[g]:starts[g + 1]]. sizes: grams of each key; a whole
    has all of its grams where its question has none, else a sketch: its 64 smallest. The folded text of key k is
    codes[text_starts[k]:text_starts[k + 1]].
    """

    fold: Codes
    alarm: npt.NDArray[np.uint8]
    grams: Hashes
    starts: Ints
    keys: Ints
    sizes: Ints
    codes: Codes
    text_starts: Ints

    def text(self, key: int) -> Codes:
        """The folded text of a key."""
        return self.codes[self.text_starts[key] : self.text_starts[key + 1]]

    def too_short(self) -> Mask:
        """The items of which no text is as long as a gram: they cannot be found."""
        short: Mask = self.sizes.reshape(-1, _TEXTS).sum(axis=1) == 0
        return short


class Span(NamedTuple):
    """A matched passage: code points [start, end) of a turn."""

    turn: int
    start: int
    end: int


class Overlap(NamedTuple):
    """An item that a dialogue holds, by which measure and to what degree."""

    dialogue: int
    item: int
    measure: Measure
    value: float
    spans: tuple[Span, ...]


def make_index(items: Sequence[Item], fold: Codes, ngram: int) -> Index:
    """The index of some items, in their order."""
    folded = fold_column(pa.array([text for item in items for text in item], pa.string()), fold)
    sets = list(_gram_sets(folded, ngram))
    for whole in range(_WHOLE, len(sets), _TEXTS):
        if len(sets[whole - _WHOLE]):
            sets[whole] = sets[whole][:_SKETCH]
    sizes = np.array([len(grams) for grams in sets], np.int64)
    flat = np.concatenate(sets) if sets else np.empty(0, np.uint64)
    order = np.argsort(flat, kind="stable")
    grams, first = np.unique(flat[order], return_index=True)
    return Index(
        fold=fold,
        alarm=_alarm_table(grams),
        grams=grams,
        starts=np.concatenate((first, [len(flat)])).astype(np.int64),
        keys=np.repeat(np.arange(len(sets)), sizes)[order],
        sizes=sizes,
        codes=folded.codes,
        text_starts=folded.offsets,
    )


def find_overlaps(texts: pa.StringArray, dialogue: Ints, patient: Mask, index: Index, limits: Limits) -> list[Overlap]:
    """The items that dialogues hold, by dialogue and item, each with the first measure that reaches its limit.

    texts: one a turn; dialogue: the number of each turn's dialogue, ascending from 0; patient: whether the patient speaks.
    """
    if not len(texts) or not len(index.grams):
        return []
    points = code_points(texts)
    everything = fold_turns(points.codes, points.offsets, dialogue, index.fold)
    by_turn = np.searchsorted(points.offsets, everything.place, side="right") - 1
    streams = (everything, everything.only(patient[by_turn]))
    pairs = np.concatenate([_hits(stream, index, limits.ngram) for stream in streams])
    if not len(pairs):
        return []
    batch = _Batch(index, limits, streams, points.offsets, np.searchsorted(dialogue, dialogue))
    return list(batch.overlaps(*_shared(pairs, index)))


def _hits(stream: Folded, index: Index, n: int) -> Ints:
    """(dialogue, number of the gram) of every window of a stream that holds a gram of the index, shape (hits, 2)."""
    hashes = ngram_hashes(stream.codes, n)
    low = hashes & np.uint64(len(index.alarm) * 8 - 1)
    bits = index.alarm[low >> np.uint64(3)] >> (low & np.uint64(7)).astype(np.uint8)
    start = np.flatnonzero(bits & 1)
    dialogue = np.searchsorted(stream.offsets, start, side="right") - 1
    inside = start + n <= stream.offsets[dialogue + 1]
    start, dialogue = start[inside], dialogue[inside]
    gram = np.minimum(np.searchsorted(index.grams, hashes[start]), len(index.grams) - 1)
    known = index.grams[gram] == hashes[start]
    return np.stack((dialogue[known], gram[known]), axis=1)


def _shared(pairs: Ints, index: Index) -> tuple[Ints, Ints, Ints]:
    """From (dialogue, gram) to dialogue, key and the number of grams they share, ordered by dialogue and key."""
    code = np.unique(pairs[:, 0] * len(index.grams) + pairs[:, 1])
    dialogue, gram = np.divmod(code, len(index.grams))
    count = np.diff(index.starts)[gram]
    keys = index.keys[_ranges(index.starts[gram], count)]
    both, shared = np.unique(np.repeat(dialogue, count) * len(index.sizes) + keys, return_counts=True)
    return (*np.divmod(both, len(index.sizes)), shared)


class _Batch:
    """The folded turns of a batch, in which the pairs that the index names are measured."""

    def __init__(self, index: Index, limits: Limits, streams: tuple[Folded, Folded], turns: Ints, first: Ints) -> None:
        self.index, self.limits, self.streams, self.turns, self.first = index, limits, streams, turns, first

    def overlaps(self, dialogue: Ints, key: Ints, shared: Ints) -> Iterator[Overlap]:
        """The overlaps among pairs of a dialogue and a key with the number of grams they share."""
        size, text = self.index.sizes[key], key % _TEXTS
        sketched = (text == _WHOLE) & (self.index.sizes[key - text] > 0)
        enough = np.maximum(self.limits.coverage * size, np.minimum(self.limits.min_shared, size))
        enough[sketched] = np.maximum(self._least_sketch() * size[sketched], 1)
        done = (-1, -1)
        for pair in np.flatnonzero(shared >= enough).tolist():
            number, place = int(dialogue[pair]), int(key[pair])
            if done == (number, place // _TEXTS):
                continue  # found by an earlier text
            value = float(shared[pair] / size[pair])
            found = self._by_jaccard(number, place) if sketched[pair] else self._covered(number, place, value)
            if found is not None:
                done = (number, place // _TEXTS)
                yield found

    def _least_sketch(self) -> float:
        """The share of a whole's n-grams that is surely there at the least Jaccard, halved: the sketch is a sample.

        A Jaccard of t leaves at most 1 - t of an item's 5-grams unmatched, and one changed character costs 5 of them but n n-grams.
        """
        if self.limits.jaccard is None:
            return np.inf
        return max(0.0, 1 - self.limits.ngram / JACCARD_GRAM * (1 - self.limits.jaccard)) / 2

    def _covered(self, dialogue: int, key: int, value: float) -> Overlap | None:
        """By question or opening; by the whole where its question, too short for a gram, stands in the dialogue literally."""
        measure: Measure = "opening" if key % _TEXTS == _OPENING else "question"
        if key % _TEXTS == _WHOLE:
            measure, question = "item", self.index.text(key - _WHOLE).tobytes()
            if not any(question in _codes_of(stream, dialogue).tobytes() for stream in self.streams):
                return None
        return self._overlap(dialogue, key, measure, value, self.limits.ngram)

    def _by_jaccard(self, dialogue: int, key: int) -> Overlap | None:
        assert self.limits.jaccard is not None
        spoken = _grams_of(_codes_of(self.streams[0], dialogue), JACCARD_GRAM)
        value = jaccard(spoken, _grams_of(self.index.text(key), JACCARD_GRAM))
        return self._overlap(dialogue, key, "jaccard", value, JACCARD_GRAM) if value >= self.limits.jaccard else None

    def _overlap(self, dialogue: int, key: int, measure: Measure, value: float, n: int) -> Overlap:
        spans = tuple(self._spans(dialogue, ngram_hashes(self.index.text(key), n), n))
        return Overlap(dialogue, key // _TEXTS, measure, value, spans)

    def _spans(self, dialogue: int, grams: Hashes, n: int) -> Iterator[Span]:
        """The passages of a dialogue whose n-grams are among `grams`, by turn and place."""
        places = [_covered_places(stream, dialogue, grams, n) for stream in self.streams]
        start, end = self.streams[0].offsets[dialogue : dialogue + 2]
        place = self.streams[0].place[start:end]
        covered = np.isin(place, np.concatenate(places))
        turn = np.searchsorted(self.turns, place, side="right") - 1
        follows = covered[1:] & covered[:-1] & (turn[1:] == turn[:-1])
        begins = np.flatnonzero(covered & ~np.concatenate(([False], follows)))
        ends = np.flatnonzero(covered & ~np.concatenate((follows, [False])))
        for first, last in zip(begins.tolist(), ends.tolist(), strict=True):
            number = int(turn[first])
            zero = int(self.turns[number])
            yield Span(number - int(self.first[number]), int(place[first]) - zero, int(place[last]) + 1 - zero)


def _covered_places(stream: Folded, dialogue: int, grams: Hashes, n: int) -> Ints:
    """The places, among the codes of the batch, of all characters in windows that hold one of some grams."""
    start, end = stream.offsets[dialogue : dialogue + 2].tolist()
    found = np.flatnonzero(np.isin(ngram_hashes(stream.codes[start:end], n), grams))
    places: Ints = stream.place[start + np.unique(found[:, None] + np.arange(n))]
    return places


def _codes_of(stream: Folded, dialogue: int) -> Codes:
    start, end = stream.offsets[dialogue : dialogue + 2]
    return stream.codes[start:end]


def _grams_of(codes: Codes, n: int) -> Hashes:
    """The sorted distinct n-grams of a text."""
    return np.unique(ngram_hashes(codes, n))


def _gram_sets(folded: Folded, n: int) -> Iterator[Hashes]:
    """The sorted distinct n-grams of each group."""
    hashes = ngram_hashes(folded.codes, n)
    for start, end in pairwise(folded.offsets.tolist()):
        yield np.unique(hashes[start : max(end - n + 1, start)])


def _alarm_table(grams: Hashes) -> npt.NDArray[np.uint8]:
    """A table of at least 16 bits a gram, a power of two: bit b is set where the low bits of a gram are b."""
    size = max(_SMALLEST_TABLE, 1 << (len(grams) * _BITS_PER_GRAM).bit_length())
    bits = np.zeros(size, bool)
    bits[grams & np.uint64(size - 1)] = True
    return np.packbits(bits, bitorder="little")


def _ranges(starts: Ints, counts: Ints) -> Ints:
    """All integers of the ranges [starts[i], starts[i] + counts[i]), one after the other."""
    before = np.concatenate(([0], np.cumsum(counts)))[:-1]
    places: npt.NDArray[np.int64] = np.arange(int(counts.sum())) + np.repeat(starts - before, counts)
    return places
