import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.farewell import ALWAYS, MOST_CHARS, NEVER, is_farewell

_DOCTOR = (
    "不客气。",
    "不客气，祝您早日康复！",
    "不用谢，这是我们应该做的。",
    "应该的，希望您早日康复，保重身体。",
    "不客气！如果还有其他问题，请随时向我咨询。祝您和宝宝健康快乐！",
    "不客气，希望我的建议对您有所帮助。祝您早日恢复健康！",
    "好的，再见。",
    "不用客气😊祝你一切顺利～",
    "很高兴能帮到您，祝您身体健康，生活愉快！",
)
_PATIENT = (
    "谢谢",
    "好的，谢谢医生。",
    "嗯嗯，知道了",
    "明白了，非常感谢您的解答！",
    "好的，我会按照您的建议去做的，谢谢。",
    "非常感谢医生的建议，我会尽快去医院检查的。",
    "感谢医生的耐心解答，祝您工作顺利",
)
_ADVICE = (
    "记得按时吃药。",
    "多喝水。",
    "注意休息。",
    "别熬夜。",
    "如有不适请及时就医。",
    "一周后来复查。",
    "药要饭后吃。",
    "晚上早点睡。",
    "把窗户打开通通风。",
    "两小时后再量一次体温。",
    "3天后再来。",
    "还疼的话去急诊。",
    "您平时血压高吗？",
    "这种药伤胃",
)


@pytest.mark.parametrize("text", _DOCTOR)
def test_a_doctor_says_goodbye(text: str) -> None:
    assert is_farewell("doctor", text)


@pytest.mark.parametrize("text", _PATIENT)
def test_a_patient_says_goodbye(text: str) -> None:
    assert is_farewell("patient", text)


@pytest.mark.parametrize("advice", _ADVICE)
@pytest.mark.parametrize("opening", ["不客气，", "不用谢！", "祝您早日康复，", "应该的。\n"])
def test_what_adds_advice_a_number_or_a_question_is_no_farewell(opening: str, advice: str) -> None:
    assert not is_farewell("doctor", opening + advice)
    assert not is_farewell("doctor", advice + opening)


@pytest.mark.parametrize(
    "text",
    [
        "谢谢医生，我还想问一下这个药能喝酒",
        "谢谢，另外我最近总是失眠",
        "谢谢，我吃了两片",
        "好的，大夫没事吧",
        "好的吗？",
        "好多了",
        "谢谢医生，但是我担心会复发",
        "没有了",
        "是的",
        "",
        "。",
    ],
)
def test_a_patient_who_reports_or_asks_says_no_goodbye(text: str) -> None:
    assert not is_farewell("patient", text)


def test_the_role_decides() -> None:
    assert not is_farewell("system", "谢谢")
    assert not is_farewell("doctor", "好的")
    assert is_farewell("patient", "好的")


_pieces = st.sampled_from(
    [*(part for text in _DOCTOR + _PATIENT for part in text.split("，")), "药", "？", "3", "，", "😊"]
)


@given(st.lists(_pieces, max_size=6), st.sampled_from(["patient", "doctor"]))
@settings(max_examples=400, deadline=None)
def test_the_cheap_test_of_a_column_loses_no_farewell(pieces: list[str], role: str) -> None:
    text = "".join(pieces)
    if is_farewell(role, text):  # type: ignore[arg-type]
        column = pa.array([text])
        assert pc.match_substring_regex(column, ALWAYS[role])[0].as_py()
        assert not pc.match_substring_regex(column, NEVER)[0].as_py()
        assert len(text) <= MOST_CHARS


@given(st.lists(_pieces, min_size=1, max_size=4), st.sampled_from(["patient", "doctor"]))
@settings(max_examples=200, deadline=None)
def test_white_space_and_punctuation_around_it_change_nothing(pieces: list[str], role: str) -> None:
    text = "，".join(pieces)
    assert is_farewell(role, f" \n{text}~！") == is_farewell(role, text)  # type: ignore[arg-type]
