"""Tokenizer, base model and adapters of a run."""

from pathlib import Path
from typing import Any

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.recipes.base import Run
from cmtmedqa.training import template
from cmtmedqa.training.program import say, world_size


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder with our template set. Raises InputError when there is none that can be used."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder}: its tokenizer cannot be loaded: {_first_line(error)}") from error
    if not tokenizer.is_fast:
        raise InputError(f"{folder}: its tokenizer has no tokenizer.json; the doctor's turns cannot be marked with it")
    if added := template.prepare(tokenizer):
        say(f"{folder.name}: added to the vocabulary: {', '.join(added)}")
    return tokenizer


def load_model(settings: Run, folder: Path, tokenizer: Any, kind: str = "AutoModelForCausalLM", **options: Any) -> Any:
    """The base model in the recipe's dtype and attention, on a 4-bit base for qlora; its pad and end tokens are the tokenizer's.

    `kind`: the class of transformers to load it as, with further `options`. Raises InputError when it cannot be loaded.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    options |= {"dtype": getattr(torch, settings.dtype), "attn_implementation": settings.attn_implementation}
    if settings.tuning == "qlora":
        options |= {"quantization_config": _four_bits(settings), "device_map": {"": _local_device()}}
    try:
        model = getattr(transformers, kind).from_pretrained(folder, **options)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise InputError(f"{folder}: cannot be loaded as a model: {_first_line(error)}") from error
    model.config.use_cache = False
    model.config.eos_token_id, model.config.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    if model.can_generate() and model.generation_config is not None:
        model.generation_config.eos_token_id = tokenizer.eos_token_id
        model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def require_device(settings: Run) -> None:
    """Raises InputError when the recipe asks for GPUs, or a kind of GPU, that are not there."""
    import torch

    if settings.use_cpu:
        return
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise InputError("this computer has no CUDA device; use_cpu=true trains on the CPU (see the recipes tiny/*)")
    if settings.processes > count:
        raise InputError(f"processes={settings.processes}, but there are {count} CUDA devices")
    if world_size() == 1 < count:
        raise InputError(f"one process sees {count} CUDA devices; set CUDA_VISIBLE_DEVICES=0, or processes={count}")
    if settings.bf16 and not torch.cuda.is_bf16_supported():
        raise InputError("this GPU does not compute in bfloat16; set bf16=false fp16=true dtype=float16")


def _four_bits(settings: Run) -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if settings.bf16 else torch.float16,
        bnb_4bit_quant_storage=getattr(torch, settings.dtype),
    )


def _local_device() -> int:
    import os

    return int(os.environ.get("LOCAL_RANK", "0"))


def lora(settings: Run, model: Any, new_rows: list[int], task: str = "CAUSAL_LM") -> Any:
    """The adapter's configuration, None for full tuning. `new_rows`: embeddings that `template.grow_embeddings` added to `model`.

    New rows are trained along: as single rows of the embedding, and with the whole output layer where it is another matrix.
    """
    if settings.tuning == "full":
        return None
    from peft import LoraConfig

    targets: Any = list(settings.lora_target_modules)
    tied = model.get_output_embeddings() is None or model.config.tie_word_embeddings
    return LoraConfig(
        task_type=task,
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets[0] if targets == ["all-linear"] else targets,
        trainable_token_indices=new_rows or None,
        modules_to_save=["lm_head"] if new_rows and not tied else None,
    )


def write_generation_config(folder: Path, tokenizer: Any) -> None:
    """How the model is to be sampled where the caller does not say: servers decode greedily without `do_sample`."""
    found = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "eos_token_id": tokenizer.eos_token_id}
    io.write_json(folder / "generation_config.json", {**found, "pad_token_id": tokenizer.pad_token_id})


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:300] or type(error).__name__
