"""JSON of any layout: every whole record is read, every broken one is reported."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.sources.encodings import MARK
from cmtmedqa.sources.json_stream import Broken, Element, elements

RECORDS = [
    {"question": f"第{number}天头痛，“怎么办”？", "answer": "多休息，\n少熬夜。", "tags": ["内科", {"a": number}]}
    for number in range(6)
]


def chunks(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def read(text: str, size: int = 7) -> list[Element | Broken]:
    return list(elements(chunks(text, size)))


def values(items: list[Element | Broken]) -> list[object]:
    return [item.value for item in items if isinstance(item, Element)]


def faults(items: list[Element | Broken]) -> list[str]:
    return [item.reason for item in items if isinstance(item, Broken)]


def dumps(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


LAYOUTS = {
    "array": dumps(RECORDS),
    "pretty array": dumps(RECORDS, 4),
    "ascii array": json.dumps(RECORDS),
    "trailing comma": dumps(RECORDS)[:-1] + ",\n]\n",
    "byte order mark": "\ufeff" + dumps(RECORDS),
    "wrapper": dumps({"version": "1.0", "count": 6, "data": RECORDS, "tail": None}),
    "wrapper of splits": dumps({"train": RECORDS[:4], "test": RECORDS[4:]}),
    "objects": "".join(dumps(record, 2) + "\n" for record in RECORDS),
    "objects with commas": ",\n".join(dumps(record, 2) for record in RECORDS),
    "two arrays": dumps(RECORDS[:2]) + "\n" + dumps(RECORDS[2:]),
}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_every_layout_gives_the_same_records(layout: str, size: int) -> None:
    assert read(LAYOUTS[layout], size) == [Element(record) for record in RECORDS]


@pytest.mark.parametrize("size", [1, 10_000])
def test_an_object_of_records_gives_its_keys(size: int) -> None:
    text = dumps({f"编号{number}": record for number, record in enumerate(RECORDS)})
    assert read(text, size) == [Element(record, f"编号{number}") for number, record in enumerate(RECORDS)]


def test_one_record_is_one_element() -> None:
    assert read(dumps(RECORDS[0], 2)) == [Element(RECORDS[0])]
    unknown = {"甲": {"乙": 1}, "丙": [1, 2]}
    assert read(dumps(unknown)) == [Element(unknown)]


def test_lists_of_lists_are_elements() -> None:
    dialogue = [{"utterances": ["患者:头痛", "", "", "", ""], "label": []}]
    assert values(read(dumps([dialogue, dialogue]))) == [dialogue, dialogue]


def test_numbers_at_the_edge_of_a_chunk_stay_whole() -> None:
    assert values(read("[1234567890, -12.5e3, true, null]", 3)) == [1234567890, -12500.0, True, None]


def test_what_is_no_json_value_becomes_null() -> None:
    assert values(read('[{"a": NaN, "b": -Infinity}]')) == [{"a": None, "b": None}]


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize(
    ("old", "new"), [('"answer": ', '"answer" '), ("天头痛", '天"头痛'), ('"tags": [', '"tags": [,'), ("}]}", "}]")]
)
def test_a_broken_element_costs_no_other(place: int, size: int, old: str, new: str) -> None:
    pieces = [dumps(record) for record in RECORDS]
    pieces[place] = pieces[place].replace(old, new)
    items = read("[" + ", ".join(pieces) + "]", size)
    assert values(items) == RECORDS[:place] + RECORDS[place + 1 :]
    assert faults(items) == ["bad_json"]
    (broken,) = [item for item in items if isinstance(item, Broken)]
    assert broken.raw.rstrip("]") == pieces[place].rstrip("]")
    assert "头痛" not in broken.detail


@pytest.mark.parametrize("place", range(5))
def test_a_broken_conversation_is_one_fault(place: int) -> None:
    record = {"conversations": [{"from": "human", "value": "发烧两天"}, {"from": "gpt", "value": "多喝水"}] * 3}
    pieces = [dumps(record)] * 5
    pieces[place] = pieces[place].replace('"value": "多喝水"}, {', '"value": "多喝水}, {', 1)
    items = read("[" + ",".join(pieces) + "]", 50)
    assert values(items) == [record] * 4
    assert faults(items) == ["bad_json"]


def test_a_broken_record_among_records_of_another_kind() -> None:
    safety = {"instruct": "能自行加量吗？", "output": "不能，请遵医嘱。"}
    pieces = [dumps(safety)[:-9], *map(dumps, RECORDS), dumps(safety)]
    items = read("[" + ",".join(pieces) + "]")
    assert values(items)[-1] == safety
    assert values(items)[:-1] == RECORDS
    assert faults(items) == ["bad_json"]


@pytest.mark.parametrize("place", range(1, 6))
@pytest.mark.parametrize(
    ("old", "new"), [('"answer": ', '"answer" '), ("天头痛", '天"头痛'), ('"tags": [', '"tags": [,')]
)
def test_a_broken_member_costs_no_other(place: int, old: str, new: str) -> None:
    pieces = [f'"{number}": {dumps(record)}' for number, record in enumerate(RECORDS)]
    pieces[place] = pieces[place].replace(old, new)
    items = read("{" + ", ".join(pieces) + "}")
    assert values(items) == RECORDS[:place] + RECORDS[place + 1 :]
    assert faults(items) == ["bad_json"]


def test_a_stray_brace_costs_no_record() -> None:
    pieces = [f'"{number}": {dumps(record)}' for number, record in enumerate(RECORDS)]
    pieces[2] += "}"
    items = read("{" + ", ".join(pieces) + "}")
    assert values(items) == RECORDS
    pieces = [dumps(record) for record in RECORDS]
    pieces[2] += "]"
    items = read('{"data": [' + ", ".join(pieces) + "]}")
    assert values(items) == RECORDS
    assert faults(items)


@pytest.mark.parametrize("size", [5, 10_000])
@pytest.mark.parametrize("layout", ["array", "pretty array", "ascii array", "wrapper"])
def test_a_cut_gives_what_is_complete_and_one_fault(layout: str, size: int) -> None:
    text = LAYOUTS[layout]
    for end in range(text.index("第0天") if "第0天" in text else 40, text.rindex("]"), 11):
        items = read(text[:end], size)
        whole = values(items)
        assert whole == RECORDS[: len(whole)]
        assert faults(items) == ["truncated_json"], end
        assert isinstance(items[-1], Broken)


@given(st.integers(0, 400), st.text('{}[]",: a1\\', min_size=1, max_size=6), st.integers(1, 60))
def test_damage_anywhere_never_raises_and_loses_nothing_silently(at: int, noise: str, size: int) -> None:
    text = LAYOUTS["array"]
    items = read(text[:at] + noise + text[at + len(noise) :], size)
    untouched = [record for record in RECORDS if not _touched(text, record, at, at + len(noise))]
    assert items
    if not faults(items):
        assert len(values(items)) >= len(untouched)


def _touched(text: str, record: object, start: int, end: int) -> bool:
    begin = text.index(dumps(record))
    return start <= begin + len(dumps(record)) and end >= begin


def test_characters_are_mended_in_their_own_record() -> None:
    text = dumps([{"a": "好"}, {"a": f"坏{MARK}了", MARK: 1}, {"a": "好"}, {"a": ["half"]}, {"a": "\ufffd"}])
    items = read(text.replace("half", "\\ud83d"), 4)
    assert items == [
        Element({"a": "好"}),
        Element({"a": "坏\ufffd了", "\ufffd": 1}, "", ("replaced_characters:2",)),
        Element({"a": "好"}),
        Element({"a": ["\ufffd"]}, "", ("lone_surrogate",)),
        Element({"a": "\ufffd"}),
    ]


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert read('[{"a": "\\ud83d\\ude00"}]') == [Element({"a": "😀"})]


def test_what_is_no_object_costs_no_other() -> None:
    items = read('[甲, {"a": 1}, {乙: 2}, {"b": 3}]', 4)
    assert values(items) == [{"a": 1}, {"b": 3}]
    assert faults(items) == ["bad_json", "bad_json"]


def test_deep_nesting_is_a_fault() -> None:
    items = read('[{"a": ' + "[" * 100_000 + "]" * 100_000 + '}, {"a": 1}]', 1_000)
    assert values(items) == [{"a": 1}]
    assert faults(items) == ["bad_json"]


def test_memory_does_not_grow_with_the_file() -> None:
    record = dumps({"question": "头痛" * 200, "answer": "休息" * 300})

    def array() -> Iterator[str]:
        yield "["
        for _ in range(20_000):
            yield record + ","
        yield record + "]"

    tracemalloc.start()
    try:
        assert sum(isinstance(item, Element) for item in elements(array())) == 20_001
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
