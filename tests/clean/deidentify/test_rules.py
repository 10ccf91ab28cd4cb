"""Every rule finds its own examples and leaves its counter-examples alone."""

import pytest

from cmtmedqa.clean.deidentify import find
from cmtmedqa.clean.deidentify.engine import apply
from cmtmedqa.clean.deidentify.fold import fold
from cmtmedqa.clean.deidentify.model import KINDS
from cmtmedqa.clean.deidentify.rules import RULES

YES = [pytest.param(rule, text, id=f"{rule.name}-{text}") for rule in RULES for text in rule.yes]
NO = [pytest.param(rule, text, id=f"{rule.name}-{text}") for rule in RULES for text in rule.no]


@pytest.mark.parametrize(("rule", "text"), YES)
def test_rule_finds_its_examples(rule, text):
    assert list(apply(rule, fold(text).text))
    assert rule.kind in {span.kind for span in find(text)}


@pytest.mark.parametrize(("rule", "text"), NO)
def test_rule_leaves_its_counter_examples(rule, text):
    assert not list(apply(rule, fold(text).text))


def test_rules_have_unique_names_known_kinds_and_examples():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.kind for rule in RULES} <= set(KINDS)
    assert all(rule.yes for rule in RULES)
