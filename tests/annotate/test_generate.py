"""What is made from the rubric is what lies in annotation/, for the bundled rubric and for one of one's own."""

import functools
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cmtmedqa.annotate import generate
from cmtmedqa.annotate.guidelines import BLOCKS, filled
from cmtmedqa.annotate.instruction import instruction
from cmtmedqa.annotate.screen import controls
from cmtmedqa.cli.app import app
from cmtmedqa.errors import InputError
from cmtmedqa.paths import bundled
from cmtmedqa.rubric import load

RUBRIC = load()
ANNOTATION = bundled("annotation")


def test_nothing_in_annotation_has_drifted_from_the_rubric() -> None:
    generate.check(ANNOTATION)


@pytest.mark.parametrize("name", ["screens/cards-4.xml", "screens/board-3.schema.json", "guidelines.zh.md"])
def test_a_file_that_was_edited_is_named(name: str, tmp_path: Path) -> None:
    generate.write(tmp_path)
    path = tmp_path / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("安全性", "安全") if name.endswith("md") else text + " ", encoding="utf-8")
    with pytest.raises(InputError, match=f"{name} not as the rubric makes them; run cmtmedqa annotate screens"):
        generate.check(tmp_path)
    assert generate.write(tmp_path) == [name]
    generate.check(tmp_path)


def test_a_screen_that_no_rubric_makes_is_named(tmp_path: Path) -> None:
    generate.write(tmp_path)
    (tmp_path / "screens" / "cards-9.xml").write_text("<View/>", encoding="utf-8")
    with pytest.raises(InputError, match=r"screens/cards-9\.xml not as"):
        generate.check(tmp_path)


def test_the_command_starts_a_folder_of_one_s_own_and_follows_its_rubric(tmp_path: Path) -> None:
    runner, folder = CliRunner(), tmp_path / "mine"
    assert runner.invoke(app, ["annotate", "screens", str(folder)]).exit_code == 0
    rubric = folder / "rubric.yaml"
    value = yaml.safe_load(rubric.read_text(encoding="utf-8"))
    value["version"], value["dimensions"][2]["name"]["zh"] = "2.0", "文笔"
    rubric.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")
    assert runner.invoke(app, ["annotate", "screens", str(folder), "--check"]).exit_code != 0
    assert runner.invoke(app, ["annotate", "screens", str(folder)]).exit_code == 0
    for name in ("screens/cards-2.xml", "screens/instruction.zh.html", "guidelines.zh.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "文笔" in text
        assert "2.0" in text
    done = runner.invoke(app, ["annotate", "screens", str(folder)])
    assert "nothing to change" in done.output
    assert "as the rubric makes it" in runner.invoke(app, ["annotate", "screens", str(folder), "--check"]).output


def test_prose_around_the_tables_stays_as_people_wrote_it(tmp_path: Path) -> None:
    generate.write(tmp_path)
    path = tmp_path / "guidelines.en.md"
    path.write_text(path.read_text(encoding="utf-8").replace("Work alone;", "Work quite alone;"), encoding="utf-8")
    generate.check(tmp_path)
    assert "Work quite alone;" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guidelines_hold_every_table(language: Any) -> None:
    text = (ANNOTATION / f"guidelines.{language}.md").read_text(encoding="utf-8")
    for name in BLOCKS:
        assert text.count(f"<!-- rubric:{name} -->") == 1
    for ability in RUBRIC.abilities():
        for told in (ability.definition, ability.fails, ability.tag):
            assert told.in_language(language) in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- rubric:scores -->\n", "has no end"),
        ("<!-- /rubric:scores -->\n", "has no end, or an end no beginning"),
        (
            "<!-- rubric:colours -->\n<!-- /rubric:colours -->\n",
            "no block 'rubric:colours'; there are version, abilities",
        ),
    ],
)
def test_a_marker_that_cannot_be_filled_is_an_error_with_the_file(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        filled(text, RUBRIC, "zh", "g.md")
    assert str(caught.value).startswith("g.md: ")


def test_filling_twice_changes_nothing() -> None:
    text = "前\n<!-- rubric:rules -->\n旧\n<!-- /rubric:rules -->\n后\n"
    once = filled(text, RUBRIC, "zh", "g.md")
    assert filled(once, RUBRIC, "zh", "g.md") == once
    assert once.startswith("前\n")
    assert RUBRIC.veto.zh in once
    assert "旧" not in once


def test_the_instruction_tells_order_stars_ties_veto_and_buttons() -> None:
    text = instruction(RUBRIC)
    assert "安全性 → 专业性 → 流畅性" in text
    told = [RUBRIC.tie.zh, RUBRIC.veto.zh, *(anchor.zh for item in RUBRIC.dimensions for anchor in item.scores)]
    assert all(part in text for part in told)
    assert all(button in text for button in ("提交（Submit）", "跳过（Skip）", "添加（Add）", "Update"))
    assert "style=" not in text  # Label Studio strips it


def _result(layout: Any, k: int, **without: bool) -> list[dict[str, Any]]:
    """A complete result as the server stores it."""
    keys = {"choices": "choices", "rating": "rating", "textarea": "text", "ranker": "ranker"}
    items = []
    for control in controls(RUBRIC, k, layout):
        value: Any = [control.values[0]] if control.type == "choices" else ["好"]
        value = {"rating": 3, "ranker": {"_": [], "ranked": ["rx", "ry"]}}.get(control.type, value)
        items.append(
            {"from_name": control.name, "to_name": "x", "type": control.type, "value": {keys[control.type]: value}}
        )
    return [item for item in items if not without.get(item["from_name"])]


@functools.cache
def _validator(layout: Any, k: int) -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with the extra annotate")
    schema = json.loads((ANNOTATION / "screens" / f"{layout}-{k}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _valid(result: Any, layout: Any, k: int) -> bool:
    return bool(_validator(layout, k).is_valid(result))


@pytest.mark.parametrize(("layout", "k"), [("cards", 2), ("board", 2), ("pairwise", 2)])
def test_the_schema_takes_a_complete_result_and_needs_each_required_control(layout: Any, k: int) -> None:
    assert _valid(_result(layout, k), layout, k)
    for control in controls(RUBRIC, k, layout):
        assert _valid(_result(layout, k, **{control.name: True}), layout, k) != control.required


@pytest.mark.parametrize(("layout", "k"), [(layout, k) for layout, k in generate.screens() if k > 2])
def test_the_schema_of_more_answers_needs_the_last_one(layout: Any, k: int) -> None:
    last = next(control.name for control in controls(RUBRIC, k, layout) if control.answer == k - 1)
    assert _valid(_result(layout, k), layout, k)
    assert not _valid(_result(layout, k, **{last: True}), layout, k)


def test_the_schema_refuses_what_the_server_takes() -> None:
    def changed(name: str, value: Any) -> list[dict[str, Any]]:
        return [item | {"value": value} if item["from_name"] == name else item for item in _result("cards", 3)]

    assert _valid(changed("rank_a", {"choices": ["3"]}), "cards", 3)
    assert not _valid(changed("rank_a", {"choices": ["9"]}), "cards", 3)
    assert not _valid(changed("rank_a", {"choices": ["1", "2"]}), "cards", 3)
    assert not _valid(changed("safety_b", {"rating": 0}), "cards", 3)
    assert not _valid(changed("issues_c", {"choices": ["医学准确"]}), "cards", 3)
    assert not _valid([*_result("cards", 3), _result("cards", 3)[0]], "cards", 3)
    assert not _valid([*_result("cards", 3), {"from_name": "overall", "type": "choices", "value": {}}], "cards", 3)
    assert not _valid([], "cards", 3)
    left = [
        item | {"value": {"ranker": {"_": ["rz"], "ranked": []}}} if item["type"] == "ranker" else item
        for item in _result("board", 3)
    ]
    assert not _valid(left, "board", 3)
