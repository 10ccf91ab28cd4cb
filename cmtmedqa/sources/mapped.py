"""What an adapter gives: a dialogue as its file states it, before any cleaning, or the reason why there is none."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cmtmedqa.records import Department, Dialogue, Patient, Provenance, Sex, Turn

_encoded = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
RawTurn = tuple[str, str]  # (role, text)


class Mapped(NamedTuple):
    """One dialogue as mapped from its source; `index` is the position of its record in the file, from 0."""

    turns: Sequence[RawTurn]
    id: str = ""
    url: str | None = None
    title: str | None = None
    departments: Sequence[str] = ()
    diseases: Sequence[str] = ()
    sex: Sex | None = None
    age: int | None = None
    extra: Mapping[str, object] = {}
    repairs: Sequence[str] = ()
    adapter: str = ""
    index: int = 0  # type: ignore[assignment]


class Unreadable(NamedTuple):
    """A record that no adapter can map. `detail` names its keys or the fault, not its text; `raw` is what was there."""

    reason: str
    detail: str = ""
    raw: str = ""
    id: str = ""
    adapter: str = ""
    index: int = 0  # type: ignore[assignment]


def content_id(turns: Sequence[RawTurn]) -> str:
    """The id of a dialogue whose source gives none: 16 hex digits of the BLAKE2b digest of its turns."""
    digest = hashlib.blake2b(digest_size=8)
    for role, text in turns:
        digest.update(f"{role}\x1f{text}\x1e".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def to_dialogue(
    mapped: Mapped,
    source: str,
    license_name: str = "unknown",
    provenance: Provenance = "real",
    department: Department | None = None,
) -> Dialogue:
    """The record of `cmtmedqa sources read`: the mapping as it is, before any cleaning."""
    return Dialogue(
        id=mapped.id or content_id(mapped.turns),
        source=source,
        license=license_name,
        url=mapped.url,
        title=mapped.title,
        department=department,
        department_raw=tuple(mapped.departments),
        diseases=tuple(mapped.diseases),
        patient=Patient(sex=mapped.sex, age=mapped.age),
        turns=tuple(Turn(role=role, text=text) for role, text in mapped.turns),
        provenance=provenance,
        extra=_encoded(mapped.extra),
    )
