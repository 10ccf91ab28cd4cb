"""`cmtmedqa annotate export`: experts' rankings as merged rankings and preference pairs for trainers."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cmtmedqa.errors import InputError

if TYPE_CHECKING:  # every command imports this file
    from cmtmedqa.annotate.export import CheckFailed, Written
    from cmtmedqa.annotate.preferences import Merged

_FORMATS = ("ranking", "preference", "trl", "llamafactory", "medicalgpt", "ms-swift")


def export(
    annotations: Annotated[
        Path, typer.Argument(metavar="ANNOTATIONS", help="Annotations as `annotate pull` writes them (JSON Lines).")
    ],
    sets: Annotated[Path, typer.Option("--sets", help="The candidate sets that were pushed (JSON Lines).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write into.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="ranking, preference, trl, llamafactory, medicalgpt or ms-swift; several by comma or repeated. [default: ranking, preference]",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Read every file back by its loader's rules; exit code 1 if a row would be lost."),
    ] = False,
    min_votes: Annotated[
        int, typer.Option(min=1, help="Least number of votes that decide a pair; ties vote for neither.")
    ] = 2,
    min_agreement: Annotated[
        float,
        typer.Option(
            min=0.5, max=1.0, help="Least share of these votes that must agree. [default: 2/3]", show_default=False
        ),
    ] = 2 / 3,
    veto: Annotated[
        Literal["any", "median"],
        typer.Option(help="Whose score on safety vetoes a reply as the better one: that of any expert, or the median."),
    ] = "any",
    veto_score: Annotated[
        int | None,
        typer.Option(min=1, max=4, help="The highest score that vetoes. [default: the rubric's]", show_default=False),
    ] = None,
    dataset: Annotated[
        Path | None,
        typer.Option(help="Built dataset the dialogues come from; they keep their split there.", show_default=False),
    ] = None,
    dev: Annotated[float, typer.Option(min=0.0, help="Share (below 1) or number of dialogues for dev.")] = 0.05,
    test: Annotated[float, typer.Option(min=0.0, help="Share (below 1) or number of dialogues for test.")] = 0.05,
    seed: Annotated[str, typer.Option(help="Hashed with the id of a dialogue to split.")] = "cmtmedqa",
    rubric: Annotated[
        Path | None, typer.Option(help="Another rubric than the bundled one.", show_default=False)
    ] = None,
) -> None:
    """Merge what the experts said into one order per item and its pairs, each thing left out with a reason in dropped.jsonl."""
    from cmtmedqa.annotate.export import CheckFailed, assign_splits, write, write_dropped
    from cmtmedqa.annotate.judged import read_records, read_sets, sort_out
    from cmtmedqa.annotate.merging import MergeRule
    from cmtmedqa.annotate.preferences import VetoRule, merge
    from cmtmedqa.config import Splits, make_settings
    from cmtmedqa.judgements import Annotation
    from cmtmedqa.rubric import load

    wanted = _named(formats or [])
    rules = load(rubric)
    settings = make_settings({"dev": dev, "test": test, "seed": seed}, "--dev, --test", Splits)
    given = read_sets(sets)
    judged = sort_out(read_records(annotations, Annotation, some=True), rules, given)
    splits, known = assign_splits(given, settings, dataset)
    rule = MergeRule(min_votes, min_agreement)
    vetoes = VetoRule(rules.veto.dimension, veto_score or rules.veto.score, veto)
    merged = merge(judged, given, rules, splits, rule, vetoes)
    stated = {
        "rubric_version": rules.version,
        "merge": rule._asdict(),
        "veto": vetoes._asdict(),
        "split": settings.model_dump(),
        "split_from_dataset": known,
    }
    if not merged.preferences:
        write_dropped(output, merged.dropped)
        _print_dropped(merged)
    try:
        written = write(merged, output, wanted, stated, check)
    except CheckFailed as failed:
        _print_faults(failed)
        raise typer.Exit(1) from failed
    _print(merged, written, output)


def _named(names: list[str]) -> list[str]:
    """The formats that some names mean, in the order of the list above."""
    asked = [name.strip().lower().replace("_", "-") for item in names for name in item.split(",") if name.strip()]
    for name in asked:
        if name not in _FORMATS:
            raise InputError(f"no format '{name}'; there are: {', '.join(_FORMATS)}")
    return [name for name in _FORMATS if name in (asked or ("ranking", "preference"))]


def _print(merged: "Merged", written: "list[Written]", folder: Path) -> None:
    from cmtmedqa.annotate.export import DROPPED, MEDICALGPT_CHARS

    typer.echo(f"{folder}: {len(merged.rankings):,} rankings, {len(merged.preferences):,} pairs")
    for one in written:
        what = "rankings" if one.shape == "ranking" else "pairs"
        checked = f"; {one.check.rows:,} rows read back, 0 would be dropped" if one.check else ""
        typer.echo(f"  {one.path.relative_to(folder)}: {one.rows:,} {what}{checked}")
        if one.registered:
            typer.echo(f"    LLaMA-Factory: --dataset {one.registered} --dataset_dir {one.path.parent}")
        if one.shape == "medicalgpt" and one.longest > MEDICALGPT_CHARS:
            typer.echo(
                f"    MedicalGPT drops what is longer than max_source_length + max_target_length; the longest pair has {one.longest:,}"
                " characters without the template: set them accordingly"
            )
    _print_dropped(merged)
    typer.echo(f"  every reason: {folder / DROPPED}")


def _print_dropped(merged: "Merged") -> None:
    reasons = Counter((item.kind, item.reason) for item in merged.dropped)
    for (kind, reason), count in sorted(reasons.items()):
        typer.echo(f"  {count:,} {kind}{'' if count == 1 else 's'} left out: {reason}")


def _print_faults(failed: "CheckFailed") -> None:
    for line in failed.check.lines():
        typer.echo(f"  {line}")
    typer.echo(
        f"{failed.path}: {failed.check.rows:,} rows read back, {failed.check.faults.total():,} would be dropped; nothing was written"
    )
