"""`cmtmedqa browse`: a local page over a built dataset."""

from pathlib import Path
from typing import Annotated

import typer

PORT = 8731


def browse(
    dataset: Annotated[Path, typer.Argument(help="Folder of a built dataset.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0: any that is free.")] = PORT,
    host: Annotated[
        str, typer.Option(help="A loopback address of this computer; every other one is refused.")
    ] = "127.0.0.1",
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in your browser.")] = False,
) -> None:
    """Search and read what a build kept and rejected, and why, on a page that only this computer can reach. Ctrl-C ends it."""
    from cmtmedqa.browse.serve import serve

    serve(dataset, host, port, lambda url: typer.echo(f"{dataset}: {url} (Ctrl-C ends)"), open_page)
