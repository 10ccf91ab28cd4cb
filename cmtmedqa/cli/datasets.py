"""`cmtmedqa validate`, `report` and `schema`: a built dataset checked, and the shape of its records."""

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


def report(
    dataset: Annotated[Path, typer.Argument(help="Folder of a built dataset.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="HTML file to write, outside the dataset.")] = Path(
        "report.html"
    ),
) -> None:
    """Draw the report of a dataset again, as one HTML file; the dataset stays as it is."""
    from cmtmedqa import io
    from cmtmedqa.build.output import read_manifest
    from cmtmedqa.build.page.page import draw

    read_manifest(dataset)
    if output.resolve().is_relative_to(dataset.resolve()):
        raise InputError(f"{output}: lies in the dataset, which stays as it is; choose -o FILE.html outside of it")
    if output.is_dir():
        raise InputError(f"{output}: is a folder; name a file: -o {output / 'report.html'}")
    io.write_text(output, draw(dataset))
    typer.echo(f"{output}: open it in a browser")


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
