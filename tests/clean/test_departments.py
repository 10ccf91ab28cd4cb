import pytest

from cmtmedqa.clean.departments import ALIASES, canonical, levels
from cmtmedqa.records import DEPARTMENTS


def test_every_alias_leads_to_one_of_the_14() -> None:
    assert len(DEPARTMENTS) == 14
    assert set(ALIASES.values()) == set(DEPARTMENTS)
    assert all(canonical([name]) == name for name in DEPARTMENTS)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["皮肤性病科"], "皮肤科"),
        (["传染科"], "传染病科"),
        (["外科", "骨科"], "外科"),
        (["外科", "男科"], "外科"),
        (["其他", "消化内科"], "内科"),
        (["五官科\u00a0\u00a0眼科"], "五官科"),
        (["神经内科/脑外科"], "内科"),
        (["神经内科门诊"], "内科"),
        (["nan"], None),
        (["nan", "nan"], None),
        ([], None),
        (["艾滋病"], None),
        (["其他"], "其他"),
    ],
)
def test_canonical(names: list[str], expected: str | None) -> None:
    assert canonical(names) == expected


def test_levels_are_taken_apart_and_missing_ones_left_out() -> None:
    assert levels(["五官科\u00a0 眼科", "nan", "", "眼科"]) == ("五官科", "眼科")
