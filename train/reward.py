"""Reward model: learns to score answers from whole rankings, each a batch element whose answers are encoded once.

    cmtmedqa train reward --recipe modern model=runs/sft-merged data=rankings.jsonl output=runs/reward
    python train/reward.py --recipe tiny model=DIR data=rankings.jsonl output=runs/reward          (one process on the CPU)

`model`: the merged SFT model that PPO will start from. `data`: rankings or preferences of `cmtmedqa annotate export`, or the
chosen-rejected rows of trl, LLaMA-Factory, MedicalGPT and ms-swift. What is measured and why: docs/ppo.md.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cmtmedqa.recipes.reward import RewardRun
from cmtmedqa.training import program


def main() -> None:
    # parse
    settings = program.parse("reward", RewardRun)
    from peft import get_peft_model
    from transformers import TrainingArguments

    from cmtmedqa.training import arguments, comparisons, lineage, models, reward_trainer, roles, stages, template

    # seed
    arguments.seed(settings)

    # tokenizer and data: the tokenizer decides which prompts fit
    folder = lineage.model_folder(settings.model)
    tokenizer = models.load_tokenizer(folder)
    counts: Counter[str] = Counter()
    train, dev = comparisons.read_halves(settings, tokenizer, counts)
    stages.say_counts(counts)
    facts = stages.facts(folder, tokenizer, train, dev)
    if program.begin(settings, "reward", facts):
        return

    # model, after the trainer's arguments: DeepSpeed and FSDP share a model out while it is loaded
    resume = stages.resume_from(settings)
    args = TrainingArguments(
        **arguments.trainer_arguments(settings, bool(dev), resume is not None), remove_unused_columns=False
    )
    model = models.load_model(settings, folder, tokenizer, "AutoModelForSequenceClassification", num_labels=1)
    roles.without_dropout(model)
    adapter = models.lora(settings, model, template.grow_embeddings(model, tokenizer), "SEQ_CLS")
    model = reward_trainer.with_float32_head(model)
    model = get_peft_model(model, adapter) if adapter else model

    # trainer
    trainer = reward_trainer.RankingTrainer(
        model,
        settings=settings,
        held_out=dev,
        args=args,
        train_dataset=list(enumerate(train)),
        eval_dataset=list(enumerate(dev)),
        data_collator=reward_trainer.Collator(tokenizer, settings.use_agreement),
        processing_class=tokenizer,
        callbacks=stages.callbacks(settings, resume, bool(dev)),
    )

    # train, save, metrics.json
    def measure() -> tuple[Mapping[str, Any], str]:
        trainer.evaluate()
        if program.is_main():
            reward_trainer.write_scores(Path(settings.output) / "held_out.jsonl", dev, trainer.last_scores)
        return {"held_out": trainer.last_report}, reward_trainer.tables(trainer.last_report)

    stages.train_and_save(trainer, settings, resume, "reward", facts, counts, measure)


if __name__ == "__main__":
    program.run(main)
