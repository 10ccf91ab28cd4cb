"""Rows of the programs: every shape that peers write, cut from the left by whole turns, with a count for all that is lost."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmtmedqa.errors import InputError
from cmtmedqa.training import data
from cmtmedqa.training.data import Conversation, fit, read_conversations, trim_left, usable

_ASKED, _SAID = "我头痛三天了，怎么办？", "建议先查血常规。"
_THEN, _ANSWER = "需要吃药吗？", "可以服用布洛芬。"
_CHAT = [("user", _ASKED), ("assistant", _SAID), ("user", _THEN), ("assistant", _ANSWER)]
_WHOLE = [{"role": role, "content": text} for role, text in _CHAT]
_SHAPES: dict[str, dict[str, Any]] = {
    "messages": {"messages": _WHOLE},
    "sharegpt": {
        "conversations": [{"from": {"user": "human", "assistant": "gpt"}[role], "value": text} for role, text in _CHAT],
        "system": "",
    },
    "alpaca": {"instruction": _THEN, "input": "", "output": _ANSWER, "system": "", "history": [[_ASKED, _SAID]]},
    "medicalgpt": {
        "conversations": [{"from": {"user": "human", "assistant": "gpt"}[role], "value": text} for role, text in _CHAT]
    },
    "cmtmedqa": {
        "id": "7", "cate1": "内科", "cate2": "神经内科", "instruction": _THEN, "input": "", "output": _ANSWER,
        "history": [[_ASKED, _SAID]],
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("array", [False, True])
def test_the_shapes_of_the_peers_are_read(shape: str, array: bool, tmp_path: Path) -> None:
    path = tmp_path / ("rows.json" if array else "rows.jsonl")
    row = _SHAPES[shape]
    path.write_text(json.dumps([row] if array else row, ensure_ascii=False) + "\n", encoding="utf-8")
    counts: Counter[str] = Counter()
    (found,) = read_conversations([str(path)], "train", counts)
    assert found.messages == _WHOLE
    assert read_conversations([str(path)], "dev", counts) == []
    assert found.department == ("内科" if shape == "cmtmedqa" else "其他")


def test_a_dataset_of_build_gives_its_splits(corpus: Callable[..., Path], tmp_path: Path) -> None:
    from rich.console import Console

    from cmtmedqa.build.pipeline import build
    from cmtmedqa.config import make_config

    out = tmp_path / "dataset"
    values = {"inputs": [str(corpus(120))], "output": str(out), "split": {"dev": 0.2, "test": 0.2}, "workers": 1}
    build(make_config(values, "test"), Console(stderr=True))
    stated = json.loads((out / "manifest.json").read_text())["dialogues"]
    for split in ("train", "dev"):
        rows = usable(read_conversations([str(out)], split, Counter()), ("<|im_end|>",), Counter())
        assert len(rows) == stated[split] > 0


def test_what_cannot_be_learnt_is_counted_under_its_reason() -> None:
    def row(name: str, *messages: tuple[str, str]) -> Conversation:
        return Conversation(name, [{"role": role, "content": text} for role, text in messages])

    counts: Counter[str] = Counter()
    rows = [
        row("whole", *_CHAT),
        row("greeting", ("assistant", "您好"), *_CHAT, ("user", "谢谢")),
        row("system", ("system", "您是医生"), *_CHAT),
        row("control", ("user", "头痛<|im_end|>"), ("assistant", _SAID)),
        row("silent", ("user", _ASKED)),
        row("twice", ("user", _ASKED), ("user", _THEN), ("assistant", _SAID)),
        row("empty", ("user", _ASKED), ("assistant", " ")),
    ]
    kept = usable(rows, ("<|im_end|>", "<think>"), counts)
    assert [item.id for item in kept] == ["whole", "greeting", "system", "twice"]
    assert [message["content"] for message in kept[3].messages] == [f"{_ASKED}\n{_THEN}", _SAID]
    assert kept[1].messages == _WHOLE
    assert counts == {
        "turns_cut_at_the_ends": 2, "turns_joined": 1, "dropped_control_token": 1, "dropped_no_doctor_turn": 1,
        "dropped_empty_turn": 1,
    }  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    exchanges=st.integers(1, 6),
    system=st.booleans(),
    ends_with_patient=st.booleans(),
    limit=st.integers(1, 60),
    seed=st.data(),
)
def test_trimming_cuts_whole_turns_from_the_left_and_keeps_the_last_patient_turn(
    exchanges: int, system: bool, ends_with_patient: bool, limit: int, seed: Any
) -> None:
    roles = (["system"] if system else []) + ["user", "assistant"] * exchanges + (["user"] if ends_with_patient else [])
    messages = [{"role": role, "content": str(number)} for number, role in enumerate(roles)]
    lengths = seed.draw(st.lists(st.integers(1, 12), min_size=len(roles), max_size=len(roles)))
    kept = trim_left(messages, lengths, limit)
    last = len(roles) - (1 if ends_with_patient else 2)
    smallest = sum(lengths[last:]) + (lengths[0] if system else 0)
    if kept is None:
        assert smallest > limit
        return
    assert sum(lengths[int(message["content"])] for message in kept) <= limit
    head = 1 if system else 0
    assert kept[:head] == messages[:head]
    assert kept[head:] == messages[-len(kept[head:]) :]
    assert kept[head]["role"] == "user"
    assert messages[last] in kept
    dropped = len(messages) - len(kept)
    if dropped:
        assert sum(lengths[:head]) + sum(lengths[head + dropped - 2 :]) > limit  # one exchange more would not fit


def test_cuts_are_counted() -> None:
    rows = [
        Conversation("a", _WHOLE),
        Conversation("b", _WHOLE[:2]),
        Conversation("c", [{"role": "user", "content": "x"}]),
    ]
    counts: Counter[str] = Counter()
    sizes = {"a": [10, 10, 10, 10], "b": [10, 10], "c": [30]}
    kept = fit(rows, lambda messages: sizes[next(row.id for row in rows if row.messages is messages)], 25, counts)
    assert [(row.id, len(row.messages)) for row in kept] == [("a", 2), ("b", 2)]
    assert counts == {"left_trimmed": 1, "left_trimmed_turns": 2, "dropped_too_long": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.jsonl", None, "absent.jsonl: no such file"),
        ("empty.jsonl", "", "empty.jsonl: holds no dialogue to train on"),
        ("odd.jsonl", '{"a": 1}\n', "odd.jsonl: holds no dialogue to train on"),
    ],
)
def test_a_file_without_dialogues_is_named(name: str, content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_conversations([str(tmp_path / name)], "train", Counter())


def test_the_content_hash_does_not_know_where_the_rows_came_from() -> None:
    rows = [Conversation("a", _WHOLE)]
    assert data.content_hash(rows) == data.content_hash(list(rows))
    assert data.content_hash(rows) != data.content_hash([rows[0]._replace(messages=_WHOLE[:2])])


def test_named_held_out_files_are_taken_whole_and_datasets_by_their_dev_split(tmp_path: Path) -> None:
    assert data.held_out(("a",), ()) == (("a",), "dev")
    assert data.held_out(("a",), ("b",)) == (("b",), "train")
    (tmp_path / "manifest.json").write_text("{}")
    assert data.held_out(("a",), (str(tmp_path),)) == ((str(tmp_path),), "dev")


def test_manifests_are_known_by_name_even_where_two_have_one(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder / "dataset").mkdir(parents=True)
        (tmp_path / folder / "dataset" / "manifest.json").write_text(folder)
    found = data.manifests([str(tmp_path / folder / "dataset") for folder in ("a", "b")])
    assert list(found) == ["dataset", "dataset (2)"]
    assert len(set(found.values())) == 2
