"""Settings of continued pre-training."""

from typing import Annotated, Literal

from pydantic import Field

from cmtmedqa.recipes.base import Names, Run


class PretrainRun(Run):
    """`train/pretrain.py`: medical text and dialogues as documents, packed without loss, with a replay of general text."""

    corpus: Names = Field(
        (), description="medical text: .txt (a blank line ends a document) or rows with a field `text`"
    )
    general: Names = Field((), description="general text to replay, of the same shapes")
    dialogue_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5,
        description="share of the characters of medical documents that dialogues have; surplus documents are left out",
    )
    general_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.1, description="share of all characters that is replay"
    )
    metric_for_best_model: Literal["eval_loss"] = "eval_loss"
