"""How base and adapter are loaded: in the dtype asked for, with our end and pad tokens, on a device that is there."""

from pathlib import Path
from typing import Any

import pytest

from cmtmedqa import recipes
from cmtmedqa.errors import InputError
from cmtmedqa.training import models


def settings(*words: str, recipe: str = "tiny") -> Any:
    return recipes.load("sft", recipe, ("model=base", "data=rows", "output=run", *words))


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_base_is_loaded_in_the_dtype_of_the_recipe_and_the_adapter_in_full_precision(
    dtype: str, model_folder: Path, tokenizer: Any
) -> None:
    import torch
    from peft import get_peft_model

    model = models.load_model(settings(f"dtype={dtype}"), model_folder, tokenizer)
    assert {value.dtype for value in model.parameters()} == {getattr(torch, dtype)}
    assert (model.config.eos_token_id, model.config.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    words = ("tuning=lora", "lora_r=3", "lora_target_modules=[q_proj,v_proj]")
    adapted = get_peft_model(model, models.lora(settings(*words), model, []))
    trained = {name: value for name, value in adapted.named_parameters() if value.requires_grad}
    assert all("q_proj" in name or "v_proj" in name for name in trained)
    assert {value.dtype for value in trained.values()} == {torch.float32}
    assert {min(value.shape) for value in trained.values()} == {3}


def test_full_tuning_has_no_adapter() -> None:
    assert models.lora(settings("tuning=full"), None, []) is None


@pytest.mark.parametrize(
    ("count", "processes", "world", "message"),
    [
        (0, 1, "1", "this computer has no CUDA device"),
        (2, 4, "4", "processes=4, but there are 2 CUDA devices"),
        (4, 1, "1", "one process sees 4 CUDA devices; set CUDA_VISIBLE_DEVICES=0, or processes=4"),
        (4, 4, "4", "does not compute in bfloat16; set bf16=false fp16=true dtype=float16"),
    ],
)
def test_a_device_that_is_not_there_is_named(
    count: int, processes: int, world: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = pytest.importorskip("torch").cuda
    monkeypatch.setenv("WORLD_SIZE", world)
    monkeypatch.setattr(cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(cuda, "device_count", lambda: count)
    monkeypatch.setattr(cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(InputError, match=message):
        models.require_device(settings(f"processes={processes}", recipe="modern"))
