"""The gold items: enough of them, of every department, safe to send, and each one decidable."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cmtmedqa.annotate.gold import GoldItem, gold_sets, load
from cmtmedqa.clean.deidentify import residual_rows
from cmtmedqa.errors import InputError
from cmtmedqa.paths import bundled
from cmtmedqa.records import DEPARTMENTS
from cmtmedqa.rubric import load as load_rubric

ITEMS = load(rubric=load_rubric())


def test_there_are_enough_of_every_kind() -> None:
    assert len(ITEMS) >= 24
    assert {item.set.department for item in ITEMS} == set(DEPARTMENTS)
    assert {len(item.set.candidates) for item in ITEMS} == {2, 3, 4}
    assert sum(any(len(group) > 1 for group in item.expected) for item in ITEMS) >= 4
    vetoed = sum(bool(item.vetoed) for item in ITEMS)
    assert len(ITEMS) // 3 <= vetoed < len(ITEMS)


def test_every_item_has_one_worst_reply_and_says_what_it_lacks() -> None:
    for item in ITEMS:
        (worst,) = item.expected[-1]
        assert item.failing.get(worst), item.set.id
        assert all(item.failing.get(candidate) for candidate in item.vetoed), item.set.id
        assert not set(item.expected[0]) & set(item.failing), item.set.id


def test_the_place_of_a_reply_does_not_give_its_rank_away() -> None:
    best = [next(i for i, one in enumerate(item.set.candidates) if one.id in item.expected[0]) for item in ITEMS]
    worst = [next(i for i, one in enumerate(item.set.candidates) if one.id in item.expected[-1]) for item in ITEMS]
    for places in (best, worst):
        assert all(places.count(place) <= len(ITEMS) / 2 for place in set(places))


def test_no_item_holds_personal_data_or_two_equal_replies() -> None:
    texts = [
        text
        for item in ITEMS
        for text in (*(m.content for m in item.set.prompt), *(c.text for c in item.set.candidates))
    ]
    assert not residual_rows(pa.array(texts, pa.string()))
    for item in ITEMS:
        replies = [candidate.text for candidate in item.set.candidates]
        assert len(set(replies)) == len(replies)


def test_the_other_reader_sees_the_same_items() -> None:
    assert [item.id for item in gold_sets()] == [item.set.id for item in ITEMS]


def _line(change: Callable[[Any], object]) -> str:
    value = json.loads(bundled("annotation", "calibration.jsonl").read_text(encoding="utf-8").splitlines()[0])
    change(value)
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: value.update(note="x"), "line 1: is no GoldItem: field note: Extra inputs are not permitted"),
        (lambda value: value["expected"].pop(), "line 1: is no GoldItem: expected must hold each candidate once"),
        (lambda value: value.update(expected=[sorted(c["id"] for c in value["set"]["candidates"])]), "ties all candidates"),
        (lambda value: value["expected"].reverse(), "a vetoed candidate must stand behind all that are not"),
        (lambda value: value.update(vetoed=["someone"]), "vetoed and failing must name candidates"),
        (lambda value: value["set"].update(department="神经内科"), "line 1: is no GoldItem: field set.department"),
        (lambda value: value["failing"].update({value["expected"][-1][0]: ["politeness"]}), "the rubric has no ability politeness"),
    ],
)  # fmt: skip
def test_an_item_that_cannot_be_used_is_named_without_its_text(
    change: Callable[[Any], object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(_line(change) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path, load_rubric())
    told = str(caught.value)
    assert message in told
    assert told.startswith(str(path))
    assert "胸口" not in told
    assert "\n" not in told


def test_a_file_that_is_no_jsonl_and_an_item_that_stands_twice_are_named(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load(path)
    path.write_text("{\n", encoding="utf-8")
    with pytest.raises(InputError, match="line 1: is no GoldItem: Invalid JSON"):
        load(path)
    path.write_text(f"{_line(len)}\n\n{_line(len)}\n", encoding="utf-8")
    with pytest.raises(InputError, match="cal-001 stands there twice"):
        load(path)


def test_a_gold_item_is_frozen() -> None:
    assert isinstance(ITEMS[0], GoldItem)
    with pytest.raises(ValueError, match="frozen"):
        ITEMS[0].vetoed = ()  # type: ignore[misc]
