"""`cmtmedqa sources`: what a file is, and its records as they are."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cmtmedqa import io
from cmtmedqa.clean.departments import canonical
from cmtmedqa.errors import InputError
from cmtmedqa.progress import meter
from cmtmedqa.records import Dialogue
from cmtmedqa.sources.detect import detect as detect_shape
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.mapped import Mapped, Unreadable, to_dialogue
from cmtmedqa.sources.read import plan
from cmtmedqa.sources.read import read as read_unit

app = typer.Typer(help="Look at input files: their shape, and their records before any cleaning.", no_args_is_help=True)

_SHOWN = 2
_UNIT_BYTES = 64 * 1024 * 1024


@app.command()
def detect(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs or hf:<dataset>.")],
) -> None:
    """Say what each file is and show its first two mapped records."""
    files, skipped = expand(paths)
    for name, reason in skipped:
        typer.echo(f"{name}: not read: {reason}")
    for file in files:
        shape = detect_shape(file)
        encoding = f", {shape.encoding}" if shape.encoding else ""
        packed = f", {shape.compression}" if shape.compression else ""
        typer.echo(f"{file.name}: {shape.adapter or 'unknown'} ({shape.container}{encoding}{packed})")
        _show(file)


def _show(file: SourceFile) -> None:
    shown = 0
    for unit in plan(file, _UNIT_BYTES).units:
        for record in read_unit(unit):
            if isinstance(record, Unreadable):
                typer.echo(f"  record {record.index}: {record.reason} ({record.detail})")
            else:
                typer.echo(
                    "  " + _dialogue(record, file.name).model_dump_json(exclude_none=True, exclude_defaults=True)
                )
            shown += 1
            if shown == _SHOWN:
                return


@app.command()
def read(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs or hf:<dataset>.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON Lines file to write; - for standard output.")],
    on_error: Annotated[
        str, typer.Option(help="reject: report an unreadable record and go on; stop: end there.")
    ] = "reject",
) -> None:
    """Write the mapped records as they are, before any cleaning: one dialogue a line."""
    if on_error not in {"reject", "stop"}:
        raise InputError(f"--on-error: '{on_error}' is neither reject nor stop")
    files, skipped = expand(paths)
    for name, reason in skipped:
        typer.echo(f"{name}: not read: {reason}", err=True)
    if str(output) == "-":
        counts = _write(files, on_error, sys.stdout.buffer.write)
    else:
        with io.replacing(output) as temporary, temporary.open("wb") as stream:
            counts = _write(files, on_error, stream.write)
    rejected = sum(count for key, count in counts.items() if key != "kept")
    typer.echo(f"{output}: {counts['kept']:,} dialogues, {rejected:,} records not mapped", err=True)


def _write(files: list[SourceFile], on_error: str, write: object) -> Counter[str]:
    counts: Counter[str] = Counter()
    plans = [(file, plan(file, _UNIT_BYTES)) for file in files]
    with meter(Console(stderr=True), "read", sum(item.size for _, item in plans)) as phase:
        for file, item in plans:
            for unit in item.units:
                for record in read_unit(unit):
                    kept = isinstance(record, Mapped)
                    phase.count(1, int(kept), int(not kept))
                    if isinstance(record, Mapped):
                        counts["kept"] += 1
                        write(_dialogue(record, file.name).model_dump_json().encode() + b"\n")  # type: ignore[operator]
                        continue
                    counts[record.reason] += 1
                    where = f"{file.name}, record {record.index}: {record.reason} ({record.detail})"
                    if on_error == "stop":
                        raise InputError(f"{where}; --on-error reject keeps going")
                    typer.echo(where, err=True)
                phase.advance(max(unit.end - unit.start, 0))
    return counts


def _dialogue(record: Mapped, source: str) -> Dialogue:
    dialogue = to_dialogue(record, source)
    return dialogue.model_copy(update={"department": canonical(dialogue.department_raw)})
