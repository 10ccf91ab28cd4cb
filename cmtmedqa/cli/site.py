"""`cmtmedqa site`: the specs of consultation sites, tried and tested on saved pages; no command opens a connection."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa import io
from cmtmedqa.errors import ConfigError, InputError, MissingExtra
from cmtmedqa.sources.mapped import Mapped

app = typer.Typer(
    help="Site specs: what the pages of a site look like. Works on saved pages, never on the network.",
    no_args_is_help=True,
)

Site = Annotated[str, typer.Argument(help="Name of a site, one of its aliases, or a spec.yaml.")]
Saved = Annotated[Path, typer.Argument(metavar="FILE.html", help="A saved page, bytes as stored.")]


def needs_parse() -> None:
    """One clear line where the libraries of pages are missing."""
    try:
        import fastwarc  # noqa: F401
        import jmespath  # noqa: F401
        import parsel  # noqa: F401
    except ImportError as error:
        raise MissingExtra(error.name or "parsel", "parse", "reading pages") from error


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {(error.strerror or 'input/output error').lower()}") from error


def _page_of(path: Path) -> bytes:
    """The bytes of a saved page. Raises InputError for a file that is none."""
    body = _bytes_of(path)
    if not body.strip():
        raise InputError(f"{path}: is empty; save the page as the server sent it")
    if b"\0" in body and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: is no page but a binary file; name the HTML of the page")
    return body


@app.command()
def extract(
    site: Site,
    page: Saved,
    url: Annotated[str, typer.Option(help="Address of the page: gives the id, and tells a wrong page.")] = "",
    content_type: Annotated[str, typer.Option(help="The Content-Type header that the page came with.")] = "",
) -> None:
    """Print the dialogues of one saved page as JSON, one a line; exit code 1 and one line when there is none."""
    needs_parse()
    from cmtmedqa.sites import catalog
    from cmtmedqa.sites.extract import extract as extract_page
    from cmtmedqa.sites.write import record

    spec, _ = catalog.find(site)
    found = extract_page(spec, _page_of(page), url, content_type)
    dialogues = [one for one in found if isinstance(one, Mapped)]
    for one in dialogues:
        typer.echo(record(one._replace(url=url or one.url), spec.site, spec.license).model_dump_json())
    for refused in (one for one in found if not isinstance(one, Mapped)):
        typer.echo(f"{f'answer {refused.id}' if dialogues else page}: {refused.line()}", err=True)
        if not dialogues:
            raise typer.Exit(1)


@app.command()
def new(
    site: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new site: small letters, digits, _ - and .")],
    page: Saved,
    url: Annotated[str, typer.Option(help="Address of the page: its pattern goes into the spec.")] = "",
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of one's own specs.")] = Path("sites"),
) -> None:
    """Draft a spec from a saved page, and keep the page as its first test."""
    needs_parse()
    from cmtmedqa.sites import catalog, check, scaffold

    path = output / f"{site}.yaml"
    if path.exists():
        raise InputError(f"{path}: exists; choose another name, or remove it")
    text = scaffold.draft(site, _page_of(page), url)
    io.write_text(path, text)
    try:
        spec = catalog.load(path)
    except ConfigError:
        path.unlink()
        raise
    saved = output / "pages" / site / f"{page.stem}.html"
    saved.parent.mkdir(parents=True, exist_ok=True)
    if saved.resolve() != page.resolve():
        shutil.copyfile(page, saved)
    io.write_json(saved.with_suffix(".json"), check.outcome(spec, saved, {"url": url}))
    typer.echo(f"{path}: a draft; edit it until this prints the dialogue, then run cmtmedqa site test {site} --accept")
    typer.echo(f"cmtmedqa site extract {path} {saved}" + (f" --url '{url}'" if url else ""))


@app.command("test")
def check_pages(
    site: Annotated[
        str | None, typer.Argument(help="A site or a spec.yaml; default: every site that has saved pages.")
    ] = None,
    pages: Annotated[
        Path | None,
        typer.Option(help="Folder of the saved pages; default: pages/SITE beside the spec.", show_default=False),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write down what the pages give now as what is expected.")
    ] = False,
) -> None:
    """Hold a spec against its saved pages, offline; exit code 1 when one gives something else than expected."""
    needs_parse()
    from cmtmedqa.sites import catalog, check

    failed = 0
    for spec, path in [catalog.find(site)] if site else list(catalog.all_specs()):
        try:
            folder = check.pages_of(spec, path, pages)
        except InputError:
            if site:
                raise
            typer.echo(f"{spec.site}: no saved pages")
            continue
        for page in check.cases(folder):
            want = check.expected(page)
            got = check.outcome(spec, page, want)
            if accept:
                typer.echo(f"{spec.site} {page.name}: {'rewritten' if check.accept(page, got) else 'as it was'}")
                continue
            wrong = list(check.differences(want, got))
            failed += bool(wrong)
            typer.echo(f"{spec.site} {page.name}: {'; '.join(wrong) if wrong else 'as expected'}")
    if failed:
        typer.echo(f"{failed} pages differ; --accept writes down what they give now", err=True)
        raise typer.Exit(1)


@app.command("list")
def list_sites() -> None:
    """Name every site there is a spec for; one's own in sites/ come first."""
    needs_parse()
    from cmtmedqa.sites import catalog

    for spec, path in catalog.all_specs():
        layouts = ", ".join(layout.name for layout in spec.layouts) or "python"
        own = f"  ({path})" if path.parent == catalog.OWN else ""
        typer.echo(f"{spec.site}: {layouts}{own}")


@app.command()
def show(site: Site) -> None:
    """Print the spec of a site, to read it or to begin one's own with it."""
    needs_parse()
    from cmtmedqa.sites import catalog

    _, path = catalog.find(site)
    typer.echo(path.read_text(encoding="utf-8"), nl=False)
