"""Whatever a file holds, an adapter answers with dialogues or refusals; it never raises."""

import ast
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmtmedqa.records import ROLES
from cmtmedqa.sources.mapped import Mapped, Unreadable, to_dialogue
from cmtmedqa.sources.route import adapt, adapt_text, route

# fmt: off
KEYS = [
    "id", "title", "ask", "answer", "answers", "department", "instruction", "instruct", "input",
    "output", "history", "cate1", "questions", "question", "query", "response", "response_0", "dialog",
    "dialogue", "Dialogue", "conversations", "messages", "from", "value", "role", "content", "text",
    "utterances", "label", "disease", "chosen", "rejected", "prompt", "question_title", "question_body", "question_url",
    "user_info", "user_age", "userinfo", "age", "gender", "q_id", "sub", "sex_age", "description",
    "ask_reply", "doctor_reply", "help_a:", "answer_body", "ask_again", "addition", "patient", "temp_kg", "部门",
    "speaker", "utterance", "sentence", "self-report", "diagnosis", "category", "url", "extra", "turns",
    "Turn", "target", "responses", "system", "问题", "回答",
]
# fmt: on
WORDS = ["患者：疼", "医生:多久", "user", "patient", "doctor", "gpt", "nan", "", "3个月", "<user>:疼", "问：甲\n答：乙"]
TEXT_SHAPES = [
    "toyhom-txt",
    "meddialog-text",
    "remedi-serialised",
    "imcs-tsv",
    "dxy-literal",
    "counselling-txt",
    "prefixed-text",
]
LINES = [
    "",
    "患者：疼",
    "医生：",
    "病人：疼\t1",
    "甲,乙",
    "丙",
    "id=1",
    "Dialogue",
    "Description",
    "疾病： 痛",
    "-----",
    "<|context|><|user|>甲<|currentuser|>乙<|response|>丙",
    "<|response|>",
    "train [{'self_repo': '甲', 'dialog': ['乙']}]",
    "{[1]: 2}",
    "{'dialog': 1}",
    "[{'dialog': ['甲'], 'goal': {(1, 2): 1j}}, 3]",
]

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=4)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=8)
    ),
    max_leaves=20,
)
records = st.dictionaries(st.sampled_from(KEYS), values, max_size=9) | values


def check(items: Iterator[Mapped | Unreadable]) -> None:
    for item in items:
        if isinstance(item, Mapped):
            assert item.turns
            assert item.adapter
            assert all(role in ROLES and isinstance(said, str) for role, said in item.turns)
            json.dumps(item.extra)
            to_dialogue(item, "fixture")
        else:
            assert item.reason


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records)
def test_any_value_gives_dialogues_or_refusals(record: object) -> None:
    found = list(adapt(record, 3, "k"))
    assert all(item.index == 3 for item in found)
    check(iter(found))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records)
def test_unknown_record_gives_one_refusal_that_holds_it(record: object) -> None:
    if route(record) is None:
        (item,) = adapt(record, 0)
        assert isinstance(item, Unreadable)
        assert item.reason == "unknown_shape"
        assert item.raw == json.dumps(record, ensure_ascii=False)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(TEXT_SHAPES),
    st.lists(st.sampled_from(LINES) | st.text(max_size=6), max_size=14),
    st.none() | st.dictionaries(st.text(max_size=2), values, max_size=3),
)
def test_any_text_gives_dialogues_or_refusals(
    shape: str, lines: list[str], companion: dict[str, object] | None
) -> None:
    found = list(adapt_text(shape, iter(lines), companion))
    assert [item.index for item in found] == list(range(len(found)))
    check(iter(found))


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=4), st.text(max_size=9))
def test_cmtmedqa_keeps_every_text_in_its_order(history: list[tuple[str, str]], question: str) -> None:
    record = {
        "id": "1",
        "instruction": question,
        "input": "",
        "output": "答",
        "history": [list(one) for one in history],
    }
    (item,) = adapt(record, 0)
    assert isinstance(item, Mapped)
    assert [said for _, said in item.turns] == [part for one in history for part in one] + [question, "答"]


def test_literals_are_read_and_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []

    def read(text: str) -> list[dict[str, list[str]]]:
        called.append(text)
        return [{"dialog": ["甲"]}]

    monkeypatch.setattr(ast, "literal_eval", read)
    assert [item.adapter for item in adapt_text("dxy-literal", ["train [{'self_repo': ''}]"])] == ["dxy-literal"]
    assert called == ["[{'self_repo': ''}]"]


@pytest.mark.parametrize("shape", ["toyhom-txt", "meddialog-text", "remedi-serialised", "prefixed-text", "dxy-literal"])
def test_text_is_read_as_it_is_asked_for(shape: str) -> None:
    unit = {
        "toyhom-txt": ["甲,乙", "丙", ""],
        "meddialog-text": ["id=1", "", "Description", "疾病： 痛"],
        "remedi-serialised": ["<|context|><|currentuser|>乙<|response|>丙", ""],
        "prefixed-text": ["患者：甲", "医生：乙", ""],
        "dxy-literal": ["{'self_repo': '', 'dialog': ['甲']}"],
    }[shape]
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            for line in unit:
                taken += 1
                yield line

    dialogues = adapt_text(shape, endless())
    for _ in range(50):
        next(dialogues)
    assert taken <= 53 * len(unit)
