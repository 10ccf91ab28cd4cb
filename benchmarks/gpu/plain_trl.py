"""Plain trl at the settings of ours: SFTTrainer on `messages`, packed, learning the doctor's turns, nothing of ours but the measuring.

`python -m benchmarks.gpu.plain_trl OUTPUT --gpu key=value …`
"""

import json
import shutil
import sys
from pathlib import Path

from benchmarks.gpu.measured import Marks


def main() -> None:
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    output, mode = Path(sys.argv[1]), sys.argv[2]
    told = dict(word.split("=", 1) for word in sys.argv[3:])
    on_gpu = mode == "--gpu"
    with (output / "dialogues.jsonl").open(encoding="utf-8") as lines:
        rows = [{"messages": json.loads(line)["messages"]} for line in lines]
    marks = Marks()
    marks.watch()
    trainer = SFTTrainer(
        str(output / "base"),
        args=SFTConfig(
            output_dir=str(output / "plain"), max_length=int(told["max_length"]), packing=True, packing_strategy="bfd",
            assistant_only_loss=True, per_device_train_batch_size=int(told["per_device_train_batch_size"]),
            gradient_accumulation_steps=int(told["gradient_accumulation_steps"]), num_train_epochs=1, learning_rate=1e-5,
            gradient_checkpointing=False, bf16=on_gpu, use_cpu=not on_gpu, report_to="none", save_strategy="no", logging_steps=1000,
            model_init_kwargs={"dtype": torch.float32, "attn_implementation": "sdpa"}, dataloader_num_workers=2 if on_gpu else 0,
        ),
        train_dataset=Dataset.from_list(rows), processing_class=AutoTokenizer.from_pretrained(output / "base"),
    )  # fmt: skip
    trainer.train()
    found = {"stage": "plain trl, SFT", **marks.figures(scores=False)}
    (output / "plain.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    shutil.rmtree(output / "plain", ignore_errors=True)


if __name__ == "__main__":
    main()
