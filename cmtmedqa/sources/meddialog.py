"""Adapter of the MedDialog text form: consultations with an id, an address and four headed sections."""

import re
from collections.abc import Iterable, Iterator

from cmtmedqa.sources.fields import names
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_HEADINGS = ("Doctor faculty", "Description", "Dialogue", "Diagnosis and suggestions")
# Known labels need no space behind the colon; some years give them a prefix and a note in brackets.
_FIELD = re.compile(
    r"(?:内容[：:]\s*)?(?P<known>疾病|病情描述|希望获得的帮助|希望得到的帮助|想得到怎样的帮助|怀孕情况|患病多久|患病时长|已就诊医院及科室|就诊医院科室"
    r"|曾经治疗情况和效果|治疗情况|用药情况|过敏史|既往病史|预约医生|检查资料|检查及化验|主诉|现病史)(?:（[^）]*）|\([^)]*\))?\s*[：:](?P<said>.*)"
    r"|(?P<name>[\u4e00-\u9fffA-Za-z（）()、/]{2,12})[：:](?:\s+|$)(?P<value>.*)"
)
_DOCTOR_NAMED = "预约医生"
_DEPARTMENT = re.compile(r"(?:科|科室|中心|门诊|病房|组|部)$")


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
            self.field = found["known"] or found["name"]
            value = (found["said"] if found["known"] else found["value"]).strip()
            before = self.fields.get(self.field, "")
            self.fields[self.field] = "\n".join(dict.fromkeys(part for part in (before, value) if part))
        elif self.field:
            self.fields[self.field] = f"{self.fields[self.field]}\n{stripped}".strip()
        else:
            self.field = "病情描述"
            self.fields[self.field] = stripped

    def mapped(self) -> Mapped | Unreadable:
        """The dialogue: the description is the patient's first turn, then what was said."""
        turns: list[RawTurn] = [(role, "\n".join(said).strip()) for role, said in self.turns]
        fields = {name: value for name, value in self.fields.items() if name != _DOCTOR_NAMED}
        described = "\n".join(f"{name}：{value}" for name, value in fields.items())
        if described:
            turns.insert(0, ("patient", described))
        if not turns:
            return Unreadable("no_dialogue", "neither a description nor a dialogue", id=self.number)
        repairs = [] if any(role == "doctor" for role, _ in turns) else ["no_doctor_turn"]
        if not self.turns:
            repairs.append("no_dialogue_section")
        extra: dict[str, object] = {"fields": fields} if fields else {}
        hospital, departments = _faculty(self.faculty)
        if hospital:
            extra["hospital"] = hospital
        if self.diagnosis:
            extra["diagnosis"] = "\n".join(self.diagnosis)
        return Mapped(
            turns,
            id=self.number,
            url=self.url or None,
            departments=departments,
            diseases=names(self.fields.get("疾病", "").split("\n")),
            extra=extra,
            repairs=repairs,
        )


def _faculty(lines: list[str]) -> tuple[str, tuple[str, ...]]:
    """Hospital and departments, coarse to fine, of `医院 科 …`; words behind them (a doctor's name, a title) do not pass."""
    words = lines[-1].split() if lines else []
    if len(words) == 1:
        return ("", names(words)) if _DEPARTMENT.search(words[0]) else (words[0], ())
    departments = [word for word in words[1:] if _DEPARTMENT.search(word)]
    return (words[0] if words else ""), names(departments or words[1:2])


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
