"""The entry point. Errors that a user can act on end here: one line on standard error, exit code 2."""

import os
import sys
from io import TextIOWrapper
from typing import NoReturn

import typer
from rich.console import Console

import cmtmedqa
from cmtmedqa.cli import (
    annotate,
    audit,
    browse,
    build,
    candidates,
    chat,
    crawl,
    datasets,
    demo_site,
    diff,
    doctor,
    evaluate,
    export,
    forget,
    merge,
    parse,
    recipes,
    rewrite,
    site,
    sources,
    train,
    why,
)
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
app.command("parse")(parse.parse)
app.command("audit")(audit.audit)
app.command("validate")(datasets.validate)
app.command("report")(datasets.report)
app.command("diff")(diff.diff)
app.command("export")(export.export)
app.command("why")(why.why)
app.command("forget")(forget.forget)
app.command("schema")(datasets.schema)
app.command("candidates")(candidates.candidates)
app.command("rewrite")(rewrite.rewrite)
app.command("browse")(browse.browse)
app.command("demo-site")(demo_site.demo_site)
app.command("doctor")(doctor.doctor)
app.add_typer(annotate.app, name="annotate")
app.add_typer(crawl.app, name="crawl")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(sources.app, name="sources")
app.add_typer(site.app, name="site")
app.command("train")(train.train)
app.command("merge")(merge.merge)
app.command("chat")(chat.chat)
app.add_typer(recipes.app, name="recipes")


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


def _fail(message: str) -> NoReturn:
    """One line on standard error, whatever a path in it holds, and exit code 2."""
    line = "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape", "replace").decode() for mark in message
    )
    Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(f"error: {line}")
    sys.exit(2)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a file name may hold bytes, a terminal may know no Chinese
    try:
        app()
    except CmtmedqaError as error:
        _fail(str(error))
    except ImportError as error:  # a package that is loaded where it is needed
        _fail(f"{error.name or error} cannot be imported; cmtmedqa doctor says what to install")
    except OSError as error:  # whatever no reader or writer expected of a disk
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        _fail(f"{where}{(error.strerror or 'input/output error').lower()}; put it right and run the same command again")
    except MemoryError:
        _fail("out of memory; use fewer workers or smaller files, and run the same command again to resume")
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted; run the same command again to resume")
        sys.exit(130)
