"""Adapters of records with one question and one answer, with or without the exchanges before it."""

import re
from collections.abc import Iterator

from cmtmedqa.sources.chat_lists import FAMILY
from cmtmedqa.sources.fields import Fields, identifier, names, pairs, present, rest, sex_of, text, titled
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_QUESTIONS = (
    "question", "query", "ask", "medical_case", "prompt", "input", "instruct", "instruction", "text", "Question", "问题", "提问", "患者", "questions", "user",
)  # fmt: skip
_ANSWERS = (
    "raw_anwser", "raw_answer", "answer", "response", "doctor_diagnosis", "completion", "output", "reply", "Answer", "回答", "答案", "医生", "answers", "assistant",
)  # fmt: skip
_DEPARTMENTS = ("department", "Department", "dept", "cate1", "cate2", "科室", "category")
_QUIZ = frozenset({"options", "option", "choices", "answer_choice"})


def cmtmedqa(record: Fields) -> Iterator[Mapped | Unreadable]:
    """`history` pairs, then `instruction` (and `input`) and `output`."""
    history = pairs(record.get("history"))
    if history is None:
        yield Unreadable("bad_history", "history is no list of [question, answer]", id=identifier(record, "id"))
        return
    turns: list[RawTurn] = [turn for asked, said in history for turn in (("patient", asked), ("doctor", said))]
    added = text(record.get("input"))
    question = text(record.get("instruction"))
    turns += [
        ("patient", f"{question}\n{added}" if added.strip() else question),
        ("doctor", text(record.get("output"))),
    ]
    if system := text(record.get("system")):
        turns.insert(0, ("system", system))
    used = ("id", "cate1", "cate2", "instruction", "input", "output", "history", "system")
    yield Mapped(
        turns,
        id=identifier(record, "id"),
        departments=names(record.get("cate1"), record.get("cate2")),
        extra=rest(record, *used),
    )


def cmtmedqa_safety(record: Fields) -> Iterator[Mapped]:
    """The safety rows that stand in the same array as dialogues: `instruct` and `output`, nothing else."""
    turns = [("patient", text(record["instruct"]).strip()), ("doctor", text(record["output"]).strip())]
    yield Mapped(turns, extra={"subset": "safety"})


def huatuo26m(record: Fields) -> Iterator[Mapped | Unreadable]:
    """Question and answer as lists; variants behind the first go to `alternatives`."""
    asked = _flat(record.get("instruction", record.get("questions")))
    said = _flat(record.get("output", record.get("answers")))
    if not asked or not said:
        yield Unreadable("no_question_or_answer", "an empty list", id=identifier(record, "id"))
        return
    extra = rest(record, "id", "instruction", "input", "output", "questions", "answers", "label", "department")
    if len(asked) > 1 or len(said) > 1:
        extra["alternatives"] = {"questions": asked[1:], "answers": said[1:]}
    yield Mapped(
        [("patient", asked[0]), ("doctor", said[0])],
        id=identifier(record, "id"),
        departments=names(record.get("department"), record.get("label")),
        extra=extra,
    )


def _flat(value: object) -> list[str]:
    """The strings of a value, a list, or a list of lists."""
    if isinstance(value, list):
        return [item for part in value for item in _flat(part)]
    return [text(value)] if present(value) else []


def toyhom(record: Fields) -> Iterator[Mapped]:
    """`department,title,ask,answer`."""
    title = text(record.get("title"))
    yield Mapped(
        [("patient", titled(title, text(record.get("ask")))), ("doctor", text(record.get("answer")))],
        title=present(title) or None,
        departments=names(record.get("department")),
        extra=rest(record, "department", "title", "ask", "answer"),
    )


def is_single_qa(record: Fields) -> bool:
    """Whether a record holds a question and an answer under names of its own."""
    if _QUIZ & record.keys():
        return False
    question, answer = single_qa_keys(record)
    return bool(question and answer)


def single_qa_keys(record: Fields) -> tuple[str, str]:
    """The names of question and answer, '' where there is none."""
    question = next((key for key in _QUESTIONS if isinstance(record.get(key), str)), "")
    answer = next((key for key in _ANSWERS if isinstance(record.get(key), str) and key != question), "")
    return question, answer


def single_qa(record: Fields) -> Iterator[Mapped]:
    """One question and one answer under other names."""
    question, answer = single_qa_keys(record)
    title = text(record.get("title"))
    found = [key for key in _DEPARTMENTS if key in record]
    body = text(record[question])
    yield Mapped(
        [("patient", titled(title, body) if present(title) else body), ("doctor", text(record[answer]))],
        id=identifier(record, "id", "_id", "ID", "qid"),
        title=present(title) or None,
        departments=names(*(record[key] for key in found)),
        diseases=names(record.get("disease"), record.get("related_diseases")),
        sex=sex_of(record.get("sex", record.get("gender"))),
        extra=rest(record, "id", "_id", "ID", "qid", "title", question, answer, "disease", "related_diseases", *found),
    )


_MARK = re.compile(
    rf"(?:(?:^|\n|\\n|(?<=[。！？!?；;\s]))\s*(?P<name>{FAMILY}|病人|患者|医生|大夫)\s*[：:])|(?P<tag><(?:user|bot)>\s*[：:])|(?P<qa>(?:<s>|(?<=[。！？!?\n])|^)\s*[问答]\s*[：:])"
)
_ENDS = re.compile(r"</?s>|<\|?end(?:oftext)?\|?>")
_PACKED = ("dialogue", "input", "instruction", "text", "prompt", "query", "content")
_LAST_ANSWER = ("target", "output", "response", "answer", "completion")
_LAST_OF_DIALOGUE = ("target", "output", "response")


def packed_key(record: Fields) -> str:
    """The field that holds a whole dialogue in one string: both speakers marked in it, or marked `<user>:`; '' if none."""
    for key in _PACKED:
        value = record.get(key)
        if not isinstance(value, str):
            continue
        roles = {role for role, _ in unpack(value)}
        answered = any(
            isinstance(record.get(name), str) and present(record.get(name)) for name in _LAST_ANSWER if name != key
        )
        if roles == {"patient", "doctor"} or ("<user>" in value and answered) or ("doctor" in roles and answered):
            return key
    return ""


def packed_string(record: Fields) -> Iterator[Mapped]:
    """A dialogue in one string, split at its marks; the answer in another field is the last turn."""
    key = packed_key(record)
    turns = unpack(text(record[key]))
    # Next to a whole dialogue, `answer` is the solution of an exam, not something said.
    known = _LAST_OF_DIALOGUE if key == "dialogue" else _LAST_ANSWER
    last = next((name for name in known if name != key and present(record.get(name))), "")
    if last:
        if turns and turns[-1][0] == "doctor" and not turns[-1][1].strip():
            turns.pop()
        turns.append(("doctor", text(record[last])))
    yield Mapped(
        turns,
        id=identifier(record, "id", "_id"),
        departments=names(*(record[name] for name in _DEPARTMENTS if name in record)),
        extra=rest(record, "id", "_id", key, last, *_DEPARTMENTS),
    )


def unpack(packed: str) -> list[RawTurn]:
    """The turns of a string with 病人：/医生：, <user>:/<bot>: or 问：/答： marks; text before the first mark is the patient's."""
    turns: list[RawTurn] = []
    role, at = "patient", 0
    for mark in _MARK.finditer(packed):
        _append(turns, role, packed[at : mark.start()])
        word = mark[0]
        role = "doctor" if any(name in word for name in ("医生", "大夫", "<bot>", "答")) else "patient"
        at = mark.end()
        turns.append((role, ""))
    if not turns:
        return []
    _append(turns, role, packed[at:])
    return [(speaker, said) for speaker, said in turns if said or (speaker, said) == turns[-1]]


def _append(turns: list[RawTurn], role: str, piece: str) -> None:
    said = _ENDS.sub("", piece).replace("\\n", "\n").strip()
    if turns and turns[-1] == (role, ""):
        turns[-1] = (role, said)
    elif said:
        turns.append((role, said))
