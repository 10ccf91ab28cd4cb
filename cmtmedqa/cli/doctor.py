"""`cmtmedqa doctor`: what is installed, what is missing, the line that installs it."""

from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Say what is installed, what is missing and the exact line that installs it. Exit code 1 if the core cannot work."""
    from cmtmedqa.cli.installation import report

    text, usable = report(as_json)
    typer.echo(text)
    if not usable:
        raise typer.Exit(1)
