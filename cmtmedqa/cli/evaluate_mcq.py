"""`cmtmedqa evaluate mcq`: accuracy on local files of multiple-choice exams."""

from pathlib import Path
from typing import Annotated, Any, Literal

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
from cmtmedqa.errors import ConfigError


def mcq(
    model: Annotated[str, typer.Argument(help="NAME@URL, the folder of a model, or a YAML file of one model.")],
    file: Annotated[
        list[Path], typer.Option(help="An exam file, or a folder of them; repeat it. Nothing is downloaded.")
    ],
    format: Annotated[  # noqa: A002
        Literal["cmb", "cmexam", "ceval", "cmmlu"], typer.Option(help="The shape of the files.")
    ],
    mode: Annotated[
        Literal["generative", "loglikelihood", "loglikelihood-texts"],
        typer.Option(
            help="Read the choice from a reply, or take the likeliest letter or option text (a model's folder only)."
        ),
    ] = "generative",
    answers: Annotated[
        Path | None, typer.Option(help="CMB's second file, with the answers of its test items.", show_default=False)
    ] = None,
    shuffle: Annotated[
        int, typer.Option(min=0, help="Ask this many times more with the options in another order.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the shuffling.")] = 0,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="HTML page to write; the figures stand beside it as .json.")
    ] = Path("mcq.html"),
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a reply.")] = 512,
    ledger: LedgerFolder = LEDGER,
    price: PriceText = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    concurrency: Concurrency = 16,
    timeout: Timeout = 120.0,
) -> None:
    """Score a model on a multiple-choice exam, by subject, with intervals and the effect of the options' order."""
    from rich.console import Console

    from cmtmedqa import io
    from cmtmedqa.evaluate import mcq as exams
    from cmtmedqa.evaluate.mcq_answers import generate, likeliest, orders, sendable
    from cmtmedqa.evaluate.report import draw_mcq
    from cmtmedqa.llm.client import Limits
    from cmtmedqa.llm.endpoints import one_endpoint
    from cmtmedqa.llm.ledger import Ledger

    page, figures = page_and_figures(output)
    endpoint = one_endpoint(model, price, "")
    if mode != "generative" and not endpoint.path:
        raise ConfigError(f"--mode {mode}: servers give no likelihoods of a text; name the folder of a model")
    exam = exams.read_exam(file, format, answers)
    console = Console(stderr=True)
    if mode == "generative":
        limits = Limits(concurrency=concurrency, timeout=timeout, max_cost=max_cost, max_calls=max_calls)
        with Ledger(ledger) as book:
            exam = sendable(exam, book)
            shown = orders(exam.questions, shuffle + 1, seed)
            answered = generate(shown, endpoint, book, limits, console, max_tokens)
    else:
        shown = orders(exam.questions, shuffle + 1, seed)
        answered = likeliest(shown, endpoint.path, console, "letters" if mode == "loglikelihood" else "texts")
    facts: dict[str, Any] = {"version": "mcq-1", "model": endpoint.name, "format": format, "mode": mode, "seed": seed}
    result = {**facts, **exams.report(answered, exam, shuffle + 1)}
    io.write_text(page, draw_mcq(result))
    io.write_json(figures, result)
    for name, row in (("all", result["all"]), *result["subjects"].items()):
        typer.echo(
            f"{name}: {row['accuracy']:.3f} ({row['low']:.3f} to {row['high']:.3f}), n {row['n']}, unread {row['unread']}"
        )
    for reason, count in exam.left_out.items():
        typer.echo(f"left out: {count} {reason}")
    if result["order"]:
        typer.echo(f"right or wrong in every order of the options: {result['order']['stable']:.3f}")
    typer.echo(f"{page}, {figures}")
