"""Settings of group relative policy optimisation."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cmtmedqa.config import Positive
from cmtmedqa.recipes.base import NotNegative, Rate, Run


class GrpoRun(Run):
    """`train/grpo.py`: samples groups of answers, scores them with a reward model, and prefers the better ones of each group."""

    reward_model: str = Field(
        description="model/ of a run of cmtmedqa train reward on the same base, or that model merged"
    )
    no_eos_reward: float = Field(
        -1.0, description="reward of an answer cut off at max_new_tokens; below what ended answers score"
    )
    reward_clip: Rate = Field(10.0, description="rewards are kept within plus and minus this")
    beta: NotNegative = Field(0.02, description="weight of the KL to `model`, the reference; 0: none")
    num_generations: Annotated[int, Field(ge=2)] = Field(8, description="answers of a group, all to one prompt")
    num_iterations: Positive = Field(1, description="passes over the answers of one sampling")
    steps_per_generation: int | None = Field(
        None, ge=1, description="micro-batches of one sampling; none: gradient_accumulation_steps"
    )
    max_new_tokens: Positive = Field(512, description="tokens of an answer")
    temperature: Rate = 1.0
    epsilon: Rate = Field(0.2, description="the ratio of new to old probability is clipped to 1 ± epsilon")
    score_batch_size: Positive = Field(16, description="answers that the reward model scores at a time")
    prompts: Literal["one", "all"] = Field(
        "one", description="of a dialogue: one informative patient turn, chosen by its id, or all"
    )
    eval_prompts: Positive = Field(64, description="held-out prompts of an evaluation, at most")
    eval_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="held out by dialogue, where the data name no dev split"
    )
    lora_dropout: Annotated[float, Field(ge=0, le=0)] = Field(
        0.0, description="always 0: it would change the ratio of new to old probability"
    )
    learning_rate: Rate = 1e-5
    metric_for_best_model: Literal["eval_reward"] = "eval_reward"

    @model_validator(mode="after")
    def _groups(self) -> "GrpoRun":
        batch = (
            self.per_device_train_batch_size
            * self.processes
            * (self.steps_per_generation or self.gradient_accumulation_steps)
        )
        if batch % self.num_generations:
            raise ValueError(
                f"one sampling has {batch} answers (per_device_train_batch_size × processes × steps_per_generation), "
                f"which is no multiple of num_generations {self.num_generations}"
            )
        if self.max_new_tokens >= self.max_length:
            raise ValueError("max_length must exceed max_new_tokens: the rest is the room of a prompt")
        if self.save_steps % self.cycle_steps:
            raise ValueError(
                f"save_steps must be a multiple of {self.cycle_steps}, the steps that one sampling feeds: "
                "a run that is resumed inside would sample again and go another way"
            )
        return self

    @property
    def cycle_steps(self) -> int:
        """Optimizer steps from one sampling to the next place where nothing sampled is left over."""
        from math import lcm

        micro = (self.steps_per_generation or self.gradient_accumulation_steps) * self.num_iterations
        return lcm(micro, self.gradient_accumulation_steps) // self.gradient_accumulation_steps
