"""Saved pages with what is expected of them: the unit test of a spec. `NAME.html` stands beside `NAME.json`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cmtmedqa import io
from cmtmedqa.errors import InputError
from cmtmedqa.sites.extract import extract
from cmtmedqa.sites.spec import Spec
from cmtmedqa.sources.mapped import Mapped

_PAGES = (".html", ".htm", ".xhtml")
_REQUEST = ("url", "content_type", "fetched")


def pages_of(spec: Spec, path: Path, given: Path | None) -> Path:
    """The folder of a spec's saved pages: the one given, `pages/SITE` beside the spec, or that of this checkout's tests."""
    beside = path.parent / "pages" / spec.site
    for folder in [given] if given else [beside, Path("tests") / "sites" / "pages" / spec.site]:
        if folder.is_dir():
            return folder
    raise InputError(f"{given or beside}: no such folder; put saved pages there, or name a folder with --pages")


def cases(folder: Path) -> list[Path]:
    """The saved pages of a folder. Raises InputError when there is none."""
    found = sorted(path for path in folder.iterdir() if path.suffix in _PAGES)
    if not found:
        raise InputError(f"{folder}: holds no page; save one as NAME.html")
    return found


def expected(page: Path) -> dict[str, Any]:
    """What is written down for a page; empty if nothing is yet. Raises InputError when it is no JSON object."""
    path = page.with_suffix(".json")
    if not path.exists():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: is no JSON; correct it, or remove it and run site test --accept") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: is no JSON object")
    return value


def outcome(spec: Spec, page: Path, request: dict[str, Any]) -> dict[str, Any]:
    """What a page gives now, in the form that is written down."""
    asked = {name: request[name] for name in _REQUEST if request.get(name)}
    found = extract(
        spec, page.read_bytes(), asked.get("url", ""), asked.get("content_type", ""), asked.get("fetched", "")
    )
    dialogues = [_shown(one) for one in found if isinstance(one, Mapped)]
    refused = [{"reason": one.reason, "detail": one.detail} for one in found if not isinstance(one, Mapped)]
    return {**asked, "dialogues": dialogues, "refused": refused}


def _shown(one: Mapped) -> dict[str, Any]:
    extra = {name: value for name, value in one.extra.items() if name not in {"site", "spec"}}
    shown = {
        "id": one.id, "title": one.title, "departments": list(one.departments), "diseases": list(one.diseases), "sex": one.sex,
        "age": one.age, "turns": [list(turn) for turn in one.turns], "extra": extra, "repairs": list(one.repairs),
    }  # fmt: skip
    return {name: value for name, value in shown.items() if value not in (None, [], {})}


def differences(want: Any, got: Any, where: str = "") -> Iterator[str]:
    """Where two outcomes differ, by the names of fields and the numbers of turns; no text of either."""
    if isinstance(want, dict) and isinstance(got, dict):
        for name in dict.fromkeys([*want, *got]):
            yield from differences(want.get(name), got.get(name), f"{where}.{name}".lstrip("."))
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for place, (one, other) in enumerate(zip(want, got, strict=True)):
            yield from differences(one, other, f"{where}[{place}]")
    elif isinstance(want, list) and isinstance(got, list):
        yield f"{where}: {len(want)} expected, {len(got)} found"
    elif want != got:
        yield f"{where} differs"


def accept(page: Path, found: dict[str, Any]) -> bool:
    """Write an outcome down as what is expected; whether that changed anything."""
    if expected(page) == found:
        return False
    io.write_json(page.with_suffix(".json"), found)
    return True
