"""The command: what it writes loads where it is meant to, and what it cannot do it says in one line."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cmtmedqa.cli.app import app
from cmtmedqa.errors import InputError
from cmtmedqa.export.dataset import read_dataset
from cmtmedqa.export.write import FORMATS
from cmtmedqa.records import Dialogue

Say = Callable[..., Dialogue]
DatasetOf = Callable[..., Path]

_RUNNER = CliRunner()
_FILES = [
    *((shape, f"{shape}{suffix}") for shape in FORMATS[:-2] for suffix in (".json", ".jsonl")),
    ("csv", "a.csv"),
    ("xlsx", "a.xlsx"),
]


@pytest.fixture
def dataset(say: Say, dataset_of: DatasetOf) -> Path:
    """Sixty dialogues of one to three exchanges in all three splits."""
    known = [("内科", ["内科", "神经内科"]), ("皮肤科", ["皮肤性病科"]), (None, ["外星科"]), (None, [])]
    made = []
    for number in range(60):
        texts = [f"第{number}例，第{turn}句：头痛\u2028发热，怎么办？" for turn in range(2 + 2 * (number % 3))]
        department, raw = known[number % 4]
        made.append(say(f"t{number}", *texts, department=department, department_raw=raw))
    return dataset_of(train=made[:40], dev=made[40:50], test=made[50:])


def _export(dataset: Path, shape: str, output: Path, *more: str) -> str:
    done = _RUNNER.invoke(app, ["export", shape, str(dataset), "-o", str(output), *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def _read_back(path: Path) -> list[dict[str, Any]]:
    output = path.with_suffix(".back")
    done = _RUNNER.invoke(app, ["sources", "read", str(path), "-o", str(output)], catch_exceptions=False)
    assert done.exit_code == 0
    return [json.loads(line) for line in output.read_bytes().split(b"\n") if line]


def _said(turns: Any) -> list[tuple[str, str]]:
    return [(turn["role"], turn["text"]) for turn in turns]


def _load(files: Any, cache: Path) -> Any:
    from datasets import load_dataset

    return load_dataset("json", data_files=files, split="train", cache_dir=str(cache))


@pytest.mark.parametrize(("shape", "name"), _FILES)
def test_every_format_passes_its_check_and_gives_the_same_bytes_again(
    dataset: Path, tmp_path: Path, shape: str, name: str
) -> None:
    digests = set()
    for folder in ("a", "b"):
        said = _export(dataset, shape, tmp_path / folder / name, "--check")
        assert "0 rows would be dropped" in said
        digests.add(hashlib.sha256((tmp_path / folder / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        [name, *(["dataset_info.json"] if shape in {"sharegpt", "alpaca"} else [])]
    )


@pytest.mark.parametrize(
    ("shape", "name"), [pair for pair in _FILES if pair[1].startswith(("cmtmedqa", "sharegpt", "alpaca"))]
)
def test_what_is_read_back_is_what_was_exported(dataset: Path, tmp_path: Path, shape: str, name: str) -> None:
    _export(dataset, shape, tmp_path / name)
    back = _read_back(tmp_path / name)
    there = list(read_dataset(dataset))
    assert sorted(_said(row["turns"]) for row in back) == sorted(
        [(turn.role, turn.text) for turn in item.turns] for item in there
    )
    if shape == "cmtmedqa":
        departments = {item.id: item.department or "其他" for item in there}
        assert {row["id"]: row["department"] for row in back} == departments


@pytest.mark.parametrize(("shape", "name"), _FILES[:-2])
def test_datasets_loads_every_row(dataset: Path, tmp_path: Path, shape: str, name: str) -> None:
    _export(dataset, shape, tmp_path / name)
    loaded = _load(str(tmp_path / name), tmp_path / "cache")
    assert len(loaded) == sum(1 for _ in read_dataset(dataset))
    assert not any(value is None for row in loaded for value in row.values())


@pytest.mark.parametrize("shape", ["messages", "sharegpt", "medicalgpt", "ms-swift"])
def test_shards_load_in_reverse_order(say: Say, dataset_of: DatasetOf, tmp_path: Path, shape: str) -> None:
    folder = dataset_of(
        train=[say("a", "头痛", "多休息")],
        dev=[say("b", "头痛", "多休息", "没好", "复查", system="你是医生。")],
        test=[say("c", "咳嗽", "多喝水")],
    )
    files = []
    for split in ("train", "dev", "test"):
        files.append(str(tmp_path / f"{split}.jsonl"))
        _export(folder, shape, Path(files[-1]), "--split", split)
    for order in (files, files[::-1]):
        assert len(_load(order, tmp_path / "cache")) == 3


@pytest.mark.parametrize("shape", ["cmtmedqa", "alpaca"])
def test_a_history_that_starts_behind_many_single_questions_still_loads(
    say: Say, dataset_of: DatasetOf, tmp_path: Path, shape: str
) -> None:
    many = [say(f"s{number}", "头痛" * 60_000, "多休息") for number in range(40)]
    folder = dataset_of(train=[*many, say("long", "头痛", "多久了？", "三天", "多休息"), say("end", "咳嗽", "多喝水")])
    _export(folder, shape, tmp_path / "a.jsonl", "--check")
    loaded = _load(str(tmp_path / "a.jsonl"), tmp_path / "cache")
    assert [len(row) for row in loaded["history"]] == [1, *[0] * 41]
    assert loaded["instruction"][-1] == "咳嗽"


def test_splits_sum_and_every_reason_is_said(dataset: Path, tmp_path: Path) -> None:
    total = sum(1 for _ in read_dataset(dataset))
    count = 0
    for split in ("train", "dev", "test"):
        said = _export(dataset, "messages", tmp_path / f"{split}.jsonl", "--split", split)
        here = (tmp_path / f"{split}.jsonl").read_bytes().count(b"\n")
        assert f"of {total:,} dialogues {here} were selected and {total - here} were not" in said
        assert f"{total - here} in another split (split)" in said
        count += here
    assert count == total


def test_turns_are_counted_after_trimming(say: Say, dataset_of: DatasetOf, tmp_path: Path) -> None:
    bye = ("谢谢医生", "不客气，祝您早日康复！")
    folder = dataset_of(
        train=[
            say("a", "头痛", "多休息", "没好", "复查", *bye),
            say("b", "头痛", "多休息", *bye),
            say("c", "头痛", "多休息", "谢谢", "不客气，记得复查。"),
        ]
    )
    said = _export(folder, "cmtmedqa", tmp_path / "a.json", "--trim-farewell", "--min-turns", "4")
    rows = json.loads((tmp_path / "a.json").read_bytes())
    assert [(row["id"], row["output"]) for row in rows] == [("a", "复查"), ("c", "不客气，记得复查。")]
    assert "1 with fewer turns than asked for (min_turns)" in said
    assert "farewells trimmed: 2 turns at the end of 1 dialogues" in said


def test_the_registry_names_the_file_and_keeps_other_entries(dataset: Path, tmp_path: Path) -> None:
    info = tmp_path / "out" / "dataset_info.json"
    info.parent.mkdir()
    info.write_text('{"mine": {"file_name": "mine.json"}}', encoding="utf-8")
    _export(dataset, "sharegpt", info.parent / "sft.json")
    said = _export(dataset, "alpaca", info.parent / "sft.jsonl")
    assert "--dataset cmtmedqa_sft_jsonl" in said
    assert json.loads(info.read_text(encoding="utf-8")) == {
        "mine": {"file_name": "mine.json"},
        "cmtmedqa_sft": {
            "file_name": "sft.json",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system"},
        },
        "cmtmedqa_sft_jsonl": {
            "file_name": "sft.jsonl",
            "formatting": "alpaca",
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "response": "output",
                "system": "system",
                "history": "history",
            },
        },
    }
    checked = ["export", "sharegpt", str(info.parent / "sft.json"), "--check"]
    assert _RUNNER.invoke(app, checked).exit_code == 0
    info.write_text("{}", encoding="utf-8")
    done = _RUNNER.invoke(app, checked)
    assert (done.exit_code, "not_in_dataset_info.json" in done.stdout) == (1, True)


def test_a_registry_that_cannot_be_read_stops_before_anything_is_written(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dataset_info.json").write_text("[", encoding="utf-8")
    with pytest.raises(InputError, match=r"dataset_info\.json: cannot be read as JSON"):
        _export(dataset, "sharegpt", tmp_path / "out" / "a.json")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["dataset_info.json"]


def test_names_of_formats_as_their_programs_write_them(dataset: Path, tmp_path: Path) -> None:
    for name in ("MedicalGPT", "TRL", "llamafactory-sharegpt", "ms_swift", "CMtMedQA"):
        _export(dataset, name, tmp_path / f"{name}.json")


def test_an_existing_file_is_checked_and_damage_is_exit_code_1(dataset: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    _export(dataset, "messages", path)
    assert _RUNNER.invoke(app, ["export", "messages", str(path), "--check"]).exit_code == 0
    lines = path.read_text(encoding="utf-8").split("\n")
    row = json.loads(lines[2])
    row["messages"].pop()
    lines[2] = json.dumps(row, ensure_ascii=False)
    path.write_text("\n".join(lines), encoding="utf-8")
    done = _RUNNER.invoke(app, ["export", "messages", str(path), "--check"])
    assert done.exit_code == 1
    assert "odd_count: 1 (row 3)" in done.stdout


def test_a_file_that_fails_its_check_is_not_put_in_place(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cmtmedqa.export import write

    path = tmp_path / "a.json"
    path.write_text("what was there", encoding="utf-8")
    monkeypatch.setitem(write.ROWS, "messages", lambda _: {"messages": [{"role": "user", "content": "只有问题"}]})
    done = _RUNNER.invoke(app, ["export", "messages", str(dataset), "-o", str(path), "--check"])
    assert done.exit_code == 1
    assert "odd_count: " in done.stdout
    assert "只有问题" not in done.output
    assert path.read_text(encoding="utf-8") == "what was there"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["word", "set", "-o", "x"], "no format 'word'; there are: cmtmedqa, messages, sharegpt, alpaca, medicalgpt"),
        (["messages", "set", "-o", "x", "--split", "best"], "no split 'best'; there are: train, dev, test, all"),
        (["messages", "set", "-o", "x", "--departments", "骨科"], "no department '骨科'; there are: 皮肤科, 外科"),
        (["messages", "set", "-o", "x", "--min-turns", "99"], "no dialogue is left to export"),
        (["messages", "set"], "-o FILE is missing"),
        (["messages", "set", "--check"], "-o FILE is missing"),
        (["messages", "none.jsonl", "--check"], "is no file"),
        (["messages", ".", "-o", "x"], "no finished dataset"),
        (["messages", "none", "-o", "x"], "is no folder of a dataset and no mixture"),
        (["messages", "set", "-o", "."], "is a folder"),
        (["messages", "set", "-o", "set/data/x.jsonl"], "lies inside"),
        (["sharegpt", "set", "-o", "x.txt"], "end it in .json or .jsonl"),
        (["xlsx", "set", "-o", "x.csv"], "end it in .xlsx"),
        (["sharegpt", "set", "-o", "dataset_info.json"], "is the name of LLaMA-Factory's registry"),
        (["messages", "set", "-o", "set.txt/x"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_no_file(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set.txt").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        _RUNNER.invoke(app, ["export", *arguments], catch_exceptions=False)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_into_the_dataset_is_seen_through(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(dataset / "data", target_is_directory=True)
    with pytest.raises(InputError, match="lies inside"):
        _export(dataset, "messages", tmp_path / "link" / "a.jsonl")


@pytest.mark.slow
def test_public_samples_export_to_every_format(shared_data: Path, tmp_path: Path) -> None:
    sources = [str(shared_data / "zhongjing" / "CMtMedQA_sample.json"), str(shared_data / "midmed")]
    done = _RUNNER.invoke(app, ["build", *sources, "-o", str(tmp_path / "real")], catch_exceptions=False)
    assert done.exit_code == 0
    total = sum(1 for _ in read_dataset(tmp_path / "real"))
    for shape, file in [pair for pair in _FILES if not pair[1].endswith(".json")]:
        output = tmp_path / "out" / file
        said = _export(tmp_path / "real", shape, output, "--check", "--trim-farewell")
        assert f"of {total:,} dialogues {total:,} were selected and 0 were not" in said
        if shape in FORMATS[:-2]:
            assert len(_load(str(output), tmp_path / "cache")) == total


def test_the_demo_exports_to_every_format(tmp_path: Path) -> None:
    done = _RUNNER.invoke(app, ["build", "--demo", "-o", str(tmp_path / "demo")], catch_exceptions=False)
    assert done.exit_code == 0
    for shape, file in _FILES:
        assert "0 rows would be dropped" in _export(tmp_path / "demo", shape, tmp_path / "out" / file, "--check")
