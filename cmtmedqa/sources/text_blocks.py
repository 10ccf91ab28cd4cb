"""Adapters of plain text files, read line by line: blocks, prefixed paragraphs, token streams, Python literals."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from cmtmedqa.sources.chat_lists import FAMILY
from cmtmedqa.sources.fields import names, present, role_of, text, titled
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_SPEAKERS = rf"{FAMILY}|患者|病人|医生|大夫|医师|来访者|心理咨询师|咨询师|问|答"
_SPEAKER = re.compile(rf"\s*(?P<name>{_SPEAKERS})\s*[：:]\s*")
_TSV = re.compile(r"(?P<name>患者|病人|医生)\s*[：:](?P<said>.*)\t(?P<label>-?[0-9]+)\s*$")
_LITERAL = re.compile(r"(?:train|test|dev)?\s*\[?(?=\{'self_repo')")


def blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Runs of lines between empty ones."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def toyhom_text(lines: Iterable[str]) -> Iterator[Mapped | Unreadable]:
    """Blocks of `title,ask` and answer; the first half-width comma ends the title."""
    for block in blocks(lines):
        title, comma, asked = block[0].partition(",")
        if not comma or len(block) < 2:
            yield Unreadable(
                "bad_block", f"{len(block)} line(s), comma {'found' if comma else 'missing'}", "\n".join(block)
            )
            continue
        turns: list[RawTurn] = [("patient", titled(title, asked)), ("doctor", "\n".join(block[1:]))]
        yield Mapped(turns, title=present(title) or None)


def prefixed_text(lines: Iterable[str]) -> Iterator[Mapped | Unreadable]:
    """Dialogues between empty lines, each line with its speaker; a line without one goes on where the last stopped.

    Where every paragraph is a single line (counselling transcripts), a dialogue ends at a ruler, a heading or a number.
    """
    for block in _dialogue_blocks(lines):
        turns: list[RawTurn] = []
        headings: list[str] = []
        for line in block:
            found = _SPEAKER.match(line)
            if found:
                role = (
                    "patient"
                    if found["name"] == "问"
                    else "doctor"
                    if found["name"] == "答"
                    else role_of(found["name"])
                )
                turns.append((role or "patient", line[found.end() :].strip()))
            elif turns:
                turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line.strip()}")
            else:
                headings.append(line.strip())
        if turns:
            yield Mapped(turns, extra={"heading": "\n".join(headings)} if headings else {})
        else:
            yield Unreadable("no_speaker", f"{len(block)} line(s) without a speaker", "\n".join(block))


def _dialogue_blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Paragraphs joined into dialogues: one with two speakers is whole, those with at most one belong together."""
    waiting: list[str] = []
    for block in blocks(lines):
        speakers = sum(bool(_SPEAKER.match(line)) for line in block)
        if speakers > 1 or _is_break(block):
            if waiting:
                yield waiting
            waiting = []
        if speakers > 1:
            yield block
        elif speakers or waiting:
            waiting.extend(block)
        elif not _is_break(block):
            yield block
    if waiting:
        yield waiting


def _is_break(block: list[str]) -> bool:
    line = block[0].strip()
    return bool(
        re.fullmatch(
            r"[-=*_#~\s]{3,}|(?:第?\s*[0-9一二三四五六七八九十百]+\s*[、.．:：章节个次]?.{0,20}|id=.*|【.*】|<.*>)",
            line,
        )
    )


_HEADINGS = ("Doctor faculty", "Description", "Dialogue", "Diagnosis and suggestions")
_FIELD = re.compile(r"(?P<name>[\u4e00-\u9fffA-Za-z（）()、/]{2,12})[：:](?:\s+|$)(?P<value>.*)")


class _Consultation:
    """What has been read of one consultation of a meddialog text."""

    def __init__(self, number: str) -> None:
        self.number, self.url, self.section, self.field = number, "", "", ""
        self.faculty: list[str] = []
        self.fields: dict[str, str] = {}
        self.diagnosis: list[str] = []
        self.turns: list[tuple[str, list[str]]] = []

    def add(self, line: str) -> None:
        """Take the next line."""
        stripped = line.strip()
        if stripped in _HEADINGS:
            self.section, self.field = stripped, ""
        elif not self.section:
            self.url = self.url or stripped
        elif self.section == "Dialogue":
            self._say(line, stripped)
        elif self.section == "Description" and stripped:
            self._describe(stripped)
        elif self.section == "Doctor faculty" and stripped:
            self.faculty.append(stripped)
        elif stripped:
            self.diagnosis.append(stripped)

    def _say(self, line: str, stripped: str) -> None:
        if stripped in {"医生：", "病人：", "医生:", "病人:", "患者：", "患者:"}:
            self.turns.append(("doctor" if stripped.startswith("医生") else "patient", []))
        elif self.turns:
            self.turns[-1][1].append(line.rstrip())

    def _describe(self, stripped: str) -> None:
        found = _FIELD.fullmatch(stripped)
        if found:
            self.field = found["name"]
            before = self.fields.get(self.field)
            self.fields[self.field] = f"{before}\n{found['value']}" if before else found["value"]
        elif self.field:
            self.fields[self.field] = f"{self.fields[self.field]}\n{stripped}".strip()
        else:
            self.field = "病情描述"
            self.fields[self.field] = stripped

    def mapped(self) -> Mapped | Unreadable:
        """The dialogue: the description is the patient's first turn, then what was said."""
        turns: list[RawTurn] = [(role, "\n".join(said).strip()) for role, said in self.turns]
        described = "\n".join(f"{name}：{value}" for name, value in self.fields.items())
        if described:
            turns.insert(0, ("patient", described))
        if not turns:
            return Unreadable("no_dialogue", "neither a description nor a dialogue", id=self.number)
        repairs = [] if any(role == "doctor" for role, _ in turns) else ["no_doctor_turn"]
        if not self.turns:
            repairs.append("no_dialogue_section")
        extra: dict[str, object] = {"fields": dict(self.fields)} if self.fields else {}
        if self.diagnosis:
            extra["diagnosis"] = "\n".join(self.diagnosis)
        return Mapped(
            turns,
            id=self.number,
            url=self.url or None,
            departments=names(self.faculty[-1].split()[-1]) if self.faculty else (),
            diseases=names(self.fields.get("疾病")),
            extra=extra,
            repairs=repairs,
        )


def meddialog(lines: Iterable[str]) -> Iterator[Mapped | Unreadable]:
    """Consultations that start at `id=…`; repeated headings go on where they stopped."""
    current: _Consultation | None = None
    for line in lines:
        stripped = line.strip().lstrip("\ufeff")
        if re.fullmatch(r"id\s*=\s*[0-9A-Za-z_-]+", stripped):
            if current:
                yield current.mapped()
            current = _Consultation(stripped.partition("=")[2].strip())
        elif current:
            current.add(line)
        elif stripped:
            yield Unreadable("bad_block", "text before the first id", line)
    if current:
        yield current.mapped()


def literals(lines: Iterable[str]) -> Iterator[Mapped | Unreadable]:
    """Python literals of dialogues, as a `repr` of a list or one dict a line; `ast.literal_eval` alone reads them."""
    for line in lines:
        stripped = line.strip().rstrip(",")
        if not stripped:
            continue
        body = re.sub(r"^(?:train|test|dev)\s*=?\s*", "", stripped)
        try:
            value = ast.literal_eval(body)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            yield Unreadable("bad_literal", "no Python literal", line)
            continue
        for record in value if isinstance(value, list | tuple) else [value]:
            yield _literal(record)


def _literal(record: object) -> Mapped | Unreadable:
    if not isinstance(record, dict):
        return Unreadable("unknown_shape", f"a {type(record).__name__}", repr(record))
    said = record.get("dialog", record.get("dialogue"))
    turns: list[RawTurn] = []
    for number, line in enumerate(said if isinstance(said, list) else []):
        turns.append(("doctor" if number % 2 else "patient", text(line)))
    report = text(record.get("self_repo"))
    used = {"dialog", "dialogue", "consult_id", "disease_tag"}
    if turns and turns[0][1] == report:
        used.add("self_repo")
    extra = {str(key): _jsonable(value) for key, value in record.items() if key not in used}
    if not turns:
        return Unreadable("no_dialogue", "dialog is no list of lines", id=present(record.get("consult_id")))
    return Mapped(turns, id=present(record.get("consult_id")), diseases=names(record.get("disease_tag")), extra=extra)


def _jsonable(value: object) -> object:
    """Python literals hold tuples, sets, bytes and keys that JSON has not."""
    if isinstance(value, dict):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    return value if value is None or isinstance(value, str | int | float) else str(value)


def imcs_tsv(lines: Iterable[str], companion: Mapping[str, object] | None) -> Iterator[Mapped | Unreadable]:
    """Lines `患者：…⇥label`. Where a dialogue ends only the companion file tells; without it the whole file is one."""
    lengths = [(name, len(item)) for name, item in (companion or {}).items() if isinstance(item, dict)]
    turns: list[RawTurn] = []
    labels: list[dict[str, object]] = []
    place = taken = 0
    for line in lines:
        if not line.strip():
            continue
        taken += 1  # A bad line counts too: the companion has a number for it.
        found = _TSV.match(line)
        if found:
            turns.append((role_of(found["name"]) or "patient", found["said"]))
            labels.append({"turn": len(turns) - 1, "act": int(found["label"])})
        else:
            yield Unreadable("bad_line", "no speaker, tab and label", line)
        if place < len(lengths) and taken == lengths[place][1]:
            if turns:
                yield Mapped(turns, id=lengths[place][0], extra={"labels": labels})
            turns, labels, place, taken = [], [], place + 1, 0
    if turns:
        extra: dict[str, object] = {"labels": labels, "boundaries": "unknown"}
        yield Mapped(turns, extra=extra, repairs=["boundaries_unknown"])
