"""`cmtmedqa export`: a dataset, or a mixture of several, as a file of another program."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa.errors import InputError
from cmtmedqa.export.check import Check, check_file
from cmtmedqa.export.dataset import sizes
from cmtmedqa.export.mixture import DatasetSource, MixtureSource, Part, load_mixture, plan_mixture
from cmtmedqa.export.registry import FILE, REGISTERED, is_registered
from cmtmedqa.export.select import Counts, Selection, departments_named, splits_named
from cmtmedqa.export.write import CheckFailed, format_named, require_output, write_export

_WHY = {
    "split": "in another split",
    "departments": "of another department",
    "min_turns": "with fewer turns than asked for",
    "role_order": "whose turns do not alternate",
    "empty_text": "with an empty turn",
    "nan_text": "with a turn that says nan",
    "control_token": "with a control token of a chat template in the text",
}
_TABLES = frozenset({"csv", "xlsx"})


def export(
    shape: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="cmtmedqa, messages (trl), sharegpt and alpaca (LLaMA-Factory), medicalgpt, ms-swift, csv or xlsx (for people).",
        ),
    ],
    source: Annotated[
        Path,
        typer.Argument(
            help="Folder of a built dataset; a mixture (.yaml) of several; with --check alone, a file to check."
        ),
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File to write.", show_default=False)] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, dev, test or all; several by comma or repeated. [default: all]")
    ] = None,
    departments: Annotated[
        list[str] | None,
        typer.Option(
            help="Only these departments, by comma or repeated; 其他 includes unknown ones.", show_default=False
        ),
    ] = None,
    min_turns: Annotated[
        int, typer.Option(min=0, help="Least number of turns of patient and doctor, after trimming.")
    ] = 0,
    trim_farewell: Annotated[
        bool, typer.Option("--trim-farewell", help="Remove exchanges at the end that only say thanks and goodbye.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Read the file back by its loader's rules; exit code 1 if a row would be lost."),
    ] = False,
) -> None:
    """Write a dataset or a mixture in the shape another program reads, and prove that it loses no row of it."""
    shape = format_named(shape)
    selection = Selection(splits_named(split or ()), departments_named(departments or ()), min_turns, trim_farewell)
    mixture = source.suffix.lower() in {".yaml", ".yml"} and not source.is_dir()
    if output is None:
        if not check or mixture or source.is_dir():
            raise InputError("-o FILE is missing: where shall the rows go? (--check alone checks a file that is there)")
        _check_only(source, shape)
    elif mixture:
        _export_mixture(source, shape, output, selection, check)
    else:
        _export_dataset(source, shape, output, selection, check)


def _export_dataset(folder: Path, shape: str, output: Path, selection: Selection, check: bool) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder of a dataset and no mixture (.yaml)")
    sizes(folder)
    require_output(shape, output, [folder])
    rows = DatasetSource(folder, selection, shape not in _TABLES)
    try:
        _write(rows, shape, output, check)
    except InputError:
        if rows.counts.read and not rows.counts.taken:
            _print_counts(rows.counts, shape)  # why nothing is left
        raise
    _print_counts(rows.counts, shape)


def _export_mixture(path: Path, shape: str, output: Path, selection: Selection, check: bool) -> None:
    mixture = load_mixture(path)
    require_output(shape, output, [path, *(path.parent / item.dataset for item in mixture.mix)])
    trains = shape not in _TABLES
    parts = plan_mixture(mixture, path.parent, selection, trains)
    _write(MixtureSource(parts, trains), shape, output, check)
    _print_parts(parts, shape)


def _write(rows: DatasetSource | MixtureSource, shape: str, output: Path, check: bool) -> None:
    try:
        written = write_export(rows, shape, output, check)
    except CheckFailed as failed:
        _print_faults(output, failed.check)
        typer.echo(f"{output}: not written")
        raise typer.Exit(1) from failed
    typer.echo(f"{output}: {written.dialogues:,} dialogues")
    if written.registered:
        typer.echo(f"  LLaMA-Factory: --dataset {written.registered} --dataset_dir {output.parent}, by its {FILE}")
    if written.check is not None:
        typer.echo(f"  check: {written.check.rows:,} rows read back, 0 rows would be dropped")


def _check_only(path: Path, shape: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: is no file; --check without -o checks a file, with -o FILE it exports first")
    found = check_file(path, shape)
    if shape in REGISTERED and not is_registered(shape, path):
        found.add("not_in_dataset_info.json", 0)
    if found.faults:
        _print_faults(path, found)
        raise typer.Exit(1)
    typer.echo(f"{path}: {found.rows:,} rows read back, 0 rows would be dropped")


def _print_faults(path: Path, check: Check) -> None:
    for line in check.lines():
        typer.echo(f"  {line}")
    typer.echo(f"{path}: {check.rows:,} rows read back, {check.faults.total():,} would be dropped or damaged")


def _print_counts(counts: Counts, shape: str, indent: str = "  ") -> None:
    typer.echo(
        f"{indent}of {counts.read:,} dialogues {counts.taken:,} were selected and {counts.left.total():,} were not"
    )
    for reason, count in sorted(counts.left.items()):
        if count:
            typer.echo(f"{indent}  {count:,} {_WHY[reason]} ({reason})")
    if counts.trimmed:
        typer.echo(
            f"{indent}farewells trimmed: {counts.trimmed_turns:,} turns at the end of {counts.trimmed:,} dialogues"
        )
    if shape == "cmtmedqa" and counts.system_turns:
        typer.echo(f"{indent}system turns left out, since the shape has no place for them: {counts.system_turns:,}")


def _print_parts(parts: Sequence[Part], shape: str) -> None:
    total = sum(part.share for part in parts)
    for part in parts:
        repeated = f", {part.share / part.available:.2f} epochs" if part.share > part.available else ""
        typer.echo(
            f"  {part.name}: {part.share:,} rows ({part.share / total:.1%}) of {part.available:,} selected{repeated}"
        )
        _print_counts(part.counts, shape, "    ")
