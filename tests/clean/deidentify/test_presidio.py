"""The rules inside Presidio. Runs where presidio-analyzer is installed (extra presidio); no language model is used."""

import warnings

import pytest

from cmtmedqa.clean.deidentify import KINDS, find
from cmtmedqa.clean.deidentify.presidio import entity, recognizers
from cmtmedqa.errors import ConfigError

TEXT = "我叫林若溪，电话13912345678，邵景行医生看的"


@pytest.fixture(autouse=True)
def analyzer():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("presidio_analyzer", reason="presidio-analyzer is not installed (extra presidio)")


def test_a_registry_of_presidio_finds_what_the_rules_find(analyzer):
    registry = analyzer.RecognizerRegistry(supported_languages=["zh"])
    for item in recognizers():
        registry.add_recognizer(item)
    found = [
        (result.entity_type, result.start, result.end)
        for item in registry.get_recognizers(language="zh", all_fields=True)
        for result in item.analyze(TEXT, [entity(kind) for kind in KINDS], None)
    ]
    assert sorted(found) == sorted((entity(span.kind), span.start, span.end) for span in find(TEXT))
    assert len(found) == 3


def test_only_the_entities_asked_for(analyzer):
    (item,) = recognizers(["mobile"])
    assert item.analyze(TEXT, ["PERSON"], None) == []
    assert [result.entity_type for result in item.analyze(TEXT, ["CN_MOBILE"], None)] == ["CN_MOBILE"]


def test_an_unknown_class_is_refused():
    with pytest.raises(ConfigError, match="no class 'mobil'"):
        recognizers(["mobil"])
