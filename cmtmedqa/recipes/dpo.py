"""Settings of direct preference optimisation."""

from typing import Annotated, Literal

from pydantic import Field

from cmtmedqa.config import Positive
from cmtmedqa.recipes.base import NotNegative, Rate, Run


class DpoRun(Run):
    """`train/dpo.py`: learns from chosen and rejected answers without a reward model.

    The reference is `model` itself: the base with its adapters off, or, for full tuning, a frozen copy of it.
    """

    beta: Rate = Field(0.1, description="how closely the policy is held to the reference; larger is closer")
    loss_type: Literal["sigmoid", "sigmoid_norm", "ipo", "hinge", "robust", "apo_zero", "apo_down"] = "sigmoid"
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] = Field(
        0.0, description="share of labels taken to be wrong (robust)"
    )
    rpo_alpha: NotNegative = Field(
        0.0, description="weight of the likelihood of the chosen answer beside the loss; 0: none"
    )
    pairs: Literal["all", "best_worst"] = Field(
        "all", description="of a ranking: all pairs, or those of its widest gap"
    )
    min_margin: Positive = Field(1, description="rank groups that must lie between the two answers of a pair")
    min_agreement: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="pairs of rankings below it are left out"
    )
    weigh_by_agreement: bool = Field(False, description="a pair counts as much as the experts agreed, on average 1")
    eval_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="held out by dialogue, where the data name no dev split"
    )
    lora_dropout: Annotated[float, Field(ge=0, le=0)] = Field(
        0.0, description="always 0: policy and reference must differ by learning alone"
    )
    learning_rate: Rate = 2e-5
    metric_for_best_model: Literal["eval_loss", "eval_rewards/accuracies", "eval_rewards/margins"] = "eval_loss"
