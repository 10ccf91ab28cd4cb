"""A tiny policy that sometimes answers well and sometimes curtly, and a reward model that tells the two apart."""

import json
import random
from pathlib import Path
from typing import Any

from tests.training.judged import CURT
from tests.training.tiny import dialogue, run


def make_policy(base: Path, folder: Path) -> Path:
    """The folder of a model fine-tuned on dialogues in which half of the answers are curt."""
    chance = random.Random(0)
    lines = []
    for seed in range(300):
        messages = [dict(message) for message in dialogue(seed)[:2]]
        if chance.random() < 0.5:
            messages[1]["content"] = chance.choice(CURT)
        lines.append(json.dumps({"id": f"d{seed}", "messages": messages}, ensure_ascii=False))
    (folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    told = [f"model={base}", f"data={folder / 'rows.jsonl'}", f"output={folder / 'sft'}", "learning_rate=5e-3"]
    steps = [
        "num_train_epochs=4",
        "per_device_train_batch_size=16",
        "logging_steps=25",
        "eval_steps=1000",
        "save_steps=1000",
    ]
    done = run("sft", "--recipe", "tiny", *told, *steps, cwd=folder)
    assert done.code == 0, done.output
    return folder / "sft" / "model"


def make_reward(policy: Path, folder: Path) -> Path:
    """A reward adapter of the layout of `cmtmedqa train reward` on a policy: +2 for the mean of good answers, -2 for curt ones."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSequenceClassification

    from cmtmedqa.training import lineage, models, template

    tokenizer = models.load_tokenizer(policy)
    model = AutoModelForSequenceClassification.from_pretrained(policy, num_labels=1, dtype=torch.float32)
    good, curt = (ends(model, tokenizer, which) for which in ("good", "curt"))
    direction = good.mean(0) - curt.mean(0)
    middle = (good.mean(0) + curt.mean(0)) / 2
    direction = (
        direction - (direction @ middle) / (middle @ middle) * middle
    )  # a head has no bias, so the middle must score 0
    scale = 4 / float((good.mean(0) - curt.mean(0)) @ direction)
    lora = LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["q_proj", "v_proj"])
    adapted = get_peft_model(model, lora)
    with torch.no_grad():
        adapted.base_model.model.score.modules_to_save["default"].weight.copy_(direction[None] * scale)
    adapted.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    lineage.write(folder, {"stage": "reward", "base": lineage.base_hash(policy), **template.fingerprint(tokenizer)})
    return folder


def ends(model: Any, tokenizer: Any, which: str) -> Any:
    """[answers, H]: hidden states at the end tokens of good or of curt answers."""
    import torch

    from cmtmedqa.training import template

    found = []
    for seed in range(2000, 2040):
        asked, said = dialogue(seed)[:2]
        text = said["content"] if which == "good" else CURT[seed % len(CURT)]
        ids, labels = template.training_ids(tokenizer, [asked, {"role": "assistant", "content": text}])
        last = max(place for place, label in enumerate(labels) if label != template.IGNORED)
        with torch.no_grad():
            found.append(model.model(input_ids=torch.tensor([ids[: last + 1]])).last_hidden_state[0, -1])
    return torch.stack(found)
