"""`cmtmedqa rewrite`: doctor turns in one register, and a page that shows what was changed."""

import hashlib
from pathlib import Path
from typing import Annotated

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


def rewrite(
    source: Annotated[Path, typer.Argument(help="Folder of a built dataset.")],
    model: Annotated[
        str,
        typer.Option(
            help="NAME@URL of an OpenAI-compatible server (…/v1), the folder of a model, or a YAML file of one model."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="JSON Lines file of dialogues to write; `build` reads it.")
    ] = Path("rewritten.jsonl"),
    prompt: Annotated[
        list[str] | None,
        typer.Option(
            help="Version of the instruction (1, 2, 3) or a text file; two of them are compared, the first one is used. [default: 3]",
            show_default=False,
        ),
    ] = None,
    reader: Annotated[
        str | None,
        typer.Option(
            help="A model, named as --model is (it may be the same), that reads each rewrite beside its original and decides in place of the gates that only guess.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of the dataset: train, dev, test or all.")] = "train",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Only this many dialogues, by a hash of their ids.", show_default=False)
    ] = None,
    ledger: LedgerFolder = LEDGER,
    price: PriceText = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    concurrency: Concurrency = 16,
    timeout: Timeout = 120.0,
    dry_run: DryRun = False,
) -> None:
    """Rewrite doctor turns; one that a gate of faithfulness or the reader refuses keeps its original."""
    from rich.console import Console

    from cmtmedqa import io
    from cmtmedqa.export.dataset import read_dataset
    from cmtmedqa.llm import rewrite as run
    from cmtmedqa.llm.client import Limits
    from cmtmedqa.llm.endpoints import one_endpoint
    from cmtmedqa.llm.ledger import Ledger
    from cmtmedqa.llm.rewrite_page import draw

    if split not in (*SPLITS, "all"):
        raise InputError(f"no split '{split}'; there are: {', '.join(SPLITS)}, all")
    endpoint = one_endpoint(model, price, "--model")
    second = one_endpoint(reader, price, "--reader") if reader is not None else None
    told = [run.instruction(name) for name in prompt or ["3"]]
    versions = [each.version for each in told]
    if len(set(versions)) < len(versions):
        raise ConfigError("--prompt: the same instruction stands there twice; name two different ones")
    if output.is_dir():
        raise InputError(f"{output}: is a folder; name a file for the dialogues")
    dialogues = sorted(read_dataset(source, split), key=lambda item: hashlib.sha256(item.id.encode()).digest())[:sample]
    if not dialogues:
        raise InputError(f"{source}: holds no dialogue in split '{split}'")
    dialogues.sort(key=lambda item: item.id)
    limits = Limits(concurrency=concurrency, timeout=timeout, max_cost=max_cost, max_calls=max_calls)
    page, decisions = output.with_suffix(".html"), output.with_name(f"{output.stem}.decisions.jsonl")
    with Ledger(ledger) as book:
        if dry_run:
            beyond = (
                "repairs come on top; every rewrite that is not there yet counts as read"
                if second
                else "repairs come on top"
            )
            print_estimate(run.estimate(dialogues, endpoint, told, book, second), beyond)
            return
        console = Console(stderr=True)
        results = [run.rewrite(dialogues, endpoint, each, book, limits, console, second) for each in told]
    written, decided = results[0]
    io.write_text(output, "".join(item.model_dump_json() + "\n" for item in written))
    io.write_text(decisions, "".join(io.canonical_json(row) + "\n" for row in run.rows(decided, second)))
    by = f", read by {second.name}" if second else ""
    names = [f"{endpoint.name}, prompt {each.version}{by}" for each in told]
    io.write_text(page, draw({name: found for name, (_, found) in zip(names, results, strict=True)}))
    changed = sum(item.provenance == "rewritten" for item in written)
    typer.echo(f"{output}: {len(written):,} dialogues, {changed:,} of them rewritten; side by side in {page}")
    for name, (_, found) in zip(names, results, strict=True):
        typer.echo(f"  {name}: {len(found):,} doctor turns")
        for outcome, count in run.outcomes(found):
            words = {"accepted": "accepted", "unchanged": "left unchanged by the model"}
            typer.echo(f"    {count:,} {words.get(outcome, f'kept as they were: {outcome}')}")
        if second:
            said = ", ".join(f"{word} {count:,}" for word, count in run.readings(found))
            typer.echo(f"    the reader said: {said or 'nothing, it was asked for none'}")
