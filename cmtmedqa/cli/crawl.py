"""`cmtmedqa crawl SITE`, `crawl status`, `crawl retry-failed`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

RAW = Path("raw")


class _SiteFirst(TyperGroup):
    """`crawl SITE` is short for `crawl run SITE`; a plan in a file may have any name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_SiteFirst,
    no_args_is_help=True,
    help="Fetch the pages of a site into WARC files, as its robots.txt allows. `crawl SITE` is short for `crawl run SITE`.",
)

Site = Annotated[
    str, typer.Argument(help="A site with a spec whose terms are cleared, `demo`, or a YAML file with a plan.")
]
Raw = Annotated[Path, typer.Option(help="Folder of raw pages; each site has a folder of its own in it, mode 0700.")]


@app.command("run")
def run(
    site: Site,
    contact: Annotated[
        str,
        typer.Option(
            help="An e-mail address or web page by which the site's owner can reach you; sent with each request."
        ),
    ] = "",
    raw: Raw = RAW,
    base: Annotated[
        str | None,
        typer.Option(help="Address of the site in place of the plan's, such as a demo-site on another port."),
    ] = None,
    delay: Annotated[float | None, typer.Option(help="Seconds between requests, in place of the plan's.")] = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="End when this many pages are done.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress, only how it ended.")] = False,
) -> None:
    """Fetch what the plan allows; run it again after a break, a kill or a pause, and it goes on where it was."""
    from rich.console import Console

    from cmtmedqa.build import forgotten, trace
    from cmtmedqa.crawl import engine, show, status
    from cmtmedqa.crawl.plan import load_plan
    from cmtmedqa.errors import InputError

    given: dict[str, Any] = {"base": base and base.rstrip("/"), "delay": delay, "max_pages": max_pages}
    plan = load_plan(site, {key: value for key, value in given.items() if value is not None})
    barred = forgotten.load(forgotten.list_path(None)).url
    console = Console(stderr=True, quiet=quiet)
    ran = engine.crawl(
        plan, raw, contact, lambda url: trace.url_hash(url) in barred, lambda session: show.progress(session, console)
    )
    for text in status.lines(status.read(raw / plan.site)):
        typer.echo(text)
    if ran.outcome == "interrupted":
        typer.echo("interrupted; run the same command again to resume", err=True)
        raise typer.Exit(130)
    if ran.outcome != "finished":
        again = (
            "the crawl goes on when you run it again after that time"
            if ran.outcome == "parked"
            else "nothing more was sent"
        )
        raise InputError(f"{plan.site}: {ran.outcome}; {again}")


@app.command("status")
def show_status(
    site: Site,
    raw: Raw = RAW,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Also read every stored page back and compare it with its digest.")
    ] = False,
) -> None:
    """Say what a crawl has reached: pages by state and reason, robots.txt, pauses. Works beside a running crawl."""
    import json

    from cmtmedqa.crawl import status

    state = status.read(raw / _name(site))
    typer.echo(json.dumps(state, ensure_ascii=False, indent=1) if as_json else "\n".join(status.lines(state)))
    if check:
        from cmtmedqa.crawl.check import faults
        from cmtmedqa.errors import InputError

        if found := list(faults(raw / state["site"])):
            raise InputError(f"{raw / state['site']}: {len(found)} faults, the first: {found[0]}")


@app.command("retry-failed")
def retry_failed(site: Site, raw: Raw = RAW) -> None:
    """Queue failed pages again and lift the stop of a site that refused; the next `crawl` fetches them."""
    from cmtmedqa.crawl import status
    from cmtmedqa.crawl.frontier import Frontier

    folder = raw / _name(site)
    status.read(folder)
    frontier = Frontier(folder)
    count = frontier.retry_failed()
    frontier.close()
    typer.echo(f"{folder.name}: {count:,} pages queued again")


def _name(site: str) -> str:
    """The folder name of a site: that of the plan if it is a file, else what was typed."""
    from cmtmedqa.crawl.plan import load_plan

    return load_plan(site).site if Path(site).suffix in {".yaml", ".yml"} else site
