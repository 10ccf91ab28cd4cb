"""Settings of `train/ppo.py`."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cmtmedqa.config import Fraction, Positive
from cmtmedqa.recipes.base import NotNegative, Rate, Run


class PpoRun(Run):
    """`train/ppo.py`: PPO against a reward model, with a KL to the base. An iteration is one step: a rollout and its updates.

    Of the common settings `learning_rate` is the policy's, `per_device_train_batch_size` the answers of one backward pass,
    `per_device_eval_batch_size` those of one forward pass without gradients, and all `…_steps` count iterations.
    """

    reward_model: str = Field(description="reward run on the same base, or its model/: an adapter or a whole model")
    prompts: Literal["one", "all"] = Field(
        "one", description="patient turns of a dialogue that are answered; never a farewell"
    )
    eval_prompts: Positive = Field(64, description="held-out prompts answered at each evaluation, at most")
    eval_share: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="held out by a hash of the dialogue where the data name no dev split; 0: nothing"
    )

    rollouts: Positive = Field(64, description="answers of one iteration, over all processes")
    mini_batch_size: Positive = Field(32, description="answers of one optimizer step, over all processes")
    ppo_epochs: Positive = Field(1, description="passes over the answers of an iteration")
    generation_batch_size: Positive = Field(64, description="answers sampled side by side in one process")
    max_new_tokens: Positive = Field(512, description="of an answer; the prompt has max_length minus this")
    temperature: Rate = Field(
        1.0, description="of the sampler and of all log-probabilities; top_p is 1 and top_k is off"
    )

    value_learning_rate: Rate = Field(5e-5, description="of the value adapter and its head")
    gamma: Annotated[float, Field(gt=0, le=1)] = 1.0
    lam: Fraction = Field(0.95, description="lambda of GAE")
    clip_range: Rate = Field(0.2, description="epsilon of the policy's ratio")
    value_clip_range: Rate = Field(0.2, description="how far a value may move within an iteration")
    value_coefficient: Rate = 0.1
    kl_coefficient: NotNegative = Field(0.05, description="beta: the price of a nat away from the base, per token")
    kl_target: Rate | None = Field(None, description="nats an answer; adapts beta towards it (null: beta stays)")
    kl_horizon: Positive = Field(10_000, description="answers over which beta adapts")
    no_eos_reward: float = Field(
        -1.0, description="reward of an answer without an end; must lie below that of ended ones"
    )
    reward_clip: Rate = Field(10.0, description="rewards are cut to this distance from 0")

    stop_kl: Rate | None = Field(200.0, description="stop above this many nats an answer; null: never")
    stop_ended_share: Fraction = Field(
        0.05, description="stop when fewer answers end, in three iterations running; 0: never"
    )
    keep: Literal["last", "best"] = Field("last", description="which policy becomes model/")
    metric_for_best_model: Literal["eval_objective", "eval_reward", "eval_score"] = "eval_objective"

    @model_validator(mode="after")
    def _fit_ppo(self) -> "PpoRun":
        if self.tuning == "full":
            raise ValueError(
                "tuning: PPO trains adapters, lora or qlora; the base stays frozen, because it is the reference too"
            )
        if self.lora_dropout:
            raise ValueError(
                "lora_dropout must be 0: with it the ratio of new to old probabilities would not start at 1"
            )
        if self.fp16 or self.dtype == "float16":
            raise ValueError("fp16: PPO computes in bfloat16 or float32; it has no loss scaling")
        if self.gradient_accumulation_steps != 1:
            raise ValueError(
                "gradient_accumulation_steps must be 1; mini_batch_size and per_device_train_batch_size decide it"
            )
        if self.launch in {"fsdp2", "deepspeed_zero3"}:
            raise ValueError("launch: PPO shares gradients itself, every process holds the whole base; use auto")
        if self.max_new_tokens >= self.max_length:
            raise ValueError("max_new_tokens must leave room for a prompt within max_length")
        for name in ("rollouts", "mini_batch_size"):
            if getattr(self, name) % self.processes:
                raise ValueError(f"{name} must be a multiple of processes")
        if self.rollouts % self.mini_batch_size:
            raise ValueError("rollouts must be a multiple of mini_batch_size")
        return self
