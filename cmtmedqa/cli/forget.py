"""`cmtmedqa forget`: remove a record on request, from a dataset and from all later builds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmtmedqa.errors import ConfigError

if TYPE_CHECKING:
    from cmtmedqa.build.elsewhere import Cleared


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
    also: Annotated[
        list[Path] | None,
        typer.Option(
            help="A file or folder to remove it from as well: crawled pages, parsed records, raw lines, exports, ledgers of calls; may be repeated. "
            "Default: raw/, parsed/ and .cmtmedqa-ledger/ of this folder.",
            show_default=False,
        ),
    ] = None,
    forgotten: Annotated[
        str | None,
        typer.Option(help="The list of hashes that builds read; default: the user's own.", show_default=False),
    ] = None,
) -> None:
    """Remove a record and all copies of it from a dataset, prove that nothing is left, and bar it from later builds.

    Exit code 1 if a place beside the dataset still holds something of it: each is named with what to do.
    """
    from cmtmedqa.build.elsewhere import USUAL
    from cmtmedqa.build.forgotten import list_path
    from cmtmedqa.build.removal import remove

    if not ids and not urls:
        raise ConfigError("nothing to forget: name --id ID or --url URL")
    where = list_path(forgotten)
    left = 0
    beside = also or [place for place in USUAL if place.is_dir()]
    for folder in datasets or [Path() if Path("manifest.json").is_file() else Path("cmtmedqa-demo")]:
        done = remove(folder, ids or [], urls or [], where, beside)
        for _ in done.unknown_urls:
            typer.echo(f"{folder}: holds no record of that page; its address is barred all the same")
        if ids and not done.removed:
            typer.echo(
                f"{folder}: removed before; files beside it are searched by id, hash and address, so a shortened copy without id is not known"
            )
        if done.removed:
            copies = f", {done.copies:,} of them copies" if done.copies else ""
            typer.echo(f"{folder}: {done.removed:,} record(s) removed{copies}")
            typer.echo(
                f"{folder}: {done.files:,} files searched: no text, id, hash or address of them is left; the dataset is valid"
            )
        typer.echo(f"{where}: {done.barred:,} hash(es) barred; builds that read this list leave the record out")
        left += _say(done.elsewhere)
    named = ", ".join(map(str, beside)) if beside else "no place"
    typer.echo(
        f"beside the dataset {named} was looked at; name exports and raw inputs elsewhere with --also, or delete them"
    )
    if left:
        typer.echo(f"{left} place(s) still hold something of it: they are named above", err=True)
        raise typer.Exit(1)


def _say(cleared: "Cleared") -> int:
    if cleared.files:
        typer.echo(
            f"{cleared.files:,} files beside it: {cleared.lines:,} record(s), {cleared.pages:,} page(s) and {cleared.calls:,} request(s) to models removed"
        )
    for line in cleared.left:
        typer.echo(line)
    return len(cleared.left)
