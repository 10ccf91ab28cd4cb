"""The demo corpus: it is what its program writes, and a build of it gives what its truth says."""

import gzip
import io
import json
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from cmtmedqa.clean.normalise import normalise_text
from cmtmedqa.config import Normalise, make_config
from cmtmedqa.paths import package_file
from cmtmedqa.records import DEPARTMENTS

ROOT = Path(__file__).resolve().parents[1]
DEMO = package_file("demo")
MAKER = ROOT / "benchmarks" / "demo"
TRUTH: dict[str, Any] = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
SEEDS = {
    seed["id"]: seed for seed in map(json.loads, (MAKER / "dialogues.jsonl").read_text(encoding="utf-8").splitlines())
}
FILES = sorted(TRUTH["by_file"])
SHAPES = {
    "clinic_a.json": ("json-array", "utf-8", "cmtmedqa", ""),
    "clinic_b.txt": ("jsonl", "gb18030", "prefixed-list", ""),
    "clinic_c.json.gz": ("json-array", "utf-8", "alternating-list", "gz"),
    "clinic_d.jsonl": ("jsonl", "utf-8-sig", "role-content", ""),
    "clinic_e.csv": ("csv", "gb18030", "toyhom-csv", ""),
    "clinic_f.txt": ("text", "utf-16", "meddialog-text", ""),
    "clinic_g.txt": ("text", "utf-8", "remedi-serialised", ""),
    "clinic_h.json": ("jsonl", "utf-8", "sharegpt", ""),
}


def build(folder: Path, deidentify: str) -> Path:
    from cmtmedqa.build import pipeline

    inputs = [str(DEMO / name) for name in FILES]
    config = make_config({"inputs": inputs, "output": str(folder), "deidentify": deidentify, "workers": 1}, "test")
    pipeline.build(config, Console(file=io.StringIO()))
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("demo") / "plain", "off")


@pytest.fixture(scope="module")
def deidentified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cmtmedqa.clean.deidentify")
    return build(tmp_path_factory.mktemp("demo") / "deidentified", "required")


@pytest.fixture(scope="module", params=["plain", "deidentified"])
def built(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


def report(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return value


def rows(folder: Path, part: str) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / part).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def test_program_writes_these_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(MAKER / "make_demo.py"), "--output", str(tmp_path)], check=True, cwd=ROOT)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == sorted([*FILES, "README.md", "truth.json"])
    for name in written:
        fresh, bundled = (tmp_path / name).read_bytes(), (DEMO / name).read_bytes()
        if name.endswith(".gz"):  # another zlib may compress the same text to other bytes
            fresh, bundled = gzip.decompress(fresh), gzip.decompress(bundled)
        assert fresh == bundled, f"{name}: run python benchmarks/demo/make_demo.py"


def test_corpus_is_small_and_whole() -> None:
    assert sum((DEMO / name).stat().st_size for name in FILES) < 1_500_000
    assert Counter(seed["department"] for seed in SEEDS.values()) == dict.fromkeys(DEPARTMENTS, 24)
    assert sorted(TRUTH["originals"]) == sorted(SEEDS)
    multi_turn = [name for name, _ in TRUTH["originals"].values() if name != "clinic_e.csv"]
    assert len(multi_turn) >= 300


def test_truth_sums() -> None:
    assert TRUTH["read"] == TRUTH["kept"] + sum(TRUTH["rejected"].values())
    files = TRUTH["by_file"].values()
    for key in ("read", "kept"):
        assert sum(file[key] for file in files) == TRUTH[key]
    assert sum((Counter(file["rejected"]) for file in files), Counter()) == TRUTH["rejected"]
    assert sum(TRUTH["departments"].values()) == TRUTH["kept"]
    assert min(TRUTH["departments"].values()) > 0
    assert min(len(places) for places in TRUTH["pii"].values()) >= 3
    assert min(len(places) for kind, places in TRUTH["noise"].items()) >= 4


@pytest.mark.parametrize("name", FILES)
def test_shape_is_found_in_the_bytes(name: str) -> None:
    from cmtmedqa.sources.detect import detect
    from cmtmedqa.sources.files import SourceFile

    shape = detect(SourceFile(name, str(DEMO / name)))
    assert (shape.container, shape.encoding, shape.adapter, shape.compression) == SHAPES[name]


def test_report_says_what_the_truth_says(built: Path) -> None:
    found = report(built)
    rejected = {f"{row['step']}/{reason}": n for row in found["funnel"] for reason, n in row["rejected"].items()}
    assert {"read": found["read"], "kept": found["kept"], "rejected": rejected} == {
        key: TRUTH[key] for key in ("read", "kept", "rejected")
    }
    assert found["departments"] == TRUTH["departments"]
    assert found["duplicates"]["clusters_of_two_or_more"] == len(TRUTH["duplicates"])


@pytest.mark.parametrize("name", FILES)
def test_report_of_each_file(built: Path, name: str) -> None:
    found = report(built)["files"][name]
    assert {key: found[key] for key in ("read", "kept", "rejected")} == TRUTH["by_file"][name]


def test_each_rejection_has_its_reason(built: Path) -> None:
    expected = {(item["file"], item["index"]): (item["step"], item["reason"]) for item in TRUTH["refused"]}
    for cluster in TRUTH["duplicates"]:
        for file, index in cluster["members"]:
            if [file, index] != cluster["kept"]:
                expected[file, index] = ("deduplicate", f"{cluster['kind']}_duplicate")
    found = {(row["file"], row["index"]): (row["step"], row["reason"]) for row in rows(built, "rejected")}
    assert found == expected


def test_each_cluster_is_found(built: Path) -> None:
    members: dict[str, list[str]] = defaultdict(list)
    for row in pq.read_table(built / "clusters.parquet").to_pylist():
        members[row["cluster"]].append(row["source"])
    expected = [sorted(file for file, _ in cluster["members"]) for cluster in TRUTH["duplicates"]]
    assert sorted(map(sorted, members.values())) == sorted(expected)


def test_originals_come_out_clean(plain: Path) -> None:
    """Clutter is gone: every seed is in the dataset as it was written, or its twin is."""
    by_source: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows(plain, "data"):
        by_source[row["source"]].append([squeezed(turn["text"]) for turn in row["turns"]])
    lost = {
        tuple(member) for cluster in TRUTH["duplicates"] for member in cluster["members"] if member != cluster["kept"]
    }
    longer = [places for kind, places in TRUTH["noise"].items() if kind in ("courtesy_tail", "title_of_its_own")]
    longer += [[[item["file"], item["index"]] for item in places] for places in TRUTH["pii"].values()]
    added = {tuple(place) for places in longer for place in places}
    missing = []
    for seed, (file, index) in TRUTH["originals"].items():
        turns = [squeezed(normalise_text(text, Normalise())) for text in SEEDS[seed]["turns"]]
        turns = turns[:2] if file == "clinic_e.csv" else turns
        if (file, index) in added:
            there = any(inside(turns, found) and turns != found for found in by_source[file])
        else:
            there = turns in by_source[file]
        if not there and (file, index) not in lost:
            missing.append((seed, file, index))
    assert missing == []


def squeezed(text: str) -> str:
    return "".join(text.split())


def inside(turns: list[str], found: list[str]) -> bool:
    return len(turns) == len(found) and all(text in longer for text, longer in zip(turns, found, strict=True))


def folded(text: str) -> str:
    """Half width, lower case, without white space: how a value may be written, it reads the same."""
    return squeezed(unicodedata.normalize("NFKC", text)).lower()


def everything_written(folder: Path) -> str:
    """All text of all files of a dataset."""
    parts = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            parts.append(json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False))
        elif path.is_file():
            parts.append(path.read_text(encoding="utf-8"))
    return folded("\n".join(parts))


def values(kind: str) -> list[str]:
    return [folded(item["value"]) for item in TRUTH["pii"][kind]]


@pytest.mark.parametrize("kind", sorted(TRUTH["pii"]))
def test_personal_data_is_there_without_deidentification(plain: Path, kind: str) -> None:
    text = everything_written(plain)
    assert [value for value in values(kind) if value not in text] == []


@pytest.mark.parametrize("kind", sorted(TRUTH["pii"]))
def test_no_personal_data_is_left(deidentified: Path, kind: str) -> None:
    text = everything_written(deidentified)
    assert [value for value in values(kind) if value in text] == []
