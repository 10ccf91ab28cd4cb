r"""A base model with random weights and a tokenizer trained on your data: to try the whole chain, or to measure it, without a download.

    python train/random_base.py DATASET -o runs/base                                           (a million parameters, seconds)
    python train/random_base.py TEXTS.jsonl -o base --hidden 1024 --layers 28 --heads 16 --kv-heads 8 --intermediate 3072 \
        --head-size 128 --vocabulary 151936 --dtype bfloat16                                   (the shape of Qwen3-0.6B)

The shape is Qwen3's. What it knows is nothing: whatever it answers later it has learnt from your data.
"""

import argparse
from collections import Counter
from pathlib import Path

from cmtmedqa.errors import InputError
from cmtmedqa.training import program

BPE_LIMIT = 16_384  # more merges than that a small text does not hold; the rest of a large vocabulary stays unused


def main() -> None:
    # parse
    parser = argparse.ArgumentParser(prog="train/random_base.py")
    parser.add_argument("data", nargs="+", help="datasets of cmtmedqa build, or files of dialogues")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=2048, help="rows of the embedding")
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--head-size", type=int, default=32)
    parser.add_argument("--intermediate", type=int, default=384)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="float32")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if given.output.exists():
        raise InputError(f"{given.output}: exists already; choose another folder")
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM, set_seed

    from cmtmedqa.training import adapters, data, template

    # seed
    adapters.quiet()
    set_seed(given.seed)

    # data
    counts: Counter[str] = Counter()
    texts = [said["content"] for row in data.read_conversations(given.data, "train", counts) for said in row.messages]

    # tokenizer: byte-level, so that it can write whatever the text it was trained on does not hold
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=min(given.vocabulary, BPE_LIMIT),
        special_tokens=[template.PAD, template.START, template.END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([*texts, "system\nuser\nassistant\n"], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token=template.END, pad_token=template.PAD)
    tokenizer.chat_template = template.TEMPLATE

    # model
    config = Qwen3Config(
        vocab_size=max(given.vocabulary, len(tokenizer)), hidden_size=given.hidden, intermediate_size=given.intermediate,
        num_hidden_layers=given.layers, num_attention_heads=given.heads, num_key_value_heads=given.kv_heads,
        head_dim=given.head_size, max_position_embeddings=given.context, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    model = Qwen3ForCausalLM(config).to(getattr(torch, given.dtype))

    # save
    model.save_pretrained(given.output)
    tokenizer.save_pretrained(given.output)
    size = sum(value.numel() for value in model.parameters())
    program.say(
        f"{given.output}: {size:,} random parameters, a vocabulary of {len(tokenizer):,} from {counts['read']:,} dialogues"
    )


if __name__ == "__main__":
    program.run(main)
