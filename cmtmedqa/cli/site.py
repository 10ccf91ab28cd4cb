"""`cmtmedqa site`: the specs of consultation sites, tried and tested on saved pages; no command opens a connection."""

from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.sources.mapped import Mapped

app = typer.Typer(help="Site specs: what the pages of a site look like. Works on saved pages, never on the network.", no_args_is_help=True)


def needs_parse() -> None:
    """One clear line where the libraries of pages are missing."""
    try:
        import jmespath  # noqa: F401
        import parsel  # noqa: F401
    except ImportError as error:
        raise MissingExtra(error.name or "parsel", "parse", "reading pages") from error


def read_page(path: Path) -> bytes:
    """The bytes of a saved page. Raises InputError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or 'input/output error').lower()}") from error


@app.command()
def extract(
    site: Annotated[str, typer.Argument(help="Name of a site, one of its aliases, or a spec.yaml.")],
    page: Annotated[Path, typer.Argument(metavar="FILE.html", help="A saved page, bytes as stored.")],
    url: Annotated[str, typer.Option(help="Address of the page: gives the id, and tells a wrong page.")] = "",
    content_type: Annotated[str, typer.Option(help="The Content-Type header the page came with.")] = "",
) -> None:
    """Print the dialogues of one saved page as JSON, one a line; exit code 1 and one line when there is none."""
    needs_parse()
    from cmtmedqa.sites import catalog
    from cmtmedqa.sites.extract import extract as extract_page
    from cmtmedqa.sites.write import record

    spec, _ = catalog.find(site)
    found = extract_page(spec, read_page(page), url, content_type)
    dialogues = [one for one in found if isinstance(one, Mapped)]
    for one in dialogues:
        typer.echo(record(one._replace(url=url or one.url), spec.site, spec.license).model_dump_json())
    refused = [one for one in found if not isinstance(one, Mapped)]
    for one in refused:
        where = f"answer {one.id}" if dialogues else str(page)
        typer.echo(f"{where}: {one.line()}", err=True)
        if not dialogues:
            raise typer.Exit(1)

