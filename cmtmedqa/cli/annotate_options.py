"""Options that the commands of `annotate` share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the server: data, accounts, log. Default: CMTMEDQA_LABELSTUDIO, or cmtmedqa/labelstudio among your data.",
        show_default=False,
    ),
]
Rounds = Annotated[Path, typer.Option(help="Folder of the rounds: plans, blind names, all that was pulled. Private.")]
Name = Annotated[str, typer.Option("--round", help="Name of the round; experts see it.")]
Url = Annotated[
    str | None,
    typer.Option(help="An existing Label Studio; default: LABEL_STUDIO_URL, or the one of --data.", show_default=False),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with a personal access token for --url; default: LABEL_STUDIO_API_KEY.", show_default=False
    ),
]
