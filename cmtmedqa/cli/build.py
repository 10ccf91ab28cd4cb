"""`cmtmedqa build` and `cmtmedqa init`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cmtmedqa.cli.next_steps import next_steps
from cmtmedqa.config import BuildConfig, load_config, make_config
from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.paths import package_file

_TEMPLATE = package_file("build", "template.yaml")


def build(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="A CONFIG.yaml, or files, folders, globs and hf:<dataset> of any known shape.", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the dataset.", show_default=False)
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Build the bundled demo corpus (all of it invented).")] = False,
    workers: Annotated[
        int | None, typer.Option(help="Processes; 0: one for small inputs, else one per core.", show_default=False)
    ] = None,
    on_error: Annotated[
        str | None,
        typer.Option(help="reject: store an unreadable record with its reason; stop: end there.", show_default=False),
    ] = None,
    no_deidentify: Annotated[
        bool, typer.Option("--no-deidentify", help="Leave personal data in the text; the card warns of it.")
    ] = False,
    decontaminate: Annotated[
        list[str] | None,
        typer.Option(
            "--decontaminate",
            help="An evaluation file, FILE or NAME=FILE, of any known shape; may be repeated. Dialogues that hold its items "
            "are left out.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="A published dataset: what it holds is not published again.", show_default=False),
    ] = None,
    append: Annotated[
        bool, typer.Option("--append", help="Publish the records of --against together with the new ones.")
    ] = False,
    ner: Annotated[
        str | None,
        typer.Option(
            help="Folder of a token-classification model: a second pass behind the rules.", show_default=False
        ),
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(help="Exact dates: keep, year or shift (per dialogue, by a key).", show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the dataset in the output folder.")] = False,
) -> None:
    """Build a dataset: read, normalise, de-identify, filter, validate, deduplicate, decontaminate, split, publish."""
    console = Console(stderr=True)
    config = _config(inputs or [], output, demo)
    changes: dict[str, Any] = {"workers": workers, "on_error": on_error, "deidentify": "off" if no_deidentify else None}
    changes |= {"against": str(against) if against else None, "append": append or None}
    changes |= {"ner": ner, "deidentify_dates": dates}
    chosen = {key: value for key, value in changes.items() if value is not None}
    values = {**config.model_dump(), **chosen}
    values["decontaminate"]["against"] += tuple(map(_evaluation, decontaminate or []))
    config = make_config(values, "command line")
    if config.deidentify == "off":
        console.print(
            "warning: --no-deidentify: the dataset keeps personal data; do not publish it",
            style="bold red",
            highlight=False,
        )
    from cmtmedqa.build.pipeline import build as run

    report = run(config, console, overwrite)
    _print_report(report, Path(config.output))


def init(
    path: Annotated[Path, typer.Argument(help="Where to write the configuration.")] = Path("cmtmedqa.yaml"),
) -> None:
    """Write a commented configuration with every key and its default."""
    if path.exists():
        raise InputError(f"{path}: exists already; name another file")
    try:
        path.write_text(_TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    typer.echo(f"wrote {path}; set inputs and output, then: cmtmedqa build {path}")


def _evaluation(stated: str) -> dict[str, str]:
    """FILE or NAME=FILE."""
    name, mark, path = stated.partition("=")
    if mark and name and path and "/" not in name and not Path(stated).exists():
        return {"name": name, "path": path}
    return {"path": stated}


def _config(inputs: list[str], output: Path | None, demo: bool) -> BuildConfig:
    if demo:
        if inputs:
            raise ConfigError("--demo builds the bundled corpus; leave out the inputs")
        config = load_config(package_file("demo", "demo.yaml"))
        return config.model_copy(update={"output": str(output or "cmtmedqa-demo")})
    if not inputs:
        raise ConfigError("nothing to build: name a CONFIG.yaml, or inputs and -o DIR, or --demo")
    if len(inputs) == 1 and Path(inputs[0]).suffix in {".yaml", ".yml"}:
        config = load_config(Path(inputs[0]))
        return config.model_copy(update={"output": str(output)}) if output else config
    if output is None:
        raise ConfigError("-o DIR is missing: where shall the dataset go?")
    return make_config({"inputs": inputs, "output": str(output)}, "command line")


def _print_report(report: dict[str, Any], folder: Path) -> None:
    table = Table(title=f"{folder}: {report['kept']:,} of {report['read']:,} dialogues kept")
    for name, justify in (("step", "left"), ("reason", "left"), ("records", "right"), ("left", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_row("read", "", "", f"{report['read']:,}")
    for row in report["funnel"]:
        for reason, count in row["rejected"].items():
            table.add_row(row["step"], reason, f"-{count:,}", "")
        if row["rejected"]:
            table.add_row(row["step"], "", "", f"{row['out']:,}")
    for name, size in report["splits"].items():
        table.add_row("split", name, "", f"{size['dialogues']:,}")
    Console().print(table)
    for name, item in report["contamination"].items():
        typer.echo(f"evaluation set {name}: {item['items']:,} items, {item['dialogues']:,} dialogues left out")
    unmapped = sum(report["departments_unmapped"].values())
    if unmapped:
        names = len(report["departments_unmapped"])
        typer.echo(
            f"departments not among the 14: {names:,} name(s) in {unmapped:,} record(s); report.json: departments_unmapped"
        )
    for item in report["files_not_read"]:
        typer.echo(f"not read: {item['file']}: {item['reason']}")
    typer.echo("what to look at next:")
    for line in next_steps(folder):
        typer.echo(line)
