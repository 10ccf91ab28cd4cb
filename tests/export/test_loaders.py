"""The row of each format, readable, and the loaders' rules: what we write passes, what is damaged is named."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmtmedqa.export.check import check_file
from cmtmedqa.export.loaders import LOADERS
from cmtmedqa.export.rows import ROWS
from cmtmedqa.export.select import Chosen, fault
from cmtmedqa.export.write import write_export
from cmtmedqa.records import DEPARTMENTS, Dialogue, Turn


def _dialogue(*texts: str, identifier: str = "a1", system: str = "", **fields: object) -> Dialogue:
    turns = [Turn(role="doctor" if place % 2 else "patient", text=text) for place, text in enumerate(texts)]
    opening = [Turn(role="system", text=system)] if system else []
    return Dialogue.model_validate({"id": identifier, "source": "clinic", "turns": (*opening, *turns), **fields})


_TWO = _dialogue(
    "头痛三天。", "有没有发热？", "没有。", "多休息。", department="内科", department_raw=["内科", "神经内科"]
)
_SYSTEM = _dialogue("咳嗽。", "多喝水。", system="你是医生。")


def test_cmtmedqa_golden() -> None:
    assert json.dumps(ROWS["cmtmedqa"](_TWO), ensure_ascii=False) == (
        '{"id": "a1", "cate1": "内科", "cate2": "神经内科", "instruction": "没有。", "input": "", "output": "多休息。", '
        '"history": [["头痛三天。", "有没有发热？"]]}'
    )
    assert (ROWS["cmtmedqa"](_SYSTEM)["cate1"], ROWS["cmtmedqa"](_SYSTEM)["cate2"]) == ("其他", "其他")


@pytest.mark.parametrize("shape", ["messages", "ms-swift"])
def test_messages_golden(shape: str) -> None:
    assert ROWS[shape](_TWO) == {
        "messages": [
            {"role": "user", "content": "头痛三天。"},
            {"role": "assistant", "content": "有没有发热？"},
            {"role": "user", "content": "没有。"},
            {"role": "assistant", "content": "多休息。"},
        ]
    }
    assert ROWS[shape](_SYSTEM)["messages"][0] == {"role": "system", "content": "你是医生。"}


def test_sharegpt_golden() -> None:
    assert ROWS["sharegpt"](_SYSTEM) == {
        "conversations": [{"from": "human", "value": "咳嗽。"}, {"from": "gpt", "value": "多喝水。"}],
        "system": "你是医生。",
    }
    assert ROWS["sharegpt"](_TWO)["system"] == ""


def test_alpaca_golden() -> None:
    assert ROWS["alpaca"](_TWO) == {
        "instruction": "没有。",
        "input": "",
        "output": "多休息。",
        "system": "",
        "history": [["头痛三天。", "有没有发热？"]],
    }
    assert ROWS["alpaca"](_SYSTEM)["history"] == []


def test_medicalgpt_golden() -> None:
    assert ROWS["medicalgpt"](_SYSTEM) == {
        "conversations": [
            {"from": "system", "value": "你是医生。"},
            {"from": "human", "value": "咳嗽。"},
            {"from": "gpt", "value": "多喝水。"},
        ]
    }


_texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_plain = _texts.filter(lambda text: text.strip().lower() not in {"", "nan"})


@st.composite
def _dialogues(draw: st.DrawFn, texts: st.SearchStrategy[str] = _plain) -> Dialogue:
    pairs = draw(st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
    return _dialogue(
        *(text for pair in pairs for text in pair),
        identifier=draw(_plain),
        system=draw(st.one_of(st.just(""), texts)),
        source=draw(_plain),
        department=draw(st.one_of(st.none(), st.sampled_from(DEPARTMENTS))),
        department_raw=draw(st.lists(_plain, max_size=2)),
    )


@pytest.mark.parametrize(
    ("shape", "name"),
    [(shape, f"rows{suffix}") for shape in ROWS for suffix in (".json", ".jsonl")]
    + [("csv", "a.csv"), ("xlsx", "a.xlsx")],
)
@given(found=st.lists(_dialogues(), min_size=1, max_size=4, unique_by=lambda item: item.id))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_valid_dialogue_passes_the_check_of_every_format(
    tmp_path: Path, shape: str, name: str, found: list[Dialogue]
) -> None:
    output = tmp_path / name
    written = write_export([Chosen("train", item) for item in found], shape, output, check=True)
    assert written.dialogues == len(found)
    assert written.check is not None
    assert (written.check.dialogues, sum(written.check.faults.values())) == (len(found), 0)
    assert check_file(output, shape).dialogues == len(found)


@given(_dialogues(_texts))
@settings(max_examples=300, deadline=None)
def test_what_the_selection_calls_sound_no_loader_refuses(found: Dialogue) -> None:
    if not fault(found, trains=True):
        assert [shape for shape in ROWS if LOADERS[shape](ROWS[shape](found))] == []


Damage = Callable[[dict[str, Any]], Any]


def _swap(row: dict[str, Any], key: str) -> None:
    row[key][0], row[key][1] = row[key][1], row[key][0]


_CONVERSATIONS = {
    "messages": ("messages", "role", "content", "assistant"),
    "ms-swift": ("messages", "role", "content", "assistant"),
    "sharegpt": ("conversations", "from", "value", "gpt"),
    "medicalgpt": ("conversations", "from", "value", "gpt"),
}


def _damages(key: str, role: str, text: str, answers: str) -> list[tuple[Damage, str]]:
    return [
        (lambda row: _swap(row, key), "role_order"),
        (lambda row: row[key].insert(0, {role: answers, text: "你好"}), "role_order"),
        (lambda row: row[key].pop(), "odd_count"),
        (lambda row: row[key].clear(), "no_exchange"),
        (lambda row: row.update({key: None}), "null_value messages"),
        (lambda row: row.update({key: row[key][0]}), "wrong_type messages"),
        (lambda row: row.pop(key), f"missing_field {key}"),
        (lambda row: row.update({"extra": 1}), "unknown_field"),
        (lambda row: row[key][1].update({text: ""}), "empty_text"),
        (lambda row: row[key][1].update({text: " \n\u3000"}), "empty_text"),
        (lambda row: row[key][1].update({text: "NaN"}), "nan_text"),
        (lambda row: row[key][1].update({text: None}), f"null_value {text}"),
        (lambda row: row[key][1].update({text: {"text": "好"}}), f"wrong_type {text}"),
        (lambda row: row[key][1].update({role: None}), f"null_value {role}"),
        (lambda row: row[key][1].update({role: "doctor"}), "role_order"),
        (lambda row: row[key][1].pop(role), f"missing_field {role}"),
        (lambda row: row[key].__setitem__(1, "好"), "wrong_type message"),
        (lambda row: row[key].insert(2, {role: "system", text: "好"}), "role_order"),
    ]


_QUESTION_ANSWER: list[tuple[Damage, str]] = [
    (lambda row: row.update({"output": {"from": "gpt", "value": "好"}}), "wrong_type output"),
    (lambda row: row.update({"output": None}), "null_value output"),
    (lambda row: row.update({"output": ""}), "empty_text"),
    (lambda row: row.update({"instruction": "nan"}), "nan_text"),
    (lambda row: row.update({"input": None}), "null_value input"),
    (lambda row: row.pop("input"), "missing_field input"),
    (lambda row: row["history"][0].pop(), "odd_count"),
    (lambda row: row["history"][0].append("好"), "odd_count"),
    (lambda row: row["history"].append("好"), "wrong_type history"),
    (lambda row: row.update({"history": None}), "null_value history"),
    (lambda row: row.update({"history": {"q": "a"}}), "wrong_type history"),
    (lambda row: row["history"][0].__setitem__(1, None), "null_value history"),
    (lambda row: row["history"][0].__setitem__(0, ""), "empty_text"),
]

_DAMAGED = [
    *((shape, damage, reason) for shape, names in _CONVERSATIONS.items() for damage, reason in _damages(*names)),
    *((shape, damage, reason) for shape in ("cmtmedqa", "alpaca") for damage, reason in _QUESTION_ANSWER),
    ("alpaca", lambda row: row.update({"system": None}), "null_value system"),
    ("sharegpt", lambda row: row.update({"system": None}), "null_value system"),
    ("sharegpt", lambda row: row.pop("system"), "missing_field system"),
    ("cmtmedqa", lambda row: row.update({"id": row.pop("id")}), "field_order"),
    ("cmtmedqa", lambda row: row.update({"id": 3}), "wrong_type id"),
    ("cmtmedqa", lambda row: row.update({"cate2": " "}), "empty_text"),
]


@pytest.mark.parametrize(("shape", "damage", "reason"), _DAMAGED)
def test_a_damaged_row_is_refused_with_its_reason(tmp_path: Path, shape: str, damage: Damage, reason: str) -> None:
    sound = ROWS[shape](_TWO)
    broken = copy.deepcopy(sound | {"id": "a9"} if "id" in sound else sound)
    damage(broken)
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in (sound, broken)), encoding="utf-8")
    found = check_file(path, shape)
    assert dict(found.faults) == {reason: 1}
    assert found.where == {reason: [2]}


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (b'{"messages": [}\n', {"not_json": 1}),
        (b'\xef\xbb\xbf{"messages": null}\n', {"byte_order_mark": 1, "null_value messages": 1}),
        (b'{"messages": [], "messages": []}\n', {"duplicate_key": 1}),
        (b'{"messages": NaN}\n', {"not_a_number": 1}),
        (b'{"messages": "\\ud800"}\n', {"lone_surrogate": 1}),
        (b'{"messages": "\xc4\xe3"}\n', {"not_utf8": 1}),
        (b"3\n", {"not_an_object": 1}),
        (b"", {"no_rows": 1}),
        (b"[]\n", {"no_rows": 1}),
        (b'[\n{"messages": null},\n{"messages": 3}\n]\n', {"null_value messages": 1, "wrong_type messages": 1}),
        (b'[\n{"messages": null}\n{"messages": 3}\n]\n', {"not_json": 1}),
        (b'[\n{"messages": null},\n]\n', {"not_json": 1}),
        (b'[{"messages": null}, {"messages": 3}]', {"null_value messages": 1, "wrong_type messages": 1}),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, content: bytes, faults: dict[str, int]) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    assert dict(check_file(path, "messages").faults) == faults


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    found = _dialogue("头\u2028痛\x85\x0b。", "好\u2029的。\r\n多喝水。")
    write_export([Chosen("train", found)], "messages", tmp_path / "a.jsonl", check=True)
    assert len((tmp_path / "a.jsonl").read_bytes().split(b"\n")) == 2


def test_equal_ids_are_refused_where_a_format_has_them(tmp_path: Path) -> None:
    rows = [Chosen("train", _TWO), Chosen("train", _TWO)]
    for shape, name in (("cmtmedqa", "a.json"), ("csv", "a.csv")):
        write_export(rows, shape, tmp_path / name)
        assert check_file(tmp_path / name, shape).faults["duplicate_id"] == 1


def test_a_history_that_starts_too_late_is_found(tmp_path: Path) -> None:
    long = _dialogue("头痛" * 200_000, "多休息。", identifier="long")
    rows = [ROWS["alpaca"](long)] * 12 + [ROWS["alpaca"](_TWO)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert dict(check_file(path, "alpaca").faults) == {"history_starts_too_late": 1}
