import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.clean.batch import batch_of
from cmtmedqa.clean.features import features_column, inquiry_turn
from cmtmedqa.clean.filters import refusals
from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.config import Filters
from cmtmedqa.errors import ConfigError
from cmtmedqa.records import Dialogue, Features, Turn


def _dialogue(*texts: str, identifier: str = "a") -> Dialogue:
    turns = [Turn(role="doctor" if number % 2 else "patient", text=text) for number, text in enumerate(texts)]
    return Dialogue(id=identifier, source="s", turns=tuple(turns))


def _features(*dialogues: Dialogue) -> list[Features]:
    column = features_column(batch_of(dialogues), load_lexicon(None))
    return [Features.model_validate(row) for row in column.to_pylist()]


def test_counts_of_a_small_dialogue() -> None:
    (found,) = _features(
        _dialogue(
            "我高血压五年了，最近头痛。",
            "请问您平时吃什么药？有没有头晕？",
            "吃氨氯地平5mg。",
            "建议监测血压，低盐饮食。",
            "谢谢医生",
            "不客气，祝您早日康复！",
        )
    )
    assert (found.turns, found.patient_chars, found.doctor_chars) == (6, 26, 39)
    assert found.informative_chars == 26 + 39 - len("谢谢医生") - len("不客气，祝您早日康复！")
    assert (found.inquiry_turns, found.early_inquiry, found.farewell_turns) == (1, True, 2)
    assert found.question_rate == pytest.approx(1 / 3, abs=1e-4)
    assert found.medical_terms >= 4
    assert 0 < found.medical_density < 1


def test_a_farewell_that_adds_advice_is_none() -> None:
    thanks = ("头痛怎么办？", "多休息。", "谢谢")
    plain, advice, number = _features(
        _dialogue(*thanks, "不客气。"),
        _dialogue(*thanks, "不客气，记得复查肝功能。"),
        _dialogue(*thanks, "不客气，3天后再来。"),
    )
    assert (plain.farewell_turns, advice.farewell_turns, number.farewell_turns) == (2, 1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请问发热多久了？", True),
        ("您平时有流涕喷嚏等症状吗？", True),
        ("请问您还有其他问题需要我帮您解答吗？", False),
        ("这样您明白了吗？", False),
        ("建议多喝水。", False),
    ],
)
def test_inquiry(text: str, expected: bool) -> None:
    assert inquiry_turn(text) is expected


def test_repetition_and_repeated_turns() -> None:
    often = "多喝水多休息不要熬夜少吃辣。" * 8
    high, low = _features(
        _dialogue("头痛", often, "头痛", often), _dialogue("头痛", "多休息，注意保暖，三天后复查血常规即可。")
    )
    assert high.repetition > 0.6
    assert high.repeated_turns == 0.5
    assert (low.repetition, low.repeated_turns) == (0.0, 0.0)


@given(
    st.lists(
        st.lists(st.text(alphabet="头痛ab 1，？", min_size=1, max_size=20), min_size=2, max_size=4),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=100, deadline=None)
def test_features_of_a_row_do_not_depend_on_its_neighbours(texts: list[list[str]]) -> None:
    dialogues = [_dialogue(*turns, identifier=str(number)) for number, turns in enumerate(texts)]
    assert _features(*dialogues) == [_features(dialogue)[0] for dialogue in dialogues]


def test_filters_name_the_first_reason_and_count_each_alone() -> None:
    dialogues = [
        _dialogue("我高血压五年了", "建议监测血压，低盐饮食，按时吃降压药。"),
        _dialogue("hello there my friend", "how are you doing today, all is well"),
        _dialogue("今天天气真好呀呀呀", "是的，出去走走看看风景吧吧吧吧。"),
    ]
    batch = batch_of(dialogues)
    found = refusals(batch, features_column(batch, load_lexicon(None)), Filters())
    assert found.reason == ["", "min_han_share", "min_medical_terms"]
    assert found.alone["min_medical_terms"] == 2
    assert found.detail[1].startswith("han_share 0,")


def test_a_filter_set_to_null_is_off() -> None:
    batch = batch_of([_dialogue("hello there my friend", "how are you doing today")])
    settings_ = Filters(min_han_share=None, min_medical_terms=None)
    assert refusals(batch, features_column(batch, load_lexicon(None)), settings_).reason == [""]


def test_a_lexicon_of_the_user(tmp_path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text("term\tcategory\n头痛\tsymptom\nhpv\ttest\n", encoding="utf-8")
    matches = load_lexicon(str(path)).matches(pa.array(["HPV阳性，头痛头痛", "没事"]))
    assert matches.text.tolist() == [0, 0, 0]
    assert matches.length.tolist() == [3, 2, 2]


def test_an_empty_or_unreadable_lexicon_is_one_line(tmp_path) -> None:
    (tmp_path / "empty.txt").write_text("term\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no term"):
        load_lexicon(str(tmp_path / "empty.txt"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_lexicon(str(tmp_path / "absent.txt"))
