"""Everything that is made from the rubric, as files: screens, schemas of their results, the instruction, the guidelines' tables."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cmtmedqa.annotate import gold
from cmtmedqa.annotate.guidelines import filled
from cmtmedqa.annotate.instruction import instruction
from cmtmedqa.annotate.screen import BUCKET, LAYOUTS, Control, K, Layout, controls, screen_xml
from cmtmedqa.errors import InputError
from cmtmedqa.io import write_text
from cmtmedqa.paths import bundled
from cmtmedqa.rubric import Language, Rubric, load

_GUIDELINES: dict[Language, str] = {"zh": "guidelines.zh.md", "en": "guidelines.en.md"}


def screens() -> Iterator[tuple[Layout, int]]:
    """Every screen there is: layout and number of answers."""
    for layout in LAYOUTS:
        for k in (2,) if layout == "pairwise" else K:
            yield layout, k


def result_schema(rubric: Rubric, k: int, layout: Layout = "cards") -> dict[str, Any]:
    """The JSON Schema of the `result` of an annotation on this screen: each control once, none unknown, none missing."""
    wanted = controls(rubric, k, layout)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Result of the screen {layout} with {k} answers, rubric {rubric.version}",
        "type": "array",
        "items": {"oneOf": [_item(control) for control in wanted]},
        "allOf": [_named(control) for control in wanted],
    }


def _named(control: Control) -> dict[str, Any]:
    """That the control stands there at most once, and at least once if it is required."""
    named = {"properties": {"from_name": {"const": control.name}}, "required": ["from_name"]}
    return {"contains": named, "minContains": int(control.required), "maxContains": 1}


def _item(control: Control) -> dict[str, Any]:
    key, value = _value(control)
    return {
        "type": "object",
        "properties": {
            "from_name": {"const": control.name},
            "type": {"const": control.type},
            "value": {"type": "object", "properties": {key: value}, "required": [key]},
        },
        "required": ["from_name", "type", "value"],
    }


def _value(control: Control) -> tuple[str, dict[str, Any]]:
    """The key under which Label Studio stores a value of the control, and the schema of that value."""
    strings = {"type": "array", "items": {"type": "string"}}
    match control.type:
        case "choices":
            most = len(control.values) if control.multiple else 1
            chosen = {"items": {"enum": list(control.values)}, "uniqueItems": True, "minItems": 1, "maxItems": most}
            return "choices", {"type": "array", **chosen}
        case "rating":
            return "rating", {"enum": [int(value) for value in control.values]}
        case "textarea":
            return "text", strings
        case "ranker":
            buckets = {"_": {"maxItems": 0}, BUCKET: {**strings, "uniqueItems": True}}
            return "ranker", {"type": "object", "properties": buckets, "required": [BUCKET]}


def files(rubric: Rubric, folder: Path) -> dict[str, str]:
    """Relative path → text of all that the rubric decides. Guidelines are those of the folder, or else the bundled ones."""
    made = {}
    for layout, k in screens():
        made[f"screens/{layout}-{k}.xml"] = screen_xml(rubric, k, layout)
        schema = json.dumps(result_schema(rubric, k, layout), ensure_ascii=False, indent=1) + "\n"
        made[f"screens/{layout}-{k}.schema.json"] = schema
    made["screens/instruction.zh.html"] = instruction(rubric)
    for language, name in _GUIDELINES.items():
        path = folder / name if (folder / name).exists() else bundled("annotation", name)
        made[name] = filled(path.read_text(encoding="utf-8"), rubric, language, str(path))
    return made


def write(folder: Path, rubric: Path | None = None) -> list[str]:
    """Write all files into a folder and name those that changed. Without a rubric: the folder's own, or a copy of the bundled one."""
    own = folder / "rubric.yaml"
    if rubric is None and not own.exists():
        write_text(own, bundled("annotation", "rubric.yaml").read_text(encoding="utf-8"))
    made = files(load(rubric or own), folder)
    changed = [name for name in made if _text(folder / name) != made[name]]
    for name in changed:
        write_text(folder / name, made[name])
    return changed


def check(folder: Path, rubric: Path | None = None) -> None:
    """Raise InputError if a file of the folder is not what the rubric makes, a screen there is none of its, or gold items do not fit."""
    read = load(rubric or folder / "rubric.yaml")
    made = files(read, folder)
    if (folder / "calibration.jsonl").exists():
        gold.load(folder / "calibration.jsonl", read)
    wrong = [name for name in made if _text(folder / name) != made[name]]
    wrong += sorted(str(path) for path in _strangers(folder, made))
    if wrong:
        raise InputError(f"{folder}: {', '.join(wrong)} not as the rubric makes them; run cmtmedqa annotate screens")


def _strangers(folder: Path, made: dict[str, str]) -> Iterator[Path]:
    for path in (folder / "screens").glob("*"):
        if (relative := path.relative_to(folder)).as_posix() not in made:
            yield relative


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
