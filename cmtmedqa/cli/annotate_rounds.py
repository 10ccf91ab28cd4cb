"""`cmtmedqa annotate push` and `cmtmedqa annotate pull`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cmtmedqa.cli.annotate_options import Data, Name, Rounds, TokenFile, Url

if TYPE_CHECKING:
    from cmtmedqa.annotate.connection import Target
    from cmtmedqa.annotate.home import Home
    from cmtmedqa.annotate.ledger import Ledger, Project
    from cmtmedqa.annotate.pull import Outcome
    from cmtmedqa.annotate.push import Sent
    from cmtmedqa.annotate.tasks import Task


def push(
    sets: Annotated[list[Path], typer.Argument(help="Candidate sets, one a line (JSON); from cmtmedqa candidates.")],
    name: Name,
    experts: Annotated[str, typer.Option(help="How many of the registered experts, or their codes: A,B,C.")],
    per_item: Annotated[int, typer.Option(min=1, help="How many experts judge each set, independently.")] = 2,
    duplicates: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of an expert's sets that come a second time, unmarked.")
    ] = 0.05,
    calibration: Annotated[
        float, typer.Option(min=0, max=0.5, help="Gold items among an expert's sets, as a share of them.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of who gets what, and of every order.")] = 0,
    layout: Annotated[
        Literal["cards", "board", "pairwise"],
        typer.Option(
            help="The screen: cards (ties, stars, tags), board (dragging, no ties), or pairwise (two replies compared)."
        ),
    ] = "cards",
    rubric: Annotated[
        Path | None, typer.Option(help="A rubric of your own; default: the bundled one.", show_default=False)
    ] = None,
    gold: Annotated[
        Path | None, typer.Option(help="Gold items of your own; default: the bundled ones.", show_default=False)
    ] = None,
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out", help="Push the others when some sets must not go to experts; left_out.jsonl lists them."
        ),
    ] = False,
    data: Data = None,
    rounds: Rounds = Path("rounds"),
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Give candidate sets to experts, blinded: a project for each, orders shuffled, repeats and gold items mixed in.

    Run again after any break: only what is missing is sent.
    """
    from cmtmedqa.annotate.connection import target
    from cmtmedqa.annotate.failures import need_sdk
    from cmtmedqa.annotate.gold import gold_sets
    from cmtmedqa.annotate.judged import read_records
    from cmtmedqa.annotate.rounds import Wanted, ledger_of, prepare
    from cmtmedqa.annotate.tasks import Mix
    from cmtmedqa.judgements import CandidateSet
    from cmtmedqa.rubric import load

    need_sdk()
    where, ledger = target(data, url, token_file), ledger_of(rounds, name)
    items = [item for path in sets for item in read_records(path, CandidateSet, some=True)]
    mix = Mix(per_item, duplicates, calibration, seed)
    wanted = Wanted(
        name, items, gold_sets(gold) if calibration else (), chosen(where.home, experts), mix, layout, leave_out
    )
    with ledger.locked():
        tasks = prepare(ledger, wanted, load(rubric))
        for k in sorted({len(item.candidates) for item in items} - {len(item.candidates) for item in wanted.gold}):
            if calibration:
                typer.echo(f"no gold items with {k} replies; there will be none among sets of that size", err=True)
        send(ledger, where, tasks, adjudication=False)


def chosen(home: "Home", experts: str) -> list[str]:
    """The codes that `--experts` means. Raises InputError, also for a code that others but not it are registered.

    The first codes of all, and those that a number asks for beyond the known, are registered; their accounts may come later.
    """
    from cmtmedqa.annotate.home import Expert
    from cmtmedqa.errors import InputError

    known = [expert.code for expert in home.experts()]
    if experts.strip().isdigit():
        count = int(experts)
        fresh = (f"E{number}" for number in range(1, 10_000))
        codes = known[:count]
        while len(codes) < count:
            codes += [code] if (code := next(fresh)) not in codes else []
    else:
        codes = [code.strip() for code in experts.split(",") if code.strip()]
        if unknown := next((code for code in codes if known and code not in known), None):
            raise InputError(
                f"--experts: {unknown} is not registered, but {', '.join(known)}; add it with cmtmedqa annotate invite {unknown}=E-MAIL"
            )
    if not codes:
        raise InputError("--experts: name at least one")
    home.register(Expert(code=code) for code in codes)
    return codes


def send(ledger: "Ledger", where: "Target", tasks: "list[Task]", adjudication: bool) -> None:
    """Push planned tasks with a progress bar, and print what happened."""
    from rich.console import Console

    from cmtmedqa.annotate import push as pushing
    from cmtmedqa.annotate.instruction import instruction
    from cmtmedqa.annotate.studio import connect
    from cmtmedqa.progress import meter

    console = Console(stderr=True)
    with connect(where.url, where.token, where.log) as studio, meter(console, "push", len(tasks)) as bar:
        results = pushing.push(
            studio, ledger, tasks, instruction(ledger.rubric(), ledger.read().layout), bar.advance, adjudication
        )
    for project, sent in results:
        typer.echo(_pushed(project, sent))
    total = sum(sent.sent for _, sent in results)
    typer.echo(f"{ledger.folder.name}: {total:,} tasks sent, {sum(sent.before for _, sent in results):,} were there")


def _pushed(project: "Project", sent: "Sent") -> str:
    lost = f", {sent.lost} lost answers made good" if sent.lost else ""
    return f"{project.title} (project {project.id}): {sent.sent:,} sent, {sent.before:,} there before{lost}"


def pull(
    name: Name,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, and find tasks that were deleted on the server.")
    ] = False,
    exports: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", help="Read exported JSON of Label Studio in place of the server; repeatable.", show_default=False
        ),
    ] = None,
    data: Data = None,
    rounds: Rounds = Path("rounds"),
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Bring annotations home: what changed since the last time, checked one by one, each with a reason if it is refused."""
    from cmtmedqa.annotate.exported import take
    from cmtmedqa.annotate.home import Home, default_folder
    from cmtmedqa.annotate.pull import judge
    from cmtmedqa.annotate.rounds import ledger_of

    ledger = ledger_of(rounds, name)
    ledger.read()
    with ledger.locked():
        if exports:
            changed = sum(take(ledger, path) for path in exports)
            home = Home(data or default_folder())
        else:
            changed, home = _fetch(ledger, data, url, token_file, full)
        accounts = {expert.email.lower(): expert.code for expert in home.experts() if expert.email}
        _report(ledger, judge(ledger, ledger.rubric(), accounts, changed))


def _fetch(
    ledger: "Ledger", data: Path | None, url: str | None, token_file: Path | None, full: bool
) -> "tuple[int, Home]":
    from rich.console import Console

    from cmtmedqa.annotate.connection import target
    from cmtmedqa.annotate.pull import fetch
    from cmtmedqa.annotate.studio import connect
    from cmtmedqa.progress import meter

    where = target(data, url, token_file)
    with (
        connect(where.url, where.token, where.log) as studio,
        meter(Console(stderr=True), "pull", len(ledger.tasks())) as bar,
    ):
        return fetch(studio, ledger, full, bar.advance), where.home


def _report(ledger: "Ledger", outcome: "Outcome") -> None:
    from collections import Counter

    from cmtmedqa.annotate.pull import reasons
    from cmtmedqa.errors import InputError

    flags = Counter(flag for item in outcome.accepted for flag in item.flags)
    tail = f" ({', '.join(f'{flag} {count}' for flag, count in sorted(flags.items()))})" if flags else ""
    done = Counter(item.annotator for item in outcome.accepted)
    typer.echo(
        f"{ledger.folder.name}: {outcome.changed:,} tasks changed, {len(outcome.accepted):,} annotations accepted{tail}"
    )
    for expert, total in sorted(Counter(task.expert for task in ledger.tasks()).items()):
        typer.echo(f"  {expert}: {done[expert]:,} of {total:,} tasks")
    for reason, count in sorted(reasons(outcome).items()):
        typer.echo(f"  rejected, {reason}: {count:,}")
    if outcome.malformed:
        first = outcome.malformed[0]
        raise InputError(
            f"{ledger.folder / 'rejected.jsonl'}: {len(outcome.malformed)} annotations cannot be used, such as {first.id} of "
            f"{first.expert} ({first.reason}: {first.detail}); have them made again, the others are stored"
        )
