"""Sentences as patients and doctors type them, of every class: what stands in braces must go, all else must stay."""

import re
from pathlib import Path

import pytest

from cmtmedqa.clean.deidentify import find, replace

SENTENCES = (Path(__file__).parent / "sentences.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_is_personal_goes_and_all_else_stays(sentence: str) -> None:
    text = re.sub("[{}]", "", sentence)
    wanted = [
        (match.start() - 2 * number, match.end() - 2 * number - 2)
        for number, match in enumerate(re.finditer(r"\{[^}]*\}", sentence))
    ]
    covered = {place for span in find(text) for place in range(span.start, span.end)}
    personal = {place for start, end in wanted for place in range(start, end)}
    assert personal <= covered
    assert not [text[place] for place in covered - personal if text[place].isalnum()]
    (clean,) = replace([text], {0: find(text)})
    assert find(clean) == ()


def test_every_value_of_the_sentences_is_gone_from_a_dialogue_of_all_of_them() -> None:
    texts = [re.sub("[{}]", "", sentence) for sentence in SENTENCES]
    cleaned = "\n".join(replace(texts, {number: find(text) for number, text in enumerate(texts)}))
    values = {value for sentence in SENTENCES for value in re.findall(r"\{([^}]{4,})\}", sentence)}
    assert len(values) > 80
    assert [value for value in values if value in cleaned] == []
