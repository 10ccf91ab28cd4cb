"""Turns made to be slow: every rule is linear in the length of a text, so a process that is killed after a minute gets through."""

import subprocess
import sys

import pytest

from cmtmedqa.clean.deidentify import engine, find
from cmtmedqa.clean.deidentify.rules import RULES

LENGTH = 100_000
# What rules begin with, go on with or end in, over and over: cues without values, values without cues, halves of both.
UNITS = (
    "王", "欧阳", "1", "12 ", "1-", "一", "微信", "微信号是", "QQ", "q", "扣", "住院号，", "我叫", "患者", "患者王", "王医生", "王主", "人民", "医院", "中心", "北京",
    "北京市", "王村", "路1号", "1号楼", "王县", "a.", "at@", "http://", "a_", "1.", "a:", "昵称", "用户是", "出生", "1985年", "九", "床", "1床", "京A", "（", " ", "姓名：",
    "妈", "王，", "是", "·", "王·", "主任医师", "报告", "群", "v", "卡号", "第1", "医院骨科", "X", "*", "[姓名1]", "1室", "\u200b", "＊", "赫连玲", "QQ：123456789",
)  # fmt: skip
PROGRAM = f"""
import sys
from cmtmedqa.clean.deidentify import find
for unit in {UNITS!r}:
    find((unit * {LENGTH})[:{LENGTH}])
"""


@pytest.mark.slow
def test_long_turns_of_one_thing_are_searched_in_linear_time():
    """A quadratic rule needs hours for these, linear ones half a minute in all."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "text", ["赫连玲", "QQ：123456789", "五一中路社区卫生服务中心", "我叫林若溪", "电话13912345678"]
)
def test_values_strung_together_take_a_bounded_number_of_rounds(monkeypatch, text):
    rounds = []
    resolve = engine._resolve
    monkeypatch.setattr(engine, "_resolve", lambda spans: rounds.append(len(spans)) or resolve(spans))
    find(text * 200)
    assert len(rounds) <= engine._ROUNDS


def test_no_rule_looks_further_back_than_it_needs(monkeypatch):
    """The check of a match sees the whole text; what it reads of it must not grow with the text."""

    class Counted(str):
        read = 0

        def __getitem__(self, key):
            part = super().__getitem__(key)
            Counted.read += len(part)
            return part

    for rule in RULES:
        costs = []
        for times in (50, 200):
            Counted.read = 0
            list(engine.apply(rule, Counted("".join(rule.yes) * times)))
            costs.append(Counted.read)
        assert costs[1] <= 6 * costs[0] + 1000, rule.name
