"""The eight files of the demo corpus: how each writes its dialogues, and what an adapter must read back from it."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

Spoken = tuple[str, str]  # (role, text)

_PREFIX = {"patient": "患者：", "doctor": "医生："}
_HUMAN = {"patient": "human", "doctor": "gpt"}
_CHAT = {"patient": "user", "doctor": "assistant"}
_BLOCK = {"patient": "病人：", "doctor": "医生："}

# The first turn stands in the fields of a description, and is read with their names.
DESCRIBED = "noise/described"


class Item(NamedTuple):
    """One record of a file. `turns` is what an adapter must read; `raw`, if given, is written instead of it."""

    turns: tuple[Spoken, ...] = ()
    seed: str = ""
    department: str = ""
    sub: str = ""
    disease: str = ""
    title: str = ""
    planted: tuple[str, ...] = ()
    refused: str = ""
    raw: object = None


class Clinic(NamedTuple):
    """One file: its name, how many of the 24 dialogues of each department it takes, what its shape can hold."""

    name: str
    share: int
    write: Callable[[Sequence[Item]], bytes]
    stated_id: Callable[[int], str]
    departments: bool
    runs: bool


def _lines(records: Sequence[object]) -> str:
    """JSON lines; a `raw` that is a string is a line by itself (a broken one)."""
    return "".join((item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)) + "\n" for item in records)


def _array(records: Sequence[object]) -> str:
    return "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in records) + "\n]\n"


def _pairs(turns: Sequence[Spoken]) -> list[list[str]]:
    return [[turns[place][1], turns[place + 1][1]] for place in range(0, len(turns), 2)]


def write_cmtmedqa(items: Sequence[Item]) -> bytes:
    """A JSON array of CMtMedQA records with a few safety records in between; UTF-8."""
    records: list[object] = []
    for number, item in enumerate(items):
        if item.raw is not None or "safety" in item.planted:
            ask, answer = (item.turns[0][1], item.turns[1][1]) if item.turns else ("", "")
            records.append(item.raw if item.raw is not None else {"instruct": f" {ask}", "output": answer})
            continue
        *history, (question, reply) = _pairs(item.turns)
        instruction, _, rest = question.partition("\n")
        records.append(
            {"id": f"a{number:04d}", "cate1": item.department or "nan", "cate2": item.sub or "nan"}
            | {"instruction": instruction, "input": rest, "output": reply, "history": history}
        )
    return _array(records).encode("utf-8")


def write_prefixed(items: Sequence[Item]) -> bytes:
    """JSON lines of prefixed utterances, runs of one role as they come, in a file called .txt; GB18030."""
    records = [
        item.raw
        or {
            "Id": f"b{number:04d}",
            "disease": [item.disease],
            "dialog": [_PREFIX[role] + text for role, text in item.turns],
        }
        for number, item in enumerate(items)
    ]
    return _lines(records).encode("gb18030")


def write_alternating(items: Sequence[Item]) -> bytes:
    """A gzipped JSON array of bare utterances; departments in `temp_kg`, two levels in one string by a no-break space."""
    records: list[object] = []
    for number, item in enumerate(items):
        joined = f"{item.department}\u00a0\u00a0{item.sub}" if item.sub else item.department
        levels = [joined] if number % 2 else [name for name in (item.department, item.sub) if name]
        key = "科室" if number % 4 == 3 else "部门"
        known: dict[str, object] = {key: levels} if item.department else {}
        stray = {"护理": ["{'一般护理': []}"]} if number % 5 == 0 else {"": []} if number % 7 == 0 else {}
        records.append(item.raw or {"dialog": [text for _, text in item.turns], "temp_kg": known | stray})
    return gzip.compress(_array(records).encode("utf-8"), mtime=0)


def write_messages(items: Sequence[Item]) -> bytes:
    """JSON lines of role and content; UTF-8 with a byte order mark, CRLF."""
    records = [
        item.raw
        or {"id": f"d{number:04d}", "messages": [{"role": _CHAT[role], "content": text} for role, text in item.turns]}
        for number, item in enumerate(items)
    ]
    return _lines(records).replace("\n", "\r\n").encode("utf-8-sig")


def write_table(items: Sequence[Item]) -> bytes:
    """A CSV of single questions with line breaks inside quoted fields; GB18030."""
    stream = io.StringIO(newline="")
    rows = csv.writer(stream, lineterminator="\r\n")
    rows.writerow(("department", "title", "ask", "answer"))
    for item in items:
        fields = [text for _, text in item.turns]
        rows.writerow(item.raw if isinstance(item.raw, list) else [item.department, item.title or "无", *fields])
    return stream.getvalue().encode("gb18030")


def write_blocks(items: Sequence[Item]) -> bytes:
    """Text records with headings: a description of fields or none, turns under 医生： and 病人：; UTF-16, CRLF."""
    parts: list[str] = []
    for number, item in enumerate(items):
        parts += [f"id={number + 1}", f"https://example.org/consult/{number + 1:06d}.htm"]
        if item.department:
            parts += ["Doctor faculty", f"清沅云溪医院 {item.department}", ""]
        described = DESCRIBED in item.planted
        fields = item.turns[0][1].split("\n") if described else []
        parts += ["Description", *(field.replace("：", "： ", 1) for field in fields), "", "Dialogue"]
        for role, text in item.turns[described:]:
            parts += [_BLOCK[role], text, ""]
        parts += ["Diagnosis and suggestions", f"疾病诊断： {item.disease}", "", ""] if number % 3 == 0 else [""]
    return ("\r\n".join(parts) + "\r\n").encode("utf-16")


def write_prefixes(items: Sequence[Item]) -> bytes:
    """One line a doctor's turn, every line with the whole dialogue before it; UTF-8."""
    parts: list[str] = []
    for number, item in enumerate(items):
        for place in range(0, len(item.turns), 2):
            before = [f"{'<|system|>' if role == 'doctor' else '<|user|>'} {text}" for role, text in item.turns[:place]]
            parts.append(
                f"<|endoftext|> <|context|> {' '.join(before)}<|endofcontext|> <|currentuser|> {item.turns[place][1]} "
                "<|endofcurrentuser|> <|intent|> Inform symptom    <|endofintent|>  <|knowledge|>  <|endofknowledge|> "
                f"<|action|> Inquire symptom   <|endofaction|> <|response|> {item.turns[place + 1][1]} "
                "<|endofresponse|>  <|endoftext|>\n"
            )
        parts += ["\n"] if number % 2 else []
    return "".join(parts).encode("utf-8")


def write_conversations(items: Sequence[Item]) -> bytes:
    """JSON lines of human and gpt in a file called .json; UTF-8."""
    records = [
        item.raw or {"conversations": [{"from": _HUMAN[role], "value": text} for role, text in item.turns]}
        for item in items
    ]
    return _lines(records).encode("utf-8")


def _none(_: int) -> str:
    return ""


CLINICS = (
    Clinic("clinic_a.json", 6, write_cmtmedqa, lambda number: f"a{number:04d}", departments=True, runs=False),
    Clinic("clinic_b.txt", 3, write_prefixed, lambda number: f"b{number:04d}", departments=False, runs=True),
    Clinic("clinic_c.json.gz", 4, write_alternating, _none, departments=True, runs=False),
    Clinic("clinic_d.jsonl", 3, write_messages, lambda number: f"d{number:04d}", departments=False, runs=True),
    Clinic("clinic_e.csv", 2, write_table, _none, departments=True, runs=False),
    Clinic("clinic_f.txt", 3, write_blocks, lambda number: str(number + 1), departments=True, runs=False),
    Clinic("clinic_g.txt", 1, write_prefixes, _none, departments=False, runs=False),
    Clinic("clinic_h.json", 2, write_conversations, _none, departments=False, runs=True),
)
