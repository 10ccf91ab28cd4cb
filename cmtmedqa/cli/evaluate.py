"""`cmtmedqa evaluate winrate`: systems compared by a judge, in both orders, with intervals."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cmtmedqa.cli.evaluate_apart import probe, reward, safety
from cmtmedqa.cli.evaluate_mcq import mcq
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
from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.records import SPLITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmtmedqa.judgements import Annotation, CandidateSet
    from cmtmedqa.llm.prompts import Prompt

app = typer.Typer(no_args_is_help=True, help="Compare models on held-out dialogues.")


app.command("mcq")(mcq)
app.command("probe")(probe)
app.command("safety")(safety)
app.command("reward")(reward)


@app.callback()
def _group() -> None:
    """Keeps the name of a single command."""


@app.command("winrate")
def winrate(
    systems: Annotated[
        list[str],
        typer.Argument(
            help="Two or more: NAME@URL, the folder of a model, NAME=replies.jsonl (id, text), or `reference` for the source's doctor."
        ),
    ],
    prompts: Annotated[Path, typer.Option(help="A built dataset, or a JSON Lines file of `prompt` lists.")],
    judge: Annotated[str, typer.Option(help="The judging model: NAME@URL, a folder, or a YAML file of one model.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="HTML page to write; the figures stand beside it as .json.")
    ] = Path("winrate.html"),
    split: Annotated[str, typer.Option(help="Split of the dataset: train, dev, test or all.")] = "test",
    turns: Annotated[
        Literal["last-question", "questions", "informative"], typer.Option(help="Which patient turns are judged.")
    ] = "last-question",
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Prompts, stratified by department and round. [default: all]", show_default=False),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(help="Experts' annotations (from `annotate pull`) to calibrate the judge on.", show_default=False),
    ] = None,
    sets: Annotated[
        Path | None, typer.Option(help="The candidate sets of those annotations.", show_default=False)
    ] = None,
    rubric: Annotated[Path | None, typer.Option(help="A rubric of your own.", show_default=False)] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Most tokens of a reply that a system gives here.")] = 1_024,
    max_chars: Annotated[
        int, typer.Option(min=1, help="Most characters of a prompt; whole turns are cut from the left.")
    ] = 6_000,
    seed: Annotated[int, typer.Option(help="Of the sample and of the intervals.")] = 0,
    date: Annotated[str, typer.Option(help="Date to print in the report; none is taken from the clock.")] = "",
    ledger: LedgerFolder = LEDGER,
    price: PriceText = None,
    max_cost: MaxCost = None,
    max_calls: MaxCalls = None,
    concurrency: Concurrency = 16,
    timeout: Timeout = 120.0,
) -> None:
    """Judge the replies of systems pair by pair, in each dimension of the rubric and in both orders."""
    from rich.console import Console

    from cmtmedqa import io
    from cmtmedqa.evaluate import calibration as experts
    from cmtmedqa.evaluate import judge as judging
    from cmtmedqa.evaluate.report import draw, report
    from cmtmedqa.evaluate.systems import replies, systems_of, unused
    from cmtmedqa.llm.client import Limits
    from cmtmedqa.llm.endpoints import one_endpoint
    from cmtmedqa.llm.ledger import Ledger
    from cmtmedqa.rubric import load

    if (annotations is None) != (sets is None):
        raise ConfigError("--annotations and --sets belong together: the sets hold the texts that the annotations rank")
    page, figures = page_and_figures(output)
    judging_model = one_endpoint(judge, price, "--judge")
    scale, compared = load(rubric), systems_of(systems, price=price)
    asked = _prompts(prompts, split, turns, max_chars, sample, seed)
    limits = Limits(concurrency=concurrency, timeout=timeout, max_cost=max_cost, max_calls=max_calls)
    console = Console(stderr=True)
    calibrated: dict[str, Any] | None = None
    known, verdicts = _experts(annotations, sets) if annotations and sets else ([], [])
    with Ledger(ledger) as book:
        said = replies(compared, asked, book, limits, console, max_tokens)
        pairs = judging.pairs_of(asked, said, scale.dimension_ids)
        if not pairs:
            raise InputError("no prompt has a reply of two systems; are the ids of the files those of the prompts?")
        judged = judging.judge(pairs, scale, judging_model, book, limits, console)
        if known:
            known_pairs = experts.pairs_to_calibrate(known, scale.dimension_ids)
            of_judge = judging.judge(known_pairs, scale, judging_model, book, limits, console)
            calibrated = experts.agreement(of_judge, verdicts, scale.dimension_ids, seed)
    facts = {
        "judge": judging_model.name,
        "judge_model": judging_model.model or judging_model.name,
        "date": date,
        "prompts": len(asked),
        "turns": turns,
        "split": split,
        "missing": {
            item.name: len(asked) - len(said[item.name]) for item in compared if len(said[item.name]) < len(asked)
        },
        "unused": unused(compared, asked),
    }
    found = report(judged, [item.name for item in compared], scale, facts, calibrated, seed)
    io.write_text(page, draw(found, scale))
    io.write_json(figures, found)
    _print(found)
    typer.echo(f"{page}, {figures}")


@app.command("prompts")
def prompts(
    source: Annotated[Path, typer.Argument(help="Folder of a built dataset.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="JSON Lines file to write.")] = Path("prompts.jsonl"),
    split: Annotated[str, typer.Option(help="Split of the dataset: train, dev, test or all.")] = "test",
    turns: Annotated[
        Literal["last-question", "questions", "informative"], typer.Option(help="Which patient turns are judged.")
    ] = "last-question",
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="Prompts, stratified by department and round. [default: all]", show_default=False),
    ] = None,
    max_chars: Annotated[
        int, typer.Option(min=1, help="Most characters of a prompt; whole turns are cut from the left.")
    ] = 6_000,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
) -> None:
    """Write the prompts that `winrate` would ask, with the ids under which a file of replies answers them."""
    from cmtmedqa import io

    asked = _prompts(source, split, turns, max_chars, sample, seed)
    rows = [
        {
            "id": item.id,
            "dialogue_id": item.dialogue_id,
            "department": item.department,
            "prompt": [message.model_dump() for message in item.messages],
            "reference": item.reference,
        }
        for item in asked
    ]
    io.write_text(output, "".join(io.canonical_json(row) + "\n" for row in rows))
    typer.echo(f"{output}: {len(rows):,} prompts")


def _prompts(source: Path, split: str, turns: Any, max_chars: int, sample: int | None, seed: int) -> "list[Prompt]":
    from cmtmedqa.llm.prompts import read_prompts, stratified

    if split not in (*SPLITS, "all"):
        raise InputError(f"no split '{split}'; there are: {', '.join(SPLITS)}, all")
    return stratified(read_prompts(source, split, turns, max_chars, ""), sample, str(seed))


def _experts(annotations: Path, sets: Path) -> "tuple[list[CandidateSet], list[Annotation]]":
    """The sets that experts judged, and their verdicts on them. Raises InputError where none belong together."""
    from cmtmedqa.annotate.judged import read_records
    from cmtmedqa.judgements import Annotation, CandidateSet

    known = {item.id: item for item in read_records(sets, CandidateSet, some=True)}
    verdicts = [item for item in read_records(annotations, Annotation, some=True) if item.purpose == "item"]
    judged = {item.set_id for item in verdicts}
    if not known.keys() & judged:
        raise InputError(f"{annotations}: judges none of the sets of {sets}; name the sets that were pushed")
    return [known[name] for name in known if name in judged], [item for item in verdicts if item.set_id in known]


def _print(found: dict[str, Any]) -> None:
    agreement = found["calibration"]
    alpha = "judge not calibrated" if agreement is None else f"alpha {_estimate(agreement['judge_expert'])}"
    for item in found["comparisons"]:
        notes = [alpha]
        if not item["difference_shown"]:
            notes.append("no difference shown")
        if item["biased"]:
            notes.append("the judge prefers a position")
        typer.echo(
            f"{item['a']} : {item['b']}, {item['dimension']}: {_estimate(item['win_rate'])}, n {item['n']} (win {item['win']}, "
            f"tie {item['tie']}, loss {item['loss']}, invalid {item['invalid']}), {', '.join(notes)}"
        )
    for dimension, strengths in found["strengths"].items():
        shown = ", ".join(f"{name} {_estimate(value)}" for name, value in (strengths or {}).items())
        typer.echo(f"strength in log-odds, {dimension}: {shown or 'none, the wins do not connect all systems'}")
    for name, count in found["missing"].items():
        typer.echo(f"{name}: no reply to {count} of {found['prompts']} prompts, which are left out of its comparisons")
    for name, count in found["unused"].items():
        typer.echo(f"{name}: {count} replies of its file answer no prompt here")
    if agreement is not None:
        typer.echo(
            f"judge and experts: alpha {_estimate(agreement['judge_expert'])}; experts among themselves: alpha "
            f"{_estimate(agreement['expert_expert'])}; {agreement['items']} items"
            f"{'' if agreement['calibrated'] else ': judge not calibrated'}"
        )


def _estimate(found: "Mapping[str, float | None]") -> str:
    """A value with its interval, where there is one: of one dialogue there is none."""
    if found["value"] is None:
        return "undefined"
    value = f"{found['value']:.3f}"
    return value if found["low"] is None else f"{value} ({found['low']:.3f} to {found['high']:.3f})"
