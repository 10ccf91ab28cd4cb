"""The card: its head is what the Hub and `datasets` read, its numbers are those of the report, its text cannot break it."""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cmtmedqa.build import card, card_head, facts, licenses, markdown, pipeline
from cmtmedqa.build.card_text import FIELDS
from cmtmedqa.build.publish import SCHEMA
from cmtmedqa.config import make_config
from cmtmedqa.errors import ConfigError

Settings = dict[str, Any]
HOSTILE = '题 "x": {y} \n---\n<img src=x onerror=z> & 100% | a_b *c* `d` [e](http://f) ﻿\u202e'


def build(folder: Path, inputs: object, **settings: Any) -> dict[str, Any]:
    config = make_config({"inputs": inputs, "output": str(folder), "workers": 1} | settings, "test")
    return pipeline.build(config, Console(file=io.StringIO()))


def head_of(folder: Path) -> dict[str, Any]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    value: dict[str, Any] = yaml.safe_load(text.split("\n---\n")[0].removeprefix("---\n"))
    return value


def report_of(folder: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return value


@pytest.fixture
def built(corpus: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Builds a dataset of two sources, the second one with everything that can be said of a source."""

    def make(count: int = 120, **settings: Any) -> Path:
        first, second = corpus(count), corpus(count // 2 + 1, "second.jsonl", broken=False)
        said = {
            "license": "CC BY-NC 4.0",
            "terms": "research only, no passing on",
            "terms_date": "2026-01-31",
            "homepage": "https://huggingface.co/datasets/someone/talks",
        }
        inputs = [{"path": str(first), "license": "MIT"}, {"path": str(second), "source": "second", **said}]
        build(tmp_path / "out", inputs, **settings)
        return tmp_path / "out"

    return make


def test_the_head_is_read_by_the_hub_library(built: Callable[..., Path]) -> None:
    from huggingface_hub import DatasetCard

    folder = built(publish={"title": "Talks"})
    read = DatasetCard((folder / "README.md").read_text(encoding="utf-8"))
    assert read.data.to_dict() == {key: value for key, value in head_of(folder).items() if value is not None}
    assert read.data.license == ["cc-by-nc-4.0", "mit"]
    assert read.data.pretty_name == "Talks"
    assert read.data.size_categories == ["n<1K"]
    assert read.data.source_datasets == ["someone/talks"]
    assert "license_name" not in head_of(folder)


@pytest.mark.parametrize("sizes", [{"dev": 0.1, "test": 0.1}, {"dev": 0, "test": 5}, {"dev": 0, "test": 0}])
def test_the_head_says_what_datasets_finds(built: Callable[..., Path], tmp_path: Path, sizes: dict[str, float]) -> None:
    """Counts and bytes are compared with a loading that knows nothing of the card."""
    import datasets

    folder = built(split=sizes)
    info = head_of(folder)["dataset_info"]
    names = [split["name"] for split in info["splits"]]
    assert names == [name for name, item in report_of(folder)["splits"].items() if item["dialogues"]]
    shards = {name: str(folder / "data" / f"{name}-*.parquet") for name in names}
    plain = datasets.load_dataset("parquet", data_files=shards, cache_dir=str(tmp_path / "plain"))
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "card"))
    assert list(loaded) == names
    for split in info["splits"]:
        found = plain[split["name"]].info.splits[split["name"]]
        assert (split["num_examples"], split["num_bytes"]) == (found.num_examples, found.num_bytes)
        assert loaded[split["name"]].to_list() == plain[split["name"]].to_list()
    assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])
    assert info["download_size"] == sum(path.stat().st_size for path in (folder / "data").iterdir())
    assert info["features"] == datasets.Features.from_arrow_schema(SCHEMA)._to_yaml_list()


def test_without_any_dialogue_nothing_else_is_loaded_in_its_place(tmp_path: Path) -> None:
    import datasets

    (tmp_path / "odd.jsonl").write_text('{"weird": 1}\n', encoding="utf-8")
    build(tmp_path / "out", [str(tmp_path / "odd.jsonl")])
    with pytest.raises(datasets.exceptions.DataFilesNotFoundError):
        datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))


def numbers_in(text: str) -> list[str]:
    return [found.replace(",", "") for found in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text)]


def numbers_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from numbers_of(item)
    elif isinstance(value, str):
        yield from numbers_in(value)
    elif value is not None:
        yield str(value)


@pytest.mark.parametrize("deidentify", ["required", "off"])
def test_every_number_of_the_card_stands_in_the_report(built: Callable[..., Path], deidentify: str) -> None:
    folder = built(deidentify=deidentify, publish={"contact": "privacy@example.org", "date": "2026-05-31"})
    text = (folder / "README.md").read_text(encoding="utf-8")
    known = set(numbers_of(report_of(folder)))
    found = numbers_in(re.sub(r"dtype: \w+", "", text))
    assert len(found) > 100
    assert [number for number in found if number not in known] == []


def test_every_count_of_the_report_stands_in_the_card(built: Callable[..., Path]) -> None:
    folder = built()
    report, text = report_of(folder), (folder / "README.md").read_text(encoding="utf-8")
    rows = [("read", "", "", report["read"])]
    rows += [(step["step"], reason, n, "") for step in report["funnel"] for reason, n in step["rejected"].items()]
    rows += [(step["step"], "", "", step["out"]) for step in report["funnel"]]
    rows += [*report["departments"].items(), *report["departments_unmapped"].items(), *report["repairs"].items()]
    missing = [row for row in rows if "| " + " | ".join(map(markdown.cell, row)) + " |" not in text]
    assert missing == []
    said = "| second | CC BY-NC 4.0 | research only, no passing on | 2026-01-31 | https://huggingface.co/datasets/someone/talks |"
    assert said in text
    for name in ("inquiry", "features"):
        assert all(str(value) in text for value in numbers_of(report[name]))


def test_the_card_warns_without_deidentification_and_without_a_contact(built: Callable[..., Path]) -> None:
    text = (built(deidentify="off") / "README.md").read_text(encoding="utf-8")
    assert "built without de-identification (`--no-deidentify`)" in text
    assert "State: **not de-identified**" in text
    assert "No contact was given" in text
    assert "`publish.contact`" in text
    assert "anonym" not in text.lower()


def test_text_of_users_cannot_break_the_card(corpus: Callable[..., Path], tmp_path: Path) -> None:
    from huggingface_hub import DatasetCard

    inputs = [{"path": str(corpus(40)), "source": HOSTILE, "license": HOSTILE, "terms": HOSTILE}]
    said = dict.fromkeys(("title", "creator", "contact"), HOSTILE)
    build(tmp_path / "out", inputs, publish=said)
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    read = DatasetCard(text)
    assert read.data.license == "other"
    assert re.fullmatch(r"[a-z0-9.-]+", str(read.data.license_name))
    assert read.data.pretty_name.split() == HOSTILE.split()
    body = text.split("\n---\n", 1)[1].replace(card.citation(report_of(tmp_path / "out")), "")
    assert "<img" not in body
    assert "\u202e" not in body
    assert "](http://f" not in body.replace("\\](", "")
    table = body.partition("## Sources\n")[2].strip().split("\n\n")[0].split("\n")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {7}


@given(st.text())
def test_made_harmless_is_one_line_without_markup(value: str) -> None:
    made = markdown.text(value)
    assert len(made.splitlines()) <= 1
    assert not re.search(r"[<>]|(?<!\\)(\\\\)*[`*|\[\]]|&(?!amp;|lt;|gt;)", made)


@pytest.mark.parametrize(
    ("written", "identifier", "address"),
    [
        ("Apache-2.0", "apache-2.0", "https://spdx.org/licenses/Apache-2.0"),
        ("Apache License, Version 2.0", "apache-2.0", "https://spdx.org/licenses/Apache-2.0"),
        ("MIT License", "mit", "https://spdx.org/licenses/MIT"),
        ("CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0", "https://spdx.org/licenses/CC-BY-NC-SA-4.0"),
        ("CC0", "cc0-1.0", "https://spdx.org/licenses/CC0-1.0"),
        ("GPL-3.0-or-later", "gpl-3.0", "https://spdx.org/licenses/GPL-3.0"),
        ("GPLv3", "gpl-3.0", "https://spdx.org/licenses/GPL-3.0"),
        ("ODbL-1.0", "odbl", "https://spdx.org/licenses/ODbL-1.0"),
        ("openrail++", "openrail++", None),
        ("MIT-0", None, None),
        ("unknown", None, None),
        ("other", None, None),
        ("our own terms", None, None),
        ("", None, None),
    ],
)
def test_licences_by_the_identifiers_of_the_hub(written: str, identifier: str | None, address: str | None) -> None:
    assert (licenses.identifier(written), licenses.address(written)) == (identifier, address)


@pytest.mark.parametrize(
    ("stated", "head"),
    [
        (["MIT", "mit"], {"license": "mit"}),
        (["MIT AND CC0-1.0"], {"license": ["cc0-1.0", "mit"]}),
        (["unknown"], {"license": "other", "license_name": "unknown"}),
        (["MIT", "Hospital Terms 2"], {"license": ["mit", "other"], "license_name": "hospital-terms-2"}),
        (["a", "b"], {"license": "other", "license_name": "several-licences-of-the-sources"}),
    ],
)
def test_licences_of_the_head(stated: list[str], head: dict[str, Any]) -> None:
    made = card_head._licenses(stated)
    assert {key: made[key] for key in made if key != "license_details"} == head
    assert ("license_details" in made) == ("license_name" in head)


def test_two_inputs_of_one_source_keep_both_licences(corpus: Callable[..., Path], tmp_path: Path) -> None:
    inputs = [
        {"path": str(corpus(30, f"{name}.jsonl", broken=False)), "source": "s", "license": name, "terms": "t"}
        for name in ("MIT", "CC0-1.0")
    ]
    report = build(tmp_path / "out", inputs)
    assert (report["sources"]["s"]["license"], report["sources"]["s"]["terms"]) == ("MIT AND CC0-1.0", "t")
    assert head_of(tmp_path / "out")["license"] == ["cc0-1.0", "mit"]


@pytest.mark.parametrize(
    ("dialogues", "name"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (70_000, "10K<n<100K"),
        (700_000, "100K<n<1M"),
        (10**6, "1M<n<10M"),
    ],
)
def test_size_categories(dialogues: int, name: str) -> None:
    assert facts.size_category(dialogues) == name


def test_contamination_is_shown_when_the_report_has_it(built: Callable[..., Path]) -> None:
    report = report_of(built())
    assert "not checked against any evaluation set" in card.make(report)
    counts = {"items": 31_337, "unreadable": 2, "too_short": 5, "dialogues": 4, "duplicates": 1}
    found = {"exam": {"file": "exam.json", "sha256": "ab", "unreadable_reasons": {"bad_json": 2}, **counts}}
    text = card.make(report | {"contamination": found})
    assert "| exam | exam.json | 31,337 | 2 | 5 | 4 | 1 |" in text
    assert "not checked" not in text


def test_parts_that_lie_deep_in_the_report_are_shown(built: Callable[..., Path]) -> None:
    """Shapes of other steps: rates with intervals, figures by position, distributions among the counts of duplicates."""
    report = report_of(built())
    rate = {"count": 41, "n": 97, "rate": 0.4227, "low": 0.3291, "high": 0.5221}
    inquiry = {
        "n_inquiries": 53_217,
        "dialogues_with_one": rate,
        "dialogues_with_early_one": rate | {"count": 43},
        "by_position": [{"position": 1, **rate}, {"position": 2, **rate, "and_later": True}],
    }
    duplicates = report["duplicates"] | {"cluster_sizes": {"n": 3, "bins": [{"from": 2, "to": 2, "count": 3}]}}
    text = card.make(report | {"inquiry": inquiry, "duplicates": duplicates})
    for row in (
        "| n inquiries | 53,217 |",
        "| dialogues_with_one | 41 | 97 | 0.4227 | 0.3291 | 0.5221 |",
        "| dialogues_with_early_one | 43 | 97 | 0.4227 | 0.3291 | 0.5221 |",
        "| 1 | 41 | 97 | 0.4227 | 0.3291 | 0.5221 |  |",
        "| 2 | 41 | 97 | 0.4227 | 0.3291 | 0.5221 | yes |",
    ):
        assert row in text
    step = next(step for step in report["funnel"] if step["step"] == "deidentify")
    step["rejected"] = {"residual_mobile": 77_123}
    assert "refused, because something was left in them:\n\n| reason | records |" in card.make(report)
    assert "{" not in text.split("\n---\n", 1)[1].partition("## Citation")[0]


def test_the_dictionary_of_fields_is_the_schema() -> None:
    assert [name for name, _, _ in FIELDS] == SCHEMA.names


def test_what_is_said_of_a_source_decides_the_key(corpus: Callable[..., Path], tmp_path: Path) -> None:
    source = str(corpus(30))
    build(tmp_path / "a", [{"path": source, "terms": "one"}])
    build(tmp_path / "b", [{"path": source, "terms": "two"}])
    manifests = [json.loads((tmp_path / name / "manifest.json").read_text(encoding="utf-8")) for name in "ab"]
    assert manifests[0]["key"] != manifests[1]["key"]
    assert [manifest["inputs"][0]["terms"] for manifest in manifests] == ["one", "two"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"publish": {"version": "v1"}}, "key 'publish.version': is no version of the form 1.2.3"),
        ({"publish": {"url": "javascript:alert(1)"}}, "key 'publish.url': is no web address"),
        ({"publish": {"title": "\ud800"}}, "key 'publish.title': holds half a surrogate pair"),
        ({"publish": {"date": "yesterday"}}, "key 'publish.date'"),
        ({"inputs": [{"path": "a", "homepage": "https://a b"}]}, "key 'inputs.0.homepage': is no web address"),
        ({"inputs": [{"path": "a", "terms_date": "31.1.2026"}]}, "key 'inputs.0.terms_date'"),
    ],
)
def test_what_cannot_be_published_is_refused(settings: Settings, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config({"inputs": ["a"], "output": "b"} | settings, "c.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
