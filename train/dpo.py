"""Direct preference optimisation: learns from chosen and rejected answers, without a reward model.

    cmtmedqa train dpo --recipe modern model=runs/sft/merged data=preferences.parquet output=runs/dpo
    python train/dpo.py --recipe tiny model=DIR data=preferences.jsonl output=runs/dpo         (one process on the CPU)

`data`: rankings or preferences of `cmtmedqa annotate export`, or chosen-rejected rows of trl, LLaMA-Factory, MedicalGPT and
ms-swift. The reference is `model`: the base with its adapters off, or a frozen copy of it where all weights are trained.
"""

from collections import Counter

from cmtmedqa.recipes.dpo import DpoRun
from cmtmedqa.training import program


def main() -> None:
    # parse
    settings = program.parse("dpo", DpoRun)
    from trl import DPOConfig

    from cmtmedqa.training import adapters, arguments, lineage, models, pairs, stages

    # seed
    arguments.seed(settings)

    # tokenizer and data: the tokenizer decides which turns fit
    folder = lineage.model_folder(settings.model)
    tokenizer = models.load_tokenizer(folder)
    adapters.require_marks(folder, tokenizer)
    counts: Counter[str] = Counter()
    train, dev = pairs.read_pairs(settings, tokenizer, counts)
    reference = "frozen copy of the base" if settings.tuning == "full" else "base with adapters off"
    facts = {**stages.facts(folder, tokenizer, train, dev), "reference": reference}
    if program.begin(settings, "dpo", facts):
        return

    # model, after the trainer's arguments: DeepSpeed and FSDP share a model out while it is loaded
    resume = stages.resume_from(settings)
    args = DPOConfig(
        **arguments.trainer_arguments(settings, bool(dev), resume is not None),
        beta=settings.beta,
        loss_type=[settings.loss_type, *(["sft"] if settings.rpo_alpha else [])],
        loss_weights=[1.0, settings.rpo_alpha] if settings.rpo_alpha else None,
        label_smoothing=settings.label_smoothing,
        max_length=None,  # whole turns were cut from the left
        remove_unused_columns=False,
    )
    model = models.load_model(settings, folder, tokenizer)
    frozen = models.load_model(settings, folder, tokenizer) if settings.tuning == "full" else None

    # trainer
    trainer = pairs.PairTrainer(
        model,
        ref_model=frozen,
        args=args,
        train_dataset=pairs.tokenised(tokenizer, train),
        eval_dataset=pairs.tokenised(tokenizer, dev) if dev else None,
        data_collator=pairs.Collator(tokenizer.pad_token_id),
        processing_class=tokenizer,
        peft_config=models.lora(settings, model, []),
        callbacks=stages.callbacks(settings, resume, bool(dev)),
    )

    # train, save, metrics.json
    stages.train_and_save(trainer, settings, resume, "dpo", facts, counts)


if __name__ == "__main__":
    program.run(main)
