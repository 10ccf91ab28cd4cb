"""A tiny model and its tokenizer, made here: Qwen3-shaped, a million parameters, no download. Tests skip where torch or trl is missing."""

import os

os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TOKENIZERS_PARALLELISM="false",
    OMP_NUM_THREADS="1",
    CUDA_VISIBLE_DEVICES="",
)

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.tiny import Done, dialogue, run

# What libraries say of each other: message, category, module that says it.
_OF_OTHERS = (
    ".(is_)?gradient_checkpointing(_enable)?. is deprecated:FutureWarning:transformers",  # the names that transformers 5.17 knows
)
_LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly, what needs a library that is not installed; tests of modules without torch carry the mark `without_torch`."""
    from importlib.util import find_spec

    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        for item in items:
            if Path(__file__).parent in item.path.parents and "model_folder" in getattr(item, "fixturenames", ()):
                item.add_marker(
                    pytest.mark.skip(reason=f"training needs {', '.join(missing)}: pip install -e '.[train]'")
                )
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for warning in _OF_OTHERS:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{warning}"))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny Qwen3-shaped model (random weights) and a byte-level BPE trained on invented dialogues."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, set_seed

    texts = [message["content"] for seed in range(400) for message in dialogue(seed)]
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    core.train_from_iterator(
        [*texts, "system\n user\n assistant\n"],
        trainers.BpeTrainer(
            vocab_size=1024,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    set_seed(0)
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=192, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=2048, tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Qwen3ForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tokenizer(model_folder: Path) -> object:
    """The tokenizer of the tiny model with our template set."""
    from cmtmedqa.training.models import load_tokenizer

    return load_tokenizer(model_folder)


@pytest.fixture
def train(model_folder: Path, tmp_path: Path) -> Callable[..., Done]:
    """Runs a program with the tiny recipe and the tiny model: `train("sft", "data=…", "output=…")`; `code`: the expected exit code."""

    def run_tiny(stage: str, *arguments: str, code: int = 0, **options: Any) -> Done:
        named = any(argument.startswith("model=") for argument in arguments)
        base = () if named else (f"model={model_folder}",)
        done = run(stage, "--recipe", "tiny", *base, *arguments, cwd=tmp_path, **options)
        assert done.code == code, done.output[-4000:]
        return done

    return run_tiny
