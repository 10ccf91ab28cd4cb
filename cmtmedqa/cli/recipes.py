"""`cmtmedqa recipes`: what the training programs can be told."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa import recipes
from cmtmedqa.errors import InputError
from cmtmedqa.io import write_text

app = typer.Typer(help="Recipes of the training programs.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(metavar="NAME", help="A name of recipes ls, such as modern/sft.")]


def _bundled(name: str) -> Path:
    if name not in recipes.names():
        recipes.path_of(name.removesuffix(".yaml"))  # names the nearest one
    return recipes.path_of(name)


@app.command("ls")
def ls() -> None:
    """List the recipes, each with the first line of its comment."""
    names = recipes.names()
    width = max(map(len, names))
    for name in names:
        first = recipes.path_of(name).read_text(encoding="utf-8").split("\n", 1)[0]
        typer.echo(f"{name:<{width}}  {first.removeprefix('#').strip()}")


@app.command("show")
def show(name: _Name) -> None:
    """Print a recipe, and behind it every further key of its stage with its default and meaning."""
    text = _bundled(name).read_text(encoding="utf-8")
    typer.echo(text, nl=False)
    fields = recipes.STAGES[recipes.stage_of(name)].model_fields
    set_here = {line.split(":", 1)[0] for line in text.splitlines()}
    typer.echo("\n# further keys and their defaults")
    for key, field in fields.items():
        if key not in set_here:
            default = "required" if field.is_required() else json.dumps(field.default, ensure_ascii=False)
            typer.echo(f"# {key}: {default}" + (f"  # {field.description}" if field.description else ""))


@app.command("cp")
def cp(
    name: _Name,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The new file; one that exists is not replaced.")],
) -> None:
    """Copy a recipe to a file of your own, to be used as --recipe FILE."""
    if target.exists():
        raise InputError(f"{target}: exists already; choose another name")
    write_text(target, _bundled(name).read_text(encoding="utf-8"))
    typer.echo(f"{target}: a copy of {name}; use it with cmtmedqa train {recipes.stage_of(name)} --recipe {target}")
