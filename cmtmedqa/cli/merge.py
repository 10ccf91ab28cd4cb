"""`cmtmedqa merge`: an adapter and its base as one model."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cmtmedqa import launch


def merge(
    adapter: Annotated[str, typer.Argument(help="An adapter, or the run folder that holds it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder of the whole model.")],
    base: Annotated[
        str | None,
        typer.Option(help="The base, where it no longer lies where the adapter was trained; its hash is compared."),
    ] = None,
    dtype: Annotated[
        Literal["bfloat16", "float16", "float32"],
        typer.Option(help="Type of the stored weights; the sum is taken in float32."),
    ] = "bfloat16",
    temperature: Annotated[
        float, typer.Option(min=0.01, help="Written into generation_config.json, which servers obey.")
    ] = 0.7,
    top_p: Annotated[float, typer.Option(min=0.01, max=1, help="Written into generation_config.json.")] = 0.9,
) -> None:
    """Add an adapter into its base: a folder that the next stage, transformers and vLLM load. A reward model stays one that scores."""
    options = ["--dtype", dtype, "--temperature", str(temperature), "--top-p", str(top_p)]
    launch.become("merge", [adapter, "-o", str(output), *(["--base", base] if base else []), *options])
