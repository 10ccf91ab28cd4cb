"""`cmtmedqa candidates`: k replies to a sample of informative turns."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cmtmedqa.cli.model_options import (
    LEDGER,
    Concurrency,
    DryRun,
    LedgerFolder,
    MaxCalls,
    MaxCost,
    PriceText,
    Timeout,
    print_estimate,
)
from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.records import SPLITS

if TYPE_CHECKING:
    from cmtmedqa.llm.ledger import Ledger
    from cmtmedqa.llm.sample import Outcome


def candidates(
    source: Annotated[
        Path, typer.Argument(help="Folder of a built dataset, or a JSON Lines file of `prompt` lists of messages.")
    ],
    model: Annotated[
        list[str],
        typer.Option(
            help="NAME@URL of an OpenAI-compatible server (…/v1), the folder of a model, or a YAML file of `models:`; repeat it."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON Lines file of candidate sets to write.")] = Path(
        "candidates.jsonl"
    ),
    k: Annotated[int, typer.Option("--k", help="Replies in a set, 2 to 6.")] = 4,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, help="Prompts in all, stratified by department and round. [default: all]", show_default=False
        ),
    ] = None,
    out_of_distribution: Annotated[
        Path | None,
        typer.Option(
            help="A second dataset or file that no model here was trained on; half of the sample comes from it.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of a dataset: train, dev, test or all.")] = "train",
    turns: Annotated[
        Literal["last-question", "questions", "informative"],
        typer.Option(
            help="Which patient turns are answered: the last that asks, all that ask, all that ask or report something."
        ),
    ] = "last-question",
    temperature: Annotated[str, typer.Option(help="Temperatures, by comma, taken in turn.")] = "0.7,1.0",
    top_p: Annotated[float, typer.Option(min=0.01, max=1.0, help="Nucleus of sampling.")] = 0.95,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Most tokens of a reply; one that is cut off does not count.")
    ] = 1_024,
    max_chars: Annotated[
        int, typer.Option(min=1, help="Most characters of a prompt; whole turns are cut from the left.")
    ] = 6_000,
    min_distance: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Least distance of two replies (1 - Jaccard of 3-grams).")
    ] = 0.2,
    redraws: Annotated[int, typer.Option(min=0, help="Further draws for a set whose replies are too alike.")] = 6,
    seed: Annotated[int, typer.Option(help="Enters the sample and the seed of every call.")] = 0,
    ledger: LedgerFolder = LEDGER,
    price: PriceText = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    concurrency: Concurrency = 16,
    timeout: Timeout = 120.0,
    max_fail_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Exit code 1 when more prompts than this share have no set.")
    ] = 0.1,
    dry_run: DryRun = False,
) -> None:
    """Draw k distinct replies to each of a sample of informative turns; run it again and the ledger answers."""
    from rich.console import Console

    from cmtmedqa.llm import sample as run
    from cmtmedqa.llm.candidates import Plan
    from cmtmedqa.llm.client import Limits
    from cmtmedqa.llm.endpoints import endpoints_of, priced
    from cmtmedqa.llm.ledger import Ledger
    from cmtmedqa.llm.prompts import halves, read_prompts, stratified

    if output.is_dir():
        raise InputError(f"{output}: is a folder; name a file for the sets")
    if split not in (*SPLITS, "all"):
        raise InputError(f"no split '{split}'; there are: {', '.join(SPLITS)}, all")
    endpoints = priced(endpoints_of(model), price)
    plan = Plan(k, _temperatures(temperature), top_p, max_tokens, min_distance, redraws, seed)
    plan.check()
    groups = [(source, "in-distribution"), (out_of_distribution, "out-of-distribution")]
    given = [(path, name if out_of_distribution else "") for path, name in groups if path]
    prompts = [
        prompt
        for (path, stratum), size in zip(given, halves(sample, len(given)), strict=True)
        for prompt in stratified(read_prompts(path, split, turns, max_chars, stratum), size, str(seed))
    ]
    counts = Counter(prompt.id for prompt in prompts)
    if double := next((name for name, count in counts.items() if count > 1), None):
        raise InputError(f"{out_of_distribution}: prompt {double} stands in {source} as well; name other data")
    console = Console(stderr=True)
    with Ledger(ledger) as book:
        if dry_run:
            print_estimate(run.estimate(prompts, endpoints, plan, book), "redraws come on top")
            return
        limits = Limits(concurrency=concurrency, timeout=timeout, max_cost=max_cost, max_calls=max_calls)
        outcome = run.sample(prompts, endpoints, plan, book, limits, console)
        dropped = run.write(outcome, output)
        _print_outcome(outcome, output, dropped, book)
    if len(outcome.dropped) > max_fail_rate * len(prompts):
        raise typer.Exit(1)


def _temperatures(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"--temperature {text}: must be numbers, by comma") from None
    if any(not 0 <= value <= 2 for value in values):
        raise ConfigError(f"--temperature {text}: each must lie between 0 and 2")
    return values


def _print_outcome(outcome: "Outcome", output: Path, dropped: Path, book: "Ledger") -> None:
    from cmtmedqa.llm.sample import reasons

    typer.echo(f"{output}: {_number(len(outcome.sets), 'set')}, {outcome.calls:,} calls in this run")
    flagged = sum(any(candidate.flags for candidate in item.candidates) for item in outcome.sets)
    if flagged:
        typer.echo(
            f"  {_number(flagged, 'set')} with a flagged reply (identity: it says who it is; masked: personal data was replaced)"
        )
    for reason, count in reasons(outcome):
        typer.echo(f"  without a set: {count:,} {reason} ({dropped})")
    for spent in book.spent():
        typer.echo(
            f"  {spent.endpoint}: {spent.calls:,} calls, {spent.replies:,} replies, "
            f"{spent.tokens_in:,} + {spent.tokens_out:,} tokens, cost {spent.cost:.4g} in this ledger"
        )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
