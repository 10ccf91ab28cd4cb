"""Settings of supervised fine-tuning."""

from typing import Literal

from pydantic import Field

from cmtmedqa.recipes.base import Run


class SftRun(Run):
    """`train/sft.py`: learns all turns of the doctor, and nothing else."""

    packing: bool = Field(
        True, description="whole dialogues share a row without seeing each other; batch size 1 is then best"
    )
    metric_for_best_model: Literal["eval_loss"] = "eval_loss"
