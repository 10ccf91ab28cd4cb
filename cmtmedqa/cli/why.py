"""`cmtmedqa why`: where a record came from, and why it is or is not in a dataset."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cmtmedqa.errors import InputError


def why(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Id of a kept or dropped record, or its beginning.")],
    dataset: Annotated[
        Path | None,
        typer.Argument(help="Folder of a built dataset; default: this folder, else cmtmedqa-demo.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything that is known as one JSON object.")] = False,
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "en",
) -> None:
    """Tell where a record came from, what was done with it, and why it was kept or dropped. Prints none of its text."""
    from cmtmedqa.build.why import explain
    from cmtmedqa.build.why_text import tell

    if language not in ("zh", "en"):
        raise InputError(f"--language: '{language}' is neither zh nor en")
    explanation = explain(*_folder_first(identifier, dataset))
    if as_json:
        typer.echo(json.dumps(explanation, ensure_ascii=False, indent=1))
    else:
        typer.echo("\n".join(tell(explanation, language)))


def _folder_first(identifier: str, dataset: Path | None) -> tuple[Path, str]:
    """The two arguments in either order: other commands name the folder first."""
    if dataset is None:
        return (Path() if Path("manifest.json").is_file() else Path("cmtmedqa-demo")), identifier
    swapped = (Path(identifier) / "manifest.json").is_file() and not dataset.exists()
    return (Path(identifier), str(dataset)) if swapped else (dataset, identifier)
