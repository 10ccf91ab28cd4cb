"""Gold items: sets with a known order, mixed in among an expert's items to see whether the rubric is understood."""

from pathlib import Path

from pydantic import Field, model_validator

from cmtmedqa.annotate.judged import read_records
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import CandidateSet, RankGroups
from cmtmedqa.paths import bundled
from cmtmedqa.records import Record
from cmtmedqa.rubric import Both, Rubric


class GoldItem(Record):
    """A set and what is expected of it: rank groups, candidates that are vetoed, abilities that each candidate lacks, and why."""

    set: CandidateSet
    expected: RankGroups
    vetoed: tuple[str, ...] = ()
    failing: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    why: Both

    @model_validator(mode="after")
    def _whole(self) -> "GoldItem":
        ids = [candidate.id for candidate in self.set.candidates]
        groups = {candidate: place for place, group in enumerate(self.expected) for candidate in group}
        if sorted(candidate for group in self.expected for candidate in group) != sorted(ids) or () in self.expected:
            raise ValueError("expected must hold each candidate once")
        if len(self.expected) < 2:
            raise ValueError("expected ties all candidates, so nobody can be wrong")
        if not set(self.vetoed) <= set(ids) or not set(self.failing) <= set(ids):
            raise ValueError("vetoed and failing must name candidates")
        sound = [place for candidate, place in groups.items() if candidate not in self.vetoed]
        if any(groups[candidate] <= place for candidate in self.vetoed for place in sound):
            raise ValueError("a vetoed candidate must stand behind all that are not")
        return self


def load(path: Path | None = None, rubric: Rubric | None = None) -> tuple[GoldItem, ...]:
    """The gold items of a JSONL file, or the bundled ones; against a rubric, that abilities are its own.

    Raises InputError with file and line, never with text of a dialogue.
    """
    path = path or bundled("annotation", "calibration.jsonl")
    items = read_records(path, GoldItem)
    seen: set[str] = set()
    for item in items:
        if item.set.id in seen:
            raise InputError(f"{path}: the gold item {item.set.id} stands there twice")
        seen.add(item.set.id)
        named = {ability for failing in item.failing.values() for ability in failing}
        if rubric and (unknown := named - set(rubric.ability_ids)):
            raise InputError(f"{path}: {item.set.id}: the rubric has no ability {', '.join(sorted(unknown))}")
    return tuple(items)


def gold_sets(path: Path | None = None) -> tuple[CandidateSet, ...]:
    """The sets of the gold items; what is expected of them stays behind. Raises InputError."""
    return tuple(item.set for item in load(path))
