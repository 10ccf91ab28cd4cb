"""Options that every command shares which asks a model."""

from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa.errors import InputError

LEDGER = Path(".cmtmedqa-ledger")

LedgerFolder = Annotated[Path, typer.Option(help="Folder (mode 0700) of the ledger of calls; a second run makes none.")]
PriceText = Annotated[
    str | None, typer.Option(help="IN/OUT per million tokens, for models whose YAML states none.", show_default=False)
]
MaxCost = Annotated[
    float | None, typer.Option(min=0, help="Stop before the ledger's total passes this.", show_default=False)
]
MaxCalls = Annotated[
    int | None, typer.Option(min=1, help="Stop before the ledger holds more calls than this.", show_default=False)
]
Concurrency = Annotated[int, typer.Option(min=1, help="Calls at the same time.")]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds until a call is given up and tried again.")]


def page_and_figures(output: Path) -> tuple[Path, Path]:
    """The HTML page and the JSON file beside it that `--output` names, by either of them. Raises InputError for a folder."""
    page = output.with_suffix(".html") if output.suffix == ".json" else output
    figures = page.with_suffix(".json")
    for path in (page, figures):
        if path.is_dir():
            raise InputError(f"--output {output}: {path} is a folder; name a file for the page")
    return page, figures
