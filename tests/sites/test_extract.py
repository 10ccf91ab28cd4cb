"""Contracts, joined pages, times, selectors and the escape hatch."""

from pathlib import Path

import pytest

from cmtmedqa.errors import ConfigError
from cmtmedqa.sites import catalog
from cmtmedqa.sites.extract import extract, read_page
from cmtmedqa.sites.finish import contract, finish
from cmtmedqa.sites.reading import Refusal
from cmtmedqa.sites.times import resolve
from cmtmedqa.sources.mapped import Mapped
from tests.sites.conftest import saved

URL = "http://www.haodf.com/wenda/zhengds_g_4123567890.htm"
HEAD = """site: mine
version: 1
terms: {checked_by: me, checked_on: 2026-01-01, note: mine}
"""
LAYOUT = """layouts:
  - name: page
    turns:
      - {each: .m, role: [{role: patient, when: .p}, {role: doctor, when: .d}], text: [.t]}
"""


def spec(tmp_path: Path, text: str) -> Path:
    path = tmp_path / f"s{abs(hash(text))}.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def message(kind: str, text: str) -> str:
    return f'<div class="m"><i class="{kind}"></i><p class="t">{text}</p></div>'


@pytest.mark.parametrize(
    ("turns", "broken"),
    [
        ([("patient", "甲")], "turns_min: 1 turns < 2"),
        ([("patient", "甲"), ("patient", "乙")], "roles: no turn of the doctor"),
        ([("doctor", "甲"), ("patient", "乙")], "first_role: the doctor speaks first, not the patient"),
        ([("patient", "甲"), ("", "乙")], "roles: message 2 of 2 has no known role"),
        ([("patient", "甲"), ("doctor", "乙\ufffd")], "replacement_character: turn 2 holds U+FFFD"),
    ],
)
def test_a_broken_contract_names_its_field(turns: list[tuple[str, str]], broken: str) -> None:
    haodf, _ = catalog.find("haodf")
    assert contract(haodf, Mapped(turns)) == Refusal("contract", broken)


def test_a_required_field(tmp_path: Path) -> None:
    mine, _ = catalog.find(str(spec(tmp_path, "require: {fields: [title]}\n" + LAYOUT)))
    found = extract(mine, (message("p", "头痛三天") + message("d", "多休息")).encode())
    assert found == [Refusal("contract", "fields: title is missing", found[0].id)]


def test_no_reason_holds_text_of_the_page(tmp_path: Path) -> None:
    mine, _ = catalog.find(str(spec(tmp_path, LAYOUT)))
    for body in (message("p", "头痛三天"), message("x", "头痛三天") * 2, message("d", "头痛三天") * 2):
        (refused,) = extract(mine, body.encode())
        assert isinstance(refused, Refusal)
        assert "头痛" not in refused.line()


def test_pages_are_joined_in_page_order_whatever_the_order_they_came_in() -> None:
    haodf, _ = catalog.find("haodf")
    first = read_page(haodf, saved("haodf/stream-gbk"), URL)
    second = read_page(haodf, saved("haodf/stream-page-two"), URL.replace(".htm", "_p_2.htm"))
    query = read_page(haodf, saved("haodf/stream-page-two"), URL + "?p=2")
    (joined,) = finish(haodf, [second, first])
    assert isinstance(joined, Mapped)
    assert finish(haodf, [first, query]) == [joined]
    assert list(joined.turns) == [*first.drafts[0][1].turns, *second.drafts[0][1].turns]
    assert joined.extra["pages"] == 2


def test_one_layout_may_stand_for_several_sites() -> None:
    demo, _ = catalog.find("demo")
    (haodf,) = extract(demo, saved("haodf/stream-gbk"), "http://127.0.0.1:1/haodf/wenda/d_g_5.htm")
    (dxy,) = extract(demo, saved("dxy/dialogs"), "http://127.0.0.1:1/dxy/question/5")
    assert (haodf.id, dxy.id) == ("haodf-5", "dxy-5")


@pytest.mark.parametrize(
    ("stated", "fetched", "time"),
    [
        ("发表于：2015-11-11 17:56:42", "", "2015-11-11 17:56:42"),
        ("2017年3月2日", "", "2017-03-02"),
        ("昨天20:26", "2020-03-01T23:30:00Z", "2020-03-01 20:26"),  # 07:30 of the second in Beijing
        ("2天前", "2020-03-03T01:00:00Z", "2020-03-01"),
        ("2天前", "", ""),
        ("09.28", "2020-03-03T01:00:00Z", ""),
        ("2015-13-41", "", ""),
    ],
)
def test_a_time_is_resolved_or_left_out(stated: str, fetched: str, time: str) -> None:
    assert resolve(stated, fetched) == time


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAYOUT.replace("each:", "eech:"), "did you mean 'each'"),
        (LAYOUT.replace("each: .m", "each: '..m'"), "does not compile"),
        (LAYOUT.replace("each: .m", "each: {jmespath: 'a['}"), "does not compile"),
        (LAYOUT.replace("each: .m", "each: {css: .m, xpath: //a}"), "exactly one of css, xpath and jmespath"),
        ("page: ['/q/(\\d+)']\n" + LAYOUT, "lacks the group"),
        ("page: ['/q/(?P<id>']\n" + LAYOUT, "is no regular expression"),
        ("encoding: gb2313\n" + LAYOUT, "is no encoding"),
        ("", "needs either layouts"),
    ],
)
def test_a_spec_that_cannot_work_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match="yaml: ") as error:
        catalog.find(str(spec(tmp_path, text)))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_terms_are_required(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("site: mine\nversion: 1\n" + LAYOUT, encoding="utf-8")
    with pytest.raises(ConfigError, match="key 'terms' is missing"):
        catalog.find(str(path))


def test_the_escape_hatch_is_held_against_the_same_contract(tmp_path: Path) -> None:
    path = spec(tmp_path, "python: mine.py\n")
    (tmp_path / "mine.py").write_text(
        "def extract(html, url):\n"
        "    if 'boom' in html: raise ValueError(html)\n"
        "    return {'turns': [('患者', part) if place % 2 == 0 else ('doctor', part) for place, part in enumerate(html.split('|'))]}\n",
        encoding="utf-8",
    )
    mine, _ = catalog.find(str(path))
    (found,) = extract(mine, "头痛|多休息".encode())
    assert list(found.turns) == [("patient", "头痛"), ("doctor", "多休息")]
    (refused,) = extract(mine, "只有一句".encode())
    assert refused.line() == "contract: turns_min: 1 turns < 2"
    with pytest.raises(ConfigError, match=r"extract\(\) raised ValueError") as error:
        extract(mine, "boom 头痛".encode())
    assert "头痛" not in str(error.value)
