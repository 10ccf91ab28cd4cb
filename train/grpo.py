"""Group relative policy optimisation: samples groups of answers, scores them, and prefers the better ones of each group.

    cmtmedqa train grpo --recipe modern model=runs/sft-merged reward_model=runs/reward data=dataset output=runs/grpo
    python train/grpo.py --recipe tiny model=DIR reward_model=DIR data=dataset output=runs/grpo     (one process on the CPU)

`data`: datasets of `cmtmedqa build` or files of dialogues, of which the patient's turns are the prompts. The reference of the KL
is `model`: the base with its adapters off, or a frozen copy of it where all weights are trained.
"""

from collections import Counter
from pathlib import Path

from cmtmedqa.recipes.grpo import GrpoRun
from cmtmedqa.training import program


def main() -> None:
    # parse
    settings = program.parse("grpo", GrpoRun)
    from datasets import Dataset
    from trl import GRPOConfig

    from cmtmedqa.training import adapters, arguments, groups, lineage, models, prompts, stages

    # seed
    arguments.seed(settings)

    # tokenizer and data: the tokenizer decides which turns fit
    folder = lineage.model_folder(settings.model)
    tokenizer = models.load_tokenizer(folder)
    adapters.require_marks(folder, tokenizer)
    counts: Counter[str] = Counter()
    train, dev = (groups.rows_of(half, tokenizer) for half in prompts.read_prompts(settings, tokenizer, counts))
    reference = "frozen copy of the base" if settings.tuning == "full" else "base with adapters off"
    facts = {**stages.facts(folder, tokenizer, train, dev), "reference": reference}
    facts["reward"] = groups.require_reward(settings, facts)
    if program.begin(settings, "grpo", facts):
        return

    # reward model, where it cannot be an adapter on the policy's base: whole, so before the trainer's arguments
    reward = groups.Reward(tokenizer, settings)
    if not (shared := groups.shares_base(settings)):
        reward.load()

    # model, after the trainer's arguments: DeepSpeed and FSDP share a model out while it is loaded
    resume = stages.resume_from(settings)
    evaluates = {
        "num_generations_eval": 2,
        "per_device_eval_batch_size": 2 * -(-settings.per_device_eval_batch_size // 2),
    }
    args = GRPOConfig(
        **arguments.trainer_arguments(settings, bool(dev), resume is not None) | evaluates,
        beta=settings.beta,
        epsilon=settings.epsilon,
        num_generations=settings.num_generations,
        num_iterations=settings.num_iterations,
        steps_per_generation=settings.steps_per_generation,
        max_completion_length=settings.max_new_tokens,
        temperature=settings.temperature,
        top_p=1.0,  # the log-probabilities are those of the whole distribution, so it is sampled from
        top_k=0,
        disable_dropout=True,
    )
    model = models.load_model(settings, folder, tokenizer)

    # trainer
    trainer = groups.GroupTrainer(
        model,
        reward_funcs=[reward],
        args=args,
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(dev) if dev else None,
        processing_class=tokenizer,
        peft_config=models.lora(settings, model, []),
        callbacks=stages.callbacks(settings, resume, bool(dev)),
    )
    if shared:
        reward.share(trainer.model)

    # train, save, metrics.json
    log = Path(settings.output) / program.LOG
    stages.train_and_save(trainer, settings, resume, "grpo", facts, counts, lambda: ({}, groups.table(log)))


if __name__ == "__main__":
    program.run(main)
