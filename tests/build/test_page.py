"""report.html as a file: its numbers are those of report.json, nothing in it runs or leads out, whatever the dialogues hold."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cmtmedqa.build.page import examples
from cmtmedqa.build.page.figures import percent
from cmtmedqa.build.page.page import draw
from cmtmedqa.build.page.quote import compare, quote, visible
from cmtmedqa.cli.app import app
from cmtmedqa.errors import InputError
from tests.build.page_corpus import HOSTILE, Page, built, dialogue, found_at, hostile, records


@pytest.fixture(scope="module", autouse=True)
def every_record_is_an_example() -> Iterator[None]:
    """Chance shall not decide which hostile text is on the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examples, "_A_REASON", 1_000)
        patch.setattr(examples, "_KEPT", 1_000)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def report(dataset: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((dataset / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def html(dataset: Path) -> str:
    return (dataset / "report.html").read_text(encoding="utf-8")


def assert_numbers_are_those_of(report: dict[str, Any], page: Page) -> set[str]:
    """Every marked number against the report; returns the pointers that stand on the page."""
    assert page.numbers
    for pointer, per, value, shown in page.numbers:
        stated = found_at(report, pointer)
        assert value == (round(stated / found_at(report, per), 6) if per else stated), pointer
        if shown.endswith("%"):
            assert shown == percent(stated / found_at(report, per) if per else stated), pointer
        elif shown:
            assert float(shown.replace(",", "")) == pytest.approx(stated, rel=5e-4), pointer
    return {pointer for pointer, *_ in page.numbers}


def pointers(value: Any, path: str = "") -> set[str]:
    """The pointers of all numbers below a value."""
    if isinstance(value, dict):
        parts = ((key.replace("~", "~0").replace("/", "~1"), item) for key, item in value.items())
    elif isinstance(value, list):
        parts = ((str(place), item) for place, item in enumerate(value))
    else:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return {path} if number else set()
    return {pointer for key, item in parts for pointer in pointers(item, f"{path}/{key}")}


def test_every_number_is_that_of_the_report(report: dict[str, Any], html: str) -> None:
    shown = assert_numbers_are_those_of(report, Page(html))
    whole = {
        name: report[name]
        for name in ("read", "kept", "rejected", "sources", "splits", "departments", "departments_by_source", "farewells",
                     "personal_data", "repairs", "filters", "departments_unmapped", "departments_missing")
    }  # fmt: skip
    missing = pointers(whole) - shown
    assert not {pointer for pointer in missing if not pointer.endswith(("/n", "/count"))}
    reasons = {pointer for pointer in pointers(report["funnel"], "/funnel") if not pointer.endswith("/in")}
    assert reasons <= shown
    for name in report["distributions"]:
        bins = pointers(report["distributions"][name]["bins"], f"/distributions/{name}/bins")
        assert {pointer for pointer in bins if pointer.endswith("/count")} <= shown


def test_no_number_stands_outside_of_the_marked_ones(html: str) -> None:
    body = re.sub(r"(?s)<style>.*?</style>|<script>.*?</script>|<head>.*?</head>", "", html)
    without = re.sub(r'(?s)<article class="quote">.*?</article>|<div class="quote twins">.*?\n  </div>', "", body)
    without = re.sub(r"(?s)<svg.*?</svg>|<data [^>]*>[^<]*</data>|<code>[^<]*</code>", "", without)
    names = re.sub(r'(?s)<ul class="names">.*?</ul>', "", without)
    left = re.findall(r"[0-9][0-9,.]*", unescape(re.sub(r"<[^>]*>", " ", names)))
    # What is left are words of the page: 14 departments, 5-grams, the ends of axes, 95% and 5 to 95%.
    assert set(left) <= {"14", "5", "95", "10", "0", "100", "80", "60", "40", "90"}


def test_hostile_texts_are_shown_and_inert(html: str) -> None:
    page = Page(html)
    assert [page.tags.count(tag) for tag in ("script", "style", "img", "iframe", "object", "base", "form")] == [
        1,
        1,
        0,
        0,
        0,
        0,
        0,
    ]
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in {"src", "srcset", "style"}]
    links = {(tag, value) for tag, name, value in page.attributes if name in {"href", "xlink:href"}}
    assert links
    assert all(value.startswith("#") or (tag, value) == ("link", "data:,") for tag, value in links)
    text = "".join(page.plain)
    assert "<script>window.ran='script'</script>" in text
    assert "javascript:" in text
    assert "{{ 7*7 }}" in text
    assert "[U+202E]" in text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b]", html)
    assert "…" in text
    assert max(len(word) for word in re.split(r"\s", text)) < 500, "a long turn was not shortened"


def test_only_its_own_script_and_style_may_run_and_nothing_is_fetched(html: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    page = Page(html)
    for tag in ("script", "style"):
        digest = b64encode(hashlib.sha256("".join(page.texts[tag]).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest.replace('+', '&#43;')}'" in policy[1].replace("&#39;", "'").replace(
            "+", "&#43;"
        )
    assert policy[1].startswith("default-src 'none';")
    css = "".join(page.texts["style"])
    assert "url(" not in css
    assert "@import" not in css


def test_it_says_everything_in_both_languages(html: str) -> None:
    english, chinese = (len(re.findall(rf'class="{name}"', html)) for name in ("en", "zh"))
    assert english == chinese > 100
    spoken = re.findall(
        r'<span class="en" lang="en">([^<]*)</span><span class="zh" lang="zh-Hans">([^<]*)</span>', html
    )
    assert not [pair for pair in spoken if re.search("[\u4e00-\u9fff]", pair[0])]
    codes = {word for _, word in spoken if not re.search("[\u4e00-\u9fff]", word)}
    assert codes <= {""}, "a code without a Chinese word"


def test_every_refused_reason_has_an_example(report: dict[str, Any], html: str) -> None:
    reasons = {f"{row['step']}/{reason}" for row in report["funnel"] for reason in row["rejected"]}
    assert {"filter/max_turns", "filter/min_han_share", "read/bad_json", "read/unknown_shape"} <= reasons
    headings = set(re.findall(r"<h3><code>([^<]*)</code>", html))
    assert headings == {reason for reason in reasons if not reason.startswith("deduplicate")}
    assert html.count('<div class="quote twins">') >= 2
    assert "<mark>" in html


def test_it_is_drawn_again_to_the_byte_and_the_dataset_stays(dataset: Path, tmp_path: Path, html: str) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in dataset.rglob("*")}
    done = CliRunner().invoke(app, ["report", str(dataset), "-o", str(tmp_path / "again.html")], catch_exceptions=False)
    assert done.exit_code == 0
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == html
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in dataset.rglob("*")} == before


@pytest.mark.parametrize("inside", ["x.html", "data/x.html"])
def test_it_is_never_drawn_into_the_dataset(dataset: Path, inside: str) -> None:
    with pytest.raises(InputError, match=r"lies in the dataset"):
        CliRunner().invoke(app, ["report", str(dataset), "-o", str(dataset / inside)], catch_exceptions=False)


def test_the_report_of_an_earlier_version_is_refused(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"read": 1}')
    with pytest.raises(InputError, match="earlier version; build the dataset again"):
        draw(tmp_path)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(InputError, match="cannot be read as JSON"):
        draw(tmp_path)


def test_without_deidentification_it_warns_and_quotes_nothing(tmp_path: Path) -> None:
    out = hostile(tmp_path, deidentify="off")
    html = (out / "report.html").read_text(encoding="utf-8")
    assert '<p class="warning"' in html
    assert not re.search("头痛|咳嗽|window.ran='script'|not json|fair", html)
    assert "filter/max_turns" in html
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert_numbers_are_those_of(found, Page(html))


def test_keys_that_a_detail_names_are_deidentified(tmp_path: Path) -> None:
    out = built(tmp_path, {"odd.jsonl": ['{"手机13812345678": 1, "other": "请拨打13912345678"}']})
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "keys: " in html
    assert not re.search("13[89]12345678", html)


@pytest.mark.parametrize("lines", [['{"weird": 1}'], ["[]"]])
def test_nothing_kept_is_still_a_page(tmp_path: Path, lines: list[str]) -> None:
    out = built(tmp_path, {"odd.jsonl": lines})
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert found["kept"] == 0
    assert_numbers_are_those_of(found, Page((out / "report.html").read_text(encoding="utf-8")))


def test_many_sources(tmp_path: Path) -> None:
    lines = [json.dumps(dialogue(number, 2), ensure_ascii=False) for number in range(300)]
    out = built(tmp_path, {f"source-{number:03d}.jsonl": [line] for number, line in enumerate(lines)})
    found = json.loads((out / "report.json").read_text(encoding="utf-8"))
    shown = assert_numbers_are_those_of(found, Page((out / "report.html").read_text(encoding="utf-8")))
    assert {f"/sources/source-{number:03d}.jsonl/read" for number in range(300)} <= shown


def test_contamination_is_shown_where_there_is_a_section(dataset: Path, tmp_path: Path, report: dict[str, Any]) -> None:
    for name in ("data", "rejected", "clusters.parquet"):
        (tmp_path / name).symlink_to(dataset / name)
    counts = {"items": 1_234, "unreadable": 2, "too_short": 3, "dialogues": 56, "duplicates": 4}
    section = {"contamination": {"<b>eval.jsonl</b>": {"file": "x", "unreadable_reasons": {}, **counts}}}
    (tmp_path / "report.json").write_text(json.dumps(report | section), encoding="utf-8")
    shown = assert_numbers_are_those_of(report | section, Page(draw(tmp_path)))
    assert {"/contamination/<b>eval.jsonl<~1b>/items", "/contamination/<b>eval.jsonl<~1b>/dialogues"} <= shown


@settings(deadline=None)
@given(st.text())
def test_nothing_unseen_is_left_and_the_rest_stays(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert re.sub(r"\[U\+[0-9A-F]+\]", "", shown) == re.sub(
        r"\[U\+[0-9A-F]+\]", "", "".join(c for c in text if visible(c) == c)
    )


_TURNS = st.lists(st.tuples(st.just("patient"), st.text("咳嗽发烧。", max_size=300)), max_size=8)


@settings(deadline=None)
@given(_TURNS, _TURNS)
def test_twins_are_compared_piece_by_piece(kept: list[tuple[str, str]], dropped: list[tuple[str, str]]) -> None:
    found = compare(kept, dropped)
    assert len(found.rows) <= 4
    for row in found.rows:
        plain = [
            [
                "".join(text for text, differs in side if not differs)
                for side in (row.kept, row.dropped)
                if side is not None
            ]
        ]
        if row.kept is not None and row.dropped is not None:
            assert plain[0][0] == plain[0][1], "what is not marked is the same on both sides"
    if kept == dropped:
        assert not [1 for row in found.rows for side in (row.kept, row.dropped) for _, differs in side or [] if differs]


def test_a_quote_is_short() -> None:
    found = quote([("patient", HOSTILE[7])] * 600)
    assert (len(found.turns), found.more, len(found.turns[0][1])) == (4, 596, 160)


def test_shares_never_round_to_none_or_all() -> None:
    assert [percent(share) for share in (0, 1e-6, 0.5, 0.99999, 1)] == ["0.0%", "<0.1%", "50.0%", ">99.9%", "100.0%"]


def test_the_corpus_holds_what_these_tests_are_about() -> None:
    assert len(records()) == len(set(records())) + 6


def test_an_appended_dataset_is_described_as_a_whole(tmp_path: Path) -> None:
    lines = [json.dumps(dialogue(number, 1 + number % 4), ensure_ascii=False) for number in range(60)]
    whole = built(tmp_path / "whole", {"a.jsonl": lines})
    half = built(tmp_path / "half", {"a.jsonl": lines[:30]})
    both = built(tmp_path / "both", {"b.jsonl": lines[20:]}, against=str(half), append=True)
    read = [json.loads((folder / "report.json").read_text(encoding="utf-8")) for folder in (whole, both)]
    for name in ("totals", "distributions", "inquiry", "farewells", "departments", "features"):
        assert read[0][name] == read[1][name], name
    assert (whole / "statistics.json").read_bytes() == (both / "statistics.json").read_bytes()
    assert_numbers_are_those_of(read[1], Page((both / "report.html").read_text(encoding="utf-8")))
