"""Which checkpoint is whole. The Trainer resumes from the highest number, whole or not."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.numpy")

from cmtmedqa.training.checkpoints import fault_of, newest_whole, remove_broken  # noqa: E402


def checkpoint(folder: Path, step: int) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        torch.save({"state": torch.zeros(64)}, path / name)
    safetensors.save_file({"w": np.zeros((32, 32), np.float32)}, path / "model.safetensors")
    return path


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


FILES = ("trainer_state.json", "optimizer.pt", "scheduler.pt", "rng_state.pth", "model.safetensors")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_checkpoint_with_a_file_missing_or_cut_short_is_passed_over(
    name: str, damage: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, broken = checkpoint(tmp_path, 5), checkpoint(tmp_path, 10)
    assert newest_whole(tmp_path) == broken
    damage(broken / name)  # type: ignore[operator]
    assert fault_of(broken)
    assert newest_whole(tmp_path) == whole
    assert f"{broken}: is not whole" in capsys.readouterr().err
    remove_broken(tmp_path, whole)
    assert not broken.exists()
    assert whole.exists()


def test_the_newest_is_that_of_the_highest_step_not_of_the_last_letter(tmp_path: Path) -> None:
    checkpoint(tmp_path, 9)
    last = checkpoint(tmp_path, 10)
    (tmp_path / "checkpoint-best").mkdir()
    assert newest_whole(tmp_path) == last


def test_there_may_be_none(tmp_path: Path) -> None:
    assert newest_whole(tmp_path) is None
    remove_broken(tmp_path, None)


def test_the_states_of_all_processes_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    path = checkpoint(tmp_path, 5)
    (path / "rng_state.pth").rename(path / "rng_state_0.pth")
    assert fault_of(path) == "rng_state_1.pth is missing or cut short"
    (path / "rng_state_1.pth").write_bytes((path / "rng_state_0.pth").read_bytes())
    assert not fault_of(path)


def test_all_files_of_weights_in_several_files_count(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, 5)
    shards = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (path / "model.safetensors.index.json").write_text(json.dumps(shards))
    assert "is missing" in fault_of(path)
    (path / "model-2.safetensors").write_bytes((path / "model.safetensors").read_bytes())
    assert not fault_of(path)


def test_sharded_optimizers_have_other_names(tmp_path: Path) -> None:
    path = checkpoint(tmp_path, 5)
    (path / "optimizer.pt").rename(path / "optimizer.bin")
    (path / "model.safetensors").rename(path / "pytorch_model_fsdp.bin")
    assert not fault_of(path)
    (path / "pytorch_model_fsdp.bin").unlink()
    assert fault_of(path) == "no weights"
