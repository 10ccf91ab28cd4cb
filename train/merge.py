"""Add an adapter into the weights of its base: a model that every program and server loads, as the next stage needs it.

    cmtmedqa merge runs/sft -o runs/sft-merged
    python train/merge.py runs/sft -o runs/sft-merged

The sum is taken in float32 and stored in bfloat16. A reward model becomes a sequence-classification folder.
"""

import argparse
import os
import shutil
from pathlib import Path

from cmtmedqa.errors import InputError
from cmtmedqa.training import program


def main() -> None:
    # parse
    parser = argparse.ArgumentParser(prog="train/merge.py")
    parser.add_argument("adapter")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--base")
    parser.add_argument("--dtype", choices=("bfloat16", "float16", "float32"), default="bfloat16")
    parser.add_argument("--temperature", type=float, default=0.7)
    parser.add_argument("--top-p", type=float, default=0.9)
    given = parser.parse_args()
    if given.output.exists() and (not given.output.is_dir() or any(given.output.iterdir())):
        raise InputError(f"{given.output}: exists already; choose another folder")
    import torch
    from transformers import GenerationConfig

    from cmtmedqa.training import adapters, lineage

    # adapter and base
    adapters.quiet()
    folder = adapters.folder_of(given.adapter)
    if not adapters.is_adapter(folder):
        raise InputError(f"{given.adapter}: is a whole model, there is nothing to merge")
    made_of = lineage.read(folder)
    model, tokenizer = adapters.load(folder, given.base, "cpu", torch.float32)

    # merge
    whole, change = adapters.merged(model, tokenizer)
    whole.to(getattr(torch, given.dtype))
    whole.config.use_cache = True
    if not adapters.is_reward(folder):
        # Servers decode greedily without do_sample; a cut answer is what they give without the end token.
        whole.generation_config = GenerationConfig(
            do_sample=True,
            temperature=given.temperature,
            top_p=given.top_p,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )

    # save: whole or not at all
    part = given.output.with_name(f".{given.output.name}.{os.getpid()}.part")
    try:
        part.mkdir(parents=True)
        whole.save_pretrained(part)
        tokenizer.save_pretrained(part)
        lineage.write(
            part, {**made_of, "tuning": "merged", "dtype": given.dtype, "adapter": adapters.adapter_hash(folder)}
        )
        if given.output.is_dir():
            given.output.rmdir()
        part.rename(given.output)
    except OSError as error:
        raise InputError(f"{given.output}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    program.say(f"{given.output}: merged in float32 (outputs moved by {change:.1g}), stored in {given.dtype}")


if __name__ == "__main__":
    program.run(main)
