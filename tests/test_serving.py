"""Which server a model is handed to, and which folder; without torch."""

import json
from pathlib import Path

import pytest

from cmtmedqa import io, serving
from cmtmedqa.errors import CmtmedqaError, InputError


def test_vllm_comes_before_transformers_and_neither_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(serving, "find_spec", lambda name: name)
    assert serving.server()[1:] == ["-m", "transformers.cli.transformers", "serve"]
    (tmp_path / "vllm").write_text("#!/bin/sh\n")
    (tmp_path / "vllm").chmod(0o755)
    assert serving.server() == [str(tmp_path / "vllm"), "serve"]
    (tmp_path / "vllm").unlink()
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == "uvicorn" else name)
    with pytest.raises(CmtmedqaError, match=r"no server is installed: pip install 'cmtmedqa\[serve\]'"):
        serving.server()


def test_a_whole_model_is_served_as_it_is_and_an_adapter_from_its_merged_folder(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    assert serving.served_folder(str(tmp_path / "whole"), None) == tmp_path / "whole"
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    (run / "model" / "adapter_config.json").write_text("{}")
    (run / "model" / "adapter_model.safetensors").write_bytes(b"weights")
    merged = tmp_path / "run-merged"
    merged.mkdir()
    (merged / "cmtmedqa.json").write_text(
        json.dumps({"adapter": io.sha256_file(run / "model" / "adapter_model.safetensors")[:16]})
    )
    assert serving.served_folder(str(run), None) == merged
    (run / "model" / "adapter_model.safetensors").write_bytes(b"trained again")
    with pytest.raises(InputError, match="run-merged: is not this adapter merged; remove it"):
        serving.served_folder(str(run), None)
    with pytest.raises(InputError, match="no such folder"):
        serving.served_folder(str(tmp_path / "absent"), None)
