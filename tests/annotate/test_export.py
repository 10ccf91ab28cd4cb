"""Three invented experts and 200 sets through the whole, as a person types it: agreement, adjudication, export, `datasets`."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cmtmedqa import io
from cmtmedqa.annotate.adjudication import Rule, disagreements
from cmtmedqa.annotate.export import FORMATS
from cmtmedqa.annotate.judged import read_records
from cmtmedqa.cli.app import app
from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.export.check import check_file
from cmtmedqa.judgements import Preference, Ranking
from tests.annotate.simulated import EXPERTS, first_round, judge, lines, make_sets


def _run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if isinstance(done.exception, CmtmedqaError):
        assert code == 2, done.exception  # what `main` turns into one line and this code
        assert "\n" not in str(done.exception)
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def round_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 sets, two verdicts each, a third where these disagree."""
    folder = tmp_path_factory.mktemp("round")
    sets = make_sets(200, sizes=(4, 4, 3, 5, 4, 2, 6))
    found = first_round(sets)
    by_id = {item.id: item for item in sets}
    for number, one in enumerate(disagreements(found, Rule())):
        (third,) = [expert for expert in EXPERTS if expert.name not in one.annotators]
        found.append(judge(by_id[one.set_id], third, 5_000 + number, "adjudication"))
    (folder / "sets.jsonl").write_text(lines(sets), encoding="utf-8")
    (folder / "annotations.jsonl").write_text(lines(found), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def exported(round_one: Path) -> Path:
    output = round_one / "out"
    _run(
        "annotate", "export", round_one / "annotations.jsonl", "--sets", round_one / "sets.jsonl", "-o", output,
        "--format", ",".join(FORMATS), "--dev", "0.2", "--test", "0.2", "--check",
    )  # fmt: skip
    return output


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_of_every_format_comes_from_the_same_pairs(exported: Path) -> None:
    pairs = [
        Preference.model_validate(row)
        for name in ("train", "dev", "test")
        for row in pq.read_table(exported / "preference" / f"{name}.parquet").to_pylist()
    ]
    summary = json.loads((exported / "summary.json").read_text(encoding="utf-8"))
    assert summary["kept"]["preferences"] == len(pairs) > 500
    for name in ("train", "dev", "test"):
        mine = {(one.prompt[-1].content, one.chosen, one.rejected) for one in pairs if one.split == name}
        trl = {
            (row["prompt"][-1]["content"], row["chosen"][0]["content"], row["rejected"][0]["content"])
            for row in _rows(exported / "trl" / f"{name}.jsonl")
        }
        swift = {
            (row["messages"][-2]["content"], row["messages"][-1]["content"], row["rejected_response"])
            for row in _rows(exported / "ms-swift" / f"{name}.jsonl")
        }
        factory = {
            (row["conversations"][-1]["value"], row["chosen"]["value"], row["rejected"]["value"])
            for row in json.loads((exported / "llamafactory" / f"{name}.json").read_text(encoding="utf-8"))
        }
        medical = {
            (row["question"], row["response_chosen"], row["response_rejected"])
            for row in _rows(exported / "medicalgpt" / name / "pairs.jsonl")
        }
        assert mine == trl == swift == factory == medical


def test_the_pairs_are_those_of_the_rankings_and_carry_their_id(exported: Path) -> None:
    rankings = {one.id: one for one in read_records(exported / "rankings.jsonl", Ranking)}
    found: dict[str, set[tuple[str, str]]] = {}
    for name in ("train", "dev", "test"):
        table = pq.read_table(exported / "preference" / f"{name}.parquet")
        assert table.schema.equals(io.arrow_schema(Preference))
        for row in table.to_pylist():
            assert rankings[row["ranking_id"]].split == name
            found.setdefault(row["ranking_id"], set()).add((row["chosen_id"], row["rejected_id"]))
    assert found.keys() == rankings.keys()
    for key, one in rankings.items():
        place = {candidate: number for number, group in enumerate(one.rank_groups) for candidate in group}
        expected = {(a, b) for a in place for b in place if place[a] < place[b] and a not in one.vetoed}
        assert found[key] == expected


def test_every_set_annotation_and_pair_is_there_or_dropped_with_a_reason(round_one: Path, exported: Path) -> None:
    dropped = _rows(exported / "dropped.jsonl")
    assert all(row["reason"] for row in dropped)
    rankings = len(_rows(exported / "rankings.jsonl"))
    assert rankings + sum(row["kind"] == "set" for row in dropped) == 200
    sets = [json.loads(line) for line in (round_one / "sets.jsonl").read_text(encoding="utf-8").splitlines()]
    all_pairs = sum(len(one["candidates"]) * (len(one["candidates"]) - 1) // 2 for one in sets)
    summary = json.loads((exported / "summary.json").read_text(encoding="utf-8"))
    assert summary["kept"]["preferences"] + sum(summary["dropped"]["pair"].values()) == all_pairs
    assert summary["dropped"]["annotation"] == {"duplicate": 40}
    assert sum(part["preferences"] for part in summary["splits"].values()) == summary["kept"]["preferences"]


def test_dialogues_do_not_stand_on_two_sides(exported: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in _rows(exported / "rankings.jsonl"):
        sides.setdefault(row["dialogue_id"], set()).add(row["split"])
    assert {len(names) for names in sides.values()} == {1}
    assert set().union(*sides.values()) == {"train", "dev", "test"}


@pytest.mark.parametrize("shape", ["ranking", "preference", "trl", "llamafactory", "medicalgpt", "ms-swift"])
def test_datasets_loads_each_format_whole(exported: Path, tmp_path: Path, shape: str) -> None:
    datasets = pytest.importorskip("datasets")
    names = {
        "ranking": "rankings.jsonl", "preference": "preference/{}.parquet", "trl": "trl/{}.jsonl",
        "llamafactory": "llamafactory/{}.json", "medicalgpt": "medicalgpt/{}/pairs.jsonl", "ms-swift": "ms-swift/{}.jsonl",
    }  # fmt: skip
    for split in ("train", "dev", "test"):
        path = exported / names[shape].format(split)
        kind = "parquet" if shape == "preference" else "json"
        loaded = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(tmp_path))
        checked = check_file(path, shape if shape in {"ranking", "preference"} else f"{shape}-preference")
        assert len(loaded) == checked.rows > 20
        assert not checked.faults


def test_the_same_input_gives_the_same_bytes_in_any_order(round_one: Path, exported: Path, tmp_path: Path) -> None:
    shuffled = tmp_path / "annotations.jsonl"
    text = (round_one / "annotations.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    shuffled.write_text("\n".join(sorted(text, key=lambda line: line[::-1])), encoding="utf-8")
    _run(
        "annotate",
        "export",
        shuffled,
        "--sets",
        round_one / "sets.jsonl",
        "-o",
        tmp_path / "out",
        "--format",
        "trl,ranking,preference",
        "--dev",
        0.2,
        "--test",
        0.2,
    )
    for name in ("rankings.jsonl", "dropped.jsonl", "trl/train.jsonl", "preference/test.parquet", "summary.json"):
        assert (tmp_path / "out" / name).read_bytes() == (exported / name).read_bytes()


def test_a_second_export_leaves_no_file_of_the_first_behind(round_one: Path, tmp_path: Path) -> None:
    common = (
        "annotate",
        "export",
        round_one / "annotations.jsonl",
        "--sets",
        round_one / "sets.jsonl",
        "-o",
        tmp_path,
        "--format",
        "trl",
    )
    _run(*common, "--dev", 0.3, "--test", 0.3)
    assert {path.name for path in (tmp_path / "trl").iterdir()} == {"train.jsonl", "dev.jsonl", "test.jsonl"}
    _run(*common, "--dev", 0, "--test", 0)
    assert {path.name for path in (tmp_path / "trl").iterdir()} == {"train.jsonl"}
    assert not (tmp_path / "preference").exists()


def test_a_dialogue_keeps_the_split_of_the_dataset_it_comes_from(round_one: Path, tmp_path: Path) -> None:
    import pyarrow as pa

    (tmp_path / "dataset" / "data").mkdir(parents=True)
    io.write_parquet(
        tmp_path / "dataset" / "data" / "test-00000.parquet",
        pa.table({"id": [f"dialogue-{n:04d}" for n in range(200)]}),
    )
    io.write_json(tmp_path / "dataset" / "manifest.json", {"dialogues": {"train": 0, "dev": 0, "test": 200}})
    _run(
        "annotate",
        "export",
        round_one / "annotations.jsonl",
        "--sets",
        round_one / "sets.jsonl",
        "-o",
        tmp_path / "out",
        "--dataset",
        tmp_path / "dataset",
    )
    assert {row["split"] for row in _rows(tmp_path / "out" / "rankings.jsonl")} == {"test"}
    assert (
        json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["settings"]["split_from_dataset"]
        == 150
    )


def test_a_prompt_with_history_stands_first_for_medicalgpt(tmp_path: Path) -> None:
    """Readers infer the type of `history` from the first rows; [] in all of them would break at the first that has one."""
    sets = make_sets(7)[1:]  # the fourth set is the first whose prompt has more than one turn
    (tmp_path / "sets.jsonl").write_text(lines(sets), encoding="utf-8")
    (tmp_path / "annotations.jsonl").write_text(lines(first_round(sets)), encoding="utf-8")
    _run(
        "annotate", "export", tmp_path / "annotations.jsonl", "--sets", tmp_path / "sets.jsonl", "-o", tmp_path / "out",
        "--format", "medicalgpt", "--dev", 0, "--test", 0, "--check",
    )  # fmt: skip
    history = [bool(row["history"]) for row in _rows(tmp_path / "out" / "medicalgpt" / "train" / "pairs.jsonl")]
    assert history[0]
    assert not all(history)


def test_llamafactory_finds_the_files_by_its_registry(exported: Path) -> None:
    registry = json.loads((exported / "llamafactory" / "dataset_info.json").read_text(encoding="utf-8"))
    assert registry["cmtmedqa_train"] == {
        "file_name": "train.json",
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "conversations", "system": "system", "chosen": "chosen", "rejected": "rejected"},
    }
    assert set(registry) == {"cmtmedqa_train", "cmtmedqa_dev", "cmtmedqa_test"}


def test_agreement_as_typed(round_one: Path, tmp_path: Path) -> None:
    arguments = (
        "annotate",
        "agreement",
        round_one / "annotations.jsonl",
        "--sets",
        round_one / "sets.jsonl",
        "--resamples",
        200,
    )
    text = _run(*arguments, "-o", tmp_path / "report.html")
    assert "200 sets, 200 judged by two or more" in text
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    report = json.loads(
        _run(*arguments, "--json", "--limit", "consistency=0.99", "--rule", "best=none", "--rule", "min-tau=-2")
    )
    assert all("consistency" in row["flags"] for row in report["experts"])
    assert "best" not in report["sets"]["flags"]
    assert 0.5 < report["alpha"]["rank"]["low"] < report["alpha"]["rank"]["high"] < 0.9


_ANNOTATION = '{"id": "p1:1", "set_id": "s", "annotator": "a", "shown": ["x", "y"], "rank_groups": [["x"], ["y"]], "scores": {}, "rubric_version": "1"}'


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ("{broken\n", "annotations.jsonl: line 1: is no Annotation: Invalid JSON"),
        (
            f"\n{_ANNOTATION}\n",
            "annotations.jsonl: line 2: is no Annotation: scores and tags must be of the shown candidates",
        ),
        ('["a"]\n', "annotations.jsonl: line 1: is no Annotation: "),
        ("\n", "annotations.jsonl: holds no Annotation"),
        ('{"id": "p1:1", "comment": "患者的话", "set_id": 7}\n', "line 1: is no Annotation: field set_id: "),
        (None, "annotations.jsonl: cannot be read: No such file"),
        ("\udcff", "line 1: is no Annotation"),
    ],
)
@pytest.mark.parametrize("command", ["agreement", "export"])
def test_a_bad_file_is_one_line_without_text(
    tmp_path: Path, command: str, annotations: str | None, message: str
) -> None:
    (tmp_path / "sets.jsonl").write_text(lines(make_sets(1)), encoding="utf-8")
    if annotations is not None:
        (tmp_path / "annotations.jsonl").write_bytes(annotations.encode("utf-8", "surrogateescape"))
    options = ("-o", tmp_path / "out") if command == "export" else ()
    said = _run(
        "annotate", command, tmp_path / "annotations.jsonl", "--sets", tmp_path / "sets.jsonl", *options, code=2
    )
    assert message in said
    assert "患者的话" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "alpaca"), "no format 'alpaca'; there are: ranking, preference, trl"),
        (("--dev", "0.6", "--test", "0.6"), "take the whole dataset"),
        (("--dataset", "nowhere"), "nowhere: holds no manifest.json"),
        (("--rubric", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
    ],
)
def test_a_bad_option_is_one_line(round_one: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    said = _run(
        "annotate",
        "export",
        round_one / "annotations.jsonl",
        "--sets",
        round_one / "sets.jsonl",
        "-o",
        tmp_path / "out",
        *options,
        code=2,
    )
    assert message in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--limit", "speed=3"), "--limit 'speed': no such name; there are: alpha, gain"),
        (("--rule", "min_tau=high"), "--rule min_tau: 'high' is no number"),
    ],
)
def test_a_bad_limit_is_one_line(round_one: Path, option: tuple[str, str], message: str) -> None:
    assert message in _run("annotate", "agreement", round_one / "annotations.jsonl", *option, code=2)


def test_the_same_set_twice_is_refused(tmp_path: Path, round_one: Path) -> None:
    (tmp_path / "sets.jsonl").write_text(lines(make_sets(1) * 2), encoding="utf-8")
    assert "the set set-0000 stands there twice" in _run(
        "annotate", "agreement", round_one / "annotations.jsonl", "--sets", tmp_path / "sets.jsonl", code=2
    )


def test_nothing_left_says_why(tmp_path: Path) -> None:
    sets = make_sets(2)
    (tmp_path / "sets.jsonl").write_text(lines(sets), encoding="utf-8")
    (tmp_path / "annotations.jsonl").write_text(lines([judge(sets[0], EXPERTS[0], 1)]), encoding="utf-8")
    said = _run(
        "annotate",
        "export",
        tmp_path / "annotations.jsonl",
        "--sets",
        tmp_path / "sets.jsonl",
        "-o",
        tmp_path / "out",
        code=2,
    )
    assert "no pair is left to export" in said
    assert [row["reason"] for row in _rows(tmp_path / "out" / "dropped.jsonl")] == ["too_few_experts", "no_annotation"]


def test_a_row_that_a_loader_would_lose_stops_the_export(
    round_one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cmtmedqa.export import pairs

    monkeypatch.setitem(
        pairs.PAIR_ROWS, "ms-swift", lambda pair: pairs.to_ms_swift(pair) | {"rejected_response": pair.chosen}
    )
    said = _run(
        "annotate", "export", round_one / "annotations.jsonl", "--sets", round_one / "sets.jsonl", "-o", tmp_path / "out",
        "--format", "trl,ms-swift", "--check", code=1,
    )  # fmt: skip
    assert "equal_text" in said
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
