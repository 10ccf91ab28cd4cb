"""Planning who decides disputed sets. What was planned before stays as it is, so a second call asks nobody twice."""

from collections.abc import Sequence

from cmtmedqa.annotate.judged import read_records
from cmtmedqa.annotate.ledger import ANNOTATIONS, Ledger
from cmtmedqa.annotate.tasks import Task, adjudication
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Annotation


def read_annotations(ledger: Ledger) -> list[Annotation]:
    """What was pulled of a round so far. Raises InputError before the first pull."""
    path = ledger.folder / ANNOTATIONS
    if not path.exists():
        raise InputError(f"{path}: nothing was pulled yet; run cmtmedqa annotate pull --round {ledger.folder.name}")
    return read_records(path, Annotation)


def plan_more(ledger: Ledger, disputed: Sequence[str], experts: Sequence[str]) -> tuple[list[Task], list[str]]:
    """All tasks of adjudication of a round, those for newly disputed sets added; and the sets that all `experts` have seen."""
    tasks, sets, value = ledger.tasks(), ledger.sets(), ledger.read()
    planned = [task for task in tasks if task.purpose == "adjudication"]
    open_sets = [sets[name] for name in disputed if name not in {task.set_id for task in planned} and name in sets]
    seen = {item.id: frozenset(task.expert for task in tasks if task.set_id == item.id) for item in open_sets}
    more, nobody = adjudication(value.name, open_sets, seen, experts, value.seed, ledger.salt())
    if more:
        ledger.add_adjudication(more)
    return [*planned, *more], nobody
