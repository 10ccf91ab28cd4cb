"""Recall and precision of found spans against planted ones, with Wilson intervals.

A planted value has *leaked* unless every character of it is covered, by whatever label; *typed* recall wants a label of
its class. A found span is right if at least half of it lies in planted values or in text that may be masked as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

from benchmarks.pii.plant import CLASSES, Gold, Planted

Found = tuple[int, int, str]

Z95 = 1.959963984540054

# Which labels name a class rightly. `phone` and `date` are Presidio's, which tells no more.
ACCEPTED = {kind: {kind} for kind in CLASSES} | {
    "mobile": {"mobile", "phone"},
    "landline": {"landline", "phone"},
    "service_number": {"hotline", "phone"},
    # An account that is a mobile number or a QQ number may be named after either.
    "wechat": {"wechat", "mobile", "phone", "qq"},
    "patient_name": {"name"},
    "relative_name": {"name"},
    "doctor_name": {"doctor"},
    "bare_name": {"name", "doctor"},
    "hospital_department": {"hospital"},
    "birth_date": {"birth_date", "date"},
    "age_90": {"age"},
    "username": {"user_name"},
}
# The precision of a class is that of these labels: what a tool calls a mobile number, wherever it does.
LABELS = ACCEPTED | {"wechat": {"wechat"}, "bare_name": set()}


class Share(NamedTuple):
    """hits of n."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share itself; 0 of nothing is 0."""
        return self.hits / self.n if self.n else 0.0


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927); (0, 1) where nothing was observed."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    centre = share + z * z / (2 * n)
    width = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - width) / scale), min(1.0, (centre + width) / scale)


class Recall(NamedTuple):
    """How many of n planted values were covered wholly, wholly by a label of their class, in part only, or not at all."""

    n: int = 0
    whole: int = 0
    typed: int = 0
    part: int = 0

    def plus(self, whole: bool, typed: bool, part: bool) -> "Recall":
        """With one value more."""
        return Recall(self.n + 1, self.whole + whole, self.typed + typed, self.part + part)


class Score(NamedTuple):
    """Recall by class, by written form and by wording; by label: spans, right ones, characters too many."""

    classes: dict[str, Recall]
    forms: dict[tuple[str, str], Recall]
    wordings: dict[tuple[str, int], Recall]
    labels: dict[str, tuple[int, int, int]]

    def tight(self, kind: str) -> Share:
        """Wordings of a class in which nothing of that class leaked."""
        recalls = [recall for (other, _), recall in self.wordings.items() if other == kind]
        return Share(sum(recall.whole == recall.n for recall in recalls), len(recalls))

    def precision(self, kind: str) -> Share:
        """The precision of the labels of a class."""
        counts = [self.labels.get(label, (0, 0, 0)) for label in sorted(LABELS[kind])]
        return Share(sum(right for _, right, _ in counts), sum(n for n, _, _ in counts))


def covered(gold: Gold, spans: Iterable[Found]) -> int:
    """How many characters of a planted value lie in a span."""
    places: set[int] = set()
    for start, end, _ in spans:
        places.update(range(max(start, gold.start), min(end, gold.end)))
    return len(places)


def judged(gold: Gold, spans: Sequence[Found]) -> tuple[bool, bool, bool]:
    """Covered wholly, wholly by labels of its class, in part."""
    length, reached = gold.end - gold.start, covered(gold, spans)
    typed = covered(gold, [span for span in spans if span[2] in ACCEPTED[gold.kind]])
    return reached == length, typed == length, 0 < reached < length


def outside(planted: Planted, span: Found) -> int:
    """How many characters of a found span are neither planted, nor in text that may be masked, nor mere punctuation."""
    free = set().union(*(range(gold.start, gold.end) for gold in planted.gold))
    free = free.union(*(range(start, end) for start, end in planted.optional))
    return sum(place not in free and planted.text[place].isalnum() for place in range(span[0], span[1]))


def score(texts: Sequence[Planted], found: Sequence[Sequence[Found]]) -> Score:
    """The score of what a tool found in planted texts."""
    classes: dict[str, Recall] = defaultdict(Recall)
    forms: dict[tuple[str, str], Recall] = defaultdict(Recall)
    wordings: dict[tuple[str, int], Recall] = defaultdict(Recall)
    labels: dict[str, tuple[int, int, int]] = {}
    for planted, spans in zip(texts, found, strict=True):
        for gold in planted.gold:
            verdict = judged(gold, spans)
            classes[gold.kind] = classes[gold.kind].plus(*verdict)
            key = gold.kind, gold.form
            forms[key] = forms[key].plus(*verdict)
            if gold.kind == planted.kind:
                wording = planted.kind, planted.template
                wordings[wording] = wordings[wording].plus(*verdict)
        for span in spans:
            excess = outside(planted, span)
            n, right, more = labels.get(span[2], (0, 0, 0))
            fits = 2 * excess <= span[1] - span[0]
            labels[span[2]] = n + 1, right + fits, more + (excess if fits else 0)
    return Score(dict(classes), dict(forms), dict(wordings), labels)
