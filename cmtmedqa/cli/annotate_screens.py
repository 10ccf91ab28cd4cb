"""`cmtmedqa annotate screens`."""

from pathlib import Path
from typing import Annotated

import typer


def screens(
    folder: Annotated[
        Path, typer.Argument(help="Folder of rubric.yaml, guidelines and screens; what is missing is made.")
    ] = Path("annotation"),
    rubric: Annotated[
        Path | None, typer.Option(help="Another rubric than FOLDER/rubric.yaml.", show_default=False)
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a file is not what the rubric makes.")
    ] = False,
) -> None:
    """Make the labelling screens, the schemas of their results, the instruction and the guidelines' tables from the rubric."""
    from cmtmedqa.annotate import generate

    if check:
        generate.check(folder, rubric)
        typer.echo(f"{folder}: all as the rubric makes it")
        return
    changed = generate.write(folder, rubric)
    for name in changed:
        typer.echo(f"wrote {folder / name}")
    if not changed:
        typer.echo(f"{folder}: nothing to change")
