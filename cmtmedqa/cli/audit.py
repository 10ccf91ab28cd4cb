"""`cmtmedqa audit`: personal data in a corpus, as counts and positions, never as values."""

import json
import sys
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cmtmedqa import io
from cmtmedqa.errors import InputError

if TYPE_CHECKING:  # the rules take a third of a second to load, and every command imports this file
    from cmtmedqa.build.audit import Finding, Tally

_ON_PAGE = 2_000
_NAMED = 20


def audit(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, hf:<dataset> or built datasets.")
    ],
    kinds: Annotated[
        str | None, typer.Option(help="Only these classes, separated by commas; default: all.", show_default=False)
    ] = None,
    show_masked: Annotated[
        bool, typer.Option("--show-masked", help="Also show what stands around each finding, its value masked.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One finding a line as JSON on standard output, nothing else there.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write a page (HTML) to this file.", show_default=False)
    ] = None,
    limit: Annotated[
        float | None,
        typer.Option(
            "--max-per-10k",
            "--fail-above",
            min=0.0,
            help="Exit with 1 above so many findings per 10,000 characters; 0: at the first one.",
            show_default=False,
        ),
    ] = None,
    ner: Annotated[
        str | None,
        typer.Option(
            help="Folder of a token-classification model: a second pass behind the rules.", show_default=False
        ),
    ] = None,
    positions: Annotated[int, typer.Option(min=0, help="How many positions to print below the table.")] = 20,
) -> None:
    """Find personal data in any corpus: counts by class, rates, positions. Nothing is changed and no value is shown.

    Exit code 1 above the limit, 2 if nothing could be read, 3 if some of it could not; what could not is named.
    """
    from cmtmedqa.build.audit import audit as run
    from cmtmedqa.build.audit_page import page
    from cmtmedqa.build.ner import detector
    from cmtmedqa.clean.deidentify import spans_column

    chosen = _kinds(kinds)
    kept = max(positions, _ON_PAGE if output else 0)
    shown: list[tuple[Finding, str]] = []

    def each(finding: "Finding", masked: str) -> None:
        if as_json:
            sys.stdout.write(_line(finding, masked if show_masked else None))
        if len(shown) < kept:
            shown.append((finding, masked))

    tally = run(paths, chosen, Console(stderr=True), each, detector(ner) if ner else spans_column)
    if output:
        io.write_text(output, page(tally, shown, show_masked, limit))
    _print(Console(stderr=as_json, soft_wrap=True), tally, [] if as_json else shown[:positions], show_masked)
    if limit is not None and tally.rate(tally.findings) > limit:
        typer.echo(f"above the limit of {limit:g} findings per 10,000 characters", err=True)
        raise typer.Exit(1)
    if tally.unread_files:
        count = len(tally.unread_files)
        files = (
            "1 file could not be read, or not to its"
            if count == 1
            else f"{count:,} files could not be read, or not to their"
        )
        typer.echo(f"{files} end; the names stand above", err=True)
        raise typer.Exit(3 if tally.texts else 2)
    if not tally.chars:
        raise InputError(f"{', '.join(paths)}: holds no text to look at")


def _kinds(stated: str | None) -> frozenset[str]:
    from cmtmedqa.clean.deidentify import KINDS

    if stated is None:
        return frozenset(KINDS)
    chosen = [kind.strip() for kind in stated.split(",") if kind.strip()]
    unknown = [kind for kind in chosen if kind not in KINDS]
    if unknown or not chosen:
        raise InputError(f"--kinds: no class '{', '.join(unknown)}'; there are: {', '.join(KINDS)}")
    return frozenset(chosen)


def _line(finding: "Finding", masked: str | None) -> str:
    value = finding._asdict() | ({} if masked is None else {"masked": masked})
    return json.dumps(value, ensure_ascii=False) + "\n"


def _print(console: Console, tally: "Tally", shown: list[tuple["Finding", str]], masked: bool) -> None:
    from cmtmedqa.build.audit_page import place, summary_rows

    table = Table(title=f"{tally.findings:,} findings in {tally.records_with['any']:,} of {tally.records:,} records")
    for name in ("class", "what"):
        table.add_column(name)
    for name in ("findings", "records", "per 10,000 characters"):
        table.add_column(name, justify="right")
    for kind, what, count, records, rate in summary_rows(tally):
        table.add_row(kind, what, f"{count:,}", f"{records:,}", f"{rate:.3f}")
    table.add_section()
    every = (f"{tally.findings:,}", f"{tally.records_with['any']:,}", f"{tally.rate(tally.findings):.3f}")
    table.add_row("all", f"in {tally.chars:,} characters", *every)
    console.print(table)
    for finding, text in shown:
        where = f"{finding.file}, record {finding.record}" + (f" ({finding.id})" if finding.id else "")
        line = f"{where}, {place(finding)}, {finding.start}-{finding.end}: {finding.kind} [{finding.rule}]"
        console.print(line + (f"  {text}" if masked else ""), markup=False, highlight=False)
    if len(shown) < tally.findings and shown:
        console.print(f"... {tally.findings - len(shown):,} more; --json lists all", markup=False, highlight=False)
    _list(console, "passed over", tally.passed_over)
    _list(console, "NOT READ, or not to the end", tally.unread_files)
    if tally.unread:
        silent = "1 record" if tally.unread == 1 else f"{tally.unread:,} records"
        console.print(f"without text to look at: {silent}", highlight=False)


def _list(console: Console, what: str, files: Mapping[str, str]) -> None:
    for name, why in islice(files.items(), _NAMED):
        console.print(f"{what}: {name}: {why}", markup=False, highlight=False)
    if len(files) > _NAMED:
        console.print(f"{what}: {len(files) - _NAMED:,} more", markup=False, highlight=False)
