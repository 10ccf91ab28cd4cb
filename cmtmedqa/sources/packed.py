"""Adapter of a whole dialogue in one string, with marks in front of what each speaker says."""

import re
from collections.abc import Iterator

from cmtmedqa.sources.chat_lists import FAMILY
from cmtmedqa.sources.fields import Fields, identifier, names, present, rest, text
from cmtmedqa.sources.mapped import Mapped, RawTurn

_NAMES = rf"{FAMILY}|病人|患者|医生|大夫|医师|来访者|心理咨询师|咨询师|用户"
_TAGS = r"<(?:user|bot)>\s*[：:]"
_START = r"(?:\A|\n|\\n|</?s>)"
_AT_LINES = re.compile(rf"{_START}\s*(?:{_NAMES}|[问答])\s*[：:]|{_TAGS}")
_AT_SENTENCES = re.compile(rf"(?:{_START}|(?<=[。！？!?；;\s]))\s*(?:{_NAMES}|[问答])\s*[：:]|{_TAGS}")
_ANYWHERE = re.compile(rf"{_START}\s*[问答]\s*[：:]|(?<![回解应作])答\s*[：:]")
_LEADS = re.compile(rf"\s*(?:(?:<s>)?\s*(?:{_NAMES}|[问答])\s*[：:]|{_TAGS})")
_DOCTOR = re.compile(r"医生|大夫|医师|咨询师|<bot>|答")
_TOKENS = re.compile(r"</?s>|<\|?end(?:oftext)?\|?>")

_FIELDS = ("dialogue", "input", "text", "prompt", "query", "content")
_LAST_ANSWER = ("target", "output", "response", "answer", "completion")
_LAST_OF_DIALOGUE = ("target", "output", "response")
_DEPARTMENTS = ("department", "Department", "dept", "cate1", "cate2", "科室", "category")


def packed_key(record: Fields) -> str:
    """The field that holds a whole dialogue in one string; '' if none.

    Its first word is a mark, or at least two of its lines start with one; and both speak, or the answer is in another
    field. An `instruction` is a dialogue only if it starts with a mark: others ask for something about a dialogue.
    """
    asked = record.get("instruction")
    if isinstance(asked, str) and present(asked):
        return "instruction" if _LEADS.match(asked) and _is_packed(record, "instruction", asked) else ""
    return next(
        (key for key in _FIELDS if isinstance(said := record.get(key), str) and _is_packed(record, key, said)), ""
    )


def _is_packed(record: Fields, key: str, said: str) -> bool:
    if "：" not in said and ":" not in said:
        return False
    if not _LEADS.match(said) and len(_AT_LINES.findall(said)) < 2:
        return False
    roles = {role for role, _ in unpack(said)}
    return roles == {"patient", "doctor"} or (bool(roles) and bool(_answer(record, key)))


def _answer(record: Fields, key: str) -> str:
    """The field with the last answer. Next to a whole dialogue, `answer` is the solution of an exam, not something said."""
    known = _LAST_OF_DIALOGUE if key == "dialogue" else _LAST_ANSWER
    return next(
        (name for name in known if name != key and isinstance(record.get(name), str) and present(record[name])), ""
    )


def packed_string(record: Fields) -> Iterator[Mapped]:
    """A dialogue in one string, split at its marks; the answer in another field is the last turn."""
    key = packed_key(record)
    said = text(record[key])
    more = text(record.get("input")) if key == "instruction" else ""
    turns = unpack(f"{said}\n{more}" if present(more) else said)
    extra = rest(record, "id", "_id", key, *_DEPARTMENTS, *(["input"] if key == "instruction" else []))
    if turns and turns[0][0] == "system":
        extra["preamble"] = turns.pop(0)[1]
    if last := _answer(record, key):
        if turns[-1] == ("doctor", ""):
            turns.pop()
        turns.append(("doctor", _TOKENS.sub("", text(extra.pop(last)))))
    yield Mapped(
        turns,
        id=identifier(record, "id", "_id"),
        departments=names(*(record[name] for name in _DEPARTMENTS if name in record)),
        extra=extra,
    )


def unpack(packed: str) -> list[RawTurn]:
    """The turns of a string with 病人：/医生：, <user>:/<bot>: or 问：/答： marks.

    Marks stand at the start of a line; only where those name one speaker at most, behind a sentence or (问：…答：…)
    anywhere. Text before the first mark is the patient's if the doctor is marked first, else words about the dialogue,
    given as a first turn of the system.
    """
    turns = _split(packed, _AT_LINES)
    for pattern in (_AT_SENTENCES, _ANYWHERE):
        if len({role for role, _ in turns} - {"system"}) < 2:
            turns = max(turns, _split(packed, pattern), key=lambda found: len({role for role, _ in found} - {"system"}))
    return turns


def _split(packed: str, marks: re.Pattern[str]) -> list[RawTurn]:
    found = list(marks.finditer(packed))
    if not found:
        return []
    ends = [mark.start() for mark in found[1:]] + [len(packed)]
    turns: list[RawTurn] = [
        ("doctor" if _DOCTOR.search(mark[0]) else "patient", _clean(packed[mark.end() : end]))
        for mark, end in zip(found, ends, strict=True)
    ]
    if before := _clean(packed[: found[0].start()]):
        turns.insert(0, ("patient" if turns[0][0] == "doctor" else "system", before))
    return turns


def _clean(piece: str) -> str:
    return _TOKENS.sub("", piece).replace("\\n", "\n").strip()
