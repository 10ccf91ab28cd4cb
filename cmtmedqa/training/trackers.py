"""Figures of a program without transformers' Trainer to TensorBoard, wandb or swanlab, whichever the recipe asks for."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cmtmedqa.recipes.base import Run
from cmtmedqa.training.arguments import reporters
from cmtmedqa.training.program import is_main

Track = Callable[[int, Mapping[str, Any]], None]


def trackers(settings: Run) -> list[Track]:
    """One function (step, figures) for each tracker, in the main process. Raises MissingExtra when one is not installed."""
    names = reporters(settings)
    return [_STARTS[name](settings) for name in names] if is_main() else []


def _tensorboard(settings: Run) -> Track:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(Path(settings.output) / "tensorboard"))

    def track(step: int, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    return track


def _wandb(settings: Run) -> Track:
    import wandb

    run = wandb.init(dir=settings.output, config=settings.model_dump(mode="json"))
    return lambda step, values: run.log(dict(values), step=step)


def _swanlab(settings: Run) -> Track:
    import swanlab

    swanlab.init(logdir=settings.output, config=settings.model_dump(mode="json"))
    return lambda step, values: swanlab.log(dict(values), step=step)


_STARTS: dict[str, Callable[[Run], Track]] = {"tensorboard": _tensorboard, "wandb": _wandb, "swanlab": _swanlab}
