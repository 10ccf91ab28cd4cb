"""The demo corpus: it is what its program writes, and a build of it gives what its truth says."""

import gzip
import io
import json
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from itertools import combinations
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
ADDS = {"courtesy_tail", "described", "title_of_its_own"}  # clutter that cleaning leaves
SHAPES = {
    "clinic_a.json": ("json", "utf-8", "cmtmedqa", ""),
    "clinic_b.txt": ("jsonl", "gb18030", "prefixed-list", ""),
    "clinic_c.json.gz": ("json", "utf-8", "alternating-list", "gz"),
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


def test_command_builds_the_demo(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from cmtmedqa.cli.app import app

    outcome = CliRunner().invoke(app, ["build", "--demo", "-o", str(tmp_path / "demo"), "--no-deidentify"])
    assert outcome.exit_code == 0, outcome.output
    found = report(tmp_path / "demo")
    assert (found["read"], found["kept"]) == (TRUTH["read"], TRUTH["kept"])


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
    longer = [places for kind, places in TRUTH["noise"].items() if kind in ADDS]
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


def cleaned(name: str) -> dict[tuple[str, int], set[str]]:
    """The character 5-grams of each record of a file, by plain Python on the scalar forms of the cleaning."""
    from cmtmedqa.clean.turns import arrange
    from cmtmedqa.records import Turn
    from cmtmedqa.sources.files import SourceFile
    from cmtmedqa.sources.mapped import Mapped
    from cmtmedqa.sources.read import plan, read

    settings, result = Normalise(), {}
    for unit in plan(SourceFile(name, str(DEMO / name)), 1 << 30).units:
        for record in read(unit):
            if isinstance(record, Mapped):
                turns = [
                    Turn.model_validate({"role": role, "text": normalise_text(text, settings, role == "doctor")})
                    for role, text in record.turns
                ]
                key = "\n".join(squeezed(turn.text).lower() for turn in arrange(turns, settings))
                result[name, record.index] = {key[at : at + 5] for at in range(len(key) - 4)}
    return result


def test_truth_knows_every_pair_of_copies() -> None:
    """All pairs are compared: copies are alike, decoys half alike, and nothing else is alike by accident."""
    grams = {place: found for name in FILES for place, found in cleaned(name).items()}
    refused = {(item["file"], item["index"]) for item in TRUTH["refused"]}
    holders: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for place, found in grams.items():
        for gram in found if place not in refused else ():
            holders[gram].append(place)
    shared = Counter(pair for places in holders.values() for pair in combinations(places, 2))
    alike = {
        frozenset((a, b)): count / (len(grams[a]) + len(grams[b]) - count)
        for (a, b), count in shared.items()
        if count > len(grams[a]) / 3
    }
    for cluster in TRUTH["duplicates"]:
        for a, b in combinations(map(tuple, cluster["members"]), 2):
            likeness = alike.pop(frozenset((a, b)))
            assert likeness == 1 if cluster["kind"] == "exact" else 0.85 <= likeness < 1
    for a, b in TRUTH["decoys"]:
        assert 0.55 <= alike.pop(frozenset((tuple(a), tuple(b)))) <= 0.7
    assert max(alike.values(), default=0.0) < 0.5


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
    """No output file holds a planted value. This is no measure of recall: the rules' own examples share these sentences."""
    text = everything_written(deidentified)
    assert [value for value in values(kind) if value in text] == []
