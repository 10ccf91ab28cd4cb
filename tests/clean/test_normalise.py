import csv
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.clean.normalise import normalise_column, normalise_text, steps
from cmtmedqa.config import Normalise

_ALL = Normalise(courtesy_tails=True)
_CASES = [
    (row["what"], row["before"].replace("\\n", "\n"), row["after"].replace("\\n", "\n"))
    for row in csv.DictReader(
        Path(__file__).with_name("normalise.tsv").read_text(encoding="utf-8").split("\n"),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
]

_PIECES = st.sampled_from(
    [
        "头痛", "發燒", "皮膚", "乾", "甚麼", "，", ",", ".", "。", "。。", "...", "…", "?", "？", "!", "！！", "(", ")", "（", "）",
        "<br>", "<p>", "</p>", "<script>", "</script>", "&lt;", "&amp;", "&nbsp;", "&65533;", "&#65;", "&", "<", ">", ";", ":", "：",
        "Ａ", "５", "㎎", "\u200b", "\ufeff", "\u3000", "\xa0", "\t", "\r\n", "\n", "\x00", "\ufffd", " ", "CT", "12", "3.5",
        "病情分析：", "意见建议：", "患者：", "医生：", "点击左侧咨询", "加微信abc123", "祝您早日康复", "以上是对“", "”这个问题的建议",
        "图片因涉及用户隐私无法显示", "（空）", "2012112902：13：28", "仅供参考", "~", "～", "、、", "\\n", "免费热线400-123-4567",
    ]
)  # fmt: skip
_TEXTS = st.one_of(st.lists(_PIECES, max_size=14).map("".join), st.text(max_size=40))


@pytest.mark.parametrize(("what", "before", "after"), _CASES, ids=[case[0] for case in _CASES])
def test_golden(what: str, before: str, after: str) -> None:
    assert normalise_text(before, Normalise()) == after


@given(_TEXTS, st.booleans())
@settings(max_examples=400, deadline=None)
def test_a_second_pass_changes_nothing(text: str, doctor: bool) -> None:
    once = normalise_text(text, _ALL, doctor)
    assert normalise_text(once, _ALL, doctor) == once


@given(st.lists(st.tuples(_TEXTS, st.booleans()), max_size=8))
@settings(max_examples=200, deadline=None)
def test_the_column_form_agrees_with_the_scalar_form(rows: list[tuple[str, bool]]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text, _ in rows]
    column = normalise_column(pa.array(texts, pa.string()), _ALL, pa.array([doctor for _, doctor in rows], pa.bool_()))
    assert column.to_pylist() == [normalise_text(text, _ALL, row[1]) for text, row in zip(texts, rows, strict=True)]


@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_gates_find_every_text_that_a_step_changes(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    for step in steps(_ALL):
        before, text = text, step.change(text)
        if before != text:
            assert pa.compute.match_substring_regex(pa.array([before]), step.gate)[0].as_py(), step.name


def test_adverts_go_from_doctors_and_contact_data_of_patients_stays() -> None:
    advert = "您好，考虑皮炎。需要可加我微信derm2020详细咨询。注意保湿。"
    assert normalise_text(advert, Normalise(), doctor=True) == "您好，考虑皮炎。注意保湿。"
    assert "derm2020" in normalise_text("我的微信是derm2020，医生方便加吗？", Normalise(), doctor=False)


def test_courtesy_tails_go_by_option_only_and_never_the_whole_turn() -> None:
    text = "多喝水，注意休息。祝您早日康复！"
    assert normalise_text(text, Normalise(), doctor=True) == text
    assert normalise_text(text, _ALL, doctor=True) == "多喝水，注意休息。"
    assert normalise_text("祝您早日康复！", _ALL, doctor=True) == "祝您早日康复！"


@pytest.mark.parametrize("field", [name for name, info in Normalise.model_fields.items() if info.annotation is bool])
def test_every_switch_does_something(field: str) -> None:
    text = "發燒<br>ＣＴ,复查?病情分析：好。图片因涉及用户隐私无法显示。点击左侧咨询。患者：多喝水。祝您早日康复！"
    if field == "speaker_labels":
        pytest.skip("speaker labels are resolved when turns are arranged; see test_turns")
    on = normalise_text(text, _ALL.model_copy(update={field: True}), doctor=True)
    assert on != normalise_text(text, _ALL.model_copy(update={field: False}), doctor=True)
