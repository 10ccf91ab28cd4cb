"""`cmtmedqa chat`: talk with a model, or serve it."""

from typing import Annotated

import typer

from cmtmedqa import launch

PORT = 8732


def chat(
    model: Annotated[str, typer.Argument(help="A model, an adapter, or the folder of a finished run.")],
    base: Annotated[
        str | None, typer.Option(help="The base of an adapter, where it no longer lies where it was trained.")
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(help="System prompt; without it a doctor's for models of others, none for ours, as in training."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 …; without it a GPU if there is one.")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")] = 512,
    temperature: Annotated[float, typer.Option(min=0, help="0: always the likeliest token.")] = 0.7,
    top_p: Annotated[
        float, typer.Option(min=0.01, max=1, help="Sample from the likeliest tokens that hold this share.")
    ] = 0.9,
    seed: Annotated[int | None, typer.Option(min=0, help="Equal seeds and messages give equal replies.")] = None,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve", help="Serve the model on this computer with the API of OpenAI instead (vLLM or transformers)."
        ),
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of --serve.")] = PORT,
) -> None:
    """Talk with a model in several turns, or one message a line through a pipe. Not a doctor: it says so, and what to do in an emergency."""
    if serve:
        from cmtmedqa.serving import serve as hand_over

        hand_over(model, base, port)
        return
    options = {"--base": base, "--system": system, "--device": device, "--seed": seed}
    given = [word for option, value in options.items() if value is not None for word in (option, str(value))]
    drawn = ["--max-new-tokens", str(max_new_tokens), "--temperature", str(temperature), "--top-p", str(top_p)]
    launch.become("chat", [model, *given, *drawn])
