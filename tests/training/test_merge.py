"""train/merge.py and what reads a model again: sums are right, wrong bases are refused, nothing half-written stays."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.judged import write_preferences
from tests.training.talking import make_reward
from tests.training.tiny import Done, run

torch = pytest.importorskip("torch", reason="training needs torch: pip install -e '.[train]'")
pytest.importorskip("trl", reason="training needs trl: pip install -e '.[train]'")

from cmtmedqa.training import adapters, lineage, template  # noqa: E402

Merge = Callable[..., Done]


@pytest.fixture(scope="module")
def trained(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a DPO run whose adapter has moved."""
    folder = tmp_path_factory.mktemp("trained")
    rows = write_preferences(folder / "rows.jsonl", range(16))
    told = [f"model={model_folder}", f"data={rows}", "eval_share=0", f"output={folder / 'run'}", "learning_rate=1e-2"]
    done = run("dpo", "--recipe", "tiny", *told, cwd=folder)
    assert done.code == 0, done.output
    return folder / "run"


@pytest.fixture
def merge(tmp_path: Path) -> Merge:
    def merging(*arguments: object, code: int = 0) -> Done:
        done = run("merge", *map(str, arguments), cwd=tmp_path)
        assert done.code == code, done.output
        return done

    return merging


def logits(model: Any, tokenizer: Any) -> Any:
    ids = torch.tensor([template.prompt_ids(tokenizer, [{"role": "user", "content": "咳嗽一周了，要做什么检查？"}])])
    with torch.no_grad():
        return model(input_ids=ids).logits


def test_a_merged_model_answers_as_the_adapter_on_its_base(trained: Path, merge: Merge, tmp_path: Path) -> None:
    merge(trained, "-o", tmp_path / "whole", "--dtype", "float32")
    apart, tokenizer = adapters.load(trained / "model", None, "cpu", torch.float32)
    whole, same = adapters.load(tmp_path / "whole", None, "cpu", torch.float32)
    assert template.fingerprint(same) == template.fingerprint(tokenizer)
    assert torch.allclose(logits(apart, tokenizer), logits(whole, tokenizer), atol=1e-4)
    with apart.disable_adapter():
        assert not torch.allclose(logits(apart, tokenizer), logits(whole, tokenizer), atol=1e-2)


def test_what_is_written_is_what_servers_and_later_stages_need(trained: Path, merge: Merge, tmp_path: Path) -> None:
    merge(trained / "model", "-o", tmp_path / "whole", "--temperature", "0.5")
    config = json.loads((tmp_path / "whole" / "config.json").read_text())
    generation = json.loads((tmp_path / "whole" / "generation_config.json").read_text())
    _, tokenizer = adapters.load(tmp_path / "whole", None, "cpu", torch.bfloat16)
    assert (config["dtype"], config["use_cache"]) == ("bfloat16", True)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    assert generation | ends | {"do_sample": True, "temperature": 0.5, "top_p": 0.9} == generation
    assert (tmp_path / "whole" / "chat_template.jinja").read_text() == template.TEMPLATE
    assert lineage.read(tmp_path / "whole")["adapter"] == adapters.adapter_hash(trained / "model")
    assert str(tmp_path) not in (tmp_path / "whole" / "cmtmedqa.json").read_text()


def test_a_reward_model_stays_one_that_scores(model_folder: Path, merge: Merge, tmp_path: Path) -> None:
    reward = make_reward(model_folder, tmp_path / "reward")
    merge(reward, "-o", tmp_path / "whole", "--dtype", "float32")
    apart, tokenizer = adapters.load(reward, None, "cpu", torch.float32)
    whole, _ = adapters.load(tmp_path / "whole", None, "cpu", torch.float32)
    assert json.loads((tmp_path / "whole" / "config.json").read_text())["architectures"] == [
        "Qwen3ForSequenceClassification"
    ]
    assert logits(whole, tokenizer).shape == (1, 1)
    assert torch.allclose(logits(apart, tokenizer), logits(whole, tokenizer), atol=1e-5)


def test_what_cannot_be_merged_ends_in_one_line_and_leaves_nothing(
    trained: Path, model_folder: Path, merge: Merge, tmp_path: Path
) -> None:
    def refused(*arguments: object) -> str:
        last: str = merge(*arguments, "-o", tmp_path / "out", code=2).output.splitlines()[-1]
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".out.*"))
        return last.removeprefix("error: ")

    assert "there is nothing to merge" in refused(model_folder)
    shutil.copytree(model_folder, tmp_path / "moved")
    weights = tmp_path / "moved" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert "was trained on a base with the hash" in refused(trained, "--base", tmp_path / "moved")
    shutil.copytree(trained / "model", tmp_path / "cut")
    adapter = tmp_path / "cut" / "adapter_model.safetensors"
    adapter.write_bytes(adapter.read_bytes()[:443])
    assert "adapter_model.safetensors is missing or damaged" in refused(tmp_path / "cut")
    shutil.copytree(trained, tmp_path / "unfinished")
    (tmp_path / "unfinished" / "metrics.json").unlink()
    assert "is a run that has not finished" in refused(tmp_path / "unfinished")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    done = merge(trained, "-o", tmp_path / "full", code=2)
    assert done.output.splitlines()[-1] == f"error: {tmp_path / 'full'}: exists already; choose another folder"


def test_a_model_that_lacks_weights_is_refused(model_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from cmtmedqa.errors import InputError

    shutil.copytree(model_folder, tmp_path / "holes")
    weights = load_file(tmp_path / "holes" / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, tmp_path / "holes" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks weights of its model, such as model\.layers\.1\.mlp\.up_proj\.weight"):
        adapters.load(tmp_path / "holes", None, "cpu", torch.float32)
