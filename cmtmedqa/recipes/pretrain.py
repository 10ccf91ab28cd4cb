"""Settings of continued pre-training."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cmtmedqa.config import Positive
from cmtmedqa.recipes.base import Names, Run


class PretrainRun(Run):
    """`train/pretrain.py`: medical text and dialogues as documents, packed without loss, with a replay of general text."""

    data: Names = Field((), description="dialogues: datasets of cmtmedqa build, or files")
    corpus: Names = Field(
        (), description="medical text: .txt (a blank line ends a document) or rows with a field `text`"
    )
    max_length: Positive = Field(2048, description="tokens of a packed row; longer documents are split, none is lost")
    general: Names = Field((), description="general text to replay, of the same shapes")
    dialogue_share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="share of dialogues among the medical tokens; what is too much is left out; null: takes all"
    )
    general_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="share of general text among all tokens, as far as there is enough of it"
    )
    metric_for_best_model: Literal["eval_loss"] = "eval_loss"

    @model_validator(mode="after")
    def _something_to_read(self) -> "PretrainRun":
        if not self.data and not self.corpus:
            raise ValueError("data or corpus must name something to train on")
        if self.general_share and not self.general:
            raise ValueError("general_share needs general: files of general text")
        return self
