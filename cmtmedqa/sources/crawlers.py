"""Adapters of what public crawlers of consultation sites write.

One question with n doctors gives n dialogues that share the first turn, each with its own follow-ups; `extra.thread` ties
them together. Names and pages of users and doctors, and what doctors say they are good at, do not pass.
"""

import re
from collections.abc import Callable, Iterator

from cmtmedqa.sources.chat_lists import turns_of_messages
from cmtmedqa.sources.fields import (
    Fields,
    identifier,
    names,
    objects,
    person,
    person_in,
    present,
    role_of,
    text,
    titled,
)  # fmt: skip
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_HELP = re.compile(r"^help\w*:$")
_NUMBER = re.compile(r"([0-9A-Za-z_-]+?)(?:\.html?)?/?(?:[?#].*)?$")
_LINE = re.compile(r"\s*(?P<name>patient|doctor|病人|患者|医生|illness|user)\s*[:：]\s*", re.IGNORECASE)
_EOS = re.compile(r"\s*\bEOS\b\s*")


def crawler_of(record: Fields) -> str:
    """The crawler that wrote a record, by its keys; '' if none."""
    return next((name for name, (known, _) in CRAWLERS.items() if known(record)), "")


def crawled(name: str, record: Fields) -> Iterator[Mapped | Unreadable]:
    """The dialogues of one crawled question."""
    return CRAWLERS[name][1](record)


def _thread(
    first: RawTurn, answers: list[list[RawTurn]], thread: str, number: str, shared: Mapped
) -> Iterator[Mapped | Unreadable]:
    """One dialogue for each doctor who answered."""
    if not answers:
        yield Unreadable("no_answer", "the question has no answer", id=number)
    several = len(answers) > 1
    for place, answer in enumerate(answers, start=1):
        extra = {**shared.extra, **({"thread": thread} if thread else {})}
        identity = (f"{number}-{place}" if several else number) if number else ""
        yield shared._replace(turns=[first, *answer], id=identity, extra=extra)


def _number_of(url: str) -> str:
    found = _NUMBER.search(url)
    return found[1] if found and url else ""


def _list(value: object) -> list[Fields]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def _xywy_a(record: Fields) -> Iterator[Mapped | Unreadable]:
    user = _object(record.get("user_info"))
    who = person(user.get("user_gender"), user.get("user_age"))
    url, title = present(record.get("question_url")), text(record.get("question_title"))
    answers = []
    for answer in _list(record.get("answer")):
        turns: list[RawTurn] = [("doctor", text(answer.get("answer_body")))]
        for more in _list(answer.get("ask_again")):
            asked = "ask_time" in more or ("user_id" in more and "doctor_url" not in more)
            turns.append(("patient" if asked else "doctor", text(more.get("body"))))
        answers.append(turns)
    shared = Mapped(
        (),
        url=url or None,
        title=present(title) or None,
        diseases=names(record.get("disease")),
        sex=who.sex,
        age=who.age,
        extra=_kept(post_time=record.get("post_time"), **who.noted),
    )
    first = ("patient", titled(title, text(record.get("question_body"))))
    yield from _thread(first, answers, _number_of(url), _number_of(url), shared)


def _xywy_b(record: Fields) -> Iterator[Mapped | Unreadable]:
    user, question = _object(record.get("userinfo")), _object(record.get("question"))
    answers: list[list[RawTurn]] = [[("doctor", text(item.get("answer_text")))] for item in _list(record.get("answer"))]
    number = identifier(record, "id", "qid", "question_id")
    who = person(user.get("gender"), user.get("age"))
    shared = Mapped((), sex=who.sex, age=who.age, extra=_kept(post_time=question.get("time"), **who.noted))
    yield from _thread(("patient", text(question.get("question"))), answers, number, number, shared)


def _ask39(record: Fields) -> Iterator[Mapped | Unreadable]:
    asked, said = _EOS.split(text(record.get("query"))), _EOS.split(text(record.get("response")))
    title = text(record.get("title"))
    turns: list[RawTurn] = []
    for place in range(max(len(asked), len(said))):
        if place < len(asked):
            turns.append(("patient", titled(title, asked[0]) if place == 0 else asked[place]))
        if place < len(said):
            turns.append(("doctor", said[place]))
    question, doctor = identifier(record, "q_id"), identifier(record, "d_id")
    who = person(record.get("gender"), record.get("age"))
    yield Mapped(
        turns,
        id="-".join(part for part in (question, doctor) if part),
        title=present(title) or None,
        departments=names(*text(record.get("sub")).split("_")),
        sex=who.sex,
        age=who.age,
        extra=_kept(thread=question, onset=record.get("onset"), labels=record.get("labels"), **who.noted),
    )


def _ask120_a(record: Fields) -> Iterator[Mapped | Unreadable]:
    who = person_in(record.get("sex_age"))
    title = text(record.get("title"))
    wish = next((text(record[key]) for key in record if _HELP.match(key)), "")
    asked = titled(title, text(record.get("description")))
    answers: list[list[RawTurn]] = []
    for reply in _list(record.get("ask_reply")):
        said = reply.get("doctor_reply")
        lines = said if isinstance(said, list) else [said]
        answers.append([("doctor", text(line).rpartition(" | ")[0] or text(line)) for line in lines if present(line)])
    url = present(record.get("url"))
    number = identifier(record, "id", "qid") or _number_of(url)
    shared = Mapped(
        (),
        url=url or None,
        title=present(title) or None,
        sex=who.sex,
        age=who.age,
        extra=_kept(ask_time=record.get("ask_time"), **who.noted),
    )
    first = ("patient", f"{asked}\n{wish}" if present(wish) else asked)
    yield from _thread(first, [answer for answer in answers if answer], number, number, shared)


def _ask120_b(record: Fields) -> Iterator[Mapped | Unreadable]:
    patient = _object(record.get("patient"))
    who = person(patient.get("gender"), patient.get("age"))
    title, wish = text(record.get("title")), text(record.get("requirement"))
    asked = titled(title, text(record.get("description")))
    answers = []
    for answer in _list(record.get("answers")):
        turns: list[RawTurn] = [("doctor", text(answer.get("content")))]
        turns.extend(
            ("patient" if "问" in text(more.get("type")) else "doctor", text(more.get("content")))
            for more in _list(answer.get("addition"))
        )
        answers.append(turns)
    number = identifier(record, "qid", "id")
    shared = Mapped(
        (),
        url=present(record.get("url")) or None,
        title=present(title) or None,
        departments=names(record.get("tags")),
        sex=who.sex,
        age=who.age,
        extra=_kept(date=record.get("date"), **who.noted),
    )
    first = ("patient", f"{asked}\n{wish}" if present(wish) else asked)
    yield from _thread(first, answers, number, number, shared)


def _chunyu(record: Fields) -> Iterator[Mapped | Unreadable]:
    turns, said = turns_of_messages(record["content"]), record["content"]
    lost = isinstance(said, list) and len(turns) < len(said)
    yield Mapped(
        turns,
        id=identifier(record, "id"),
        url=present(record.get("url")) or None,
        departments=names(record.get("department"), record.get("clinic_name")),
        extra=_kept(summary=record.get("summary")),
        repairs=["unknown_speaker_dropped"] if lost else [],
    )


def _haodf(record: Fields) -> Iterator[Mapped | Unreadable]:
    turns: list[RawTurn] = []
    illness = ""
    for piece in text(record.get("content")).split("\t"):
        found = _LINE.match(piece)
        if found and found["name"].lower() == "illness":
            illness = piece[found.end() :].strip()
        elif found:
            turns.append((role_of(found["name"]) or "patient", piece[found.end() :]))
        elif piece.strip() and turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{piece}")
        elif piece.strip():
            turns.append(("patient", piece))
    url = present(record.get("url"))
    yield Mapped(
        turns,
        id=_number_of(url),
        url=url or None,
        departments=names(record.get("category")),
        diseases=names(illness),
    )


def _kept(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {})}


def _is_haodf(record: Fields) -> bool:
    content = record.get("content")
    return "category" in record and isinstance(content, str) and any(_LINE.match(part) for part in content.split("\t"))


def _is_chunyu(record: Fields) -> bool:
    content = record.get("content")
    return (
        isinstance(content, list)
        and objects(content)
        and all("speaker" in item and "utterance" in item for item in content)
    )


CRAWLERS: dict[str, tuple[Callable[[Fields], bool], Callable[[Fields], Iterator[Mapped | Unreadable]]]] = {
    "crawler-xywy-a": (lambda record: {"question_title", "question_body"} <= record.keys(), _xywy_a),
    "crawler-xywy-b": (lambda record: "userinfo" in record and isinstance(record.get("question"), dict), _xywy_b),
    "crawler-39": (lambda record: {"q_id", "query", "response"} <= record.keys(), _ask39),
    "crawler-120ask-a": (
        lambda record: isinstance(record.get("ask_reply"), list) and "description" in record,
        _ask120_a,
    ),
    "crawler-120ask-b": (
        lambda record: isinstance(record.get("answers"), list) and {"title", "description"} <= record.keys(),
        _ask120_b,
    ),
    "crawler-chunyu": (_is_chunyu, _chunyu),
    "crawler-haodf": (_is_haodf, _haodf),
}
