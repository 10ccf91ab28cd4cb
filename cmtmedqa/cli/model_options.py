"""Options that every command shares which asks a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cmtmedqa.errors import InputError

if TYPE_CHECKING:
    from cmtmedqa.llm.estimate import Estimate

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
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be asked and what it may cost; open no connection.")
]


def page_and_figures(output: Path) -> tuple[Path, Path]:
    """The HTML page and the JSON file beside it that `--output` names, by either of them. Raises InputError for a folder."""
    page = output.with_suffix(".html") if output.suffix == ".json" else output
    figures = page.with_suffix(".json")
    for path in (page, figures):
        if path.is_dir():
            raise InputError(f"--output {output}: {path} is a folder; name a file for the page")
    return page, figures


def print_estimate(found: "Estimate", beyond: str) -> None:
    """Say what a run would ask and cost, with examples; `beyond` is what the figures leave out."""
    typer.echo(f"requests: {found.requests:,}, of them in the ledger: {found.stored:,} ({beyond})")
    typer.echo(f"tokens: {found.tokens_in:,} in, {found.tokens_out[0]:,} to {found.tokens_out[1]:,} out")
    typer.echo(f"cost: {found.cost[0]:.4g} to {found.cost[1]:.4g}")
    for number, example in enumerate(found.examples, 1):
        typer.echo(f"\n--- prompt {number}\n{example}")
