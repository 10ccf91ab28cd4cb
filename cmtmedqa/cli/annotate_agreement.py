"""`cmtmedqa annotate agreement`: how far experts agree, offline, from a file of annotations."""

import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cmtmedqa import io
from cmtmedqa.errors import InputError

Settings = TypeVar("Settings", bound=NamedTuple)


def agreement(
    annotations: Annotated[
        Path, typer.Argument(metavar="ANNOTATIONS", help="Annotations as `annotate pull` writes them (JSON Lines).")
    ],
    sets: Annotated[
        Path | None,
        typer.Option(
            "--sets", help="The candidate sets that were pushed, for departments and checks.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the report as a page (HTML) to this file.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON, nothing else.")] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(help="Gold items with their expected order. [default: the bundled ones]", show_default=False),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=VALUE: another limit beyond which an expert is flagged; see docs/preferences.md.",
            show_default=False,
        ),
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE: another part of the rule by which a set is in dispute.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the intervals.")] = 20260101,
    resamples: Annotated[int, typer.Option(min=200, help="Resamples of the intervals.")] = 2_000,
    rubric: Annotated[
        Path | None, typer.Option(help="Another rubric than the bundled one.", show_default=False)
    ] = None,
) -> None:
    """Measure how far experts agree, with intervals; flag experts and sets beyond stated limits, and leave none out."""
    from cmtmedqa.annotate.adjudication import Rule
    from cmtmedqa.annotate.agreement import agreement as measure
    from cmtmedqa.annotate.agreement_page import draw
    from cmtmedqa.annotate.agreement_table import Chance, Limits
    from cmtmedqa.annotate.gold import load as load_gold
    from cmtmedqa.annotate.judged import read_records, read_sets, sort_out
    from cmtmedqa.judgements import Annotation
    from cmtmedqa.rubric import load

    rules = load(rubric)
    limits = changed(Limits(), limit or [], "--limit")
    disputes = changed(Rule(veto_score=rules.veto.score, dimension=rules.veto.dimension), rule or [], "--rule")
    given = read_sets(sets) if sets else None
    judged = sort_out(read_records(annotations, Annotation, some=True), rules, given)
    gold = load_gold(calibration, rules) if calibration or judged.calibration else ()
    report = measure(judged, rules, given, gold, limits, disputes, Chance(seed, resamples))
    if output:
        io.write_text(output, draw(report, rules))
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False))
        return
    _print(report, Console(soft_wrap=True))
    if output:
        typer.echo(f"report: {output}")


def changed(defaults: Settings, stated: list[str], option: str) -> Settings:
    """Settings with some of them changed by NAME=VALUE; `none` switches a part off. Raises InputError that names the others."""
    fields = defaults._asdict()
    for item in stated:
        name, found, text = item.partition("=")
        name = name.strip().replace("-", "_")
        if not found or name not in fields:
            raise InputError(f"{option} '{name}': no such name; there are: {', '.join(fields)} (as NAME=VALUE)")
        fields[name] = _value(text.strip(), fields[name], f"{option} {name}")
    return defaults._replace(**fields)


def _value(text: str, before: Any, where: str) -> Any:
    if text.lower() == "none":
        return None
    if isinstance(before, str):
        return text
    try:
        return int(text) if isinstance(before, int) and not isinstance(before, bool) else float(text)
    except ValueError as error:
        raise InputError(f"{where}: '{text}' is no number") from error


def _print(report: dict[str, Any], console: Console) -> None:
    read, sets = report["read"], report["sets"]
    left = "".join(f", {count:,} left out ({reason})" for reason, count in read["left_out"].items())
    console.print(
        f"{read['annotations']:,} annotations: {read['first']:,} independent verdicts, {read['adjudication']:,} adjudications, "
        f"{read['duplicate']:,} hidden duplicates, {read['calibration']:,} gold items{left}",
        highlight=False,
    )
    console.print(
        f"{sets['n']:,} sets, {sets['compared']:,} judged by two or more; in dispute {sets['flagged']:,}, adjudicated {sets['adjudicated']:,}",
        highlight=False,
    )
    table = Table("measure", "value", "95% interval", "sets")
    for name, found in report["alpha"].items():
        table.add_row(f"alpha, {name}", *_cells(found))
    table.add_row("mean tau-b", *_cells(report["tau"]))
    table.add_row("mean W", *_cells(report["w"]))
    table.add_row("share of tied pairs", *_cells(report["ties"]))
    table.add_row("first shown is put first", *_cells(report["position"]["rate"]))
    console.print(table)
    people = Table()
    people.add_column("expert", overflow="fold", min_width=9)
    for name in ("n", "alpha", "without", "repeats", "gold", "p first"):
        people.add_column(name, justify="right", no_wrap=True)
    people.add_column("flags", min_width=len("calibration,"))
    for row in report["experts"]:
        without = (row["without"]["rank"] or {}).get("alpha")
        p = row["position"]["p"]
        people.add_row(
            escape(row["annotator"]), f"{row['verdicts']:,}", _short(row["alpha"]["rank"]), _short(without),
            _short(row["consistency"]["pairs"]), _short(row["calibration"]["pairs"]), "–" if p is None else f"{p:.3f}", ", ".join(row["flags"]),
        )  # fmt: skip
    console.print(people)
    console.print(
        "n: verdicts; alpha: of ranks, with the others; without: that of all others; repeats: pairs judged as before; gold: gold pairs right; "
        "p first: of no influence of the place shown; –: undefined",
        highlight=False,
    )


def _cells(found: dict[str, Any]) -> tuple[str, str, str]:
    between = "–" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"
    return "undefined" if found["value"] is None else _short(found), between, f"{found['n']:,}"


def _short(found: dict[str, Any] | None) -> str:
    return "–" if found is None or found["value"] is None else f"{found['value']:.3f}"
