"""Models as they are used: a folder with all weights, or an adapter on the very base that it was trained on."""

import json
from pathlib import Path
from typing import Any

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.training import lineage, program, template
from cmtmedqa.training.models import load_tokenizer

WEIGHTS = "adapter_model.safetensors"
_CONFIG = "adapter_config.json"
_REWARD = "ForSequenceClassification"
_APART = 1e-3  # of the largest logit: merging in float32 moves logits by a few millionths


def folder_of(name: str) -> Path:
    """The folder of a model or an adapter; of a finished run of ours it is its `model/`. Raises InputError when it is neither."""
    folder = Path(name)
    if (folder / program.RUN).is_file():
        if not (folder / program.METRICS).is_file():
            raise InputError(f"{name}: is a run that has not finished; run its command again")
        folder /= program.MODEL
    return folder if is_adapter(folder) else lineage.model_folder(str(folder))


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter of peft."""
    return (folder / _CONFIG).is_file()


def is_reward(folder: Path) -> bool:
    """Whether a model or an adapter gives a score in place of text."""
    if is_adapter(folder):
        return _json(folder / _CONFIG).get("task_type") == "SEQ_CLS"
    return any(name.endswith(_REWARD) for name in _json(folder / "config.json").get("architectures") or ())


def adapter_hash(folder: Path) -> str:
    """SHA-256 (first 16 digits) of an adapter's weights."""
    try:
        return io.sha256_file(folder / WEIGHTS)[:16]
    except OSError as error:
        raise InputError(f"{folder}: holds no {WEIGHTS}; train the adapter again") from error


def require_reward(folder: Path) -> None:
    """Raises InputError when a model gives text and no score."""
    if not is_reward(folder):
        raise InputError(f"{folder}: is no reward model; train one: cmtmedqa train reward")


def reward_folder(name: str) -> Path:
    """The folder of a reward model, as `folder_of` finds it. Raises InputError when it is none."""
    folder = folder_of(name)
    require_reward(folder)
    return folder


def base_of(adapter: Path, named: str | None) -> Path:
    """The base of an adapter: the one that was named, else the one that it says it was trained on.

    Raises InputError when there is none, or when its weights are not those that the adapter was trained on.
    """
    name = named or str(_json(adapter / _CONFIG).get("base_model_name_or_path") or "")
    try:
        base = lineage.model_folder(name)
    except InputError as error:
        raise InputError(
            f"{adapter}: its base cannot be used: {error}" + ("" if named else "; name another with --base")
        ) from error
    stated, found = lineage.read(adapter).get("base"), lineage.base_hash(base)
    if stated != found:
        raise InputError(
            f"{adapter}: was trained on a base with the hash {stated}, {base} has {found}; name the right one with --base"
        )
    return base


def quiet() -> None:
    """Keep the notes of the libraries away from somebody who talks or waits for one line."""
    import warnings

    from transformers.utils import logging

    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()


def load(folder: Path, base: str | None, device: str, dtype: Any, attention: str = "sdpa") -> tuple[Any, Any]:
    """(model, tokenizer) of a folder, ready for use; an adapter stays apart from its base.

    Raises InputError when it cannot be loaded, or when a base is named for a model that is whole.
    """
    import torch

    adapter = is_adapter(folder)
    if adapter:
        require_weights(folder)
    if base and not adapter:
        raise InputError(f"{folder}: is a whole model and needs no --base")
    _require(device)
    tokenizer = load_tokenizer(folder)
    whole = base_of(folder, base) if adapter else folder
    model = _whole(whole, is_reward(folder), adapter, dtype, attention)
    if adapter:
        template.grow_embeddings(model, tokenizer)  # as in training
    else:
        require_marks(folder, tokenizer)
    model.config.pad_token_id, model.config.eos_token_id = tokenizer.pad_token_id, tokenizer.eos_token_id
    if adapter:
        from peft import PeftModel

        try:
            model = PeftModel.from_pretrained(model, folder)
        except Exception as error:
            raise InputError(f"{folder}: the adapter cannot be loaded on {whole}; train it again") from error
    return model.to(torch.device(device)).eval(), tokenizer


def require_marks(folder: Path, tokenizer: Any) -> None:
    """Raises InputError when a model has no embeddings of our control marks: whoever learns from preferences needs a model that talks."""
    from transformers import AutoConfig

    if len(tokenizer) > AutoConfig.from_pretrained(folder).get_text_config().vocab_size:
        raise InputError(f"{folder}: was never trained with our chat template; fine-tune it first: cmtmedqa train sft")


def _whole(folder: Path, scores: bool, headless: bool, dtype: Any, attention: str) -> Any:
    """A model with all its weights; `headless`: its score head comes with an adapter."""
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    kind = AutoModelForSequenceClassification if scores else AutoModelForCausalLM
    options = {"num_labels": 1} if scores else {}
    try:
        model, told = kind.from_pretrained(
            folder, dtype=dtype, attn_implementation=attention, output_loading_info=True, **options
        )
    except (
        Exception
    ) as error:  # what a damaged file, an unknown kind of model and a missing library raise has nothing in common
        reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
        raise InputError(f"{folder}: cannot be loaded as a model: {reason}") from error
    missing = sorted(key for key in told["missing_keys"] if not (headless and key.startswith("score")))
    if missing:  # transformers would go on with random numbers in their place
        raise InputError(f"{folder}: lacks weights of its model, such as {missing[0]}; it cannot be used")
    return model


def require_weights(adapter: Path) -> None:
    """Raises InputError when the file of an adapter is missing, damaged or empty, or a reward adapter has no score head."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(adapter / WEIGHTS, framework="pt") as file:
            names = list(file.keys())
    except (OSError, SafetensorError) as error:
        raise InputError(f"{adapter}: {WEIGHTS} is missing or damaged; train the adapter again") from error
    if not names or (is_reward(adapter) and not any(name.endswith("score.weight") for name in names)):
        raise InputError(f"{adapter}: {WEIGHTS} holds no weights or no score head; train the adapter again")


def _require(device: str) -> None:
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {device}: this computer has no such device") from error


def merged(model: Any, tokenizer: Any) -> tuple[Any, float]:
    """(the model with its adapter added into the weights, largest change of an output), both in the dtype of the model.

    Raises InputError when the merged model does not answer as the two did apart.
    """
    import torch

    ids = torch.tensor(
        [template.prompt_ids(tokenizer, [{"role": "user", "content": "我头痛三天了。"}])], device=model.device
    )
    with torch.no_grad():
        apart = model(input_ids=ids).logits
        whole = model.merge_and_unload(safe_merge=True)
        together = whole(input_ids=ids).logits
    change = float((apart - together).abs().max())
    if not change <= _APART * max(1.0, float(apart.abs().max())):
        raise InputError(f"the merged model differs from the adapter on its base by {change:.2g}; it was not written")
    return whole, change


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no JSON object")
    return found
