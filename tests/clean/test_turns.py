from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.clean.batch import batch_of
from cmtmedqa.clean.normalise import normalise_text
from cmtmedqa.clean.turns import arrange, arrange_batch, resolve_labels
from cmtmedqa.config import Normalise
from cmtmedqa.records import Dialogue, Turn

_SETTINGS = Normalise()
_PIECES = ["头痛。", "医生：", "患者：", "您好", "", "多久了？", "\n", " 大夫：", "男，35", "x", "病人：", "。"]
_TURNS = st.builds(
    lambda role, pieces: Turn(role=role, text=normalise_text("".join(pieces), _SETTINGS)),
    st.sampled_from(["patient", "doctor", "patient", "doctor", "system"]),
    st.lists(st.sampled_from(_PIECES), max_size=6),
)


def _plain(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in turns]


@given(st.lists(st.lists(_TURNS, min_size=1, max_size=7), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_the_column_form_agrees_with_the_scalar_form(dialogues: list[list[Turn]]) -> None:
    records = [Dialogue(id=str(number), source="s", turns=tuple(turns)) for number, turns in enumerate(dialogues)]
    batch, _ = arrange_batch(batch_of(records), _SETTINGS)
    for row, turns in enumerate(dialogues):
        assert _plain(batch.turns_of(row)) == _plain(arrange(turns, _SETTINGS))


@given(st.lists(_TURNS, max_size=7))
@settings(max_examples=300, deadline=None)
def test_the_result_is_in_order_and_a_second_pass_changes_nothing(turns: list[Turn]) -> None:
    arranged = arrange(turns, _SETTINGS)
    spoken = [turn.role for turn in arranged if turn.role != "system"]
    assert spoken == ["patient", "doctor"] * (len(spoken) // 2)
    again = [Turn(role=turn.role, text=normalise_text(turn.text, _SETTINGS)) for turn in arranged]
    assert _plain(arrange(again, _SETTINGS)) == _plain(arranged)


def test_a_label_of_the_same_role_is_removed() -> None:
    assert _plain(resolve_labels(Turn(role="patient", text="患者：头痛三天"))) == [("patient", "头痛三天")]


def test_a_turn_that_holds_the_other_speaker_is_split() -> None:
    turn = Turn(role="patient", text="头痛三天。\n医生：发热吗？\n患者：没有")
    assert _plain(resolve_labels(turn)) == [("patient", "头痛三天。"), ("doctor", "发热吗？"), ("patient", "没有")]


def test_an_address_is_no_label() -> None:
    assert _plain(resolve_labels(Turn(role="patient", text="医生：您好，我头痛"))) == [
        ("patient", "医生，您好，我头痛")
    ]


def test_runs_are_merged_and_the_ends_trimmed() -> None:
    turns = [
        Turn(role="doctor", text="您好，哪里不舒服？"),
        Turn(role="patient", text="头痛"),
        Turn(role="patient", text=""),
        Turn(role="patient", text="三天了"),
        Turn(role="doctor", text="多休息。"),
        Turn(role="patient", text="谢谢"),
    ]
    assert _plain(arrange(turns, _SETTINGS)) == [("patient", "头痛\n三天了"), ("doctor", "多休息。")]
    record = Dialogue(id="a", source="s", turns=tuple(turns))
    _, repairs = arrange_batch(batch_of([record]), _SETTINGS)
    changed = {name for name, mask in repairs.items() if mask.any()}
    assert changed == {"empty_turn", "same_role_run", "leading_doctor_turn", "trailing_patient_turn"}
