"""Every saved page gives what is written down beside it, and what is written down shows the traps of the sites."""

import json
import re
from pathlib import Path

import pytest

from cmtmedqa.sites import catalog, check
from tests.sites.conftest import PAGES

SAVED = sorted(PAGES.rglob("*.html"))
OUTCOMES = {
    f"{page.parent.name}/{page.stem}": json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    for page in SAVED
}


def turns(name: str, place: int = 0) -> list[list[str]]:
    return OUTCOMES[name]["dialogues"][place]["turns"]


@pytest.mark.parametrize("page", SAVED, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_a_saved_page_gives_what_is_expected(page: Path) -> None:
    spec, _ = catalog.find(page.parent.name)
    want = check.expected(page)
    assert list(check.differences(want, check.outcome(spec, page, want))) == []


def test_every_bundled_spec_has_a_saved_page() -> None:
    assert {path.stem for path in catalog.paths()} - {"demo"} == {page.parent.name for page in SAVED}


def test_nothing_but_messages_is_in_a_turn() -> None:
    noise = re.compile(
        "郑重提醒|仅供参考|擅长|推广|送礼物|仅医生|无法显示|签名|干扰码|别人的|复查提醒|以上是对|发表于|1\\*\\*\\*|会员|主治医师"
    )
    for name, outcome in OUTCOMES.items():
        for dialogue in outcome["dialogues"]:
            assert not [text for _, text in dialogue["turns"] if noise.search(text)], name
            assert "不应出现" not in json.dumps(dialogue, ensure_ascii=False)


def test_the_declared_charset_does_not_decide() -> None:
    assert OUTCOMES["haodf/stream-utf8-declares-gb2312"]["dialogues"][0]["extra"]["encoding"] == "utf-8"
    assert turns("haodf/stream-utf8-declares-gb2312") == turns("haodf/stream-gbk")
    assert "㙍䶮镕堃" in turns("haodf/stream-three-declarations")[1][1]


def test_paragraphs_that_left_their_heading_are_kept() -> None:
    assert turns("haodf/stream-gbk")[1] == ["doctor", "先拍膝关节正侧位片。\n这段时间少爬楼梯。"]


def test_roles_come_from_the_image_where_both_have_the_doctors_class() -> None:
    assert [role for role, _ in turns("haodf/flow-2018")] == ["patient", "doctor", "patient", "doctor"]


def test_the_text_zero_is_a_patient() -> None:
    assert [role for role, _ in turns("dxy/dialogs")] == ["patient", "doctor", "doctor", "patient", "doctor"]
    assert "<140/90" in turns("dxy/dialogs")[0][1]


def test_each_doctor_has_a_dialogue_of_the_shared_question() -> None:
    first, second, third = OUTCOMES["jiankang/several-doctors"]["dialogues"]
    assert first["turns"][0] == second["turns"][0] == third["turns"][0]
    assert [one["extra"]["thread"] for one in (first, second, third)] == ["7654321"] * 3
    assert [one["id"] for one in (first, second, third)] == ["7654321-1", "7654321-2", "7654321-3"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("haodf/soft-404", "soft_404"), ("haodf/wrong-page", "wrong_page"), ("haodf/whole-page-private", "private"),
        ("haodf/phone-page", "phone"), ("haodf/verification", "verification"), ("haodf/unanswered", "contract"),
        ("haodf/replacement-character", "contract"), ("chunyu/another-doctors-page", "wrong_page"), ("dxy/data-empty", "no_dialogue"),
        ("xywy/nodes-missing", "no_dialogue"),
    ],
)  # fmt: skip
def test_a_page_without_dialogue_says_why(name: str, reason: str) -> None:
    assert OUTCOMES[name]["dialogues"] == []
    assert [one["reason"] for one in OUTCOMES[name]["refused"]] == [reason]


def test_a_nick_cut_inside_a_character_harms_no_turn() -> None:
    damaged, sound = OUTCOMES["jiankang/nick-cut-in-a-character"], OUTCOMES["jiankang/several-doctors"]
    assert [one["turns"] for one in damaged["dialogues"]] == [one["turns"] for one in sound["dialogues"]]
    assert damaged["dialogues"][0]["repairs"] == ["encoding_damaged"]
