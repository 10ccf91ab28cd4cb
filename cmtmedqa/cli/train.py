"""`cmtmedqa train`: run a training program with a recipe."""

from typing import Annotated

import typer
from rich.console import Console

from cmtmedqa import launch, recipes


def train(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="pretrain, sft, reward, ppo, dpo or grpo.")],
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Settings that replace those of the recipe: model=DIR data=DIR …"
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", "-r", help="A family (modern, paper, tiny), a name of recipes ls, or a YAML file."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the settings, print the command, run nothing.")
    ] = False,
) -> None:
    """Train: continue pre-training, fine-tune, or learn from preferences. The same command continues what was killed."""
    settings = recipes.load(stage, recipe, changes or ())
    arguments = [*(["--recipe", recipe] if recipe else []), *(changes or ())]
    line = launch.shown(stage, settings, arguments)
    if dry_run:
        typer.echo(line)
        return
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(line)
    launch.run(stage, settings, arguments)
