"""From candidate sets to a reward model: three accounts judge, a third expert decides, `datasets` and train/reward.py read it all."""

import json
import random
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from tests.annotate.desk import Desk
from tests.annotate.doctors import by_length, result
from tests.annotate.simulated import make_sets
from tests.training.conftest import model_folder, train  # noqa: F401

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
SETS = 16


def judged(desk: Desk) -> None:
    """Every task judged by its own account, with noise; then the disputed ones by a third."""
    assert desk.push("all", make_sets(SETS), "--duplicates", "0.1", "--calibration", "0.1")[0] == 0
    for code, doctor in desk.live.doctors.items():
        chance = random.Random(code)
        for task in doctor.tasks(desk.project("all", code)):
            doctor.submit(task.id, result(by_length(task.data, chance, 2.0), [5, 4, 3, 2]))
    assert desk.run("pull", "all")[0] == 0
    assert desk.run("adjudicate", "all")[0] == 0
    third = {task.expert for task in desk.ledger("all").tasks() if task.purpose == "adjudication"}
    assert third
    for code in third:
        desk.live.doctors[code].work(
            desk.project("all", code, adjudication=True), lambda data: by_length(data, random.Random(0))
        )
    assert desk.run("pull", "all", "--full")[0] == 0


@pytest.mark.skipif(
    not all(map(find_spec, ("torch", "trl", "peft", "datasets"))), reason="the extra train is not installed"
)
def test_candidate_sets_become_a_reward_model(
    desk: Desk,
    train: Callable[..., Any],  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import datasets

    judged(desk)
    folder, made = desk.ledger("all").folder, desk.folder / "preferences"
    code, out, err = desk.command(
        "annotate", "export", folder / "annotations.jsonl", "--sets", folder / "sets.jsonl", "-o", made,
        "--format", "ranking,preference,trl", "--dev", "0.2", "--test", "0", "--check",
    )  # fmt: skip
    assert code == 0, err
    cache = str(tmp_path_factory.mktemp("datasets"))
    pairs = {
        shape: sum(
            len(datasets.load_dataset(kind, data_files=str(file), split="train", cache_dir=cache))
            for file in sorted((made / shape).glob(f"*.{suffix}"))
        )
        for shape, kind, suffix in (("preference", "parquet", "parquet"), ("trl", "json", "jsonl"))
    }
    rankings = (made / "rankings.jsonl").read_text(encoding="utf-8").splitlines()
    assert out.splitlines()[0].endswith(f"{len(rankings)} rankings, {pairs['preference']} pairs")
    assert pairs["trl"] == pairs["preference"] > SETS
    dropped = [json.loads(line) for line in (made / "dropped.jsonl").read_text(encoding="utf-8").splitlines()]
    without = [one["set_id"] for one in dropped if (one["kind"], one["reason"]) == ("set", "no_pair")]
    assert len(rankings) + len(without) == SETS
    done = train("reward", f"data={made / 'rankings.jsonl'}", f"output={desk.folder / 'reward'}", "max_steps=2")
    metrics = json.loads((desk.folder / "reward" / "metrics.json").read_text(encoding="utf-8"))
    rows = metrics["rows"]
    assert rows["train_rankings"] + rows["held_out_rankings"] == len(rankings), done.output
    assert rows["train_pairs"] + rows["held_out_pairs"] == pairs["preference"]
    assert not {name: count for name, count in rows.items() if name.startswith("dropped") and count}
