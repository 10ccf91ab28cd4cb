"""Settings that all training programs share. Names are those of transformers' TrainingArguments and peft wherever they mean the same."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from cmtmedqa.config import Positive, Settings

Rate = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Tuning = Literal["lora", "qlora", "full"]


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
SomeNames = Annotated[Names, Field(min_length=1)]


class Run(Settings):
    """One run of a training program."""

    model: str = Field(description="base model: a folder, or a name in the local hub cache")
    data: SomeNames = Field(description="datasets of cmtmedqa build, rankings of annotate export, or files")
    eval_data: Names = Field((), description="held-out data; none: the dev split of the data, if there is one")
    output: str = Field(description="run folder; the same command continues what was killed")
    overwrite: bool = Field(False, description="remove an earlier run of ours in the output folder first")

    launch: Literal["auto", "single_gpu", "ddp", "fsdp2", "deepspeed_zero3"] = Field(
        "auto", description="configuration of accelerate; auto: single_gpu or ddp"
    )
    processes: Positive = Field(1, description="processes, one a GPU (with use_cpu: gloo processes on the CPU)")
    threads: Positive = Field(1, description="threads of a process; exact resume needs the same number")
    use_cpu: bool = Field(False, description="train on the CPU")
    seed: int = Field(42, ge=0)

    tuning: Tuning = Field("lora", description="adapters, adapters on a 4-bit base (CUDA), or all weights")
    lora_r: Positive = 16
    lora_alpha: Positive = 32
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    lora_target_modules: SomeNames = ("all-linear",)
    dtype: Literal["bfloat16", "float16", "float32"] = Field("bfloat16", description="in which the base is loaded")
    bf16: bool = Field(True, description="compute in bfloat16")
    fp16: bool = Field(False, description="compute in float16 with loss scaling (GPUs without bfloat16)")
    attn_implementation: Literal["sdpa", "flash_attention_2", "eager", "flex_attention"] = "sdpa"
    gradient_checkpointing: bool = True

    max_length: Positive = Field(2048, description="tokens; longer dialogues lose whole turns on the left")
    per_device_train_batch_size: Positive = 1
    per_device_eval_batch_size: Positive = 1
    gradient_accumulation_steps: Positive = 1
    learning_rate: Rate = 1e-4
    lr_scheduler_type: Literal["cosine", "linear", "constant", "constant_with_warmup"] = "cosine"
    warmup_steps: NotNegative = Field(0.03, description="below 1 a share of all steps")
    weight_decay: NotNegative = 0.0
    max_grad_norm: NotNegative = 1.0
    num_train_epochs: Rate = 1.0
    max_steps: int = Field(-1, description="stops earlier than the epochs would; -1: does not")

    logging_steps: Positive = 10
    eval_steps: Positive = 100
    save_steps: Positive = 100
    save_total_limit: Positive = Field(3, description="checkpoints that stay, the best one apart")
    early_stopping_patience: int = Field(0, ge=0, description="evaluations without a better metric; 0: never stop")
    report_to: Annotated[tuple[Literal["tensorboard", "wandb", "swanlab"], ...], BeforeValidator(_one_or_more)] = (
        "tensorboard",
    )

    @model_validator(mode="after")
    def _fit(self) -> "Run":
        if self.bf16 and self.fp16:
            raise ValueError("bf16 and fp16 exclude each other")
        if self.use_cpu and (self.tuning == "qlora" or self.launch != "auto"):
            raise ValueError("use_cpu: qlora and launch need a GPU")
        if self.save_steps % self.logging_steps or self.save_steps % self.eval_steps:
            raise ValueError(
                "save_steps must be a multiple of logging_steps and eval_steps; else a resumed run logs other means"
            )
        return self
