"""`cmtmedqa diff`: two versions of a dataset compared."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Section = tuple[str, Sequence[str], list[Sequence[object]]]


def diff(
    old: Annotated[Path, typer.Argument(help="Folder of the older dataset.")],
    new: Annotated[Path, typer.Argument(help="Folder of the newer dataset.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the difference as JSON.")] = False,
    ids: Annotated[bool, typer.Option("--ids", help="Also name every dialogue that came, went or changed.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 1 if any dialogue came, went or changed, as git diff does.")
    ] = False,
) -> None:
    """Say what came, went and changed between two datasets: by source, department and reason."""
    from cmtmedqa.build.diff import compare
    from cmtmedqa.build.fingerprints import load

    found = compare(load(old), load(new), records=ids)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _print(found, f"{old} → {new}")
    counts = found["dialogues"]
    if exit_code and counts["came"] + counts["went"] + counts["changed"]:
        raise typer.Exit(1)


def _print(found: dict[str, Any], title: str) -> None:
    console = Console(highlight=False)
    for name, header, rows in _sections(found, title):
        if console.is_terminal:
            table = Table(title=Text(name), title_justify="left")
            for place, column in enumerate(header):
                numeric = all(isinstance(row[place], int) for row in rows)
                table.add_column(column, justify="right" if numeric else "left", overflow="fold")
            for row in rows:
                table.add_row(*(Text(_shown(value)) for value in row))
            console.print(table)
        else:
            typer.echo("\n".join(["# " + name, *("\t".join(map(_plain, row)) for row in [header, *rows]), ""]))
    for line in _records(found.get("records", {})):
        typer.echo(line)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else _plain(value)


def _plain(value: object) -> str:
    """A value on one line: names come from inputs, and a tab or an escape sequence in one must not change the output."""
    return "".join(char if char.isprintable() else " " for char in str(value))


def _sections(found: dict[str, Any], title: str) -> Iterator[Section]:
    counts = found["dialogues"]
    yield title, tuple(counts), [tuple(counts.values())]
    for name, rows in (
        ("went, by reason", found["went_by_reason"]),
        ("came, by reason", found["came_by_reason"]),
        ("changed, by field", found["changed_by_field"]),
    ):
        if rows:
            yield name, (name.rpartition(" ")[2], "dialogues"), list(rows.items())
    for field, moves in found["moved"].items():
        yield f"changed {field}", ("from", "to", "dialogues"), [tuple(move.values()) for move in moves]
    for name in ("source", "department"):
        groups = found[f"by_{name}"]
        if groups:
            columns = ("old", "new", "came", "went", "changed")
            yield (
                f"by {name}",
                (name, *columns),
                [(value, *(row[key] for key in columns)) for value, row in groups.items()],
            )
    if found["fields_only_in_one"]:
        yield "fields in only one dataset", ("field",), [(name,) for name in found["fields_only_in_one"]]
    inputs: list[Sequence[object]] = [(what, name) for what, names in found["inputs"].items() for name in names]
    if inputs:
        yield "inputs that differ", ("what", "file"), inputs
    if found["settings"]:
        differing: list[Sequence[object]] = [
            (name, *(json.dumps(side[key], ensure_ascii=False) for key in ("old", "new")))
            for name, side in found["settings"].items()
        ]
        yield "settings and versions that differ", ("name", "old", "new"), differing


def _records(records: dict[str, Any]) -> Iterator[str]:
    """One line a dialogue, tabs between its parts: + came, - went, ~ changed."""
    for mark, name in (("+", "came"), ("-", "went")):
        for entry in records.get(name, ()):
            parts = [mark, *(_plain(entry[key]) for key in ("id", "source", "department", "reason", "detail"))]
            yield "\t".join(parts).rstrip("\t")
    for entry in records.get("changed", ()):
        was = [f"was {entry['old_id']}"] if "old_id" in entry else []
        parts = ["~", entry["id"], entry["source"], entry["department"], ",".join(entry["fields"]), *was]
        yield "\t".join(map(_plain, parts))
