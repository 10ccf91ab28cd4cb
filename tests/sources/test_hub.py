"""Datasets of Hugging Face: from disk, whatever their layout; no network is ever used here."""

import builtins
import json
from pathlib import Path

import pytest

from cmtmedqa.errors import InputError, MissingExtra
from cmtmedqa.sources import hub
from cmtmedqa.sources.detect import Shape, detect
from cmtmedqa.sources.files import SourceFile, expand
from cmtmedqa.sources.mapped import Mapped
from cmtmedqa.sources.read import plan, read

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def _offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def rows(*numbers: int) -> list[dict[str, str]]:
    return [{"question": f"第{number}天咳嗽怎么办？", "answer": "多喝水。"} for number in numbers]


def saved(folder: Path, **splits: list[dict[str, str]]) -> str:
    whole = datasets.DatasetDict({name: datasets.Dataset.from_list(items) for name, items in splits.items()})
    whole.save_to_disk(str(folder))
    return f"hf:{folder}"


def questions(item: str) -> list[str]:
    (file,) = expand([item])[0]
    (unit,) = plan(file, 1).units
    found = list(read(unit))
    assert [record.index for record in found] == list(range(len(found)))
    return [record.turns[0][1] for record in found if isinstance(record, Mapped)]


def test_splits_follow_each_other_in_sorted_order(tmp_path: Path) -> None:
    item = saved(tmp_path / "data", train=rows(1, 2), test=rows(3))
    assert questions(item) == ["第3天咳嗽怎么办？", "第1天咳嗽怎么办？", "第2天咳嗽怎么办？"]
    assert questions(item + ":train") == ["第1天咳嗽怎么办？", "第2天咳嗽怎么办？"]


def test_one_saved_dataset(tmp_path: Path) -> None:
    datasets.Dataset.from_list(rows(1, 2)).save_to_disk(str(tmp_path / "data"))
    assert len(questions(f"hf:{tmp_path / 'data'}")) == 2


def test_folders_of_files(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    datasets.Dataset.from_list(rows(1)).to_parquet(str(tmp_path / "data" / "train-0.parquet"))
    datasets.Dataset.from_list(rows(2)).to_parquet(str(tmp_path / "data" / "test-0.parquet"))
    assert questions(f"hf:{tmp_path}") == ["第2天咳嗽怎么办？", "第1天咳嗽怎么办？"]
    lines = tmp_path / "lines"
    lines.mkdir()
    (lines / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows(4, 5)), encoding="utf-8")
    assert questions(f"hf:{lines}") == ["第4天咳嗽怎么办？", "第5天咳嗽怎么办？"]


def test_the_shape_is_that_of_the_first_rows(tmp_path: Path) -> None:
    (file,) = expand([saved(tmp_path / "data", train=rows(1))])[0]
    assert detect(file) == Shape("hub", adapter="single-qa")


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    first = hub.fingerprint(SourceFile("a", saved(tmp_path / "a", train=rows(1))))
    again = hub.fingerprint(SourceFile("a", f"hf:{tmp_path / 'a'}"))
    split = hub.fingerprint(SourceFile("a", f"hf:{tmp_path / 'a'}:train"))
    (tmp_path / "a" / "train" / "more.txt").write_text("x", encoding="utf-8")
    changed = hub.fingerprint(SourceFile("a", f"hf:{tmp_path / 'a'}"))
    assert first == again
    assert len({first[0], split[0], changed[0]}) == 3


def test_an_unknown_split_is_one_line(tmp_path: Path) -> None:
    (file,) = expand([saved(tmp_path / "data", train=rows(1), test=rows(2)) + ":dev"])[0]
    with pytest.raises(InputError, match=r"no split 'dev'; there are: test, train$"):
        detect(file)


def test_what_cannot_be_loaded_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text('{"question": "隐私"', encoding="utf-8")
    (file,) = expand([f"hf:{tmp_path / 'data'}"])[0]
    with pytest.raises(InputError) as raised:
        detect(file)
    message = str(raised.value)
    assert message.startswith("hf:data: cannot be loaded by datasets: ")
    assert message.endswith("its files can be read one by one: leave out hf:")
    assert "\n" not in message
    assert "隐私" not in message


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = saved(tmp_path / "data", train=rows(1))
    real = builtins.__import__

    def absent(name: str, *rest: object, **more: object) -> object:
        if name == "datasets":
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"needs datasets: pip install 'cmtmedqa\[hub\]'"):
        detect(expand([item])[0][0])
