"""The screens as XML: their controls are those of the rubric, every key is out of reach, nothing on them is English."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmtmedqa.annotate.generate import screens
from cmtmedqa.annotate.screen import BETTER, K, controls, letters, screen_xml
from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import bundled, package_file
from cmtmedqa.rubric import load

RUBRIC = load()
SCREENS = list(screens())
_TAGS = {"Choices": "choices", "Rating": "rating", "TextArea": "textarea", "Ranker": "ranker"}


def _elements(layout: Any, k: int) -> list[ET.Element]:
    return list(ET.fromstring(screen_xml(RUBRIC, k, layout)).iter())


@pytest.mark.parametrize(("layout", "k"), SCREENS)
def test_the_xml_holds_the_controls_that_are_promised(layout: Any, k: int) -> None:
    made = {item.get("name"): item for item in _elements(layout, k) if item.tag in _TAGS}
    promised = {control.name: control for control in controls(RUBRIC, k, layout)}
    assert set(made) == set(promised)
    for name, control in promised.items():
        element = made[name]
        assert _TAGS[element.tag] == control.type
        if control.type != "ranker":  # an incomplete order is refused when it is read
            assert (element.get("required") == "true") == control.required
        if control.type == "choices":
            assert [item.get("alias") for item in element] == list(control.values)
            assert (element.get("choice") == "multiple") == control.multiple
        if control.type == "rating":
            assert element.get("maxRating") == control.values[-1]


@pytest.mark.parametrize(("layout", "k"), SCREENS)
def test_every_name_is_unique_and_every_target_is_there(layout: Any, k: int) -> None:
    elements = _elements(layout, k)
    names = [item.get("name") for item in elements if item.get("name")]
    assert len(set(names)) == len(names)
    shown = {item.get("name") for item in elements if item.tag in {"Text", "Paragraphs", "List"}}
    assert {item.get("toName") for item in elements if item.get("toName")} <= shown
    answers = [item.get("value") for item in elements if item.tag == "Text"]
    assert answers == ([] if layout == "board" else [f"$responses[{number}].body" for number in range(k)])


@pytest.mark.parametrize(("layout", "k"), SCREENS)
def test_no_control_can_be_hit_by_one_key_or_by_two(layout: Any, k: int) -> None:
    keys = [item.get("hotkey") for item in _elements(layout, k) if item.tag in {"Choice", "Rating"}]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"(ctrl\+alt\+shift|alt\+shift|ctrl\+alt)\+[0-9a-z]", key or "") for key in keys)


@pytest.mark.parametrize(("layout", "k"), SCREENS)
def test_no_two_radio_buttons_have_one_name_so_that_tab_reaches_each(layout: Any, k: int) -> None:
    radios = [item for item in _elements(layout, k) if item.tag == "Choices" and item.get("choice") == "single-radio"]
    names = [item.get("value") for choices in radios for item in choices]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("layout", "k"), SCREENS)
def test_what_a_doctor_reads_is_chinese(layout: Any, k: int) -> None:
    read = [
        item.get(name, "")
        for item in _elements(layout, k)
        for name in ("html" if item.get("html") else "value", "title", "placeholder", "requiredMessage")
        if item.get(name) and not item.get(name, "").startswith("$")
    ]
    for text in read:
        assert re.search("[\u4e00-\u9fff]|^[1-6]$", text), text
        assert not re.search("[A-Za-z]{2}", text.replace("$department", "")), text


def test_each_required_control_says_in_chinese_what_is_missing_and_where() -> None:
    messages = {
        item.get("name"): item.get("requiredMessage", "") for item in _elements("cards", 6) if item.get("required")
    }
    assert len(set(messages.values())) == len(messages) == 6 * 4
    assert messages["rank_f"] == "请给「回答 F」选名次（1 最好，可以并列）"
    assert messages["professionalism_a"] == "请给「回答 A」打专业性分（1–5 星）"


def test_the_tags_are_the_rubric_s_in_its_order() -> None:
    (choices,) = [item for item in _elements("cards", 3) if item.get("name") == "issues_b"]
    told = [(item.get("alias"), item.get("value")) for item in choices]
    assert told == [(ability.id, ability.tag.zh) for ability in RUBRIC.abilities()]


def test_the_pairwise_screen_can_say_better_equal_and_dangerous() -> None:
    named = {control.name: control for control in controls(RUBRIC, 2, "pairwise")}
    assert list(named) == ["better", "safety", "professionalism", "fluency", "unsafe", "comment"]
    assert named["better"].values == BETTER
    assert named["unsafe"].multiple
    assert not named["unsafe"].required


@pytest.mark.parametrize("k", [0, 1, 7])
def test_a_screen_for_another_number_of_answers_is_refused(k: int) -> None:
    with pytest.raises(ConfigError, match=f"a screen shows 2 to 6 answers, not {k}"):
        screen_xml(RUBRIC, k)


def test_pairwise_compares_two() -> None:
    with pytest.raises(ConfigError, match="compares 2 answers, not 3; use cards"):
        screen_xml(RUBRIC, 3, "pairwise")


def test_letters_follow_the_order_of_the_answers() -> None:
    assert [letters(k) for k in K] == ["ab", "abc", "abcd", "abcde", "abcdef"]


def _with_abilities(folder: Path, more: int) -> Any:
    value = yaml.safe_load(bundled("annotation", "rubric.yaml").read_text(encoding="utf-8"))
    first = value["dimensions"][0]["abilities"]
    tags = [{"id": f"more{number}", "tag": {"zh": f"多{number}", "en": f"more {number}"}} for number in range(more)]
    first += [first[0] | one for one in tags]
    path = folder / "r.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    return load(path)


def test_a_rubric_with_more_choices_than_hotkeys_is_refused_with_the_screen(tmp_path: Path) -> None:
    rubric = _with_abilities(tmp_path, 1)
    assert len(re.findall("hotkey=", screen_xml(rubric, 5))) == 5 * (5 + 3 + 10)
    with pytest.raises(
        ConfigError, match="screen cards, k = 6: the rubric makes 114 choices, and Label Studio has hotkeys for 108"
    ):
        screen_xml(rubric, 6)


def test_tags_stand_in_rows_only_if_the_dimensions_have_as_many_each(tmp_path: Path) -> None:
    assert "repeat(3,auto)" in screen_xml(RUBRIC, 2)
    assert "repeat(auto-fill," in screen_xml(_with_abilities(tmp_path, 1), 2)


def test_the_style_sheet_holds_no_mark_that_label_studio_escapes() -> None:
    assert not re.search("[<>&]", package_file("annotate", "screen.css").read_text(encoding="utf-8"))
