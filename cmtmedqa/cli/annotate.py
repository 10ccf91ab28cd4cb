"""`cmtmedqa annotate`: experts rank replies in Label Studio."""

import typer

from cmtmedqa.cli import annotate_screens

app = typer.Typer(no_args_is_help=True, help="Have experts rank replies in Label Studio.")
app.command("screens")(annotate_screens.screens)


@app.callback()
def _group() -> None:
    """Have experts rank replies in Label Studio."""
