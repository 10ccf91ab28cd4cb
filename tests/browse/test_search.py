"""A search finds what reading every record finds, however little of the dataset it reads at a time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmtmedqa.browse.dataset import Dataset, cluster_of, numbers_of, open_dataset, read_rows
from cmtmedqa.browse.search import NO_DEPARTMENT, Query, Scan
from cmtmedqa.records import SPLITS

FOREVER = 1e9
POOL = ThreadPoolExecutor(2)


class Plain(NamedTuple):
    """A record as the oracle reads it."""

    row: dict[str, Any]
    split: str | None
    words: list[str]


def _everything(folder: Path) -> Iterator[Plain]:
    for split in SPLITS:
        for path in sorted((folder / "data").glob(f"{split}-*.parquet")):
            for row in pq.read_table(path).to_pylist():
                words = [row["id"], row["source"], row["title"] or "", row["department"] or "", *row["department_raw"]]
                yield Plain(row, split, [*words, *(turn["text"] for turn in row["turns"])])
    for path in sorted((folder / "rejected").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            words = [row["id"], row["source"], row["file"]]
            if row["step"] == "read":
                words.append(row["record"])
            else:
                record = json.loads(row["record"])
                words += [record["title"] or "", *(turn["text"] for turn in record["turns"])]
            yield Plain(row, None, words)


@pytest.fixture(scope="module")
def opened(dataset: Path) -> Dataset:
    return open_dataset(dataset)


@pytest.fixture(scope="module")
def plain(dataset: Path) -> list[Plain]:
    return list(_everything(dataset))


def _fits(item: Plain, query: Query) -> bool:
    row, kept = item.row, item.split is not None
    return (
        (query.status == "all" or (query.status == "kept") == kept)
        and (not query.reason or (not kept and query.reason == f"{row['step']}/{row['reason']}"))
        and (not query.split or item.split == query.split)
        and (not query.department or (kept and (row["department"] or NO_DEPARTMENT) == query.department))
        and (not query.source or row["source"] == query.source)
        and any(query.text.casefold() in word.casefold() for word in item.words)
    )


def _found(opened: Dataset, query: Query) -> list[int]:
    scan = Scan(opened, query, POOL)
    return scan.page(0, scan.find(10**9, FOREVER))


_WORDS = st.sampled_from(
    [
        "",
        "头痛",
        "多喝水",
        "次，",
        "T1",
        "copy",
        "t1",
        "corpus",
        "内科",
        "残缺",
        "turns",
        "role",
        "doctor",
        "script",
        "引号",
        '"',
        "A&B",
        "\\",
        ".*",
        "[",
        "龘",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_search_finds_what_reading_everything_finds(opened: Dataset, plain: list[Plain], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(plain).flatmap(lambda item: st.sampled_from(item.words)))
    begin = data.draw(st.integers(0, max(len(text) - 1, 0)))
    query = Query(
        text=data.draw(st.one_of(_WORDS, st.just(text[begin : begin + data.draw(st.integers(1, 12))]))),
        status=data.draw(st.sampled_from(["all", "kept", "rejected"])),
        reason=data.draw(st.sampled_from(["", "", "deduplicate/near_duplicate", "read/bad_json"])),
        split=data.draw(st.sampled_from(["", "", "train", "dev"])),
        department=data.draw(st.sampled_from(["", "", "内科", NO_DEPARTMENT])),
        source=data.draw(st.sampled_from(["", "", "corpus.jsonl", "other"])),
    )
    assert _found(opened, query) == [number for number, item in enumerate(plain) if _fits(item, query)]


def test_a_search_stops_as_soon_as_the_page_is_full_and_goes_on_from_there(opened: Dataset, plain: list[Plain]) -> None:
    scan = Scan(opened, Query(text="次，"), POOL)
    first = scan.find(1, FOREVER)
    assert first >= 1
    assert not scan.done
    seen = scan.share
    assert scan.find(first, FOREVER) == first
    assert scan.share == seen, "what is known is not searched again"
    while not scan.done:
        scan.find(10**9, 0.0)
        assert scan.share > seen, "a step without any time left still gets on"
        seen = scan.share
    assert scan.page(0, 10**9) == [n for n, item in enumerate(plain) if _fits(item, Query(text="次，"))]


def test_the_records_around_a_hit_are_the_hits_before_and_after(opened: Dataset) -> None:
    query = Query(text="头痛")
    numbers = _found(opened, query)
    for place, number in enumerate(numbers):
        before = numbers[place - 1] if place else None
        after = numbers[place + 1] if place + 1 < len(numbers) else None
        assert Scan(opened, query, POOL).around(number, FOREVER) == (before, place, after)
    other = next(number for number in range(opened.total) if number not in numbers)
    assert Scan(opened, query, POOL).around(other, FOREVER) == (None, None, None)


def test_rows_are_read_by_number(opened: Dataset, plain: list[Plain]) -> None:
    numbers = list(range(0, opened.total, 7))
    assert read_rows(opened, numbers) == [(number, plain[number].split, plain[number].row) for number in numbers]


def test_an_id_leads_to_all_records_that_have_it(opened: Dataset, plain: list[Plain]) -> None:
    for name in ("t3", "near21", "broken", "absent"):
        expected = [number for number, item in enumerate(plain) if item.row["id"] == name]
        assert numbers_of(opened, name) == expected
        kept = [number for number in expected if plain[number].split]
        assert numbers_of(opened, name, kept_only=True) == kept


def test_a_cluster_is_found_from_each_of_its_members(opened: Dataset, dataset: Path) -> None:
    members = pq.read_table(dataset / "clusters.parquet").to_pylist()
    assert len(members) > 16, "one row group would prove nothing"
    for member in members:
        cluster = cluster_of(opened, member["id"])
        assert cluster is not None
        assert cluster.winner == member["winner"]
        assert list(cluster.members) == [other for other in members if other["cluster"] == member["cluster"]]
    assert cluster_of(opened, "absent") is None
