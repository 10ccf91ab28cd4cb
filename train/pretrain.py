"""Continued pre-training on medical text and dialogues, packed without loss, with a replay of general text.

    cmtmedqa train pretrain --recipe modern model=Qwen/Qwen3-8B-Base data=dataset corpus=books/ general=wiki.jsonl output=runs/pt
    python train/pretrain.py --recipe tiny model=DIR data=dataset output=runs/pt         (one process on the CPU)

`data`: datasets of `cmtmedqa build` or files of dialogues; `corpus`, `general`: .txt, or rows with a field `text`.
"""

from collections import Counter

from cmtmedqa.recipes.pretrain import PretrainRun
from cmtmedqa.training import program


def main() -> None:
    # parse
    settings = program.parse("pretrain", PretrainRun)
    from cmtmedqa.training import arguments, corpus, lineage, models, stages, template

    # seed
    arguments.seed(settings)

    # tokenizer and data: the shares are those of tokens
    folder = lineage.model_folder(settings.model)
    tokenizer = models.load_tokenizer(folder)
    counts: Counter[str] = Counter()
    train = corpus.documents(settings, tokenizer, counts)
    dev = corpus.held_out(settings, tokenizer, counts)
    stages.say_counts(counts)
    facts = stages.facts(folder, tokenizer, corpus.plain(train), corpus.plain(dev))
    if program.begin(settings, "pretrain", facts):
        return

    # model, after the trainer's arguments: DeepSpeed and FSDP share a model out while it is loaded
    from trl import SFTConfig, SFTTrainer

    resume = stages.resume_from(settings)
    args = SFTConfig(
        **arguments.trainer_arguments(settings, bool(dev), resume is not None),
        max_length=settings.max_length,
        packing=True,
        packing_strategy="bfd_split",
        eval_packing=False,
    )
    model = models.load_model(settings, folder, tokenizer)
    adapter = models.lora(settings, model, template.grow_embeddings(model, tokenizer))

    # trainer
    trainer = SFTTrainer(
        model,
        args=args,
        train_dataset=corpus.dataset(train),
        eval_dataset=corpus.dataset(dev, settings.max_length) if dev else None,
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=stages.callbacks(settings, resume, bool(dev)),
    )

    # train, save, metrics.json
    stages.train_and_save(trainer, settings, resume, "pretrain", facts, counts)


if __name__ == "__main__":
    program.run(main)
