"""What is derived from patterns must hold for every match, else a rule would be skipped where it has something to say."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmtmedqa.clean.deidentify.fold import fold, fold_column
from cmtmedqa.clean.deidentify.patterns import branched, compiled, led
from cmtmedqa.clean.deidentify.rules import RULES
from cmtmedqa.clean.deidentify.screen import Screen, may_match, rules_of

SCREEN = Screen([rule.pattern.pairs for rule in RULES])
EXAMPLES = sorted({text for rule in RULES for text in (*rule.yes, *rule.no)})
TEXTS = st.lists(st.sampled_from([*EXAMPLES, "我", "，", "的", "\n", "😀", "\ud800", "[电话1]", "１"]), max_size=5).map(
    "".join
)
PATTERNS = (
    "a(?:b|cd)e", "(?:ab|c)?d", "[ab]{2,3}c", "x*y+z?", "(?<=a)b", "a(?=bc|d)", "^a|b$", "(?P<v>a)(?P=v)b", "(?:a|bc){2}", "a??b", ".a", "[^a]b", "(?i:a)b",
)  # fmt: skip


@given(st.lists(TEXTS, max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_rule_matches_a_text_that_the_screen_spares_it(texts):
    folded, _ = fold_column(texts)
    masks = SCREEN.look(folded)
    for number, rule in enumerate(RULES):
        rows = {row for row, text in enumerate(folded) if rule.pattern.regex.search(text)}
        assert rows <= set(may_match(masks, number)), rule.name
        assert rows <= {row for row in range(len(texts)) if number in rules_of(masks[row])}


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_screen_lets_every_example_through(text):
    (folded,), _ = fold_column([text])
    (mask,) = SCREEN.look([folded])
    assert {number for number, rule in enumerate(RULES) if rule.pattern.regex.search(folded)} <= set(rules_of(mask))


def test_the_screen_spares_ordinary_text_most_rules():
    (mask,) = SCREEN.look(["最近总是头疼,晚上睡不好,白天没有力气,这是怎么回事"])
    assert len(rules_of(mask)) < len(RULES) / 4


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=st.text("abcdxyzeA\n", max_size=8))
@settings(max_examples=60, deadline=None)
def test_pairs_are_in_every_match_and_the_lead_changes_nothing(pattern, text):
    made, plain = compiled(pattern), re.compile(pattern)
    assert [match.span() for match in made.regex.finditer(text)] == [match.span() for match in plain.finditer(text)]
    if plain.search(text):
        assert rules_of(Screen([made.pairs]).look([text])[0]) == [0]


def test_an_alternation_is_led_by_its_first_characters():
    assert led("护士长?|副?主任") == "(?=[主副护])(?:护士长?|副?主任)"


@given(st.lists(TEXTS, max_size=5))
@settings(max_examples=200, deadline=None)
def test_a_column_is_folded_as_its_texts_are(texts):
    plain, shorter = fold_column(texts)
    assert plain == [fold(text).text for text in texts]
    assert all(shorter[number] == fold(texts[number]) for number in shorter)
    assert {number for number, text in enumerate(texts) if fold(text).starts is not None} == set(shorter)


WORDS = "老公公|老公|老[婆妈]?|[大小]?[姑姨]妈?|大(?:姐|哥)?夫|妈(?=妈|的)|a?b"


@given(st.text("老公婆妈大小姑姨姐哥夫的abc1", max_size=8))
def test_an_alternation_sorted_by_first_characters_matches_as_it_did(text):
    made, plain = re.compile(branched(WORDS)), re.compile(WORDS)
    assert [match.span() for match in made.finditer(text)] == [match.span() for match in plain.finditer(text)]
