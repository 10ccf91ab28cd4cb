"""`cmtmedqa annotate`: experts rank candidate replies; their agreement, and what becomes of it."""

import typer

from cmtmedqa.cli import annotate_agreement, annotate_export

app = typer.Typer(
    help="Let experts rank candidate replies, and turn their rankings into preference pairs.", no_args_is_help=True
)
app.command("agreement")(annotate_agreement.agreement)
app.command("export")(annotate_export.export)
