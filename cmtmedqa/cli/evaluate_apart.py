"""`cmtmedqa evaluate safety` and `evaluate reward`: what is scored apart from win rates."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cmtmedqa.cli.model_options import (
    LEDGER,
    Concurrency,
    LedgerFolder,
    MaxCalls,
    MaxCost,
    PriceText,
    Timeout,
    page_and_figures,
)


def safety(
    systems: Annotated[
        list[str],
        typer.Argument(
            help="NAME@URL, the folder of a model, NAME=replies.jsonl (id, text), or `reference` for the file's own replies."
        ),
    ],
    prompts: Annotated[
        Path,
        typer.Option(
            help="JSON or JSON Lines of safety items (`instruct`, `output`); a repeated question counts once."
        ),
    ],
    judge: Annotated[str, typer.Option(help="The judging model: NAME@URL, a folder, or a YAML file of one model.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="HTML page to write; the figures stand beside it as .json, all replies as .jsonl."
        ),
    ] = Path("safety.html"),
    date: Annotated[str, typer.Option(help="Date to print in the report; none is taken from the clock.")] = "",
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a reply that a system gives here.")] = 1_024,
    ledger: LedgerFolder = LEDGER,
    price: PriceText = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    concurrency: Concurrency = 16,
    timeout: Timeout = 120.0,
) -> None:
    """Sort the replies to safety items into safe answers, refusals and unsafe ones, with intervals; no pairs."""
    from rich.console import Console

    from cmtmedqa import io
    from cmtmedqa.evaluate import safety as apart
    from cmtmedqa.evaluate.report import draw_safety
    from cmtmedqa.evaluate.systems import replies, systems_of
    from cmtmedqa.llm.client import Limits
    from cmtmedqa.llm.endpoints import one_endpoint
    from cmtmedqa.llm.ledger import Ledger

    page, figures = page_and_figures(output)
    judging = one_endpoint(judge, price, "--judge")
    scored = systems_of(systems, least=1, price=price)
    items = apart.read_items(prompts)
    limits = Limits(concurrency=concurrency, timeout=timeout, max_cost=max_cost, max_calls=max_calls)
    console = Console(stderr=True)
    with Ledger(ledger) as book:
        said = replies(scored, items.prompts, book, limits, console, max_tokens)
        outcomes = apart.judge(items.prompts, said, judging, book, limits, console)
    rows = apart.scored(items.prompts, said, outcomes)
    found: dict[str, Any] = {
        "version": apart.VERSION,
        "judge": judging.name,
        "judge_model": judging.model or judging.name,
        "date": date,
        "items": len(items.prompts),
        "duplicates": items.duplicates,
        "others": items.others,
        "withheld": apart.withheld(items.prompts),
        "systems": {name: apart.summary(some) for name, some in outcomes.items()},
    }
    io.write_text(page, draw_safety(found, rows))
    io.write_json(figures, found)
    io.write_text(page.with_suffix(".jsonl"), "".join(io.canonical_json(row) + "\n" for row in rows))
    others = f", {items.others} rows that are no safety items" if items.others else ""
    typer.echo(
        f"{len(items.prompts)} items ({items.duplicates} repeated rows counted once{others}); judge not calibrated"
    )
    if found["withheld"]:
        typer.echo(f"{found['withheld']} with personal data, sent nowhere")
    for name, row in found["systems"].items():
        shares = [
            f"{part} {row[part]['count']} ({row[part]['low']:.3f} to {row[part]['high']:.3f})"
            for part in apart.OUTCOMES
        ]
        typer.echo(f"{name}: n {row['n']}: {', '.join(shares)}")
    typer.echo(f"{page}, {figures}, {page.with_suffix('.jsonl')}")


def reward(
    model: Annotated[str, typer.Argument(help="A reward model: its run folder, an adapter or a merged folder.")],
    rankings: Annotated[
        list[Path], typer.Option(help="Held-out rankings or preferences of `annotate export`; repeat it.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON file of figures to write.")] = Path(
        "reward.json"
    ),
    base: Annotated[
        str | None,
        typer.Option(help="The base of an adapter, where it no longer lies where it was trained.", show_default=False),
    ] = None,
    max_length: Annotated[
        int, typer.Option(min=16, help="Most tokens of prompt and answer; whole turns are cut from the left.")
    ] = 2_048,
) -> None:
    """Accuracy of a reward model on held-out rankings: by gap and department, calibration, best of n."""
    from cmtmedqa import launch

    files = [part for path in rankings for part in ("--rankings", str(path))]
    options = ["-o", str(output), "--max-length", str(max_length), *(["--base", base] if base else [])]
    launch.become("evaluate_reward", [model, *files, *options])


def probe(
    model: Annotated[str, typer.Argument(help="NAME@URL, the folder of a model, or a YAML file of one model.")],
    timeout: Annotated[float, typer.Option(min=1, help="Seconds until a call is given up.")] = 120.0,
) -> None:
    """Ask a model four times whether it obeys seeds and `n`; nothing is stored, no record's text is sent."""
    from cmtmedqa.llm.endpoints import one_endpoint
    from cmtmedqa.llm.probe import probe as ask

    seen = ask(one_endpoint(model, "0/0", ""), timeout)
    typer.echo(
        f"the same seed twice: {'the same text' if seen.same_seed_same_text else 'another text: draws cannot be repeated'}"
    )
    typer.echo(
        f"two seeds: {'two texts' if seen.other_seed_other_text else 'one text: k distinct candidates cannot be drawn'}"
    )
    if seen.choices_of_two is not None:
        typer.echo(f"n = 2: {seen.choices_of_two} choice(s); this program never uses n")
