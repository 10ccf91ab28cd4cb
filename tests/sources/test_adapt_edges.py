"""What real files hold beside the mapping table: each case is one record or a few lines, and what must become of it."""

import json
from typing import Any

import pytest

from cmtmedqa.sources.fields import age_of
from cmtmedqa.sources.mapped import Mapped, Unreadable
from cmtmedqa.sources.route import adapt, adapt_text, route, text_shape


def one(record: object, key: str = "") -> Mapped:
    (item,) = adapt(record, 0, key)
    assert isinstance(item, Mapped), item
    return item


def refused(record: object) -> Unreadable:
    (item,) = adapt(record, 0)
    assert isinstance(item, Unreadable), item
    return item


def said(item: Mapped) -> list[str]:
    return [f"{role[0]}:{text}" for role, text in item.turns]


def texts(shape: str, *lines: str) -> list[Any]:
    return list(adapt_text(shape, iter(lines)))


def test_query_and_response_keep_their_history() -> None:
    item = one({"query": "还疼", "response": "复查", "history": [["头疼", "多久了"]], "system": "你是医生"})
    assert (item.adapter, said(item)) == ("single-qa", ["s:你是医生", "p:头疼", "d:多久了", "p:还疼", "d:复查"])


def test_history_of_messages_stands_before_the_question() -> None:
    history = [{"role": "user", "content": "头疼"}, {"role": "assistant", "content": "多久"}]
    for record in ({"query": "三天", "response": "休息"}, {"instruction": "三天", "output": "休息"}):
        assert said(one({**record, "history": history})) == ["p:头疼", "d:多久", "p:三天", "d:休息"]


@pytest.mark.parametrize("history", ['[["头疼", "多久"]]', "[['头疼', '多久']]", "[('头疼', '多久')]"])
def test_history_of_a_table_is_read_from_its_text(history: str) -> None:
    row = {"id": "7", "instruction": "三天", "input": "", "output": "休息", "history": history}
    assert said(one(row)) == ["p:头疼", "d:多久", "p:三天", "d:休息"]


@pytest.mark.parametrize(
    "history", ["头疼", "[", "[1]", ["甲", "乙"], [["甲"]], [["甲", "乙", "丙"]], [["甲", ["乙"]]], {"甲": "乙"}, 3]
)
@pytest.mark.parametrize(
    "record",
    [
        {"instruction": "问", "output": "答"},
        {"query": "问", "response": "答"},
        {"query": "问", "response_0": "答"},
        {"prompt": "问", "chosen": "答", "rejected": "拒"},
    ],
    ids=["cmtmedqa", "single-qa", "ranking", "dpo"],
)
def test_bad_history_is_refused_wherever_it_stands(record: dict[str, object], history: object) -> None:
    item = refused({"id": "9", **record, "history": history})
    assert (item.reason, item.id) == ("bad_history", "9")


def test_equal_levels_of_the_department_both_stay() -> None:
    item = one({"instruction": "问", "output": "答", "history": [], "cate1": "肿瘤科", "cate2": "肿瘤科"})
    assert item.departments == ("肿瘤科", "肿瘤科")


def test_nulls_among_lines_and_answers_are_empty_texts() -> None:
    assert said(one({"dialog": ["患者：头疼", None, "医生：多久"]})) == ["p:头疼", "d:多久"]
    assert said(one({"dialog": ["头疼", None, "三天"]})) == ["p:头疼", "d:", "p:三天"]
    assert said(one({"question": "头疼", "answer": None})) == ["p:头疼", "d:"]


def test_a_dialogue_with_an_unknown_speaker_is_refused_not_shortened() -> None:
    item = refused(
        {
            "id": 5,
            "conversations": [
                {"from": "human", "value": "甲"},
                {"from": "tool", "value": "乙"},
                {"from": "gpt", "value": "丙"},
            ],
        }
    )
    assert (item.adapter, item.reason, item.detail, item.id) == ("sharegpt", "unknown_speaker", "1 of 3 messages", "5")


def test_history_of_lines_ends_with_the_answer_beside_it() -> None:
    item = one({"history": ["患者：头疼", "医生：多久", "患者：三天"], "response": "休息"})
    assert (said(item), item.extra) == (["p:头疼", "d:多久", "p:三天", "d:休息"], {})


@pytest.mark.parametrize(
    ("record", "turns"),
    [
        ({"input": "病人：头疼\\n医生：多久\\n病人：三天\\n医生：", "target": "休息", "type": "x"}, ["p:头疼", "d:多久", "p:三天", "d:休息"]),
        ({"input": "头疼\n医生：多久\n病人：三天", "target": "休息"}, ["p:头疼", "d:多久", "p:三天", "d:休息"]),
        ({"instruction": "<user>: 头疼 <bot>: 多久 <user>：三天", "output": "休息"}, ["p:头疼", "d:多久", "p:三天", "d:休息"]),
        ({"instruction": "<user>：头疼 <bot>：多久\n<user>：", "input": "三天", "output": "休息"}, ["p:头疼", "d:多久", "p:三天", "d:休息"]),
        ({"text": "<s>问：头疼\n答：多久</s><s>问：三天\n答：休息</s>"}, ["p:头疼", "d:多久", "p:三天", "d:休息"]),
        ({"text": "<s>问：有解答：吗答：有</s>"}, ["p:有解答：吗", "d:有"]),
        ({"dialogue": "医生：哪里不舒服？患者：头疼。医生：多久了？"}, ["d:哪里不舒服？", "p:头疼。", "d:多久了？"]),
    ],
    ids=["literal-breaks", "unmarked-start", "tags", "tags-and-input", "question-answer", "answer-inside-word", "one-line"],
)  # fmt: skip
def test_packed_strings_split_at_their_marks(record: dict[str, object], turns: list[str]) -> None:
    item = one(record)
    assert (item.adapter, said(item)) == ("packed-string", turns)


def test_words_before_a_packed_dialogue_are_no_turn() -> None:
    item = one({"input": "下面是一段问诊：\n患者：头疼\n医生：多久", "target": "休息"})
    assert said(item)[0] == "p:头疼"
    assert item.extra == {"preamble": "下面是一段问诊："}


def test_a_task_about_a_dialogue_and_a_quoted_doctor_are_no_dialogue() -> None:
    task = {"instruction": "写出摘要。\n患者：头疼\n医生：多久", "input": "", "output": "头疼待查"}
    assert route(task) == "alpaca"
    assert route({"instruction": "写出摘要", "input": "患者：头疼\n医生：多久", "output": "头疼待查"}) == "alpaca"
    assert route({"question": "昨天去看病。医生：没事。是真的吗", "answer": "可以复查"}) == "single-qa"


def test_ages_that_whole_years_do_not_tell_keep_their_words() -> None:
    assert [age_of(value) for value in ("23岁", "3个月", "１２岁", "1990-05-01", "23.0", 31, "200岁", 10**400)] == [
        23, 0, 12, None, 23, 31, None, None,
    ]  # fmt: skip
    item = one({"question": "问", "answer": "答", "gender": "女", "age": "3个月"})
    assert (item.sex, item.age, item.extra) == ("female", 0, {"age_raw": "3个月"})
    assert one({"question": "问", "answer": "答", "sex": "男", "age": "23岁"}).extra == {}


def test_people_named_in_other_fields_do_not_pass() -> None:
    item = one(
        {"question": "问", "answer": "答", "doctor_name": "某医", "擅长": "头痛", "username": "某人", "score": 4}
    )
    assert item.extra == {"score": 4}


def test_department_of_a_label_and_exam_questions() -> None:
    assert one({"question": "问", "answer": "答", "label": "神经内科", "score": 5}).departments == ("神经内科",)
    assert route({"question": "问", "A": "甲", "B": "乙", "answer": "A"}) is None


def test_midmed_levels_are_split_at_any_separator() -> None:
    knowledge = {"部门": ["五官科\xa0 眼科", "五官科，，耳鼻喉科", "nan"], "": ["x"], "患者：头疼": ["{'护理': []}"]}
    item = one({"dialog": ["头疼", "多久"], "temp_kg": knowledge})
    assert item.departments == ("五官科", "眼科", "耳鼻喉科")
    assert item.extra == {"temp_kg_fields": 3}


def test_own_dialogues_carry_their_extra_and_foreign_ones_their_fields() -> None:
    turns = [{"role": "patient", "text": "头疼"}, {"role": "doctor", "text": "休息"}]
    own = {"id": "a", "source": "s", "turns": turns, "patient": {"sex": "female", "age": 3}, "extra": '{"k": [1]}'}
    item = one(own)
    assert (item.adapter, item.extra, item.sex, item.age) == ("dialogue", {"k": [1]}, "female", 3)
    assert one({**own, "extra": {"k": 2}}).extra == {"k": 2}
    foreign = one({"id": "a", "turns": turns, "topic": "头痛"})
    assert (foreign.adapter, foreign.extra) == ("role-content", {"topic": "头痛"})


def test_implicit_and_prefixed_preferences() -> None:
    assert one({"question": "问", "response_chosen": "好", "response_rejected": "差"}).extra == {
        "chosen": "好", "rejected": "差",
    }  # fmt: skip
    both = [{"role": "user", "content": "问"}, {"role": "assistant", "content": "好"}]
    item = one({"chosen": both, "rejected": [both[0], {"role": "assistant", "content": "差"}]})
    assert (said(item), item.extra) == (["p:问"], {"chosen": "好", "rejected": "差"})


def test_candidates_stand_in_the_order_of_their_numbers() -> None:
    item = one({"query": "问", "history": [], **{f"response_{number}": str(number) for number in (10, 2, 0)}}, "17")
    assert (item.id, item.extra) == ("17", {"candidates": ["0", "2", "10"]})


def test_odd_values_never_raise_and_extra_is_always_plain_json() -> None:
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    odd = [
        {"instruction": deep, "output": ["答"]},
        {"prompt": "问", "chosen": deep, "rejected": deep},
        {"unknown": deep},
        {"question": "问", "answer": "答", "age": 10**5000, "id": 10**5000, "note": deep, "score": float("nan")},
    ]
    for record in odd:
        for item in adapt(record, 0):
            if isinstance(item, Mapped):
                json.dumps(item.extra, allow_nan=False)


def test_description_labels_need_no_space_and_the_chosen_doctor_does_not_pass() -> None:
    (item,) = texts(
        "meddialog-text", "id=1", "Doctor faculty", "某市医院 内科 消化内科 某某 主任医师", "Description",
        "疾病：胃痛", "内容：病情描述（发病时间、主要症状）：饭后痛", "曾经治疗情况和效果:没有", "预约医生： 某某",
        "Dialogue", "医生：", "多久了", "", "是空腹痛吗", "病人：", "两周", "Description", "疾病：胃痛", "主诉：反酸",
    )  # fmt: skip
    assert item.turns[0] == ("patient", "疾病：胃痛\n病情描述：饭后痛\n曾经治疗情况和效果：没有\n主诉：反酸")
    assert item.turns[1:] == [("doctor", "多久了\n\n是空腹痛吗"), ("patient", "两周")]
    assert (item.departments, item.diseases, item.extra["hospital"]) == (("内科", "消化内科"), ("胃痛",), "某市医院")
    assert "某某" not in str(item)


def test_counselling_goes_on_over_paragraphs_until_a_heading_or_a_ruler() -> None:
    lines = (
        "【第一段】", "", "来访者：睡不好", "", "心理咨询师：多久了", "", "一般来说先记录睡眠", "", "1. 早睡", "",
        "来访者：谢谢", "心理咨询师：不客气", "---", "来访者：又来了", "", "心理咨询师：欢迎",
    )  # fmt: skip
    assert text_shape("\n".join(lines)) == "counselling-txt"
    first, second = texts("counselling-txt", *lines)
    assert said(first) == ["p:睡不好", "d:多久了\n一般来说先记录睡眠\n1. 早睡", "p:谢谢", "d:不客气"]
    assert (first.extra, said(second)) == ({"heading": "【第一段】"}, ["p:又来了", "d:欢迎"])


def test_labelled_lines_without_boundaries_are_one_dialogue_or_refused() -> None:
    (short,) = texts("imcs-tsv", "患者：疼\t1", "医生：多久\t2")
    assert (short.extra["boundaries"], short.repairs) == ("unknown", ["boundaries_unknown"])
    (long,) = texts("imcs-tsv", *(["患者：疼\t1", "医生：多久\t2"] * 900))
    assert (long.reason, long.detail) == ("unknown_boundaries", "1800 lines that no companion file cuts into dialogues")


def test_other_records_in_python_form_go_to_the_adapter_of_their_keys() -> None:
    head = "{'question': '头疼', 'answer': '休息'}\n{'dialog': ['患者：头疼', '医生：休息'], 'x': (1, None)}"
    shape = text_shape(head)
    assert shape == "dxy-literal"
    found = texts(shape, *head.split("\n"))
    assert [(item.adapter, item.index, said(item)) for item in found] == [
        ("single-qa", 0, ["p:头疼", "d:休息"]),
        ("prefixed-list", 1, ["p:头疼", "d:休息"]),
    ]
    assert found[1].extra == {"x": [1, None]}


def test_a_shape_nobody_knows_is_refused() -> None:
    assert [item.reason for item in texts("no-such-shape", "甲")] == ["unknown_shape"]
