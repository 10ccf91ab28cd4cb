"""From a stored annotation of Label Studio to our record, or the reason why it is none. The server validates nothing, so all is checked here.

Ranks are undone from positions to candidates through the recorded order of the task, and stored as groups of candidate ids.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cmtmedqa.annotate.screen import BUCKET, SLIGHT, TIE, Control, letters
from cmtmedqa.annotate.tasks import Task, reply_ids
from cmtmedqa.judgements import Annotation, RankGroups
from cmtmedqa.rubric import Rubric

FAST = 10.0  # seconds in which nobody reads a dialogue and its replies
MALFORMED = frozenset(
    ("malformed", "unknown_control", "out_of_range", "twice", "missing_rank", "missing_score", "changed_task", "changed_screen")
)  # fmt: skip


class Refused(Exception):
    """An annotation that cannot be used; `detail` names controls, never what the expert wrote."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail


class Values(NamedTuple):
    """The values of the controls of one annotation, by control name."""

    choices: dict[str, tuple[str, ...]]
    stars: dict[str, int]
    ranked: tuple[str, ...] | None
    comment: str


def read(
    raw: Mapping[str, Any], project: int, task: Task, rubric: Rubric, wanted: Sequence[Control], name: str, salt: bytes
) -> Annotation:
    """The record of one stored annotation (JSON of the server) of a task of round `name`; `wanted`: the controls of its screen.

    Raises Refused.
    """
    if raw.get("was_cancelled"):
        raise Refused("skipped")
    values = _values(raw.get("result"), {control.name: control for control in wanted})
    groups = _groups(values, wanted, task, salt)
    scores, tags = _judged(values, wanted, task, rubric)
    verdicts = {
        control.dimension or "": _order(values, control, task) for control in wanted if control.what == "verdict"
    }
    seconds = _seconds(raw.get("lead_time"))
    slight = ("slight",) if values.choices.get("better", ("",))[0] in SLIGHT else ()
    return Annotation(
        id=f"{project}-{raw['id']}", set_id=task.set_id, annotator=task.expert, round=name, purpose=task.purpose,
        shown=task.order, rank_groups=groups, scores=scores, verdicts=verdicts, tags=tags, comment=values.comment, seconds=seconds,
        rubric_version=rubric.version, flags=(*_flags(raw, seconds, groups, scores, verdicts), *slight),
    )  # fmt: skip


def _judged(
    values: Values, wanted: Sequence[Control], task: Task, rubric: Rubric
) -> tuple[dict[str, dict[str, int]], dict[str, tuple[str, ...]]]:
    """Scores and tags of the candidates. A comparison of two gives no score but the veto of what was called dangerous."""
    scores: dict[str, dict[str, int]] = {}
    tags: dict[str, tuple[str, ...]] = {}
    for control in wanted:
        ticked = values.choices.get(control.name, ())
        if control.what == "unsafe":
            scores |= {task.order[letters(2).index(one)]: {rubric.veto.dimension: rubric.veto.score} for one in ticked}
        if control.answer is None:
            continue
        candidate = task.order[control.answer]
        if control.what == "score":
            if control.name not in values.stars:
                raise Refused("missing_score", control.name)
            scores.setdefault(candidate, {})[control.dimension or ""] = values.stars[control.name]
        elif control.what == "issues" and ticked:
            tags[candidate] = tuple(ability for ability in rubric.ability_ids if ability in ticked)
    return scores, tags


def _order(values: Values, control: Control, task: Task) -> RankGroups:
    """The order of two candidates that `better` or the verdict of a dimension gives."""
    if control.name not in values.choices:
        raise Refused("missing_rank" if control.what == "better" else "missing_score", control.name)
    said = values.choices[control.name][0]
    if said == TIE:
        return (tuple(sorted(task.order)),)
    first, second = task.order if said[0] == "a" else task.order[::-1]
    return ((first,), (second,))


def _values(result: Any, wanted: Mapping[str, Control]) -> Values:
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise Refused("malformed", "the result is no list of controls")
    values = Values({}, {}, None, "")
    seen = set()
    for item in result:
        control = wanted.get(str(item.get("from_name")))
        if control is None:
            raise Refused("unknown_control", str(item.get("from_name"))[:40])
        if control.name in seen:
            raise Refused("twice", control.name)
        seen.add(control.name)
        value = item.get("value")
        if item.get("type") != control.type or not isinstance(value, dict):
            raise Refused("malformed", control.name)
        values = _with(values, control, value.get("rating" if control.type == "rating" else _KEYS[control.type]))
    return values


_KEYS = {"choices": "choices", "textarea": "text", "ranker": "ranker"}


def _with(values: Values, control: Control, value: Any) -> Values:
    """The values with those of one more control, checked."""
    if control.type == "rating":
        if not isinstance(value, int) or isinstance(value, bool) or str(value) not in control.values:
            raise Refused("out_of_range", control.name)
        values.stars[control.name] = value
        return values
    if control.type == "ranker":
        if not isinstance(value, dict) or value.get("_") or not isinstance(value.get(BUCKET), list):
            raise Refused("missing_rank", control.name)
        return values._replace(ranked=tuple(map(str, value[BUCKET])))
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refused("malformed", control.name)
    if control.type == "textarea":
        return values._replace(comment="\n".join(text.strip() for text in texts).strip())
    if (
        not set(texts) <= set(control.values)
        or len(set(texts)) < len(texts)
        or (len(texts) != 1 and not control.multiple)
    ):
        raise Refused("out_of_range", control.name)
    values.choices[control.name] = tuple(texts)
    return values


def _groups(values: Values, wanted: Sequence[Control], task: Task, salt: bytes) -> RankGroups:
    """Groups of candidate ids, the best first. Ties arrive as 1,1,3 or 1,1,2, so only the order of the ranks counts."""
    if better := next((control for control in wanted if control.what == "better"), None):
        return _order(values, better, task)
    if any(control.what == "ranker" for control in wanted):
        names = dict(zip(reply_ids(task, salt), task.order, strict=True))
        if values.ranked is None or sorted(values.ranked) != sorted(names):
            raise Refused("missing_rank", "ranker")
        return tuple((names[name],) for name in values.ranked)
    by_rank: dict[int, list[str]] = defaultdict(list)
    for control in wanted:
        if control.what == "rank" and control.answer is not None:
            if control.name not in values.choices:
                raise Refused("missing_rank", control.name)
            by_rank[int(values.choices[control.name][0])].append(task.order[control.answer])
    return tuple(tuple(sorted(by_rank[rank])) for rank in sorted(by_rank))


def _seconds(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if known else None


def _flags(
    raw: Mapping[str, Any], seconds: float | None, groups: RankGroups, scores: Mapping[str, Mapping[str, int]],
    verdicts: Mapping[str, RankGroups],
) -> list[str]:  # fmt: skip
    """Remarks that do not refuse an annotation."""
    flags = []
    if seconds is not None and seconds < FAST:
        flags.append("fast")
    if raw.get("updated_by") is not None and who(raw["updated_by"]) != who(raw.get("completed_by")):
        flags.append("edited_by_other")
    ordered = [(place, candidate) for place, group in enumerate(groups) for candidate in group]
    if verdicts:
        against = len(groups) > 1 and all(order == groups[::-1] for order in verdicts.values())
    else:
        against = any(
            first < second and all(scores[better][name] < scores[worse][name] for name in scores[better])
            for first, better in ordered
            for second, worse in ordered
        )
    return [*flags, "rank_against_scores"] if against else flags


def who(value: Any) -> int | None:
    """The number of a user, who is a dict in some answers of the server and an int in others."""
    number = value.get("id") if isinstance(value, dict) else value
    return number if isinstance(number, int) else None
