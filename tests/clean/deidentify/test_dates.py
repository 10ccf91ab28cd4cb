"""Dates reduced to years or shifted: intervals stay, forms stay, and what is no date stays."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmtmedqa.clean.deidentify.dates import change_column, changer, offset, shifted, years_only

KEY = b"a key of more than sixteen bytes"
NO_DATES = (
    "批号20210315", "3天前开始发烧", "1.2.3都有", "血压130/85", "2019年做过手术", "每日3次", "电话0571-8765-4321", "5月份", "C5-6椎间盘", "2023.13.45",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "days", "result"),
    [
        ("2023-10-12做的B超", -12, "2023-09-30做的B超"),
        ("2023/1/2", -2, "2022/12/31"),
        ("2023.01.02复查", -2, "2022.12.31复查"),
        ("2024年3月1日", -1, "2024年2月29日"),
        ("23年03月01号", -1, "23年02月28号"),
        ("末次月经5月12日", -12, "末次月经4月30日"),
        ("2023年10月查的", -30, "2023年9月查的"),
        ("2023-02-30", -5, "2023-02-30"),
    ],
)
def test_a_date_moves_in_its_own_form(text, days, result):
    assert shifted(text, days) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2023-10-12做的", "2023年做的"),
        ("2023年10月12日", "2023年"),
        ("末次月经5月12日", "末次月经某月某日"),
        ("85年6月生", "85年生"),
    ],
)
def test_dates_become_years(text, result):
    assert years_only(text) == result
    assert years_only(result) == result


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_exact_date_stays(text):
    assert shifted(text, -100) == text
    assert years_only(text) == text


@given(
    st.dates(datetime.date(1950, 1, 1), datetime.date(2039, 12, 31)),
    st.dates(datetime.date(1950, 1, 1), datetime.date(2039, 12, 31)),
    st.text(),
)
def test_intervals_stay_inside_a_dialogue(first, second, dialogue):
    days = offset(KEY, dialogue)
    one, two = (datetime.date.fromisoformat(shifted(date.isoformat(), days)) for date in (first, second))
    assert -364 <= days <= -1
    assert two - one == second - first


def test_dialogues_move_apart_and_keys_decide():
    days = {offset(KEY, f"d{number}") for number in range(40)}
    assert len(days) > 30
    assert [offset(KEY, "a"), offset(KEY, "a")] == [offset(KEY, "a")] * 2
    assert offset(KEY, "a") != offset(KEY + b"x", "a")


def test_a_column_is_changed_by_dialogue():
    texts = pa.array(["2023-10-12", "无", "2023-10-12", None])
    changed = change_column(texts, np.array([0, 0, 1, 1]), changer("shift", KEY, ["a", "b"])).to_pylist()
    assert changed[0] == shifted("2023-10-12", offset(KEY, "a"))
    assert changed[2] == shifted("2023-10-12", offset(KEY, "b"))
    assert changed[1::2] == ["无", None]
