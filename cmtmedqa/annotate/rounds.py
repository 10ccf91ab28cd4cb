"""Planning a round: which sets go out, to whom, with what mixed in; once, and stored before anything is sent."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cmtmedqa import io
from cmtmedqa.annotate.ledger import Ledger, Round
from cmtmedqa.annotate.push import title_of
from cmtmedqa.annotate.screen import Layout, screen_xml
from cmtmedqa.annotate.tasks import Mix, Task, plan
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import CandidateSet
from cmtmedqa.rubric import Rubric

_SHOWN = 3


class Wanted(NamedTuple):
    """What a round is asked to be."""

    name: str
    sets: Sequence[CandidateSet]
    gold: Sequence[CandidateSet]
    experts: Sequence[str]
    mix: Mix
    layout: Layout = "cards"
    leave_out: bool = False


def prepare(ledger: Ledger, wanted: Wanted, rubric: Rubric) -> list[Task]:
    """The tasks of a round, planned now or at the first push of it.

    Raises InputError when sets cannot be judged blindly, or the folder holds a round that was planned otherwise.
    """
    digest = _digest(wanted, rubric)
    if ledger.exists and ledger.read().inputs == digest:
        return [task for task in ledger.tasks() if task.purpose != "adjudication"]
    if ledger.exists and ledger.read().projects:  # before anything was sent, a plan may be replaced
        raise InputError(
            f"{ledger.folder}: was planned with other sets, settings or another rubric; repeat them, or name another --round"
        )
    from cmtmedqa.annotate.fit import unfit  # compiles the rules for personal data, which only a new plan needs

    _check(wanted)
    bad = unfit(wanted.sets)
    if bad and not wanted.leave_out:
        raise InputError(_refusal(bad, len(wanted.sets)))
    sets = [item for item in wanted.sets if item.id not in bad]
    if not sets:
        raise InputError(f"--round {wanted.name}: no set is left to judge")
    experts = tuple(wanted.experts)
    tasks = plan(wanted.name, sets, wanted.gold, experts, wanted.mix, ledger.salt())
    used = {task.set_id for task in tasks}
    screens = {str(k): screen_xml(rubric, k, wanted.layout) for k in sorted({task.k for task in tasks})}
    value = Round(
        name=wanted.name, rubric_version=rubric.version, layout=wanted.layout, screens=screens, experts=experts,
        seed=wanted.mix.seed, inputs=digest,
    )  # fmt: skip
    ledger.make(value, rubric, [*sets, *(item for item in wanted.gold if item.id in used)], tasks, bad)
    return tasks


def _check(wanted: Wanted) -> None:
    ids = [item.id for item in wanted.sets]
    if not ids:
        raise InputError("there is no candidate set to push")
    for what, names in (("set", [*ids, *(item.id for item in wanted.gold)]), ("expert", list(wanted.experts))):
        if (
            double := next((name for name in names if names.count(name) > 1), None)
            if len(set(names)) < len(names)
            else None
        ):
            raise InputError(f"{what} {double} stands there twice; keep one of them")
    if wanted.layout == "pairwise" and (
        more := next((item for item in wanted.sets if len(item.candidates) != 2), None)
    ):
        raise InputError(
            f"--layout pairwise compares 2 replies, and set {more.id} has {len(more.candidates)}; use --layout cards"
        )
    if len(wanted.experts) < wanted.mix.per_item:
        raise InputError(
            f"--per-item {wanted.mix.per_item}: needs as many experts, and there are {len(wanted.experts)}; name more with --experts"
        )
    models = {candidate.model.lower() for item in wanted.sets for candidate in item.candidates}
    if any(len(model) > 2 and model in wanted.name.lower() for model in models):
        raise InputError(f"--round {wanted.name}: holds the name of a model, and experts see it; name it otherwise")
    for expert in wanted.experts:
        title_of(wanted.name, expert, 6, adjudication=True)


def _refusal(bad: dict[str, str], count: int) -> str:
    shown = "; ".join(f"set {name} {why}" for name, why in list(bad.items())[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return f"{len(bad)} of {count} sets must not go to experts: {shown}{more}. Nothing was sent; --leave-out pushes the others"


def _digest(wanted: Wanted, rubric: Rubric) -> str:
    value = [
        [item.model_dump(mode="json") for item in sorted([*wanted.sets, *wanted.gold], key=lambda item: item.id)],
        list(wanted.experts), wanted.mix._asdict(), wanted.layout, rubric.model_dump(mode="json"),
    ]  # fmt: skip
    return hashlib.sha256(io.canonical_json(value).encode("utf-8", "backslashreplace")).hexdigest()


def ledger_of(rounds: Path, name: str) -> Ledger:
    """The folder of a round. Raises InputError for a name that is none."""
    if not name or name != name.strip() or not name.isprintable() or name.startswith(".") or set(name) & set("/\\:"):
        raise InputError(f"--round {name!r}: a name is what a folder may be called")
    return Ledger(rounds / name)
