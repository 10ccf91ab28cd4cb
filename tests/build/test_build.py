"""The build as a user runs it: real processes, real files, faults injected."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.command import run

Build = Callable[..., subprocess.CompletedProcess[str]]
SMALL_UNITS = "import cmtmedqa.build.pipeline as p; p.UNIT_BYTES = 20000"


def build(source: Path, output: Path, *more: str, first: str = "") -> subprocess.CompletedProcess[str]:
    done = run("build", source, "-o", output, "--no-deidentify", *more, first=first)
    assert done.returncode == 0, done.stderr
    return done


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def rejected(folder: Path) -> list[dict[str, Any]]:
    return [
        row
        for part in sorted((folder / "rejected").glob("*.parquet"))
        for row in pq.ParquetFile(part).read().to_pylist()
    ]


def kept(folder: Path) -> list[dict[str, Any]]:
    return [
        row for part in sorted((folder / "data").glob("*.parquet")) for row in pq.ParquetFile(part).read().to_pylist()
    ]


def test_every_record_is_accounted_for(corpus: Callable[..., Path], tmp_path: Path) -> None:
    source = corpus(300)
    build(source, tmp_path / "out")
    lines = [line for line in source.read_text(encoding="utf-8").split("\n") if line]
    found, refused, stays = report(tmp_path / "out"), rejected(tmp_path / "out"), kept(tmp_path / "out")
    assert found["read"] == len(lines) == len(refused) + len(stays)
    assert {row["index"] for row in refused if row["reason"] == "bad_json"} == {
        number for number, line in enumerate(lines) if not line.endswith("}")
    }
    reasons = Counter(f"{row['step']}/{row['reason']}" for row in refused)
    assert reasons["deduplicate/exact_duplicate"] == 30
    assert reasons == Counter(found["sources"]["corpus.jsonl"]["rejected"])
    assert all(row["record"] and row["file"] == "corpus.jsonl" for row in refused)
    assert len({row["id"] for row in stays}) == len(stays)
    assert run("validate", tmp_path / "out").returncode == 0


def test_departments_are_canonical_and_unknown_ones_reported(corpus: Callable[..., Path], tmp_path: Path) -> None:
    build(corpus(100), tmp_path / "out")
    assert {row["department"] for row in kept(tmp_path / "out")} == {"内科", "外科", "皮肤科", None}
    found = report(tmp_path / "out")
    assert list(found["departments_unmapped"]) == ["外星科"]
    assert found["departments_missing"] > 0
    assert "nan" not in json.dumps([row["department_raw"] for row in kept(tmp_path / "out")])


def test_one_worker_or_two_and_small_units_give_the_same_bytes(corpus: Callable[..., Path], tmp_path: Path) -> None:
    source = corpus(400)
    build(source, tmp_path / "one", "--workers", "1", first=SMALL_UNITS)
    build(source, tmp_path / "two", "--workers", "2", first=SMALL_UNITS)
    build(source, tmp_path / "whole", "--workers", "1")
    assert tree(tmp_path / "one") == tree(tmp_path / "two") == tree(tmp_path / "whole")


@pytest.mark.slow
def test_a_killed_build_goes_on_and_ends_in_the_same_bytes(corpus: Callable[..., Path], tmp_path: Path) -> None:
    source = corpus(2_000)
    build(source, tmp_path / "calm", first=SMALL_UNITS)
    chance = random.Random(2026)
    for attempt in range(3):
        output = tmp_path / f"killed{attempt}"
        finished = _kill_when(source, output, units=chance.randrange(1, 30))
        left = {path.name: path.stat().st_mtime_ns for path in (output / ".work").glob("*.json")}
        assert finished <= set(left)
        build(source, output, first=_keeping_work(output))
        assert tree(output) == tree(tmp_path / "calm")
        again = json.loads((tmp_path / f"killed{attempt}.seen").read_text())
        assert all(again[name] == left[name] for name in left), "a finished unit was done again"


def _kill_when(source: Path, output: Path, units: int) -> set[str]:
    """Start a build, SIGKILL it once some units are finished; returns their names."""
    main = f"{SMALL_UNITS}; from cmtmedqa.cli.app import main; main()"
    arguments = ["build", str(source), "-o", str(output), "--no-deidentify", "--workers", "1"]
    with subprocess.Popen(
        [sys.executable, "-c", main, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            done = {path.name for path in (output / ".work").glob("*.json")} if (output / ".work").is_dir() else set()
            if len(done) >= units:
                break
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "the build ended before it could be killed"
    return done


def _keeping_work(output: Path) -> str:
    """What changes the command in one thing: before the work folder goes, the times of its files are noted."""
    return (
        f"{SMALL_UNITS}; import json, pathlib, shutil\n"
        "def noted(folder, gone=shutil.rmtree):\n"
        "    times = {f.name: f.stat().st_mtime_ns for f in pathlib.Path(folder).glob('*.json')}\n"
        f"    pathlib.Path({str(output) + '.seen'!r}).write_text(json.dumps(times)); gone(folder)\n"
        "p.shutil.rmtree = noted"
    )


def test_a_finished_build_is_left_alone_and_other_settings_are_refused(
    corpus: Callable[..., Path], tmp_path: Path
) -> None:
    source, output = corpus(60), tmp_path / "out"
    build(source, output)
    before = tree(output)
    times = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    assert "already built" in build(source, output).stderr
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == times
    config = tmp_path / "other.yaml"
    config.write_text(f"inputs: [{source}]\noutput: {output}\ndeidentify: 'off'\ndeduplicate: {{threshold: 0.9}}\n")
    refused = run("build", config)
    assert refused.returncode == 2
    assert refused.stderr.strip().endswith("choose another -o, or replace it with --overwrite")
    assert tree(output) == before
    assert run("build", config, "--overwrite").returncode == 0
    assert run("validate", output).returncode == 0


def test_a_folder_of_somebody_else_is_refused_and_untouched(corpus: Callable[..., Path], tmp_path: Path) -> None:
    output = tmp_path / "home"
    output.mkdir()
    (output / "thesis.txt").write_text("mine")
    refused = run("build", corpus(20), "-o", output, "--no-deidentify", "--overwrite")
    assert (refused.returncode, "is not empty and not a dataset of ours" in refused.stderr) == (2, True)
    assert tree(output) == {"thesis.txt": b"mine"}


def test_on_error_stop_ends_at_the_first_unreadable_record(corpus: Callable[..., Path], tmp_path: Path) -> None:
    refused = run("build", corpus(60), "-o", tmp_path / "out", "--no-deidentify", "--on-error", "stop")
    assert refused.returncode == 2
    assert len(refused.stderr.strip().split("\n")) <= 2
    assert "corpus.jsonl, record 2: bad_json" in refused.stderr


def test_a_record_that_holds_nothing_readable_never_stops_a_build(tmp_path: Path) -> None:
    lines = [
        '{"weird": 1}',
        "[]",
        "null",
        "{",
        '{"instruction": 3, "output": {}}',
        '"text"',
        "{}",
        '{"turns": [], "id": "a"}',
    ]
    (tmp_path / "odd.jsonl").write_text("\n".join(lines), encoding="utf-8")
    build(tmp_path / "odd.jsonl", tmp_path / "out")
    found = report(tmp_path / "out")
    assert (found["read"], found["kept"]) == (len(lines), 0)
    assert run("validate", tmp_path / "out").returncode == 0


def test_ids_that_occur_twice_are_told_apart(tmp_path: Path) -> None:
    record = '{{"id": "same", "instruction": "我{0}，{1}怎么办？", "output": "考虑{0}，建议{1}三天，注意休息。", "history": []}}'
    words = [("头痛", "吃布洛芬"), ("腹泻", "喝补液盐"), ("皮疹", "涂炉甘石")]
    (tmp_path / "a.jsonl").write_text("\n".join(record.format(*pair) for pair in words), encoding="utf-8")
    build(tmp_path / "a.jsonl", tmp_path / "out")
    assert sorted(row["id"] for row in kept(tmp_path / "out")) == ["same", "same~2", "same~3"]


def test_the_dataset_loads_in_datasets(corpus: Callable[..., Path], tmp_path: Path) -> None:
    import datasets

    build(corpus(120), tmp_path / "out")
    sizes = {name: item["dialogues"] for name, item in report(tmp_path / "out")["splits"].items()}
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == sizes
    shards = {name: str(tmp_path / "out" / "data" / f"{name}-*.parquet") for name in sizes}
    plain = datasets.load_dataset("parquet", data_files=shards, cache_dir=str(tmp_path / "cache"))
    assert plain["train"][0] == loaded["train"][0]
    assert [turn["role"] for turn in loaded["train"][0]["turns"]][:2] == ["patient", "doctor"]


def test_splits_by_number(corpus: Callable[..., Path], tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        f"inputs: [{corpus(80)}]\noutput: {tmp_path / 'out'}\ndeidentify: 'off'\nsplit: {{dev: 7, test: 11}}\n"
    )
    assert run("build", config).returncode == 0
    sizes = report(tmp_path / "out")["splits"]
    assert (sizes["dev"]["dialogues"], sizes["test"]["dialogues"]) == (7, 11)


def test_no_message_holds_text_of_a_dialogue(corpus: Callable[..., Path], tmp_path: Path) -> None:
    secret = "独一无二的秘密症状"
    source = corpus(30)
    with source.open("a", encoding="utf-8") as stream:
        stream.write(f'{{"instruction": "{secret}\n{{"foo": "{secret}"}}\n')
    done = build(source, tmp_path / "out")
    assert secret not in done.stdout + done.stderr
    assert secret not in (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    refused = run("build", source, "-o", tmp_path / "stop", "--no-deidentify", "--on-error", "stop")
    assert secret not in refused.stdout + refused.stderr


@pytest.mark.parametrize("damage", ["byte", "missing", "extra", "truncated"])
def test_validate_finds_damage(corpus: Callable[..., Path], tmp_path: Path, damage: str) -> None:
    build(corpus(60), tmp_path / "out")
    shard = next((tmp_path / "out" / "data").glob("train-*.parquet"))
    if damage == "byte":
        data = bytearray(shard.read_bytes())
        data[len(data) // 2] ^= 1
        shard.write_bytes(bytes(data))
    elif damage == "missing":
        shard.unlink()
    elif damage == "extra":
        shutil.copy(shard, shard.with_name("train-00009-of-00009.parquet"))
    else:
        shard.write_bytes(shard.read_bytes()[:-100])
    checked = run("validate", tmp_path / "out")
    assert checked.returncode == 1
    assert "data/train-" in checked.stdout


def test_the_real_sample_data_is_accounted_for(shared_data: Path, tmp_path: Path) -> None:
    folders = [shared_data / name for name in ("zhongjing", "toyhom", "midmed", "remedi")]
    files = [*folders, shared_data / "dialmed" / "dev.txt"]
    done = run("build", *files, "-o", tmp_path / "out", "--no-deidentify")
    assert done.returncode == 0, done.stderr
    found = report(tmp_path / "out")
    by_file = {name: entry["read"] for name, entry in found["files"].items()}
    assert by_file == {
        "CMtMedQA_sample.json": 572,
        "huatuo26M_sample.json": 3000,
        "sample_neike5000-6000.csv": 7644,
        "neike.txt": 4048,
        "MidMed_sample.json": 1399,
        "dev_human_annotation.txt": 100,
        "dev.txt": 1192,
    }
    assert found["read"] == found["kept"] + found["rejected"] == 17_955
    twins = [
        found["files"][name]["rejected"]["deduplicate/exact_duplicate"]
        for name in ("neike.txt", "sample_neike5000-6000.csv")
    ]
    assert sum(twins) > 3_000, "most questions of the text file stand in the CSV too"
    assert run("validate", tmp_path / "out").returncode == 0


def test_an_output_inside_the_input_folder_is_no_input(corpus: Callable[..., Path], tmp_path: Path) -> None:
    source = corpus(40)
    build(source.parent, tmp_path / "out")
    assert "already built" in build(source.parent, tmp_path / "out").stderr
    assert report(tmp_path / "out")["read"] == 46
