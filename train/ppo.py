"""PPO: moves a fine-tuned model towards what a reward model scores highly, at a price for every nat away from where it began.

    cmtmedqa train ppo --recipe modern model=runs/sft-merged reward_model=runs/reward/model data=dataset output=runs/ppo
    python train/ppo.py --recipe tiny model=DIR reward_model=DIR/model data=dataset output=runs/ppo    (one process on the CPU)

`model`: the merged SFT model; frozen, it is the reference of the KL and the base of policy, value and reward, which are adapters on it.
`data`: dialogues, as for sft; the policy answers turns of the patient. The algorithm and every default: docs/ppo.md.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.training import program


def main() -> None:
    # parse
    settings = program.parse("ppo", PpoRun)
    from tqdm import tqdm

    from cmtmedqa.training import (
        adapters,
        arguments,
        data,
        lineage,
        models,
        ppo_figures,
        ppo_finish,
        ppo_state,
        ppo_update,
        ranks,
        roles,
        rollout,
        stages,
        template,
        trackers,
    )
    from cmtmedqa.training import prompts as prompting

    # seed
    arguments.seed(settings)
    ranks.require_shares(rollouts=settings.rollouts, mini_batch_size=settings.mini_batch_size)

    # tokenizer and data
    folder, reward_folder = lineage.model_folder(settings.model), adapters.reward_folder(settings.reward_model)
    tokenizer = models.load_tokenizer(folder)
    end_id, pad_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    counts: Counter[str] = Counter()
    train, dev = prompting.read_prompts(settings, tokenizer, counts)
    stages.say_counts(counts)
    made_of = {"base": lineage.base_hash(folder), **template.fingerprint(tokenizer)}
    lineage.require_same(lineage.read(reward_folder), made_of, f"reward model {reward_folder}")
    made_of |= {
        "reward_weights": lineage.weights_hash(reward_folder),
        "data_hash": data.content_hash(train),
        "eval_hash": data.content_hash(dev),
    }
    if program.begin(settings, "ppo", made_of):
        return

    # model: one frozen base, three adapters, two heads
    device = ranks.join(settings.use_cpu)
    base = models.load_model(settings, folder, tokenizer)
    base = base if settings.tuning == "qlora" else base.to(device)
    lora = models.lora(settings, base, [])
    cast = roles.assemble(base, lora, reward_folder, device, settings.gradient_checkpointing, settings.bf16)
    roles.check(cast, [prompt.ids for prompt in train[:2]], pad_id, settings.temperature)

    # trainer: optimizer, and the state of a run that was killed
    optim = ppo_update.optimizer(cast, settings)
    output = Path(settings.output)
    state = ppo_state.load(output, cast, optim) or ppo_state.State(beta=settings.kl_coefficient)
    ppo_state.cut_log(output, state.step)
    iterations = ppo_finish.iterations(settings, len(train))
    tracks = trackers.trackers(settings)
    clock = ppo_finish.Clock(device)
    share = settings.rollouts // program.world_size()

    def note(step: int, figures: dict[str, Any]) -> None:
        ppo_state.add_to_log(output, step, figures)
        program.say(ppo_finish.line(step, iterations, figures))
        for track in tracks:
            track(step, figures)

    def evaluate(now: ppo_state.State) -> ppo_state.State:
        figures = ppo_figures.evaluate(cast, dev, settings, now.beta, end_id, pad_id, tokenizer, now.step)
        note(now.step, figures)
        now, best = ppo_figures.with_evaluation(now, figures, settings)
        if best:
            ppo_state.keep_best(output, cast, now)
        return now

    # train
    cast.mode(training=False)
    if dev and state.step == 0:
        state = evaluate(state)
    bar = tqdm(total=iterations, initial=state.step, unit="it", disable=not (program.is_main() and sys.stderr.isatty()))
    while state.step < iterations and not state.stopped:
        iteration = state.step
        chosen = prompting.order_of(settings.seed, iteration, settings.rollouts, len(train))
        mine = [train[row].ids for row in chosen[ranks.rank() * share : (ranks.rank() + 1) * share]]

        # rollout: answers, then log-probabilities, values and scores from fresh forward passes
        with clock.timing("generate"):
            seed = prompting.seed_of("rollout", settings.seed, iteration, ranks.rank())
            answers = rollout.sample(
                cast, mine, seed=seed, end_id=end_id, pad_id=pad_id, length=settings.max_new_tokens,
                temperature=settings.temperature, batch=settings.generation_batch_size,
            )  # fmt: skip
        with clock.timing("score"):
            found = rollout.judge(
                cast, mine, answers, end_id=end_id, pad_id=pad_id,
                temperature=settings.temperature, batch=settings.per_device_eval_batch_size,
            )  # fmt: skip
            reward = rollout.rewards(found, settings.reward_clip, settings.no_eos_reward)
            target = ppo_update.targets(found, reward, state.beta, settings)

        # update
        rate = ppo_update.set_rates(optim, settings, iteration, iterations)
        with clock.timing("update"):
            updated = ppo_update.update(cast, found, target, optim, settings, iteration, pad_id)

        # figures, beta, stop rules
        rows = [row for part in ranks.gathered(ppo_figures.answered(found, reward)) for row in part]
        clock.count(rows)
        explained = ppo_update.explained_variance(found, target)
        figures = ppo_figures.figures(rows, state.beta)
        figures |= {"beta": state.beta, "learning_rate": rate, "explained_variance": explained, **updated}
        ppo_finish.warn_of_no_eos_reward(iteration, figures, settings)
        state = state._replace(step=iteration + 1, beta=ppo_update.next_beta(state.beta, figures["kl"], settings))
        state = ppo_figures.with_stop_rules(state, figures, settings)
        last = state.step == iterations or bool(state.stopped)
        if last or state.step == 1 or state.step % settings.logging_steps == 0:
            note(state.step, figures)
        bar.update()

        # evaluation and checkpoint
        if dev and (state.step % settings.eval_steps == 0 or last):
            state = evaluate(state)
        if state.step % settings.save_steps == 0 or last or state.stopped:
            ppo_state.save(output, cast, optim, state, settings.save_total_limit)
    bar.close()

    # save, metrics.json
    ppo_finish.finish(settings, cast, state, tokenizer, made_of, counts, clock)
    ranks.leave()


if __name__ == "__main__":
    program.run(main)
