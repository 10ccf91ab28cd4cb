"""`cmtmedqa forget`: remove a record on request, from a dataset and from all later builds."""

from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa.errors import ConfigError


def forget(
    datasets: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of built datasets; default: this folder, else cmtmedqa-demo.", show_default=False),
    ] = None,
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Id of the record; may be repeated.", show_default=False)
    ] = None,
    urls: Annotated[
        list[str] | None,
        typer.Option("--url", help="Address of the page it was taken from; may be repeated.", show_default=False),
    ] = None,
    forgotten: Annotated[
        str | None,
        typer.Option(help="The list of hashes that builds read; default: the user's own.", show_default=False),
    ] = None,
) -> None:
    """Remove a record and all copies of it from a dataset, prove that nothing is left, and bar it from later builds."""
    from cmtmedqa.build.forgotten import list_path
    from cmtmedqa.build.removal import remove

    if not ids and not urls:
        raise ConfigError("nothing to forget: name --id ID or --url URL")
    where = list_path(forgotten)
    for folder in datasets or [Path() if Path("manifest.json").is_file() else Path("cmtmedqa-demo")]:
        done = remove(folder, ids or [], urls or [], where)
        for _ in done.unknown_urls:
            typer.echo(f"{folder}: holds no record of that page; its address is barred all the same")
        if done.removed:
            copies = f", {done.copies:,} of them copies" if done.copies else ""
            typer.echo(f"{folder}: {done.removed:,} record(s) removed{copies}")
            typer.echo(
                f"{folder}: {done.files:,} files searched: no text, id, hash or address of them is left; the dataset is valid"
            )
        typer.echo(f"{where}: {done.barred:,} hash(es) barred; builds that read this list leave the record out")
    typer.echo("exports, raw inputs and copies elsewhere are not known to this command: write or delete them anew")
