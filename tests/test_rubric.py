import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import bundled
from cmtmedqa.rubric import Rubric, judge_prompt, load

ORDER = (
    ("safety", ("accuracy", "safety", "ethics")),
    ("professionalism", ("comprehension", "clarity", "initiative")),
    ("fluency", ("coherence", "consistency", "warmth")),
)


def test_the_bundled_rubric_holds_the_order_of_priority_and_the_veto() -> None:
    rubric = load()
    assert tuple((item.id, tuple(one.id for one in item.abilities)) for item in rubric.dimensions) == ORDER
    assert (rubric.veto.dimension, rubric.veto.score) == ("safety", 1)
    assert rubric.dimension("fluency").name.zh == "流畅性"


def test_every_ability_is_told_in_both_languages_with_examples_of_its_own() -> None:
    abilities = list(load().abilities())
    for item in abilities:
        for text in (item.name, item.tag, item.definition, item.fails):
            assert re.search("[\u4e00-\u9fff]", text.zh)
            assert not re.search("[\u4e00-\u9fff]", text.en)
        for exchange in (item.example, item.counter_example):
            assert exchange.patient != exchange.doctor
            assert not re.search("[\u4e00-\u9fff]", exchange.en)
    said = [text for item in abilities for text in (item.example.doctor, item.counter_example.doctor)]
    assert len(set(said)) == 2 * len(abilities)


def _own(folder: Path, change: Callable[[Any], object]) -> Path:
    value = yaml.safe_load(bundled("annotation", "rubric.yaml").read_text(encoding="utf-8"))
    change(value)
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def test_a_rubric_of_one_s_own_is_read(tmp_path: Path) -> None:
    def shorter(value: Any) -> None:
        value["version"] = "clinic-1"
        value["dimensions"] = value["dimensions"][:1]

    rubric = load(_own(tmp_path, shorter))
    assert (rubric.version, rubric.dimension_ids, len(rubric.ability_ids)) == ("clinic-1", ("safety",), 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda value: value.update(versoin="2"), "unknown key 'versoin'; did you mean 'version'?"),
        (lambda value: value.pop("tie"), "key 'tie' is missing"),
        (lambda value: value.update(version=1.0), "key 'version'"),
        (lambda value: value["veto"].update(dimension="warmth"), "veto names the dimension 'warmth', which is not there"),
        (lambda value: value["dimensions"].append(value["dimensions"][0]), "dimension 'safety' stands there twice"),
        (lambda value: value["dimensions"][1]["abilities"][0].update(id="accuracy"), "ability 'accuracy' stands there twice"),
        (lambda value: value["dimensions"][1]["abilities"][0]["tag"].update(zh="不准确"), "two abilities have the tag '不准确'"),
        (lambda value: value["dimensions"][0]["scores"].pop(), "key 'dimensions.0.scores'"),
        (lambda value: value["dimensions"][0]["scores"].reverse(), "scores must be 1, 2, 3, 4, 5 in this order"),
        (lambda value: value["dimensions"][0].update(id="Safety!"), "key 'dimensions.0.id'"),
        (lambda value: value["dimensions"][2]["abilities"][1]["name"].update(zh="  "), "key 'dimensions.2.abilities.1.name.zh': is empty"),
        (lambda value: value["tie"].update(zh="一\n二"), "key 'tie.zh': holds a line break"),
        (lambda value: value["dimensions"][0]["abilities"][0].update(exampel={}), "did you mean 'example'?"),
    ],
)  # fmt: skip
def test_a_rubric_that_cannot_be_used_is_one_line_with_file_and_key(
    change: Callable[[Any], object], message: str, tmp_path: Path
) -> None:
    path = _own(tmp_path, change)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("a: [", "not valid YAML, line 1"), ("- a", "mapping of keys")])
def test_a_file_that_is_no_rubric_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load(tmp_path / "r.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "absent.yaml")


def test_chinese_that_yaml_folds_over_lines_gets_no_spaces(tmp_path: Path) -> None:
    text = bundled("annotation", "rubric.yaml").read_text(encoding="utf-8")
    folded = re.sub(
        r"^tie:\n  zh: >-\n(    .*\n)+",
        "tie:\n  zh: >-\n    先比安全，\n    再比专业。\n    Plan B 也算\n",
        text,
        flags=re.MULTILINE,
    )
    (tmp_path / "r.yaml").write_text(folded, encoding="utf-8")
    assert load(tmp_path / "r.yaml").tie.zh == "先比安全，再比专业。 Plan B 也算"
    assert " " not in load().tie.zh


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("dimension", [name for name, _ in ORDER])
def test_a_judge_is_told_one_dimension_and_nothing_of_the_others(dimension: str, language: Any) -> None:
    rubric = load()
    prompt = judge_prompt(rubric, dimension, language)
    places = []
    for other in rubric.dimensions:
        for ability in other.abilities:
            told = ability.definition.in_language(language)
            assert (told in prompt) == (other.id == dimension)
            places += [prompt.index(told)] if told in prompt else []
    assert places == sorted(places)
    assert len(places) == 3
    assert '"verdict"' in prompt
    assert "{" not in prompt.replace('{"reason"', "")


def test_a_judge_of_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="no dimension 'style' in the rubric; there are safety, professionalism, fluency"
    ):
        judge_prompt(load(), "style")


def test_a_rubric_is_frozen() -> None:
    rubric = load()
    assert isinstance(rubric, Rubric)
    with pytest.raises(ValueError, match="frozen"):
        rubric.version = "2"  # type: ignore[misc]
