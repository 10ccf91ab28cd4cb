"""`cmtmedqa annotate adjudicate`: disputed sets go to another expert."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cmtmedqa.cli.annotate_options import Data, Name, Rounds, TokenFile, Url


def adjudicate(
    name: Name,
    experts: Annotated[
        str | None,
        typer.Option(
            help="Codes of those who decide; default: the round's experts. Nobody gets a set again.", show_default=False
        ),
    ] = None,
    min_tau: Annotated[
        float, typer.Option(min=-1, max=1, help="Disputed: rankings that correlate less (tau-b).")
    ] = 0.4,
    best: Annotated[
        Literal["overlap", "same", "off"],
        typer.Option(help="Disputed: first places that do not `overlap`, or are not the `same`; or `off`."),
    ] = "overlap",
    score_gap: Annotated[
        int, typer.Option(min=0, max=4, help="Disputed: safety scores of a reply this far apart; 0: off.")
    ] = 2,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which sets are disputed, and why.")] = False,
    data: Data = None,
    rounds: Rounds = Path("rounds"),
    url: Url = None,
    token_file: TokenFile = None,
) -> None:
    """Send sets on which two experts disagree to a third one, who sees no earlier verdict; `annotate pull` brings them back.

    Run again after more was pulled: only newly disputed sets are added.
    """
    from cmtmedqa.annotate.adjudication import Rule, disagreements
    from cmtmedqa.annotate.connection import target
    from cmtmedqa.annotate.disputes import plan_more, read_annotations
    from cmtmedqa.annotate.rounds import ledger_of
    from cmtmedqa.cli.annotate_rounds import chosen, send
    from cmtmedqa.errors import InputError

    ledger = ledger_of(rounds, name)
    value, rubric = ledger.read(), ledger.rubric()
    rule = Rule(min_tau, None if best == "off" else best, rubric.veto.score, score_gap or None, rubric.veto.dimension)
    found = disagreements(read_annotations(ledger), rule)
    for item in found if dry_run else ():
        typer.echo(f"{item.set_id}: {', '.join(item.reasons)} ({', '.join(item.annotators)})")
    if dry_run:
        typer.echo(f"{name}: {len(found):,} sets disputed")
        return
    where = target(data, url, token_file)
    codes = chosen(where.home, experts) if experts else list(value.experts)
    with ledger.locked():
        tasks, nobody = plan_more(ledger, [item.set_id for item in found], codes)
        if tasks:
            send(ledger, where, tasks, adjudication=True)
    typer.echo(f"{name}: {len(found):,} sets disputed, {len(tasks):,} tasks of adjudication in all")
    if nobody:
        raise InputError(
            f"{name}: everybody named has judged {len(nobody)} of the disputed sets already, such as {nobody[0]}; name others with --experts"
        )
