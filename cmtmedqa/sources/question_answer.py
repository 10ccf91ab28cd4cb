"""Adapters of records with one question and one answer, with or without the exchanges before it."""

from collections.abc import Iterator

from cmtmedqa.sources.chat_lists import turns_of_history
from cmtmedqa.sources.fields import Fields, identifier, names, person_of, present, rest, text, titled
from cmtmedqa.sources.mapped import Mapped, Unreadable

_QUESTIONS = (
    "question", "query", "ask", "medical_case", "prompt", "input", "instruct", "instruction", "text", "Question", "问题", "提问", "患者", "questions", "user",
)  # fmt: skip
_ANSWERS = (
    "raw_anwser", "raw_answer", "answer", "response", "doctor_diagnosis", "completion", "output", "reply", "Answer", "回答", "答案", "医生", "answers", "assistant",
)  # fmt: skip
_DEPARTMENTS = ("department", "Department", "dept", "cate1", "cate2", "科室", "category")
_QUIZ = frozenset({"Options", "options", "option", "choices", "answer_choice"})
_ID = ("id", "_id", "ID", "qid")
_LEVELS = 2
_MAPPED = ("title", "history", "system", "disease", "related_diseases", "sex", "gender", "age")


def cmtmedqa(record: Fields) -> Iterator[Mapped | Unreadable]:
    """`history` pairs, then `instruction` (and `input`) and `output`."""
    history = turns_of_history(record.get("history"))
    if history is None:
        yield Unreadable("bad_history", "history is no list of [question, answer]", id=identifier(record, "id"))
        return
    turns = list(history)
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
        departments=tuple(name for name in map(present, (record.get("cate1"), record.get("cate2"))) if name),
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
    used = ("id", "instruction", "output", "questions", "answers", "label", "department")
    extra = rest(record, *used, *([] if present(record.get("input")) else ["input"]))
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
    parts = [value]
    for _ in range(_LEVELS):
        parts = [item for part in parts for item in (part if isinstance(part, list) else [part])]
    return [text(part) for part in parts if present(part)]


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
    if _QUIZ & record.keys() or {"A", "B"} <= record.keys():
        return False
    question, answer = single_qa_keys(record)
    return bool(question and answer) and (isinstance(record[question], str) or isinstance(record[answer], str))


def single_qa_keys(record: Fields) -> tuple[str, str]:
    """The names of question and answer, '' where there is none."""
    question = _named(record, _QUESTIONS, "")
    return question, _named(record, _ANSWERS, question)


def _named(record: Fields, known: tuple[str, ...], taken: str) -> str:
    """The first of some names with a text, else the first with a null or a number."""
    plain = [key for key in known if key in record and key != taken and not isinstance(record[key], list | dict)]
    return next((key for key in plain if isinstance(record[key], str)), plain[0] if plain else "")


def single_qa(record: Fields) -> Iterator[Mapped | Unreadable]:
    """One question and one answer under other names, and the exchanges before them if there is a `history`."""
    question, answer = single_qa_keys(record)
    history = turns_of_history(record.get("history"))
    if history is None:
        yield Unreadable("bad_history", "history is no list of [question, answer]", id=identifier(record, *_ID))
        return
    title = text(record.get("title"))
    found = [key for key in _DEPARTMENTS if key in record]
    if present(record.get("label")).endswith("科"):
        found.append("label")
    body = text(record[question])
    first = titled(title, body) if present(title) else body
    turns = [*history, ("patient", first), ("doctor", text(record[answer]))]
    if system := text(record.get("system")):
        turns.insert(0, ("system", system))
    who = person_of(record)
    yield Mapped(
        turns,
        id=identifier(record, *_ID),
        title=present(title) or None,
        departments=names(*(record[key] for key in found)),
        diseases=names(record.get("disease"), record.get("related_diseases")),
        sex=who.sex,
        age=who.age,
        extra=rest(record, *_ID, question, answer, *_MAPPED, *found) | who.noted,
    )
