"""From the replica site to dialogues: what was rendered comes back, role by role and word by word, or a reason why not."""

import datetime
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cmtmedqa.crawl.replica import Replica
from cmtmedqa.sites import catalog
from cmtmedqa.sites.write import write
from tests.crawl.conftest import Crawls

SPACE = {"haodf15": "haodf", "xywy": "xywy", "dxy": "dxy"}
REASONS = {"private": "private", "gone": "soft_404", "wrong_page": "wrong_page"}


class Parsed:
    """Dialogues by id, and the reasons of rejected pages by id."""

    def __init__(self, raw: Path, out: Path) -> None:
        written = write(sorted(raw.glob("*.warc.gz")), catalog.find("demo")[0], out, Console(quiet=True))
        lines = [[json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] for path in written[:2]]
        self.dialogues = {one["id"]: one for one in lines[0]}
        self.all, self.counts = lines[0], written.counts
        self.rejected = {one["id"]: one["reason"] for one in lines[1]}


@pytest.fixture(scope="module")
def parsed(collected: Crawls, tmp_path_factory: pytest.TempPathFactory) -> Parsed:
    return Parsed(collected.site, tmp_path_factory.mktemp("parsed") / "demo.jsonl")


def ids(item: dict[str, Any]) -> list[str]:
    name = f"{SPACE[item['skin']]}-{item['number']}"
    return [f"{name}-{place}" for place in (1, 2)] if item["skin"] == "xywy" else [name]


def said(item: dict[str, Any], answer: int) -> list[tuple[str, str]]:
    turns = [("patient", item["opening"]), *((turn["role"], turn["text"]) for turn in item["answers"][answer])]
    return [(role, "".join(text.split())) for role, text in turns]


def test_every_record_comes_back_word_by_word_or_with_a_reason(replica: Replica, parsed: Parsed) -> None:
    expected = {}
    for item in replica.site.manifest:
        if item["collected"]:
            expected |= {name: said(item, answer) for answer, name in enumerate(ids(item))}
    got = {
        name: [(turn["role"], "".join(turn["text"].replace("所就诊医院科室：", "").split())) for turn in one["turns"]]
        for name, one in parsed.dialogues.items()
    }
    assert got.keys() == expected.keys()
    assert {name for name in got if got[name] != expected[name]} == set()
    assert len(parsed.all) == len(parsed.dialogues)


def test_pages_that_are_none_have_a_reason(replica: Replica, parsed: Parsed) -> None:
    for item in replica.site.manifest:
        if item["fault"] in REASONS:
            name = f"{SPACE[item['skin']]}-{item['number']}"
            assert parsed.rejected[name] == REASONS[item["fault"]], item["fault"]
    assert Counter(parsed.rejected.values()).keys() == set(REASONS.values())


def test_damage_is_marked_and_rare_characters_are_whole(replica: Replica, parsed: Parsed) -> None:
    by_fault = {item["fault"]: item for item in replica.site.manifest}
    half = parsed.dialogues[ids(by_fault["half_character"])[0]]
    assert json.loads(half["extra"])["repairs"] == ["encoding_damaged"]
    assert "\ufffd" not in "".join(turn["text"] for turn in half["turns"])
    rare = parsed.dialogues[ids(by_fault["rare_character"])[0]]
    assert "㙍䶮镕堃" in rare["turns"][0]["text"]


def test_relative_dates_are_resolved_against_the_time_of_fetching(replica: Replica, parsed: Parsed) -> None:
    (item,) = [item for item in replica.site.manifest if item["fault"] == "relative_dates"][:1]
    extra = json.loads(parsed.dialogues[ids(item)[0]]["extra"])
    fetched = datetime.datetime.fromisoformat(extra["fetched"]).astimezone(
        datetime.timezone(datetime.timedelta(hours=8))
    )
    assert extra["time"] == (fetched.date() - datetime.timedelta(days=2)).isoformat()


def test_cards_are_counted_and_twins_are_one(replica: Replica, parsed: Parsed) -> None:
    by_fault = {item["fault"]: item for item in replica.site.manifest}
    assert (
        "skipped" in json.loads(parsed.dialogues[ids(by_fault["cards"])[0]]["extra"])
        or by_fault["cards"]["skin"] == "xywy"
    )
    mobile = by_fault["mobile"]
    urls = json.loads(parsed.dialogues[ids(mobile)[0]]["extra"])["urls"]
    assert set(mobile["paths"]) <= {url.removeprefix(replica.base) for url in urls}


def test_identifiers_never_reach_a_turn(parsed: Parsed) -> None:
    text = "\n".join(turn["text"] for one in parsed.all for turn in one["turns"])
    for word in ("h***", "会员", "用户", "推广", "仅供参考", "/doctor", "送礼物", "其他人的问题"):
        assert word not in text
