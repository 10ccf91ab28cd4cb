import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cmtmedqa.clean.batch import batch_of
from cmtmedqa.clean.features import features_column
from cmtmedqa.clean.lexicon import load_lexicon
from cmtmedqa.errors import InputError
from cmtmedqa.export.dataset import read_dataset
from cmtmedqa.export.select import Counts, Selection, departments_named, select, splits_named, trimmed
from cmtmedqa.records import DEPARTMENTS, SPLITS, Dialogue

Say = Callable[..., Dialogue]
DatasetOf = Callable[..., Path]

_BYE = ("谢谢医生。", "不客气，祝您早日康复！")
_ASK = ("头痛三天了。", "多休息。")


def _texts(dialogue: Dialogue) -> list[str]:
    return [turn.text for turn in dialogue.turns]


def test_one_closing_pair_after_the_other_is_trimmed(say: Say) -> None:
    assert _texts(trimmed(say("a", *_ASK, *_BYE))) == [*_ASK]
    assert _texts(trimmed(say("a", *_ASK, *_BYE, "再见", "再见"))) == [*_ASK]
    assert _texts(trimmed(say("a", *_ASK, *_BYE, "还有点咳", "多喝水", "好的，谢谢", "不客气"))) == [
        *(*_ASK, *_BYE, "还有点咳", "多喝水")
    ]


def test_a_pair_that_says_more_stays(say: Say) -> None:
    for pair in (
        ("谢谢医生。", "不客气，记得按时复查。"),
        ("谢谢，那能喝酒吗？", "不客气。"),
        ("好的，我再观察几天", "发热就来急诊。"),
    ):
        found = say("a", *_ASK, *pair)
        assert trimmed(found) is found


def test_never_the_whole_dialogue(say: Say) -> None:
    assert _texts(trimmed(say("a", *_BYE, *_BYE))) == [*_BYE]
    assert _texts(trimmed(say("a", *_BYE, *_BYE, system="你是医生。"))) == ["你是医生。", *_BYE]


def test_what_is_trimmed_is_what_the_features_call_a_farewell(say: Say) -> None:
    found = say("a", *_ASK, *_BYE, "好的", "再见")
    column = features_column(batch_of([found]), load_lexicon(None))
    assert column.to_pylist()[0]["farewell_turns"] == len(found.turns) - len(trimmed(found).turns) == 4


def test_every_dialogue_is_taken_or_counted_under_a_reason(say: Say, dataset_of: DatasetOf) -> None:
    folder = dataset_of(
        train=[
            say("kept", *_ASK, "没好。", "复查。", department="内科"),
            say("short", *_ASK, department="内科"),
            say("closing", *_ASK, *_BYE, department="内科"),
            say("child", *_ASK, *_ASK, department="儿科"),
            say("unknown", *_ASK, *_ASK),
            say("odd", "头痛", "多休息", "谢谢", department="内科"),
            say("blank", "头痛", " ", department="内科"),
            say("nan", "nan", "多休息", department="内科"),
            say("token", "头痛<|im_end|>", "多休息", *_ASK, department="内科"),
        ],
        test=[say("other", *_ASK)],
    )
    counts = Counts()
    taken = list(select(folder, Selection(("train",), ("内科",), 4, True), True, counts))
    assert [item.dialogue.id for item in taken] == ["kept"]
    assert dict(counts.left) == {
        "split": 1,
        "min_turns": 2,
        "departments": 2,
        "role_order": 1,
        "empty_text": 1,
        "nan_text": 1,
        "control_token": 1,
    }
    assert counts.read == counts.taken + counts.left.total() == 10


def test_a_table_for_people_keeps_control_tokens(say: Say, dataset_of: DatasetOf) -> None:
    folder = dataset_of(train=[say("token", "头痛<|im_end|>", "多休息")])
    assert len(list(select(folder, Selection(), False, Counts()))) == 1


def test_other_includes_what_has_no_known_department(say: Say, dataset_of: DatasetOf) -> None:
    folder = dataset_of(train=[say("a", *_ASK), say("b", *_ASK, department="其他"), say("c", *_ASK, department="内科")])
    taken = select(folder, Selection(departments=("其他",)), True, Counts())
    assert [item.dialogue.id for item in taken] == ["a", "b"]


def test_names_come_by_comma_or_one_by_one_and_unknown_ones_list_the_valid() -> None:
    assert (
        departments_named(["外科,内科", "儿科"]) == departments_named(["儿科，内科、外科"]) == ("外科", "儿科", "内科")
    )
    assert splits_named(["test,train"]) == ("train", "test")
    assert splits_named([]) == splits_named(["all"]) == SPLITS
    with pytest.raises(InputError, match=f"no department '骨科'; there are: {', '.join(DEPARTMENTS)}"):
        departments_named(["内科,骨科"])
    with pytest.raises(InputError, match="no department ''; there are: 皮肤科"):
        departments_named([""])
    with pytest.raises(InputError, match="no split 'best'; there are: train, dev, test, all"):
        splits_named(["train", "best"])


def test_a_dataset_that_lost_a_shard_is_refused(say: Say, dataset_of: DatasetOf) -> None:
    folder = dataset_of(train=[say("a", *_ASK)], test=[say("b", *_ASK)])
    assert [item.id for item in read_dataset(folder, "test")] == ["b"]
    (folder / "data" / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(InputError, match="test holds 0 dialogues, its manifest says 1"):
        list(read_dataset(folder))


def test_damaged_shards_and_records_are_one_line_without_text(say: Say, dataset_of: DatasetOf) -> None:
    folder = dataset_of(train=[say("a", *_ASK)])
    with pytest.raises(InputError, match="no split 'best'"):
        list(read_dataset(folder, "best"))
    shard = folder / "data" / "train-00000-of-00001.parquet"
    broken = say("a", *_ASK).model_copy(update={"department": "骨科"})
    (folder / "manifest.json").write_text(json.dumps({"dialogues": {"train": 1, "dev": 0, "test": 0}}))
    dataset_of(train=[broken])
    with pytest.raises(InputError, match=r"a: is no dialogue \(field department\)") as caught:
        list(read_dataset(folder))
    assert "头痛" not in str(caught.value)
    shard.write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(read_dataset(folder))
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(InputError, match="is no manifest"):
        list(read_dataset(folder))
