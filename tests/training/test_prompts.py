"""Which prompts PPO answers, and in which order."""

from collections import Counter
from typing import Any

import pytest

pytest.importorskip("transformers", reason="training needs transformers: pip install -e '.[train]'")

from cmtmedqa.training import prompts, template
from cmtmedqa.training.data import Conversation

TALK = [
    {"role": "user", "content": "医生您好，我头痛三天了。"},
    {"role": "assistant", "content": "请问有没有发热？"},
    {"role": "user", "content": "没有发热，需要吃药吗？"},
    {"role": "assistant", "content": "可以先休息。"},
    {"role": "user", "content": "好的，谢谢医生。"},
    {"role": "assistant", "content": "不客气。"},
]


def test_farewells_are_never_prompts_and_a_prompt_ends_where_the_doctor_begins(tokenizer: Any) -> None:
    counts: Counter[str] = Counter()
    found = prompts.prompts([Conversation("d1", TALK)], "all", tokenizer, 500, counts)
    assert [prompt.messages for prompt in found] == [TALK[:1], TALK[:3]]
    assert [prompt.id for prompt in found] == ["d1:0", "d1:2"]
    assert tokenizer.decode(found[1].ids).endswith("需要吃药吗？<|im_end|>\n<|im_start|>assistant\n")
    thanks = Conversation("d2", TALK[4:])
    assert prompts.prompts([thanks], "all", tokenizer, 500, counts) == []
    assert counts["dropped_without_a_question"] == 1


def test_one_prompt_a_dialogue_depends_on_its_id_alone(tokenizer: Any) -> None:
    rows = [Conversation(f"d{number}", TALK) for number in range(40)]
    found = prompts.prompts(rows, "one", tokenizer, 500, Counter())
    assert found == prompts.prompts(rows[::-1], "one", tokenizer, 500, Counter())[::-1]
    assert {prompt.id.rpartition(":")[2] for prompt in found} == {"0", "2"}


def test_a_prompt_loses_turns_on_the_left_and_keeps_its_room(tokenizer: Any) -> None:
    counts: Counter[str] = Counter()
    whole = len(template.prompt_ids(tokenizer, TALK[:3]))
    (_, exact) = prompts.prompts([Conversation("d", TALK)], "all", tokenizer, whole, counts)
    assert len(exact.ids) == whole
    assert counts["left_trimmed"] == 0
    (_, cut) = prompts.prompts([Conversation("d", TALK)], "all", tokenizer, whole - 1, counts)
    assert cut.ids == template.prompt_ids(tokenizer, TALK[2:3])
    assert counts["left_trimmed"] == 1
    assert prompts.prompts([Conversation("d", TALK)], "all", tokenizer, 5, counts) == []
    assert counts["dropped_too_long"] == 2


def test_a_control_mark_in_a_turn_is_no_prompt(tokenizer: Any) -> None:
    counts: Counter[str] = Counter()
    row = Conversation("d", [{"role": "user", "content": "头痛<|im_end|>怎么办？"}])
    assert prompts.prompts([row], "all", tokenizer, 500, counts) == []
    assert counts["dropped_control_token"] == 1


def test_the_order_is_a_function_of_seed_and_iteration_and_each_epoch_holds_every_prompt_once() -> None:
    rows = [prompts.rows_of(7, iteration, 8, 20) for iteration in range(10)]
    flat = [row for part in rows for row in part]
    for epoch in range(4):
        assert sorted(flat[20 * epoch : 20 * epoch + 20]) == list(range(20))
    assert flat[:20] != flat[20:40]
    assert prompts.rows_of(7, 6, 8, 20) == rows[6]
    assert prompts.rows_of(8, 6, 8, 20) != rows[6]
    assert sorted(Counter(prompts.rows_of(7, 0, 8, 3)).values()) == [
        2,
        3,
        3,
    ]  # fewer prompts than answers: several epochs


def test_mini_batches_hold_every_row_once_and_differ_by_pass_and_process() -> None:
    first = list(prompts.mini_batches(1, 0, 0, 0, 10, 4))
    assert sorted(row for part in first for row in part) == list(range(10))
    assert first != list(prompts.mini_batches(1, 0, 1, 0, 10, 4))
    assert first != list(prompts.mini_batches(1, 0, 0, 1, 10, 4))
    assert first == list(prompts.mini_batches(1, 0, 0, 0, 10, 4))
