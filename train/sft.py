"""Supervised fine-tuning: learns every turn of the doctor, and nothing else.

    cmtmedqa train sft --recipe modern model=Qwen/Qwen3-8B data=dataset output=runs/sft
    python train/sft.py --recipe tiny model=DIR data=dataset output=runs/sft         (one process on the CPU)

`data`: datasets of `cmtmedqa build` (train learns, dev is evaluated) or files of any shape that `cmtmedqa sources` reads.
"""

from collections import Counter

from cmtmedqa.recipes.sft import SftRun
from cmtmedqa.training import program


def main() -> None:
    # parse
    settings = program.parse("sft", SftRun)
    from cmtmedqa.training import arguments, data, lineage, models, stages, template

    # seed
    arguments.seed(settings)

    # tokenizer and data: the tokenizer decides which turns fit
    folder = lineage.model_folder(settings.model)
    tokenizer = models.load_tokenizer(folder)
    counts: Counter[str] = Counter()
    train = data.conversations(settings.data, "train", tokenizer, settings.max_length, counts)
    dev = data.held_out_conversations(settings.data, settings.eval_data, tokenizer, settings.max_length, counts)
    counts["doctor_turns_checked"] = template.check(tokenizer, [(row.id, row.messages) for row in train[:50]])
    stages.say_counts(counts)
    facts = stages.facts(folder, tokenizer, train, dev)
    if program.begin(settings, "sft", facts):
        return

    # model, after the trainer's arguments: DeepSpeed and FSDP share a model out while it is loaded
    from trl import SFTConfig, SFTTrainer

    resume = stages.resume_from(settings)
    args = SFTConfig(
        **arguments.trainer_arguments(settings, bool(dev), resume is not None),
        max_length=settings.max_length,
        packing=settings.packing,
        packing_strategy="bfd",
        eval_packing=False,
    )
    model = models.load_model(settings, folder, tokenizer)
    adapter = models.lora(settings, model, template.grow_embeddings(model, tokenizer))

    # trainer
    trainer = SFTTrainer(
        model,
        args=args,
        train_dataset=stages.labelled(tokenizer, train),
        eval_dataset=stages.labelled(tokenizer, dev) if dev else None,
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=stages.callbacks(settings, resume, bool(dev)),
    )

    # train, save, metrics.json
    stages.train_and_save(trainer, settings, resume, "sft", facts, counts)


if __name__ == "__main__":
    program.run(main)
