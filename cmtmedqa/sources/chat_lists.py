"""Adapters of records whose dialogue is a list: of prefixed lines, bare lines, messages, windows, or sentences."""

import re
from collections.abc import Iterator

from cmtmedqa.records import Role
from cmtmedqa.sources.fields import (
    Fields,
    identifier,
    lines_of,
    names,
    objects,
    pairs,
    person,
    person_of,
    present,
    rest,
    role_of,
    text,
)  # fmt: skip
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

LISTS = (
    "dialog",
    "dialogue",
    "Dialogue",
    "original_dialog",
    "history",
    "dialogs",
    "conversation",
    "utterances",
    "turns",
    "messages",
)
# Who speaks for a patient. Without it a parent's line would go on inside the doctor's turn before it.
FAMILY = r"(?:患者|病人)[（(]?(?:家长|家属|母亲|父亲|妈妈|爸爸)[）)]?|家长|家属"
_PREFIX = re.compile(
    rf"\s*(?P<name>{FAMILY}|患者|病人|医生|大夫|医师|来访者|心理咨询师|咨询师|doctor|patient)\s*[：:]\s*", re.IGNORECASE
)
_LEAKED = re.compile(r"(?:病人|患者|医生)[：:]")
_LIST_FIELDS = (*LISTS, "conversations", "content")
_FROM, _SAID = ("role", "from", "speaker", "author"), ("content", "value", "text", "utterance", "sentence")
_LAST_ANSWER = ("response", "output", "target", "answer")
_LEVELS = re.compile(r"[\s，,、]+")


def prefixed_key(record: Fields) -> str:
    """The field that holds a list of strings, most of which start with a speaker; '' if none."""
    for key in LISTS:
        lines = lines_of(record.get(key))
        if sum(bool(_PREFIX.match(line)) for line in lines) * 2 > len(lines):
            return key
    return ""


def prefixed_list(record: Fields) -> Iterator[Mapped | Unreadable]:
    """`["患者：…", "医生：…"]`; a line without a speaker goes on where the last one stopped."""
    key = prefixed_key(record)
    turns: list[RawTurn] = []
    for line in lines_of(record[key]):
        found = _PREFIX.match(line)
        if found:
            turns.append((role_of(found["name"]) or "patient", line[found.end() :]))
        elif turns and line.strip():
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line}")
        elif line.strip():
            turns.append(("patient", line))
    # A `history` stops before the last answer.
    last = next((name for name in _LAST_ANSWER if isinstance(record.get(name), str)), "") if key == "history" else ""
    if last and turns[-1][0] == "patient":
        turns.append(("doctor", text(record[last])))
    extra = rest(record, key, last, "disease", "label", "id", "Id", "ID", "department")
    if extra.get("original_dialog") == record[key]:
        del extra["original_dialog"]
    if "label" in record:
        extra["mask_answers"] = record["label"]
    repairs = []
    stated = record.get("Turn")
    if isinstance(stated, int) and stated not in {len(turns), len(turns) // 2, (len(turns) + 1) // 2}:
        repairs.append("turn_count_differs")
    else:
        extra.pop("Turn", None)
    yield Mapped(
        turns,
        id=identifier(record, "id", "Id", "ID"),
        departments=names(record.get("department")),
        diseases=names(record.get("disease")),
        extra=extra,
        repairs=repairs,
    )


def alternating_key(record: Fields) -> str:
    """The field that holds a list of bare strings; '' if none."""
    return next((key for key in LISTS if lines_of(record.get(key))), "")


def alternating_list(record: Fields) -> Iterator[Mapped | Unreadable]:
    """Bare strings, patient first. Of `temp_kg` only the department passes: its keys and values hold other people's data."""
    key = alternating_key(record)
    lines = lines_of(record[key])
    turns: list[RawTurn] = [("doctor" if number % 2 else "patient", line) for number, line in enumerate(lines)]
    repairs = ["speaker_label_inside_turn"] if any(_LEAKED.search(line) for line in lines) else []
    knowledge = record.get("temp_kg")
    departments: tuple[str, ...] = names(record.get("department"))
    extra = rest(record, key, "temp_kg", "id", "department", "disease")
    if isinstance(knowledge, dict):
        found = names(knowledge.get("部门")) or names(knowledge.get("科室"))
        departments = departments or names(*(part for name in found for part in _LEVELS.split(name)))
        extra["temp_kg_fields"] = len(knowledge)
    yield Mapped(
        turns,
        id=identifier(record, "id", "_id"),
        departments=departments,
        diseases=names(record.get("disease")),
        extra=extra,
        repairs=repairs,
    )


def message_key(record: Fields) -> str:
    """The field that holds a list of messages (role/content, from/value, role/text, speaker/utterance); '' if none.

    One known speaker makes the shape; a dialogue with an unknown one among them is refused when it is mapped.
    """
    for key in _LIST_FIELDS:
        value = record.get(key)
        if not isinstance(value, list) or not objects(value) or not all(_is_message(item) for item in value):
            continue
        if any(_said_by(item) for item in value):
            return key
    return ""


def _is_message(item: Fields) -> bool:
    return any(isinstance(item.get(key), str) for key in _FROM) and any(key in item for key in _SAID)


def _said_by(message: Fields) -> RawTurn | None:
    speaker = next((message[key] for key in _FROM if isinstance(message.get(key), str)), None)
    said = next((key for key in _SAID if key in message), None)
    role = role_of(speaker)
    return None if role is None or said is None else (role, text(message[said]))


def turns_of_messages(messages: object) -> list[RawTurn]:
    """The turns of a list of messages; messages of unknown speakers are left out."""
    found = (_said_by(item) for item in messages if isinstance(item, dict)) if isinstance(messages, list) else ()
    return [turn for turn in found if turn is not None]


def turns_of_history(history: object) -> list[RawTurn] | None:
    """The turns of a `history`: [question, answer] lists or messages; None where it is anything else."""
    if isinstance(history, list) and objects(history):
        turns = turns_of_messages(history)
        return turns if len(turns) == len(history) else None
    found = pairs(history)
    return None if found is None else [turn for asked, said in found for turn in (("patient", asked), ("doctor", said))]


def messages(record: Fields) -> Iterator[Mapped | Unreadable]:
    """`messages`, `conversations`, `conversation` or `dialog` with a speaker and a text in each item."""
    key = message_key(record)
    said = record[key]
    turns = turns_of_messages(said)
    if isinstance(said, list) and len(turns) < len(said):
        yield Unreadable("unknown_speaker", f"{len(said) - len(turns)} of {len(said)} messages", id=_id_of(record))
        return
    if (system := text(record.get("system"))) and turns[0][0] != "system":
        turns.insert(0, ("system", system))
    who = person_of(record)
    used = (key, "id", "_id", "dialogue_id", "system", "department", "disease", "title", "url", "sex", "gender", "age")
    yield Mapped(
        turns,
        id=_id_of(record),
        url=present(record.get("url")) or None,
        title=present(record.get("title")) or None,
        departments=names(record.get("department")),
        diseases=names(record.get("disease")),
        sex=who.sex,
        age=who.age,
        extra=rest(record, *used) | who.noted,
    )


def _id_of(record: Fields) -> str:
    return identifier(record, "id", "_id", "dialogue_id")


_OWN = frozenset(
    """id source license url title department department_raw diseases patient turns provenance features extra""".split()  # noqa: SIM905
)


def is_dialogue(record: Fields) -> bool:
    """A dialogue of this project: turns of `role` and `text`, and no field that ours have not."""
    turns = record.get("turns")
    return (
        isinstance(turns, list)
        and record.keys() <= _OWN
        and objects(turns)
        and all("role" in turn and "text" in turn and _said_by(turn) for turn in turns)
    )


def dialogue(record: Fields) -> Iterator[Mapped | Unreadable]:
    """Our own dialogues: an earlier dataset, or what `cmtmedqa sources read` wrote."""
    patient = record.get("patient")
    stated: Fields = patient if isinstance(patient, dict) else {}
    who = person(stated.get("sex"), stated.get("age"))
    yield Mapped(
        turns_of_messages(record["turns"]),
        id=identifier(record, "id"),
        url=present(record.get("url")) or None,
        title=present(record.get("title")) or None,
        departments=names(record.get("department_raw")) or names(record.get("department")),
        diseases=names(record.get("diseases")),
        sex=who.sex,
        age=who.age,
        extra=_own_extra(record.get("extra")),
    )


def _own_extra(value: object) -> Fields:
    import json

    if isinstance(value, dict):
        return value
    try:
        found = json.loads(value) if isinstance(value, str) else {}
    except (ValueError, RecursionError):
        return {"extra": value}
    return found if isinstance(found, dict) else {"extra": found}


def is_mie(record: object) -> bool:
    """A dialogue as a list of windows `{utterances[5], label}`."""
    return isinstance(record, list) and objects(record) and all(lines_of(window.get("utterances")) for window in record)


def mie_windows(record: object) -> Iterator[Mapped]:
    """Windows slide by one utterance, so each brings one new: its last. Labels stay with their utterance."""
    turns: list[RawTurn] = []
    labels: list[dict[str, object]] = []
    role: Role = "patient"
    for window in record if isinstance(record, list) else []:
        line = lines_of(window["utterances"])[-1]
        if not line.strip():
            continue
        found = _PREFIX.match(line)
        role = (role_of(found["name"]) or "patient") if found else role
        turns.append((role, line[found.end() :] if found else line))
        if window.get("label"):
            labels.append({"turn": len(turns) - 1, "label": window["label"]})
    yield Mapped(turns, extra={"labels": labels} if labels else {})


def is_imcs(record: Fields) -> bool:
    """A dialogue of IMCS-21: `dialogue` of sentences with speaker."""
    lines = record.get("dialogue")
    return (
        isinstance(lines, list) and objects(lines) and all("speaker" in line and "sentence" in line for line in lines)
    )


def imcs(record: Fields, key: str) -> Iterator[Mapped]:
    """`self-report` is the patient's first turn; dialogue acts and entity labels go along by turn."""
    turns: list[RawTurn] = []
    labels: list[dict[str, object]] = []
    if report := text(record.get("self-report", record.get("self_report"))):
        turns.append(("patient", report))
    lines = record["dialogue"]
    for line in lines if isinstance(lines, list) else []:
        turns.append((role_of(line["speaker"]) or "patient", text(line["sentence"])))
        marks = rest(line, "sentence_id", "speaker", "sentence")
        if marks:
            labels.append({"turn": len(turns) - 1, **marks})
    extra = rest(record, "diagnosis", "self-report", "self_report", "dialogue", "example_id", "id")
    yield Mapped(
        turns,
        id=identifier(record, "id", "example_id") or key,
        diseases=names(record.get("diagnosis")),
        extra=extra | ({"labels": labels} if labels else {}),
    )
