"""Reading loosely typed fields of source records: every function takes any JSON value and never raises."""

import math
import re
from collections.abc import Mapping, Sequence

from cmtmedqa.records import Role, Sex

Fields = Mapping[str, object]

_MISSING = frozenset({"", "nan", "none", "null"})
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("human", "user", "patient", "client", "患者", "病人", "来访者", "咨询者", "usr", "visitor", "asker"), "patient"),
    **dict.fromkeys(("gpt", "assistant", "doctor", "counselor", "counsellor", "bot", "医生", "大夫", "医师", "心理咨询师", "咨询师", "model", "therapist"), "doctor"),
    "system": "system",
}  # fmt: skip
_SEXES: dict[str, Sex] = {
    **dict.fromkeys(("男", "男性", "male", "m", "man"), "male"),
    **dict.fromkeys(("女", "女性", "female", "f", "woman"), "female"),
}  # fmt: skip
_YEARS = re.compile(r"([0-9]{1,3})\s*(?:周?岁|years?|$)")
_YOUNGER = re.compile(r"[0-9]+\s*(?:个?月|天|周|日)")


def text(value: object) -> str:
    """A string as it is, a number as its digits, a missing value as ''."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)) or isinstance(value, bool | list | dict):
        return ""
    return str(value)


def present(value: object) -> str:
    """The stripped text of a value, '' where it says nothing (`nan`, `null` ...)."""
    stripped = text(value).strip()
    return "" if stripped.lower() in _MISSING else stripped


def names(*values: object) -> tuple[str, ...]:
    """All that is present among values and lists of values, in order, each once."""
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return tuple(dict.fromkeys(name for item in flat if (name := present(item))))


def identifier(record: Fields, *keys: str) -> str:
    """The first id that is present under some keys."""
    return next((found for key in keys if (found := present(record.get(key)))), "")


def strings(value: object) -> bool:
    """Whether a value is a non-empty list of strings."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def objects(value: object) -> bool:
    """Whether a value is a non-empty list of objects."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def role_of(name: object) -> Role | None:
    """The role that a source's word for a speaker means."""
    return _ROLES.get(name.strip().lower()) if isinstance(name, str) else None


def sex_of(value: object) -> Sex | None:
    """男 / 女 in any of the usual spellings."""
    return _SEXES.get(present(value).lower())


def age_of(value: object) -> int | None:
    """An age in whole years; months, weeks and days count as 0."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if math.isfinite(value) and 0 <= value <= 150 else None
    stated = present(value)
    if years := _YEARS.search(stated):
        return int(years[1]) if int(years[1]) <= 150 else None
    return 0 if _YOUNGER.search(stated) else None


def sex_and_age(value: object) -> tuple[Sex | None, int | None]:
    """From one text such as `男 | 23岁`."""
    stated = present(value)
    sex: Sex | None = "male" if "男" in stated else "female" if "女" in stated else sex_of(stated)
    return sex, age_of(stated)


def rest(record: Fields, *used: str) -> dict[str, object]:
    """What of a record is not mapped."""
    return {key: value for key, value in record.items() if key not in used}


def titled(title: str, body: str) -> str:
    """The patient's first turn: title and body, unless the body holds the title or one of them says nothing."""
    heading, said = title.strip(), body.strip()
    if said in {"", "无"}:
        return title if heading not in {"", "无"} else body
    if heading in {"", "无"} or heading.rstrip("？?") in said:
        return body
    return f"{heading}\n{body}"


def pairs(history: object) -> list[tuple[str, str]] | None:
    """The exchanges of a `history`: a list of [question, answer]; None where it is anything else."""
    if history is None or history == "":
        return []
    if not isinstance(history, Sequence) or isinstance(history, str):
        return None
    result = []
    for item in history:
        if (
            not isinstance(item, list | tuple)
            or len(item) != 2
            or not all(isinstance(part, str | int | float | None) for part in item)
        ):
            return None
        result.append((text(item[0]), text(item[1])))
    return result
