"""Exams in each known format, with the traps of each; all items are made up."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.errors import InputError
from cmtmedqa.evaluate.mcq import Answered, Question, letters_of, read_exam, report, shuffled
from cmtmedqa.evaluate.mcq_answers import sendable
from cmtmedqa.llm.ledger import Ledger
from tests.command import run
from tests.llm.server import Server, running

CHECKOUT = Path(__file__).resolve().parents[2]
_ITEM = Question(
    "q:1", "内科", "哪项正确？", (("A", "甲"), ("B", "乙"), ("C", "丙"), ("D", "丁")), frozenset("B"), False
)
_MANY = _ITEM._replace(answer=frozenset("AB"), multiple=True)


def _cmb(**more: Any) -> dict[str, Any]:
    row = {
        "exam_type": "医师考试", "exam_class": "执业医师", "exam_subject": "内科", "question": "测量体温常用的工具是？", "answer": "A",
        "question_type": "单项选择题", "option": {"A": "体温计", "B": "血压计", "C": "听诊器", "D": "叩诊锤", "E": ""},
    }  # fmt: skip
    return row | more


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_cmb_pads_options_has_several_answers_and_a_second_file_of_answers(tmp_path: Path) -> None:
    rows = [
        _cmb(id="1"),
        _cmb(id="2", answer="ABD", question_type="多项选择题"),
        _cmb(id="3", answer=""),
        _cmb(id="4", answer=""),
        _cmb(id="5", answer="E"),
    ]
    exam = read_exam(
        [_write(tmp_path / "cmb.json", json.dumps(rows, ensure_ascii=False))],
        "cmb",
        _write(tmp_path / "answers.json", '[{"id": "3", "answer": "C"}]'),
    )
    assert [sorted(item.answer) for item in exam.questions] == [["A"], ["A", "B", "D"], ["C"]]
    assert [item.multiple for item in exam.questions] == [False, True, False]
    assert all(len(item.options) == 4 for item in exam.questions)
    assert exam.left_out == {"without an answer": 1, "whose answer is none of its options": 1}


def test_cmexam_options_are_lines_of_one_cell_and_rows_without_answer_are_counted(tmp_path: Path) -> None:
    text = 'Question,Options,Answer,Explanation\n"体温计量什么？","A 体温\nB 血压\nC 身高",A,略\n"无答案","A 甲\nB 乙",,略\n"多选","A 甲\nB 乙\nC 丙",AC,略\n'
    exam = read_exam([_write(tmp_path / "cmexam.csv", text, "utf-8-sig")], "cmexam")
    assert [(len(item.options), item.multiple) for item in exam.questions] == [(3, False), (3, True)]
    assert exam.left_out == {"without an answer": 1}


@pytest.mark.parametrize(
    ("kind", "head"),
    [("ceval", "id,question,A,B,C,D,answer,explanation"), ("cmmlu", ",Question,A,B,C,D,Answer,x")],
)
def test_ceval_and_cmmlu_take_the_subject_from_the_file_and_bear_a_byte_order_mark(
    tmp_path: Path, kind: Any, head: str
) -> None:
    folder = tmp_path / "val"
    folder.mkdir()
    _write(folder / "clinical_medicine_val.csv", f"{head}\n0,体温计量什么？,体温,血压,身高,体重,A,\n", "utf-8-sig")
    (item,) = read_exam([folder], kind).questions
    assert (item.subject, item.options[0], item.answer) == ("clinical_medicine", ("A", "体温"), frozenset("A"))


def test_the_same_items_are_read_from_any_container(tmp_path: Path) -> None:
    head, line = (
        "id,question,A,B,C,D,answer,explanation\n",
        "{n},第{n}题，体温用什么量？,体温计,血压计,听诊器,叩诊锤,A,\n",
    )
    text = head + "".join(line.format(n=n) for n in range(5))
    rows = [dict(zip(head.strip().split(","), part.split(","), strict=True)) for part in text.splitlines()[1:]]
    _write(tmp_path / "a.csv", text, "utf-8-sig")
    _write(tmp_path / "b.csv", text, "gb18030")
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("ceval/val/physician_val.csv", text)
    _write(tmp_path / "e.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "f.parquet")
    found = {path.name: read_exam([path], "ceval").questions for path in sorted(tmp_path.iterdir())}
    assert len(found) == 6
    assert len({tuple(item[2:] for item in questions) for questions in found.values()}) == 1
    assert found["d.zip"][0].subject == "physician"
    assert len({item.id for item in read_exam([tmp_path], "ceval").questions}) == 30


def test_what_is_no_exam_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"z\.json: is empty"):
        read_exam([_write(tmp_path / "z.json", "")], "cmb")
    with pytest.raises(InputError, match="holds no cmb item"):
        read_exam([_write(tmp_path / "x.json", '[{"a": 1}]')], "cmb")
    with pytest.raises(InputError, match="is no JSON"):
        read_exam([_write(tmp_path / "y.json", "[{")], "cmb")


@pytest.mark.parametrize(
    ("text", "item", "chosen"),
    [
        ("答案：B", _ITEM, "B"),
        ("A项不对，因为……。所以正确答案是（B）。", _ITEM, "B"),
        ("B. 乙", _ITEM, "B"),
        ("应选B，理由如下", _ITEM, "B"),
        ("<think>答案：A</think>答案：B", _ITEM, "B"),
        ("答案：Ｂ", _ITEM, "B"),
        ("答案是ABD", _MANY, "ABD"),
        ("答案：A、B", _MANY, "AB"),
        ("**答案：** B", _ITEM, "B"),
        ("答案：**B**", _ITEM, "B"),
        ("【答案】B", _ITEM, "B"),
        ("The answer is B.", _ITEM, "B"),
        ("所以 $\\boxed{B}$", _ITEM, "B"),
        ("答案是b", _ITEM, "B"),
        ("A项不正确，因此，B选项正确。", _ITEM, "B"),
        ("答案：A；B", _MANY, "AB"),
        ("答案：A与B", _MANY, "AB"),
        ("答案：A或B", _ITEM, ""),
        ("答案：无法确定", _ITEM, ""),
        ("Answer: because of BMI", _ITEM, ""),
        ("Answer: a patient should rest", _ITEM, ""),
        ("答案：AB", _ITEM, ""),
        ("答案：F", _ITEM, ""),
        ("我不知道", _ITEM, ""),
        ("BMI 偏高的人应当控制饮食", _ITEM, ""),
    ],
)
def test_letters_are_read_from_replies(text: str, item: Question, chosen: str) -> None:
    assert letters_of(text, item) == frozenset(chosen)


@given(st.integers(0, 1000), st.integers(1, 20))
def test_shuffling_moves_the_answer_with_its_text(seed: int, turn: int) -> None:
    moved = shuffled(_MANY, seed, turn)
    assert {dict(moved.options)[letter] for letter in moved.answer} == {"甲", "乙"}
    assert [letter for letter, _ in moved.options] == list("ABCD")


def test_an_unread_choice_is_wrong_and_counted_besides(tmp_path: Path) -> None:
    path = _write(tmp_path / "cmb.json", json.dumps([_cmb(id=str(n)) for n in range(4)]))
    exam = read_exam([path], "cmb")
    chosen = [frozenset("A"), frozenset("A"), frozenset("B"), frozenset()]
    found = report([Answered(item, 0, choice) for item, choice in zip(exam.questions, chosen, strict=True)], exam, 1)
    assert (found["all"]["right"], found["all"]["wrong"], found["all"]["unread"], found["all"]["n"]) == (2, 1, 1, 4)
    assert found["all"]["low"] < found["all"]["accuracy"] == 0.5 < found["all"]["high"]


def test_items_with_personal_data_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [_cmb(id="1"), _cmb(id="2", question="患者王小明，电话13912345678，应先做什么？")]
    exam = read_exam([_write(tmp_path / "cmb.json", json.dumps(rows))], "cmb")
    with Ledger(tmp_path / "ledger") as ledger:
        kept = sendable(exam, ledger)
        assert [item.id for item in kept.questions] == ["cmb.json:1"]
        assert list(kept.left_out.values()) == [1]
        with pytest.raises(InputError, match="every item"):
            sendable(exam._replace(questions=exam.questions[1:]), ledger)


def test_a_server_that_always_says_a_is_found_out_by_shuffling_and_asked_once(tmp_path: Path) -> None:
    pytest.importorskip("openai")
    path = _write(
        tmp_path / "cmb.json",
        json.dumps([_cmb(id=str(n), question=f"第{n}题，体温用什么量？") for n in range(30)], ensure_ascii=False),
    )
    with running(Server(lambda *_: "答案：A")) as server:
        words = ["evaluate", "mcq", f"m@{server.url}", "--file", str(path), "--format", "cmb", "--shuffle", "3"]
        words += ["-o", str(tmp_path / "mcq.html"), "--ledger", str(tmp_path / "ledger")]
        for _ in range(2):
            done = run(*words, cwd=CHECKOUT)
            assert done.returncode == 0, done.stderr
        assert server.calls <= 120
    found = json.loads((tmp_path / "mcq.json").read_text(encoding="utf-8"))
    assert found["all"]["accuracy"] == 1.0
    assert found["order"]["accuracy"][1]["accuracy"] < 0.7
    assert found["order"]["stable"] < 0.5
    assert "体温" not in (tmp_path / "mcq.html").read_text(encoding="utf-8")
