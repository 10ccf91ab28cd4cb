"""What watches a run: gradients that are not shared, weights that drift, a loss that is no number, a log that resumes."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("transformers")

from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.training.guards import GradientSync, RunLog, read_log
from tests.training.tiny import call


def trainer(wrapped: bool, fsdp: bool = False) -> Any:
    model = object()
    return SimpleNamespace(
        model=model, model_wrapped=object() if wrapped else model, is_fsdp_enabled=fsdp, is_deepspeed_enabled=False
    )


@pytest.mark.parametrize(
    ("processes", "wrapped", "fsdp", "refused"), [(2, False, False, True), (2, True, False, False), (1, False, False, False), (2, False, True, False)]
)  # fmt: skip
def test_processes_that_do_not_share_gradients_are_stopped(
    processes: int, wrapped: bool, fsdp: bool, refused: bool
) -> None:
    guard = GradientSync(trainer(wrapped, fsdp))
    arguments = SimpleNamespace(world_size=processes)
    if refused:
        with pytest.raises(CmtmedqaError, match="do not share their gradients; do not evaluate before train"):
            guard.on_step_begin(arguments, None, None)
    else:
        guard.on_step_begin(arguments, None, None)


def compare_weights(rank: int, differ: bool) -> None:
    """Runs in a process of its own: two processes, one of which may hold other weights."""
    import torch

    from cmtmedqa.training.guards import require_equal_weights

    torch.distributed.init_process_group("gloo")
    model = torch.nn.Linear(3, 3)
    torch.nn.init.constant_(model.weight, float(rank) if differ else 1.0)
    torch.nn.init.zeros_(model.bias)
    try:
        require_equal_weights(model)
    except CmtmedqaError as error:
        print(error, flush=True)
        raise SystemExit(2) from None


@pytest.mark.parametrize("differ", [False, True])
def test_processes_whose_weights_differ_are_stopped(differ: bool, model_folder: Path, tmp_path: Path) -> None:
    done = call(compare_weights, differ, cwd=tmp_path, processes=2)
    assert done.code == (2 if differ else 0), done.output
    assert ("hold different weights" in done.output) == differ


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", None)
    state = SimpleNamespace(global_step=3)
    log.on_log(None, state, None, {"loss": 1.0, "grad_norm": float("inf"), "train_runtime": 3.0})
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"step": 3, "loss": 1.0, "grad_norm": None}
    with pytest.raises(CmtmedqaError, match="the loss is no number at step 3"):
        log.on_log(None, state, None, {"loss": float("nan")})


def test_a_resumed_log_drops_what_lies_behind_its_checkpoint_and_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 5, "loss": 1.0}\n{"step": 6, "loss": 0.9}\n{"step": 7, "lo', encoding="utf-8")
    log = RunLog(path, 5)
    log.on_log(None, SimpleNamespace(global_step=6), None, {"loss": 0.5})
    assert read_log(path) == [{"step": 5, "loss": 1.0}, {"step": 6, "loss": 0.5}]
