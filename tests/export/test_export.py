import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cmtmedqa.cli.app import app
from cmtmedqa.errors import InputError
from cmtmedqa.export.dataset import read_dataset

_RUNNER = CliRunner()


@pytest.fixture
def dataset(corpus: Callable[..., Path], tmp_path: Path) -> Path:
    done = _RUNNER.invoke(app, ["build", str(corpus(80)), "-o", str(tmp_path / "set"), "--no-deidentify"])
    assert done.exit_code == 0
    return tmp_path / "set"


def _export(dataset: Path, shape: str, output: Path, *more: str) -> None:
    assert _RUNNER.invoke(app, ["export", shape, str(dataset), "-o", str(output), *more]).exit_code == 0


def test_cmtmedqa_rows_have_the_published_shape_and_read_back_the_same(dataset: Path, tmp_path: Path) -> None:
    _export(dataset, "cmtmedqa", tmp_path / "a.json")
    rows = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert all(list(row) == ["id", "cate1", "cate2", "instruction", "input", "output", "history"] for row in rows)
    read = _RUNNER.invoke(app, ["sources", "read", str(tmp_path / "a.json"), "-o", str(tmp_path / "back.jsonl")])
    assert read.exit_code == 0
    back = [json.loads(line) for line in (tmp_path / "back.jsonl").read_text(encoding="utf-8").splitlines()]
    there = {item.id: item for item in read_dataset(dataset)}
    assert len(back) == len(there) == len(rows)
    for row in back:
        original = there[row["id"]]
        assert [(turn["role"], turn["text"]) for turn in row["turns"]] == [
            (turn.role, turn.text) for turn in original.turns
        ]
        assert row["department"] == (original.department or "其他")


def test_messages_alternate_and_splits_sum(dataset: Path, tmp_path: Path) -> None:
    count = 0
    for split in ("train", "dev", "test"):
        _export(dataset, "messages", tmp_path / f"{split}.jsonl", "--split", split)
        for line in (tmp_path / f"{split}.jsonl").read_text(encoding="utf-8").splitlines():
            roles = [message["role"] for message in json.loads(line)["messages"]]
            assert roles == ["user", "assistant"] * (len(roles) // 2)
            count += 1
    assert count == sum(1 for _ in read_dataset(dataset))


def test_bad_arguments_are_one_line(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no format 'word'; there are: cmtmedqa, messages"):
        _RUNNER.invoke(app, ["export", "word", str(dataset), "-o", str(tmp_path / "x")], catch_exceptions=False)
    with pytest.raises(InputError, match="no split 'best'"):
        _RUNNER.invoke(
            app,
            ["export", "messages", str(dataset), "-o", str(tmp_path / "x"), "--split", "best"],
            catch_exceptions=False,
        )
    with pytest.raises(InputError, match="no finished dataset"):
        _RUNNER.invoke(app, ["export", "messages", str(tmp_path), "-o", str(tmp_path / "x")], catch_exceptions=False)
    assert not (tmp_path / "x").exists()
