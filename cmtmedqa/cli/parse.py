"""`cmtmedqa parse`: WARC files to dialogues, offline."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cmtmedqa.cli.site import needs_parse


def parse(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="SITE|WARC...", help="A site (reads raw/SITE/), or WARC files and folders of them."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="JSON Lines file; default: parsed/SITE.jsonl.", show_default=False),
    ] = None,
    site: Annotated[
        str | None,
        typer.Option(help="Read WARC files by this spec; default: by the host of each page.", show_default=False),
    ] = None,
) -> None:
    """Make dialogues of fetched pages, by site specs. Never opens a connection; may be run again at will."""
    needs_parse()
    from cmtmedqa.sites.parse import files_of
    from cmtmedqa.sites.write import default_output, write

    spec, files = files_of(inputs, site)
    written = write(files, spec, output or default_output(spec, files), Console(stderr=True))
    for name, count in written.counts.items():
        typer.echo(f"{name}: {count:,}", err=True)
    typer.echo(
        f"{written.output}: {written.counts['dialogues']:,} dialogues; rejected pages: {written.rejected}", err=True
    )
