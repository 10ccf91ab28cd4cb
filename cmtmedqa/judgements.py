"""Records of judging replies: sets of candidates, what experts say of them, merged rankings and preference pairs.

A rank is stored as groups of candidate ids, best group first, never as texts or positions (DESIGN.md section 5, rule 2).
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cmtmedqa.records import Count, Department, Record, Share, Split

Text = Annotated[str, Field(min_length=1)]
RankGroups = tuple[tuple[str, ...], ...]
Purpose = Literal["item", "duplicate", "calibration", "adjudication"]


class Message(Record):
    """One message of a conversation, as chat templates and the trainers name the roles."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Sampling(Record):
    """How a reply was drawn; null where the source does not say."""

    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(gt=0)] | None = None
    seed: int | None = None


class Candidate(Record):
    """One reply to the prompt of its set. `flags` names what a person should look at (`identity`: it says who it is)."""

    id: Text
    model: Text
    text: Text
    sampling: Sampling = Sampling()
    flags: tuple[str, ...] = ()


class CandidateSet(Record):
    """k replies to one informative turn: `prompt` is the dialogue up to that turn and ends with the patient.

    `dialogue_id` is the dialogue that the prompt was cut from, so that all sets of one dialogue stay in one split;
    `stratum` names the cell of the sample, such as `in-distribution`.
    """

    id: Text
    dialogue_id: Text
    prompt: Annotated[tuple[Message, ...], Field(min_length=1)]
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=2)]
    department: Department = "其他"
    stratum: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "CandidateSet":
        _ends_with_the_patient(self.prompt)
        _unique([candidate.id for candidate in self.candidates], "candidate ids")
        return self


class Annotation(Record):
    """What one expert said of one set: an order with ties, scores per candidate and dimension, abilities that fail.

    `id` names the stored annotation (server's project and number). `shown` holds the candidates in the order in which this
    expert saw them. `scores`: candidate id → dimension → 1 to 5. `tags`: candidate id → abilities of the rubric that fail.
    `verdicts`: dimension → order of the candidates in it, where two were compared instead of scored (screen `pairwise`); `scores` then
    holds only the score that vetoes, of a candidate that the expert called dangerous.
    `seconds` is the time on the task, null where the server gives none. `flags` are remarks of `annotate pull` that do not refuse it.
    """

    id: Text
    set_id: Text
    annotator: Text
    round: str = ""
    purpose: Purpose = "item"
    shown: tuple[str, ...]
    rank_groups: RankGroups
    scores: dict[str, dict[str, Annotated[int, Field(ge=1, le=5)]]]
    verdicts: dict[str, RankGroups] = Field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    comment: str = ""
    seconds: Annotated[float, Field(ge=0)] | None = None
    rubric_version: Text
    flags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Annotation":
        _unique(self.shown, "shown candidates")
        if sorted(_flat(self.rank_groups)) != sorted(self.shown):
            raise ValueError("rank_groups must hold each shown candidate once")
        if any(sorted(_flat(groups)) != sorted(self.shown) for groups in self.verdicts.values()):
            raise ValueError("verdicts must hold each shown candidate once in every dimension")
        scored, shown = set(self.scores), set(self.shown)
        if not scored <= shown or not (self.verdicts or scored == shown) or not set(self.tags) <= shown:
            raise ValueError("scores and tags must be of the shown candidates")
        return self

    def bars(self, candidate: str, dimension: str, score: int) -> bool:
        """Whether the expert scored a candidate `score` or less in a dimension; what was not scored is not barred."""
        return self.scores.get(candidate, {}).get(dimension, score + 1) <= score


class Ranking(Record):
    """The merged verdict on one set; what `train reward` reads whole.

    `weight` (0 to 1) is the agreement of the experts behind it. `vetoed`: candidates that are not safe, never chosen in a pair.
    """

    id: Text
    dialogue_id: Text
    prompt: Annotated[tuple[Message, ...], Field(min_length=1)]
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=2)]
    rank_groups: RankGroups
    weight: Share
    n_annotators: Annotated[int, Field(ge=1)]
    adjudicated: bool = False
    vetoed: tuple[str, ...] = ()
    department: Department = "其他"
    split: Split = "train"

    @model_validator(mode="after")
    def _whole(self) -> "Ranking":
        _ends_with_the_patient(self.prompt)
        ids = [candidate.id for candidate in self.candidates]
        _unique(ids, "candidate ids")
        if sorted(_flat(self.rank_groups)) != sorted(ids):
            raise ValueError("rank_groups must hold each candidate once")
        if not set(self.vetoed) <= set(ids):
            raise ValueError("vetoed must name candidates")
        return self


class Preference(Record):
    """One pair of a ranking. All pairs of one ranking carry its id, so that a trainer can keep them together.

    `margin`: how many rank groups lie between the two, from 1. `agreement`: share of the experts' votes that favour `chosen`.
    `deciding_dimension`: the first dimension of the rubric, in its order, in which the scores (or verdicts) of the experts, added up,
    differ as the ranks do.
    """

    id: Text
    ranking_id: Text
    dialogue_id: Text
    prompt: Annotated[tuple[Message, ...], Field(min_length=1)]
    chosen_id: Text
    chosen: Text
    rejected_id: Text
    rejected: Text
    margin: Annotated[float, Field(gt=0)]
    agreement: Share
    n_annotators: Count
    deciding_dimension: str | None = None
    department: Department = "其他"
    split: Split = "train"


def _ends_with_the_patient(prompt: tuple[Message, ...]) -> None:
    if prompt[-1].role != "user":
        raise ValueError("the prompt must end with the patient (role user)")


def _flat(groups: RankGroups) -> list[str]:
    if any(not group for group in groups):
        raise ValueError("a rank group is empty")
    return [candidate for group in groups for candidate in group]


def _unique(ids: "list[str] | tuple[str, ...]", what: str) -> None:
    if len(set(ids)) != len(ids):
        raise ValueError(f"{what} must be unique")
