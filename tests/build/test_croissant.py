"""croissant.json as mlcroissant reads it, offline: no error, no warning, and every record as the shards have it."""

import hashlib
import io
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from cmtmedqa.build import croissant, pipeline, recheck
from cmtmedqa.config import make_config

# mlcroissant's libraries warn of their own future.
pytestmark = [pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("DeprecationWarning", "FutureWarning")]

PUBLISHED = {"date": "2026-05-31", "url": "https://example.org/d", "creator": "A group", "contact": "a@example.org"}


def build(folder: Path, inputs: list[Any], **settings: Any) -> Path:
    config = make_config({"inputs": inputs, "output": str(folder), "workers": 1} | settings, "test")
    pipeline.build(config, Console(file=io.StringIO()))
    return folder


def value_of(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / croissant.NAME).read_text(encoding="utf-8"))
    return value


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[Path], Any]:
    """Opens a dataset with mlcroissant where no socket can be opened; nothing may be warned of, then or when it is read."""
    import socket

    import mlcroissant

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("croissant.json must be read without a network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    caplog.set_level(logging.WARNING)

    def open_dataset(folder: Path) -> Any:
        dataset = mlcroissant.Dataset(jsonld=str(folder / croissant.NAME))
        assert not dataset.metadata.ctx.issues.errors
        assert not dataset.metadata.ctx.issues.warnings
        return dataset

    return open_dataset


def plain(value: Any, field: str = "") -> Any:
    """A record of mlcroissant in the shape of a row: text instead of bytes, names instead of ids of fields."""
    if isinstance(value, dict):
        return {key.removeprefix(f"{field}/"): plain(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, field) for item in value]
    return value.decode("utf-8") if isinstance(value, bytes) else value


def shards_of(folder: Path) -> list[Path]:
    return sorted((folder / "data").glob("*.parquet"))


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [
        {"split": shard.name.partition("-")[0], **row}
        for shard in shards_of(folder)
        for row in pq.ParquetFile(shard).read().to_pylist()
    ]


@pytest.mark.parametrize(
    "settings",
    [{}, {"split": {"dev": 0, "test": 4}}, {"split": {"dev": 0, "test": 0}}, {"publish": {"rows_per_shard": 17}}],
    ids=["all splits", "one split empty", "two splits empty", "several shards"],
)
def test_every_record_is_read_back(
    corpus: Callable[..., Path],
    tmp_path: Path,
    opened: Callable[[Path], Any],
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, Any],
) -> None:
    publish = PUBLISHED | settings.get("publish", {})
    build(tmp_path / "built", [{"path": str(corpus(90)), "license": "MIT"}], **settings | {"publish": publish})
    folder = tmp_path / "moved elsewhere"
    shutil.move(tmp_path / "built", folder)
    dataset = opened(folder)
    found = [plain(record, croissant.RECORDS) for record in dataset.records(croissant.RECORDS)]
    expected = rows_of(folder)
    assert len(found) == len(expected) > 50
    assert sorted(found, key=lambda row: row["id"]) == sorted(expected, key=lambda row: row["id"])
    assert [record.getMessage() for record in caplog.records] == []


def test_one_split_can_be_read_alone(
    corpus: Callable[..., Path], tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    folder = build(tmp_path / "out", [{"path": str(corpus(60))}], split={"dev": 7, "test": 9}, publish=PUBLISHED)
    for name, size in (("dev", 7), ("test", 9)):
        records = list(opened(folder).records(croissant.RECORDS, filters={f"{croissant.RECORDS}/split": name}))
        assert len(records) == size
        assert {record[f"{croissant.RECORDS}/split"] for record in records} == {name.encode()}


def test_it_conforms_to_1_1_and_describes_the_files(corpus: Callable[..., Path], tmp_path: Path) -> None:
    inputs = [{"path": str(corpus(60)), "license": "CC BY 4.0", "terms": "see page"}]
    folder = build(tmp_path / "out", inputs, publish=PUBLISHED | {"version": "2.1.0"})
    value = value_of(folder)
    assert value["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    assert value["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]
    assert (value["version"], value["datePublished"], value["url"]) == ("2.1.0", "2026-05-31", "https://example.org/d")
    assert "A group" in value["citeAs"]
    files = {item["contentUrl"]: item for item in value["distribution"] if item["@type"] == "cr:FileObject"}
    assert {path.relative_to(folder).as_posix() for path in shards_of(folder)} | {"report.json"} == set(files)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name, item in files.items():
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert item["sha256"] == digest == manifest[name]["sha256"]
        assert item["contentSize"] == f"{manifest[name]['bytes']} B"
    assert croissant.NAME in manifest


def test_the_fields_of_responsible_ai_tell_of_the_run(
    corpus: Callable[..., Path], tmp_path: Path, opened: Callable[[Path], Any]
) -> None:
    folder = build(
        tmp_path / "out",
        [{"path": str(corpus(60)), "terms": "see page", "terms_date": "2026-01-31"}],
        publish=PUBLISHED,
    )
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    read = opened(folder).metadata
    assert f"{report['read']} records, of which {report['kept']} were kept" in read.data_collection
    assert "terms: see page, terms read on 2026-01-31" in read.data_collection_raw_data
    assert any("bad_json 3" in step for step in read.data_preprocessing_protocol)
    assert any("De-identified by rule" in part for part in read.personal_sensitive_information)
    assert "a@example.org" in read.data_release_maintenance_plan
    for part in (read.data_biases, read.data_limitations, read.data_use_cases, read.data_annotation_protocol):
        assert part


def test_without_deidentification_it_says_so(corpus: Callable[..., Path], tmp_path: Path) -> None:
    value = value_of(build(tmp_path / "out", [str(corpus(30))], deidentify="off"))
    assert value["rai:personalSensitiveInformation"][0].startswith("Not de-identified")
    assert "must not be published" in value["description"]


def test_what_no_setting_states_is_left_out(corpus: Callable[..., Path], tmp_path: Path) -> None:
    import mlcroissant

    folder = build(tmp_path / "out", [str(corpus(30))])
    value = value_of(folder)
    assert not {"datePublished", "url", "creator"} & set(value)
    key = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["key"]
    assert value["version"] == f"0.0.0+{key[:12]}"
    issues = mlcroissant.Dataset(jsonld=str(folder / croissant.NAME)).metadata.ctx.issues
    assert (len(issues.errors), len(issues.warnings)) == (0, 1)
    assert "datePublished" in issues.report()


def test_a_dataset_without_dialogues_is_described_too(tmp_path: Path, opened: Callable[[Path], Any]) -> None:
    (tmp_path / "odd.jsonl").write_text('{"weird": 1}\n', encoding="utf-8")
    folder = build(tmp_path / "out", [str(tmp_path / "odd.jsonl")], publish=PUBLISHED)
    assert opened(folder).metadata.record_sets == []


@pytest.mark.parametrize("damage", ["digest", "missing", "extra", "broken"])
def test_validate_compares_it_with_the_manifest(corpus: Callable[..., Path], tmp_path: Path, damage: str) -> None:
    folder = build(tmp_path / "out", [str(corpus(60))])
    assert recheck.problems(folder) == []
    value = value_of(folder)
    if damage == "digest":
        value["distribution"][0]["sha256"] = "0" * 64
    elif damage == "missing":
        value["distribution"].pop(0)
    elif damage == "extra":
        value["distribution"].append({"contentUrl": "data/more.parquet", "sha256": "0" * 64})
    else:
        value = {"distribution": None}
    text = json.dumps(value)
    (folder / croissant.NAME).write_text(text, encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][croissant.NAME] = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text)}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (problem,) = recheck.problems(folder)
    assert problem.startswith(f"{croissant.NAME}: ")
