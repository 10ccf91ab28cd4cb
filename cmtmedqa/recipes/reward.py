"""Settings of `train/reward.py`."""

from typing import Annotated, Literal

from pydantic import Field

from cmtmedqa.config import Positive
from cmtmedqa.recipes.base import NotNegative, Run


class RewardRun(Run):
    """`train/reward.py`: a score for answers, learnt from whole rankings. A batch element is one ranking with all its answers."""

    lora_r: Positive = 32
    lora_alpha: Positive = 64
    margin: NotNegative = Field(0.0, description="asked for between neighbouring rank groups, in units of the score")
    use_agreement: bool = Field(False, description="weigh each ranking by the agreement of its experts")
    center_coefficient: NotNegative = Field(0.01, description="c of c mean(s^2): keeps the scores around 0")
    eval_share: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.1, description="held out by a hash of the dialogue where the data has no dev split"
    )
    few_pairs: Positive = Field(1_000, description="warn below this many pairs to learn from")
    metric_for_best_model: Literal["eval_pair_accuracy", "eval_loss"] = "eval_pair_accuracy"
