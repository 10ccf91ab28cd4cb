"""The row of each preference format, readable, and the loaders' rules: what we write passes, what is damaged is named."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmtmedqa.export.check import check_file
from cmtmedqa.export.loaders import LOADERS
from cmtmedqa.export.pairs import PAIR_ROWS
from cmtmedqa.judgements import Preference


def _pair(*texts: str, system: str = "") -> Preference:
    """A pair whose prompt holds these texts, the patient first and last."""
    prompt = [{"role": "assistant" if place % 2 else "user", "content": text} for place, text in enumerate(texts)]
    return Preference.model_validate(
        {
            "id": "p1",
            "ranking_id": "set-1",
            "dialogue_id": "d1",
            "prompt": [*([{"role": "system", "content": system}] if system else []), *prompt],
            "chosen_id": "a",
            "chosen": "多休息。",
            "rejected_id": "b",
            "rejected": "不知道。",
            "margin": 2,
            "agreement": 1,
            "n_annotators": 2,
        }
    )


THREE = _pair("头痛三天。", "有没有发热？", "没有。", system="你是医生。")
ONE = _pair("咳嗽。")


def test_trl_golden() -> None:
    assert PAIR_ROWS["trl"](THREE) == {
        "item_id": "set-1",
        "prompt": [
            {"role": "system", "content": "你是医生。"},
            {"role": "user", "content": "头痛三天。"},
            {"role": "assistant", "content": "有没有发热？"},
            {"role": "user", "content": "没有。"},
        ],
        "chosen": [{"role": "assistant", "content": "多休息。"}],
        "rejected": [{"role": "assistant", "content": "不知道。"}],
        "margin": 2.0,
    }


def test_llamafactory_golden() -> None:
    assert PAIR_ROWS["llamafactory"](THREE) == {
        "conversations": [
            {"from": "human", "value": "头痛三天。"},
            {"from": "gpt", "value": "有没有发热？"},
            {"from": "human", "value": "没有。"},
        ],
        "system": "你是医生。",
        "chosen": {"from": "gpt", "value": "多休息。"},
        "rejected": {"from": "gpt", "value": "不知道。"},
    }
    assert PAIR_ROWS["llamafactory"](ONE)["system"] == ""


def test_medicalgpt_golden() -> None:
    assert PAIR_ROWS["medicalgpt"](THREE) == {
        "system": "你是医生。",
        "history": [["头痛三天。", "有没有发热？"]],
        "question": "没有。",
        "response_chosen": "多休息。",
        "response_rejected": "不知道。",
    }
    assert (PAIR_ROWS["medicalgpt"](ONE)["history"], PAIR_ROWS["medicalgpt"](ONE)["question"]) == ([], "咳嗽。")


def test_ms_swift_golden() -> None:
    assert PAIR_ROWS["ms-swift"](ONE) == {
        "messages": [{"role": "user", "content": "咳嗽。"}, {"role": "assistant", "content": "多休息。"}],
        "rejected_response": "不知道。",
    }


_RANKING: dict[str, Any] = {
    "id": "set-1",
    "dialogue_id": "d1",
    "prompt": [{"role": "user", "content": "咳嗽。"}],
    "candidates": [
        {"id": key, "model": "m", "text": text}
        for key, text in (("a", "多休息。"), ("b", "不知道。"), ("c", "多休息。"))
    ],
    "rank_groups": [["a"], ["b", "c"]],
    "weight": 1,
    "n_annotators": 2,
    "vetoed": [],
}


def _sound(shape: str) -> dict[str, Any]:
    if shape == "ranking":
        return copy.deepcopy(_RANKING)
    return (
        THREE.model_dump(mode="json") if shape == "preference" else PAIR_ROWS[shape.removesuffix("-preference")](THREE)
    )


SHAPES = ["ranking", "preference", *(f"{name}-preference" for name in PAIR_ROWS)]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_written_is_read(shape: str) -> None:
    assert LOADERS[shape](_sound(shape)) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_an_absent_and_an_unknown_field_are_named(shape: str) -> None:
    for name in _sound(shape):
        without = _sound(shape)
        del without[name]
        fault = LOADERS[shape](without)
        assert fault is None if name in {"vetoed", "deciding_dimension", "department", "split"} else name in str(fault)
    assert LOADERS[shape](_sound(shape) | {"more": 1}) in {"unknown_field", "extra_forbidden more"}
    assert LOADERS[shape](None) is not None


def _cut(row: dict[str, Any], name: str, count: int) -> dict[str, Any]:
    return row | {name: row[name][:count]}


_DAMAGE: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]], str]] = [
    (
        "trl-preference",
        lambda row: _cut(row, "prompt", 3),
        "role_order",
    ),  # ends with the assistant: it would be continued
    ("trl-preference", lambda row: row | {"chosen": "多休息。"}, "wrong_type chosen"),
    ("trl-preference", lambda row: row | {"chosen": [*row["chosen"], *row["chosen"]]}, "odd_count"),
    ("trl-preference", lambda row: row | {"rejected": row["chosen"]}, "equal_text"),
    ("trl-preference", lambda row: row | {"margin": 1}, "wrong_type margin"),
    ("trl-preference", lambda row: row | {"prompt": None}, "null_value prompt"),
    ("llamafactory-preference", lambda row: row | {"chosen": "多休息。"}, "wrong_type chosen"),
    ("llamafactory-preference", lambda row: row | {"chosen": [row["chosen"]]}, "wrong_type chosen"),
    ("llamafactory-preference", lambda row: _cut(row, "conversations", 2), "role_order"),
    ("llamafactory-preference", lambda row: row | {"rejected": {"from": "human", "value": "x"}}, "role_order"),
    ("llamafactory-preference", lambda row: row | {"system": None}, "null_value system"),
    ("llamafactory-preference", lambda row: row | {"rejected": {"from": "gpt", "value": " "}}, "empty_text"),
    ("medicalgpt-preference", lambda row: row | {"response_chosen": {"value": "x"}}, "wrong_type output"),
    ("medicalgpt-preference", lambda row: row | {"history": [["x"]]}, "odd_count"),
    ("medicalgpt-preference", lambda row: row | {"history": None}, "null_value history"),
    ("medicalgpt-preference", lambda row: row | {"response_rejected": row["response_chosen"]}, "equal_text"),
    ("ms-swift-preference", lambda row: row | {"rejected_response": None}, "null_value rejected_response"),
    ("ms-swift-preference", lambda row: row | {"rejected_response": row["messages"][-1]["content"]}, "equal_text"),
    ("ms-swift-preference", lambda row: _cut(row, "messages", 4), "odd_count"),
    ("ranking", lambda row: row | {"rank_groups": [["a", "b", "c"]]}, "no_pair"),
    (
        "ranking",
        lambda row: row | {"rank_groups": [["a", "b"], ["c"]], "vetoed": ["b"]},
        "no_pair",
    ),  # a and c say the same
    ("ranking", lambda row: row | {"vetoed": ["a"]}, "no_pair"),
    ("ranking", lambda row: row | {"rank_groups": [["a"], ["b"]]}, "value_error"),
    ("preference", lambda row: row | {"rejected": row["chosen"]}, "equal_text"),
    ("preference", lambda row: row | {"margin": 0}, "greater_than margin"),
    ("preference", lambda row: row | {"prompt": row["prompt"][:3]}, "role_order"),
]


@pytest.mark.parametrize(("shape", "damage", "reason"), _DAMAGE)
def test_damage_is_named(shape: str, damage: Callable[[dict[str, Any]], dict[str, Any]], reason: str) -> None:
    assert LOADERS[shape](damage(_sound(shape))) == reason


def test_a_parquet_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    from cmtmedqa.errors import InputError

    (tmp_path / "x.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        check_file(tmp_path / "x.parquet", "preference")
