"""`cmtmedqa validate` and `schema`: a built dataset checked, and the shape of its records."""

from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa.errors import InputError


def validate(
    dataset: Annotated[Path, typer.Argument(help="Folder of a built dataset.")],
) -> None:
    """Check a dataset again: digests, schemas, every record, every sum. Exit code 1 if anything is wrong."""
    from cmtmedqa.build.recheck import problems

    found = problems(dataset)
    for problem in found:
        typer.echo(problem)
    if found:
        typer.echo(f"{dataset}: {len(found)} problem(s)")
        raise typer.Exit(1)
    typer.echo(f"{dataset}: valid")


def schema(
    name: Annotated[str | None, typer.Argument(help="A record or config; without it all names are listed.")] = None,
) -> None:
    """Print the JSON Schema of a record or of the configuration."""
    from cmtmedqa.build.schemas import SCHEMAS, schema_text

    if name is None:
        typer.echo("\n".join(SCHEMAS))
        return
    if name not in SCHEMAS:
        raise InputError(f"no schema '{name}'; there are: {', '.join(SCHEMAS)}")
    typer.echo(schema_text(name), nl=False)
