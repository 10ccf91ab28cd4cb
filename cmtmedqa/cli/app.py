"""The entry point. Errors that a user can act on end here: one line on standard error, exit code 2."""

import sys

import typer
from rich.console import Console

import cmtmedqa
from cmtmedqa.cli import audit, build, datasets, sources
from cmtmedqa.errors import CmtmedqaError

app = typer.Typer(
    name="cmtmedqa",
    help="Build, annotate and train on a corpus of Chinese multi-turn doctor-patient dialogues.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("build")(build.build)
app.command("init")(build.init)
app.command("audit")(audit.audit)
app.command("validate")(datasets.validate)
app.command("export")(datasets.export)
app.command("schema")(datasets.schema)
app.add_typer(sources.app, name="sources")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cmtmedqa {cmtmedqa.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    """Build, annotate and train on a corpus of Chinese multi-turn doctor-patient dialogues."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except CmtmedqaError as error:
        Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(f"error: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted; run the same command again to resume")
        sys.exit(130)
