"""Reading loosely typed fields of source records: every function takes any JSON value and never raises."""

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cmtmedqa.records import Role, Sex

Fields = Mapping[str, object]

_MISSING = frozenset({"", "nan", "none", "null"})
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("human", "user", "patient", "client", "患者", "病人", "来访者", "咨询者", "用户", "usr", "visitor", "asker"), "patient"),
    **dict.fromkeys(("gpt", "assistant", "doctor", "counselor", "counsellor", "bot", "医生", "大夫", "医师", "心理咨询师", "咨询师", "model", "therapist"), "doctor"),
    "system": "system",
}  # fmt: skip
_SEXES: dict[str, Sex] = {
    **dict.fromkeys(("男", "男性", "male", "m", "man"), "male"),
    **dict.fromkeys(("女", "女性", "female", "f", "woman"), "female"),
}  # fmt: skip
_YEARS = re.compile(r"(?<![0-9])([0-9]{1,3})(?:\.[0-9]+)?\s*(?:周?岁|years?)|^([0-9]{1,3})(?:\.0+)?$")
_YOUNGER = re.compile(r"[0-9一二三四五六七八九十半两]+\s*(?:个?多?月|天|周|日)(?!前)")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")
# Who somebody is, as crawlers and exports name it; the rest of a record may pass.
_IDENTIFIERS = frozenset(
    """user_name username user_id user_info userinfo nickname nick_name patient_name patient_id patient_url user_url
    doctor_name doctor_id doctor_url doctor_detail doctor_skilled doctor_info doctor_skill doctor mainpage homepage
    good_at skilled skill expertise phone mobile tel email wechat qq avatar
    用户名 昵称 患者姓名 医生姓名 医生主页 医生链接 擅长 手机 手机号 电话 微信 邮箱 身份证""".split()  # noqa: SIM905
)
_NESTING = 40
_OLDEST = 150


def text(value: object) -> str:
    """A string as it is, a number as its digits, a missing value as ''."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)) or isinstance(value, bool | list | dict):
        return ""
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return ""


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


def lines_of(value: object) -> list[str]:
    """The texts of a list of strings in which numbers and nulls may stand; [] for anything else."""
    if not isinstance(value, list) or not any(isinstance(item, str) for item in value):
        return []
    if any(isinstance(item, list | dict) for item in value):
        return []
    return [text(item) for item in value]


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
        return int(value) if 0 <= value <= _OLDEST else None
    stated = present(value).translate(_FULL_WIDTH)
    if years := _YEARS.search(stated):
        number = int(years[1] or years[2])
        return number if number <= _OLDEST else None
    return 0 if _YOUNGER.search(stated) else None


class Person(NamedTuple):
    """Sex and age as stated; `noted` keeps the words of an age that whole years do not tell (months, nonsense)."""

    sex: Sex | None
    age: int | None
    noted: dict[str, object]


def person(sex: object, age: object) -> Person:
    """Sex and age from a field each."""
    years, stated = age_of(age), present(age)
    plain = not stated or (years is not None and stated.startswith(str(years)))
    return Person(sex_of(sex), years, {} if plain else {"age_raw": stated})


def person_of(record: Fields) -> Person:
    """Sex and age from the fields `sex` or `gender` and `age` of a record."""
    return person(present(record.get("sex")) or record.get("gender"), record.get("age"))


def person_in(value: object) -> Person:
    """Sex and age from one text such as `男 | 23岁`."""
    stated = present(value)
    sex: Sex | None = "male" if "男" in stated else "female" if "女" in stated else sex_of(stated)
    years = age_of(stated)
    plain = not stated or (years is not None and f"{years}" in stated.translate(_FULL_WIDTH))
    return Person(sex, years, {} if plain else {"age_raw": stated})


def rest(record: Fields, *used: str) -> dict[str, object]:
    """What of a record is not mapped, but for the fields that say who somebody is."""
    return {key: value for key, value in record.items() if key not in used and key.lower() not in _IDENTIFIERS}


def storable(value: object, depth: int = _NESTING) -> object:
    """The same value as plain JSON: no NaN, keys as text, other types as text, nothing below 40 levels."""
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, int | float):
        return value if -(2**63) < value < 2**63 else text(value)
    if isinstance(value, Mapping):
        return {text(key): storable(item, depth - 1) for key, item in value.items()} if depth else None
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [storable(item, depth - 1) for item in items] if depth else None
    return None if isinstance(value, bytes) else text(value)


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
    if isinstance(history, str):
        history = _parsed(history)
    if history is None:
        return []
    if not isinstance(history, Sequence):
        return None
    result = []
    for item in history:
        if (
            not isinstance(item, list | tuple)
            or len(item) != 2
            or any(isinstance(p, list | tuple | dict) for p in item)
        ):
            return None
        result.append((text(item[0]), text(item[1])))
    return result


def _parsed(stated: str) -> object:
    """A list that a table holds as text, in JSON or as Python prints it; None for no text, a bare object for no list."""
    if not present(stated):
        return None
    try:
        return json.loads(stated)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(stated.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return object()
