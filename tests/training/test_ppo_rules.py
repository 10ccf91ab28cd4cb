"""PPO's bookkeeping without a model: learning rates, beta, figures, stop rules, the best evaluation, the log."""

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")

from cmtmedqa import recipes
from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.training import adapters, ppo_figures, ppo_finish, ppo_state, ppo_update, ranks
from cmtmedqa.training.ppo_figures import Answered
from cmtmedqa.training.ppo_state import State

GIVEN = ("model=m", "reward_model=r", "data=d", "output=o")


def settings(**changes: object) -> Any:
    return recipes.load("ppo", "tiny", [*GIVEN, *(f"{key}={value}" for key, value in changes.items())])


def answer(reward: float, kl: float, ended: bool = True, length: int = 10) -> Answered:
    return Answered(
        score=reward,
        reward=reward if ended else -1.0,
        ended=ended,
        length=length,
        kl=kl,
        kl_k3=kl,
        entropy=2.0 * length,
    )


def test_figures_are_means_over_answers_and_over_tokens() -> None:
    found = ppo_figures.figures([answer(2.0, 3.0), answer(1.0, 1.0, ended=False, length=30)], beta=0.1)
    assert found["score"] == 1.5
    assert found["score_of_ended"] == 2.0
    assert found["reward"] == 0.5
    assert found["kl"] == 2.0
    assert found["objective"] == pytest.approx(0.5 - 0.1 * 2.0)
    assert found["kl_per_token"] == pytest.approx(4 / 40)
    assert found["entropy"] == pytest.approx(2.0)
    assert found["ended_share"] == 0.5
    assert found["length"] == 20
    assert "score_of_ended" not in ppo_figures.figures([answer(2.0, 3.0, ended=False)], beta=0.1)


def test_rates_warm_up_and_fall() -> None:
    linear = [ppo_update.rate_factor(settings(lr_scheduler_type="linear", warmup_steps=3), i, 13) for i in range(13)]
    assert linear[:3] == [0.25, 0.5, 0.75]
    assert linear[3] == 1.0
    assert all(first > second for first, second in itertools.pairwise(linear[3:]))
    assert linear[-1] == pytest.approx(0.1)
    cosine = settings(lr_scheduler_type="cosine", warmup_steps=0.2)
    assert ppo_update.rate_factor(cosine, 2, 10) == 1.0
    assert ppo_update.rate_factor(cosine, 6, 10) == pytest.approx(0.5 * (1 + math.cos(math.pi / 2)))
    assert ppo_update.rate_factor(settings(lr_scheduler_type="constant"), 9, 10) == 1.0


def test_beta_moves_only_towards_a_target() -> None:
    assert ppo_update.next_beta(0.1, 50.0, settings()) == 0.1
    moved = ppo_update.next_beta(0.1, 50.0, settings(kl_target=5, kl_horizon=160, rollouts=16))
    assert moved == pytest.approx(0.1 * 1.02)


def test_it_stops_above_the_kl_limit() -> None:
    given = settings(stop_kl=10)
    calm, wild = ({"kl": kl, "ended_share": 1.0} for kl in (9.0, 11.0))
    assert not ppo_figures.with_stop_rules(State(), calm, given).stopped
    assert "11.0 nats" in ppo_figures.with_stop_rules(State(), wild, given).stopped
    assert not ppo_figures.with_stop_rules(State(), wild, settings(stop_kl="null")).stopped


def test_it_stops_when_answers_cease_to_end_but_not_because_they_never_did() -> None:
    given = settings(stop_ended_share=0.1)

    def after(*shares: float) -> State:
        state = State()
        for share in shares:
            state = ppo_figures.with_stop_rules(state, {"kl": 0.0, "ended_share": share}, given)
        return state

    assert not after(0.0, 0.0, 0.0, 0.0).stopped
    assert not after(0.5, 0.0, 0.0).stopped
    assert not after(0.5, 0.0, 0.0, 0.2, 0.0, 0.0).stopped
    assert "stop_ended_share 0.1" in after(0.5, 0.0, 0.0, 0.0).stopped


def test_the_best_evaluation_and_patience() -> None:
    given = settings(early_stopping_patience=2)
    state, bests = State(), []
    for step, value in enumerate((1.0, 3.0, 2.0, 2.5), 1):
        state, best = ppo_figures.with_evaluation(state._replace(step=step), {"eval_objective": value}, given)
        bests.append(best)
    assert bests == [True, True, False, False]
    assert (state.best, state.best_step) == (3.0, 2)
    assert "2 evaluations without a better eval_objective" in state.stopped


def test_iterations_answer_each_prompt_as_often_as_asked() -> None:
    assert ppo_finish.iterations(settings(max_steps=-1, num_train_epochs=2, rollouts=16), 100) == 13
    assert ppo_finish.iterations(settings(max_steps=7), 100) == 7


def test_the_log_is_cut_behind_a_checkpoint(tmp_path: Path) -> None:
    for step in (0, 1, 2, 3):
        ppo_state.add_to_log(tmp_path, step, {"reward": step / 2})
    with (tmp_path / "log.jsonl").open("a") as stream:
        stream.write('{"step": 4, "rew')
    ppo_state.cut_log(tmp_path, 2)
    assert (tmp_path / "log.jsonl").read_text() == "".join(
        f'{{"step": {step}, "reward": {step / 2}}}\n' for step in (0, 1, 2)
    )
    ppo_state.cut_log(tmp_path, 0)
    assert (tmp_path / "log.jsonl").read_text() == ""


def test_a_penalty_above_the_scores_of_ended_answers_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"ended_share": 0.5, "score_of_ended": -2.0}
    ppo_finish.warn_of_no_eos_reward(0, figures, settings())
    assert "will learn not to end" in capsys.readouterr().err
    ppo_finish.warn_of_no_eos_reward(0, figures | {"score_of_ended": 1.0}, settings())
    ppo_finish.warn_of_no_eos_reward(1, figures, settings())
    assert capsys.readouterr().err == ""


def test_only_the_reward_model_of_a_finished_run_is_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        adapters.reward_folder(str(tmp_path / "absent"))
    model = tmp_path / "model"
    model.mkdir()
    (tmp_path / "run.json").write_text("{}")
    (model / "adapter_config.json").write_text('{"task_type": "SEQ_CLS"}')
    with pytest.raises(InputError, match="has not finished"):
        adapters.reward_folder(str(tmp_path))
    (tmp_path / "metrics.json").write_text("{}")
    assert adapters.reward_folder(str(tmp_path)) == model
    (model / "adapter_config.json").write_text('{"task_type": "CAUSAL_LM"}')
    with pytest.raises(InputError, match="is no reward model"):
        adapters.reward_folder(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("tuning=full", "PPO trains adapters"),
        ("lora_dropout=0.1", "lora_dropout must be 0"),
        ("gradient_accumulation_steps=2", "mini_batch_size"),
        ("max_new_tokens=160", "room for a prompt"),
        ("rollouts=12", "multiple of mini_batch_size"),
        ("dtype=float16", "no loss scaling"),
    ],
)
def test_settings_that_cannot_work_say_why(change: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        recipes.load("ppo", "tiny", [*GIVEN, change])
    with pytest.raises(ConfigError, match="multiple of processes"):
        recipes.load("ppo", "tiny", [*GIVEN, "processes=3"])


def test_answers_that_the_started_processes_cannot_share_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """torchrun may start another number of processes than the recipe says."""
    monkeypatch.setenv("WORLD_SIZE", "3")
    ranks.require_shares(rollouts=12)
    with pytest.raises(ConfigError, match="mini_batch_size 8 is no multiple of the 3 processes"):
        ranks.require_shares(rollouts=12, mini_batch_size=8)


def test_recipes_of_all_families_load() -> None:
    for family in ("modern", "paper", "tiny"):
        assert recipes.load("ppo", family, GIVEN).lam == 0.95
        assert recipes.load("reward", family, ["model=m", "data=d", "output=o"]).center_coefficient in {0.0, 0.01}
