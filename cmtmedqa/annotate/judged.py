"""Annotations and candidate sets read from JSON Lines, and sorted: which of them count, for what, and why the others do not."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Annotation, CandidateSet
from cmtmedqa.records import Record
from cmtmedqa.rubric import Rubric

Read = TypeVar("Read", bound=Record)
_DIGITS = re.compile("([0-9]+)")


class Left(NamedTuple):
    """An annotation that does not count, and why."""

    annotation: Annotation
    reason: str
    detail: str


class Judged(NamedTuple):
    """The annotations by what they are for; every one of the file stands in exactly one place.

    `first`: the independent verdicts on each set, one an expert, in the order of the experts' names. `third`: those asked for
    when they disagree. `duplicates` and `calibration`: hidden repeats and gold items, one an expert and set.
    """

    first: dict[str, list[Annotation]]
    third: dict[str, list[Annotation]]
    duplicates: list[Annotation]
    calibration: list[Annotation]
    left: list[Left]

    def experts(self, set_id: str) -> list[Annotation]:
        """All verdicts on a set, the independent ones first."""
        return [*self.first.get(set_id, []), *self.third.get(set_id, [])]


def read_records(path: Path, model: type[Read], some: bool = False) -> list[Read]:
    """The records of a JSON Lines file; blank lines are passed over.

    Raises InputError with file, line and field, never with what stands there; with `some` also where there is none.
    """
    found = []
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    found.append(_record(line, model, f"{path}: line {number}"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if some and not found:
        raise InputError(f"{path}: holds no {model.__name__}")
    return found


def _record(line: bytes, model: type[Read], where: str) -> Read:
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        field = f"field {'.'.join(map(str, fault['loc']))}: " if fault["loc"] else ""
        said = fault["msg"].removeprefix("Value error, ")
        raise InputError(f"{where}: is no {model.__name__}: {field}{said}") from error


def read_sets(path: Path) -> dict[str, CandidateSet]:
    """Candidate sets by id, in file order. Raises InputError also where an id stands twice."""
    found: dict[str, CandidateSet] = {}
    for item in read_records(path, CandidateSet, some=True):
        if item.id in found:
            raise InputError(f"{path}: the set {item.id} stands there twice; keep one of them")
        found[item.id] = item
    return found


def sort_out(
    annotations: Sequence[Annotation], rubric: Rubric, sets: Mapping[str, CandidateSet] | None = None
) -> Judged:
    """Sort annotations, whatever their order in the file; without `sets` nobody knows which sets there are.

    Of two by one expert on one set for one purpose the later counts: by round, then by id, numbers in them read as numbers.
    """
    left: list[Left] = []
    latest: dict[tuple[str, str, str], Annotation] = {}
    for item in sorted(annotations, key=lambda found: (natural(found.round), natural(found.id))):
        if fault := _fault(item, rubric, sets):
            left.append(Left(item, *fault))
            continue
        key = (item.set_id, item.annotator, item.purpose)
        if key in latest:
            left.append(Left(latest[key], "superseded", f"by {item.id}"))
        latest[key] = item
    judged = _by_purpose(latest, left)
    verdicts = sum(len(some) for some in [*judged.first.values(), *judged.third.values()])
    others = len(judged.duplicates) + len(judged.calibration) + len(judged.left)
    assert verdicts + others == len(annotations), "an annotation was lost"
    return judged


def _by_purpose(latest: Mapping[tuple[str, str, str], Annotation], left: list[Left]) -> Judged:
    first: defaultdict[str, list[Annotation]] = defaultdict(list)
    third: defaultdict[str, list[Annotation]] = defaultdict(list)
    judged = Judged(first, third, [], [], left)
    for (set_id, annotator, purpose), item in sorted(latest.items()):
        if purpose == "item":
            first[set_id].append(item)
        elif purpose == "duplicate":
            judged.duplicates.append(item)
        elif purpose == "calibration":
            judged.calibration.append(item)
        elif (set_id, annotator, "item") in latest:
            left.append(Left(item, "not_a_third_expert", "the same expert gave one of the first verdicts"))
        else:
            third[set_id].append(item)
    return judged._replace(first=dict(first), third=dict(third))


def _fault(item: Annotation, rubric: Rubric, sets: Mapping[str, CandidateSet] | None) -> tuple[str, str] | None:
    if item.rubric_version != rubric.version:
        return "rubric_version", f"{item.rubric_version}, not {rubric.version}"
    wanted = set(rubric.dimension_ids)
    strange = any(set(scores) - wanted for scores in item.scores.values())
    for given in (item.verdicts,) if item.verdicts else item.scores.values():
        strange |= set(given) != wanted
    if strange:
        return "other_dimensions", f"the rubric has {', '.join(rubric.dimension_ids)}"
    if item.purpose == "calibration" or sets is None:
        return None
    if item.set_id not in sets:
        return "unknown_set", "the file of sets does not hold it"
    shown, there = set(item.shown), {candidate.id for candidate in sets[item.set_id].candidates}
    # A third expert may be asked about some of the candidates only, such as the two that are in dispute.
    whole = shown <= there and len(shown) > 1 if item.purpose == "adjudication" else shown == there
    return None if whole else ("other_candidates", "shown were not the candidates of the set")


def natural(text: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts numbers inside a text as numbers: `p2:10` after `p2:9`."""
    parts = _DIGITS.split(text)
    return tuple((part, -1) if place % 2 == 0 else ("", int(part)) for place, part in enumerate(parts))
