"""What a model was made from: another base, template or tokenizer is found before the first step."""

import json
from pathlib import Path

import pytest

from cmtmedqa.errors import InputError
from cmtmedqa.training import lineage

ACTUAL = {"base": "b1", "template": "t1", "tokenizer": "k1"}


def model(folder: Path, weights: bytes = b"w" * 1000) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen3", "transformers_version": "5.24.0"}))
    (folder / "model.safetensors").write_bytes(weights)
    return folder


@pytest.mark.parametrize("key", ACTUAL)
def test_the_differing_key_is_named(key: str) -> None:
    lineage.require_same(ACTUAL, ACTUAL, "runs/reward")
    with pytest.raises(InputError, match=f"runs/reward: was trained with {key} x, this run has {key} {ACTUAL[key]}"):
        lineage.require_same(ACTUAL | {key: "x"}, ACTUAL, "runs/reward")


def test_the_hash_is_that_of_configuration_and_weights_not_of_names_and_versions(tmp_path: Path) -> None:
    first, second, other = model(tmp_path / "a"), model(tmp_path / "b"), model(tmp_path / "c", b"v" * 1000)
    (second / "config.json").write_text(json.dumps({"model_type": "qwen3", "transformers_version": "5.17.0"}))
    assert lineage.base_hash(first) == lineage.base_hash(second)
    assert lineage.base_hash(first) != lineage.base_hash(other)


def test_a_large_file_is_sampled_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "_WHOLE", 1 << 16)
    content = bytearray(1 << 22)
    hashes = set()
    for place in (None, 0, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        if place is not None:
            changed[place] = 1
        hashes.add(lineage.base_hash(model(tmp_path / str(place), bytes(changed))))
    assert len(hashes) >= 3  # the last and the first place are always looked at


def test_a_run_folder_stands_for_its_model(tmp_path: Path) -> None:
    inner = model(tmp_path / "run" / "model")
    (tmp_path / "run" / "run.json").write_text("{}")
    assert lineage.model_folder(str(tmp_path / "run")) == inner


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent/model: no such folder, and no model of that name in the local cache"):
        lineage.model_folder("absent/model")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="is an adapter, not a model; merge it first: cmtmedqa merge"):
        lineage.model_folder(str(tmp_path / "adapter"))
    with pytest.raises(InputError, match=r"holds no config\.json"):
        lineage.model_folder(str(tmp_path))
    (model(tmp_path / "bare") / "model.safetensors").unlink()
    with pytest.raises(InputError, match="holds no weights"):
        lineage.model_folder(str(tmp_path / "bare"))


def test_what_was_stored_is_read_back_and_its_absence_named(tmp_path: Path) -> None:
    lineage.write(tmp_path, ACTUAL)
    assert lineage.read(tmp_path) == ACTUAL
    with pytest.raises(InputError, match="so its base is unknown"):
        lineage.read(tmp_path / "elsewhere")
