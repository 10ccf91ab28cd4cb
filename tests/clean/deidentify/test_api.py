"""Finding and replacing as a whole: forms of one value, offsets, consistency, idempotence, columns against texts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.clean import deidentify
from cmtmedqa.clean.deidentify import KINDS, Span, deidentify_column, find, find_column, keyed_hash, replace
from cmtmedqa.clean.deidentify.rules import RULES

MOBILES = (
    "13912345678",
    "139 1234 5678",
    "139-1234-5678",
    "+86 139 1234 5678",
    "008613912345678",
    "１３９１２３４５６７８",
    "一三九一二三四五六七八",
    "幺三九幺二三四五六七八",
    "139\u200b1234\u200b5678",
    "139\ufeff12345678",
)
EXAMPLES = tuple(text for rule in RULES for text in (*rule.yes, *rule.no))
PIECES = st.sampled_from(
    (*EXAMPLES, "，", "。", " ", "我", "医生：", "\n", "１", "\u200b", "[电话1]", "90岁以上", "岁", "号")
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join)


def values(text: str) -> list[str]:
    return [text[span.start : span.end] for span in find(text)]


def run(*texts: str) -> list[str]:
    return replace(list(texts), {index: find(text) for index, text in enumerate(texts)})


@pytest.mark.parametrize("value", MOBILES)
@pytest.mark.parametrize("frame", ["{}", "打{}找我", "手机号{}，谢谢", "联系我 {} 好吗", "尿频{}"])
def test_a_mobile_number_is_found_in_every_form_and_place(value, frame):
    text = frame.format(value)
    assert values(text) == [value]


def test_all_forms_of_a_number_have_one_tag():
    assert run(*(f"打{value}吧" for value in MOBILES)) == ["打[电话1]吧"] * len(MOBILES)


def test_two_identifiers_side_by_side():
    assert run("电话13912345678微信abc_12345邮箱a@example.com") == ["电话[电话1]微信[微信1]邮箱[邮箱1]"]


def test_people_keep_their_tag_in_all_turns():
    turns = run("我叫林若溪，找邵景行医生", "林若溪，你好，我是邵医生", "谢谢邵医生，龚大夫也看过")
    assert turns == ["我叫[姓名1]，找[医生1]", "[姓名1]，你好，我是[医生1]", "谢谢[医生1]，[医生2]也看过"]


def test_a_name_that_a_cue_gave_away_is_replaced_everywhere_in_its_dialogue():
    texts = pa.array(["我叫谢明。", "那天谢明也在", "那天谢明也在"])
    replaced, spans = deidentify_column(texts, np.array([0, 0, 1]))
    assert replaced.to_pylist() == ["我叫[姓名1]。", "那天[姓名1]也在", "那天谢明也在"]
    assert [row for row, _ in spans] == [0, 1]


def test_tags_start_anew_in_every_dialogue():
    texts = pa.array(["打13912345678", "打13812345678", "打13812345678"])
    replaced, _ = deidentify_column(texts, np.array([0, 0, 1]))
    assert replaced.to_pylist() == ["打[电话1]", "打[电话2]", "打[电话1]"]


def test_new_tags_count_on_from_those_already_there():
    assert run("打[电话1]或13912345678") == ["打[电话1]或[电话2]"]


def test_a_ward_goes_with_its_hospital_and_a_department_stays():
    turns = run("住在北京协和医院骨科三病区", "北京协和医院骨科看过", "骨科三病区在几楼")
    assert turns == ["住在[医院1]", "[医院1]骨科看过", "骨科三病区在几楼"]


def test_ages_above_89_become_a_band():
    assert run("奶奶93岁了，爷爷89岁") == ["奶奶90岁以上了，爷爷89岁"]


def test_longest_span_wins():
    assert [(span.kind, *span[:2]) for span in find("发13912345678@example.com")] == [("email", 1, 24)]


def test_of_addresses_that_overlap_nothing_is_left_over():
    text = "Address: 黑龙江省哈尔滨市尚志市南关街370号, please"
    assert replace([text], {0: find(text)}) == ["Address: [地址1], please"]


def test_a_column_without_hits_is_returned_as_it_is():
    texts = pa.array(["头疼三天", ""])
    assert deidentify_column(texts, np.array([0, 1])) == (texts, [])


def test_residual_lists_every_checkable_kind():
    counts = deidentify.residual_column(pa.array(["打13912345678或13812345678", "头疼"]))
    assert counts.pop("mobile") == 1
    assert set(counts.values()) == {0}


def test_keyed_hash_depends_on_the_key_and_not_on_the_form():
    assert keyed_hash("mobile", "139 1234 5678", b"a") == keyed_hash("mobile", "+8613912345678", b"a")
    assert keyed_hash("mobile", "13912345678", b"a") != keyed_hash("mobile", "13912345678", b"b")


@pytest.mark.parametrize("kind", KINDS)
def test_a_tag_is_no_personal_data(kind):
    label = KINDS[kind][0]
    tag = label if kind == "age" else f"[{label}12]"
    for text in (tag, f"我叫{tag}，你好", f"电话{tag}", f"在{tag}住院，{tag}医生说"):
        assert find(text) == ()


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_replacing_twice_is_replacing_once(text):
    (once,) = run(text)
    assert find(once) == ()
    assert run(once) == [once]


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_spans_are_sorted_disjoint_and_inside_the_text(text):
    spans = find(text)
    ends = [0, *(place for span in spans for place in (span.start, span.end)), len(text)]
    assert ends == sorted(ends)
    assert all(isinstance(span, Span) and span.start < span.end for span in spans)


@given(st.lists(TEXTS, max_size=5))
@settings(max_examples=300, deadline=None)
def test_a_column_finds_what_single_texts_do(texts):
    column = find_column(pa.array(texts, pa.string()))
    assert column == [(row, find(text)) for row, text in enumerate(texts) if find(text)]


@given(st.lists(st.tuples(st.integers(0, 2), TEXTS), min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_a_column_replaced_twice_is_replaced_once(rows):
    rows = sorted(rows)
    dialogue = np.array([number for number, _ in rows])
    once, _ = deidentify_column(pa.array([text for _, text in rows]), dialogue)
    twice, spans = deidentify_column(once, dialogue)
    assert (twice.to_pylist(), spans) == (once.to_pylist(), [])
