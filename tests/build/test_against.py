"""A build against a published dataset: what it holds is not published again, its twin is named, nothing of it is touched."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.dedup.candidates import BANDS
from cmtmedqa.dedup.index import Index, exact_twins, near_candidates
from tests.command import run
from tests.conftest import invented


def build(*arguments: str | Path) -> None:
    done = run("build", *arguments, "--no-deidentify")
    assert done.returncode == 0, done.stderr


def rows(folder: Path, part: str) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / part).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def report(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return value


def write(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def edited(record: dict[str, object], identifier: str) -> dict[str, object]:
    """A near duplicate: one mark added to a long answer."""
    return record | {"id": identifier, "output": str(record["output"]) + "多休息"}


@pytest.fixture
def old(tmp_path: Path, corpus: Callable[..., Path]) -> Path:
    build(corpus(60, "old.jsonl", broken=False), "-o", tmp_path / "old")
    return tmp_path / "old"


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    """Three copies under other ids, three near copies, two chained ones, four new ones, one of them with an old id."""
    copies = [invented(seed) | {"id": f"copy{seed}"} for seed in (1, 2, 3)]
    near = [edited(invented(seed), f"near{seed}") for seed in (4, 5, 6)]
    fresh = [invented(seed) for seed in (1001, 1002, 1003)] + [invented(1004) | {"id": "t7"}]
    return write(tmp_path / "new.jsonl", [*copies, *near, *fresh])


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_what_was_published_before_is_dropped_and_its_twin_named(old: Path, new_file: Path, tmp_path: Path) -> None:
    before = tree(old)
    build(new_file, "-o", tmp_path / "new", "--against", old)
    assert tree(old) == before
    assert {row["id"] for row in rows(tmp_path / "new", "data")} == {"t1001", "t1002", "t1003", "t7~2"}
    refused = {row["id"]: row for row in rows(tmp_path / "new", "rejected")}
    assert {name: row["reason"] for name, row in refused.items()} == {
        **{f"copy{seed}": "older_exact_duplicate" for seed in (1, 2, 3)},
        **{f"near{seed}": "older_near_duplicate" for seed in (4, 5, 6)},
    }
    for name, row in refused.items():
        assert row["detail"].startswith(f"kept t{name[4:]}, Jaccard ")
    lineage = {row["id"]: row["winner"] for row in rows(tmp_path / "new", "lineage")}
    assert lineage["near5"] == "t5"
    assert report(tmp_path / "new")["against"] | {"key": ""} == {
        "title": "Chinese multi-turn medical dialogues",
        "key": "",
        "dialogues": 60,
        "older_exact": 3,
        "older_near": 3,
    }
    assert run("validate", tmp_path / "new").returncode == 0
    told = run("why", "copy1", tmp_path / "new").stdout
    assert "the same text as a record that was published before (kept t1, Jaccard 1.0000)" in told


def test_a_chain_of_near_copies_ends_at_the_old_record(old: Path, tmp_path: Path) -> None:
    first = edited(invented(8), "first")
    second = first | {"id": "second", "output": str(first["output"]) + "按时吃饭，早睡早起，适量运动。"}
    build(write(tmp_path / "chain.jsonl", [second, first]), "-o", tmp_path / "new", "--against", old)
    winners = {row["id"]: row["winner"] for row in rows(tmp_path / "new", "lineage")}
    assert winners == {"first": "t8", "second": "t8"}


def test_append_publishes_old_and_new_and_names_its_parent(old: Path, new_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "both"
    build(new_file, "-o", out, "--against", old, "--append")
    assert run("validate", out).returncode == 0, run("validate", out).stdout
    ids = [row["id"] for row in rows(out, "data")]
    assert sorted(ids) == sorted([row["id"] for row in rows(old, "data")] + ["t1001", "t1002", "t1003", "t7~2"])
    first, second, both = report(old), json.loads(json.dumps(report(out))), report(out)
    assert both["read"] == first["read"] + 10 == both["kept"] + both["rejected"]
    assert both["sources"]["old.jsonl"] == first["sources"]["old.jsonl"]
    assert second["sources"]["new.jsonl"]["kept"] == 4
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parent"]["key"] == json.loads((old / "manifest.json").read_text(encoding="utf-8"))["key"]
    for shard in (old / "data").glob("train-*"):
        assert shard.read_bytes() in {path.read_bytes() for path in (out / "data").glob("train-*")}
    assert "old.jsonl" in run("why", "t1", out).stdout
    assert "copy1 1.0000" not in run("why", "t1", old).stdout


def test_an_appended_dataset_can_be_appended_to(old: Path, new_file: Path, tmp_path: Path) -> None:
    build(new_file, "-o", tmp_path / "two", "--against", old, "--append")
    third = write(tmp_path / "third.jsonl", [invented(1001) | {"id": "again"}, invented(2001)])
    build(third, "-o", tmp_path / "three", "--against", tmp_path / "two", "--append")
    assert run("validate", tmp_path / "three").returncode == 0
    assert {row["id"]: row["winner"] for row in rows(tmp_path / "three", "lineage")}["again"] == "t1001"
    assert "SHA-256" in run("why", "t3", tmp_path / "three").stdout
    assert "SHA-256" in run("why", "again", tmp_path / "three").stdout


def test_the_same_input_again_adds_nothing(old: Path, tmp_path: Path) -> None:
    build(tmp_path / "old.jsonl", "-o", tmp_path / "again", "--against", old)
    found = report(tmp_path / "again")
    assert found["kept"] == 0
    assert found["against"]["older_exact"] + found["against"]["older_near"] == found["rejected"]
    build(tmp_path / "old.jsonl", "-o", tmp_path / "both", "--against", old, "--append")
    assert [row["id"] for row in rows(tmp_path / "both", "data")] == [row["id"] for row in rows(old, "data")]


def test_workers_do_not_change_the_bytes(old: Path, new_file: Path, tmp_path: Path) -> None:
    for workers in ("1", "2"):
        build(new_file, "-o", tmp_path / workers, "--against", old, "--append", "--workers", workers)
    assert tree(tmp_path / "1") == tree(tmp_path / "2")


def test_sizes_of_splits_that_are_numbers_hold_for_the_whole(new_file: Path, tmp_path: Path, corpus: Any) -> None:
    sizes = f"output: {tmp_path / 'old'}\ndeidentify: 'off'\nsplit: {{dev: 4, test: 6}}\n"
    (tmp_path / "a.yaml").write_text(f"inputs: [{corpus(40, broken=False)}]\n{sizes}")
    assert run("build", tmp_path / "a.yaml").returncode == 0
    (tmp_path / "b.yaml").write_text(f"inputs: [{new_file}]\n{sizes}")
    done = run("build", tmp_path / "b.yaml", "-o", tmp_path / "both", "--against", tmp_path / "old", "--append")
    assert done.returncode == 0, done.stderr
    found = report(tmp_path / "both")["splits"]
    assert (found["dev"]["dialogues"], found["test"]["dialogues"]) == (4, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--append"], "append: names no dataset; set against"),
        (["--against", "absent"], "absent: holds no manifest.json, so it is no finished dataset"),
        (["--against", "out"], "is the dataset to compare with; name another folder for the new one"),
    ],
)
def test_a_dataset_that_cannot_be_used_is_one_line(
    arguments: list[str], message: str, new_file: Path, tmp_path: Path
) -> None:
    done = run("build", new_file, "-o", "out", *arguments, cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_damaged_mixed_or_indexless_datasets_are_refused(old: Path, new_file: Path, tmp_path: Path) -> None:
    mixed = run("build", new_file, "-o", tmp_path / "x", "--against", old, "--append")
    assert (mixed.returncode, "built with deidentify: off" in mixed.stderr) == (2, True)
    manifest = json.loads((old / "manifest.json").read_text(encoding="utf-8"))
    other = manifest | {"versions": manifest["versions"] | {"signatures": "another"}}
    (old / "manifest.json").write_text(json.dumps(other), encoding="utf-8")
    scheme = run("build", new_file, "-o", tmp_path / "x", "--no-deidentify", "--against", old)
    assert (scheme.returncode, "another scheme" in scheme.stderr) == (2, True)
    next((old / "index").glob("train-*")).unlink()
    damaged = run("build", new_file, "-o", tmp_path / "x", "--no-deidentify", "--against", old)
    assert (damaged.returncode, "is missing or cut short" in damaged.stderr) == (2, True)


_WORDS = st.integers(0, 3)


@given(st.lists(st.tuples(_WORDS, _WORDS), max_size=12), st.lists(st.tuples(_WORDS, _WORDS), max_size=12))
@settings(max_examples=60, deadline=None)
def test_candidates_are_those_of_a_plain_search(new: list[tuple[int, int]], old: list[tuple[int, int]]) -> None:
    def bands(items: list[tuple[int, int]]) -> Any:
        values = np.arange(BANDS * max(len(items), 1), dtype=np.uint32).reshape(-1, BANDS)[: len(items)] + 1000
        return values + (50_000 if items is old else 0)

    left, right = bands(new), bands(old)
    for table, items in ((left, new), (right, old)):
        for row, (band, word) in enumerate(items):
            table[row, band] = word
    digests = [np.array([[a, b] for a, b in items], np.uint64).reshape(-1, 2) for items in (new, old)]
    index = Index(digests[1], right)
    found = {tuple(pair) for pair in near_candidates(left, index).tolist()}
    # At most eight old records of a bucket are met, so every pair that is found is true, and none is missed in small buckets.
    expected = {
        (a, b)
        for a, (band, word) in enumerate(new)
        for b, (other, same) in enumerate(old)
        if (band, word) == (other, same)
    }
    assert found <= expected
    crowded = {pair for pair in expected if sum(other == old[pair[1]] for other in old) > 8}
    assert expected - crowded <= found
    twins = dict(exact_twins(digests[0], index).tolist())
    assert twins == {a: old.index(item) for a, item in enumerate(new) if item in old}
