"""The rules as recognisers of Microsoft Presidio, for programs that are built on it. Needs the extra `presidio`."""

from collections.abc import Collection
from typing import Any

from cmtmedqa.clean.deidentify.engine import find
from cmtmedqa.clean.deidentify.model import KINDS
from cmtmedqa.errors import ConfigError, MissingExtra

LANGUAGE = "zh"
_SCORES = {"name": 0.85, "doctor": 0.85, "hospital": 0.85, "address": 0.85, "user_name": 0.85}
_SURE = 0.95


def entity(kind: str) -> str:
    """The name of a kind among the entities of Presidio."""
    return f"CN_{kind.upper()}"


def recognizers(kinds: Collection[str] = tuple(KINDS)) -> list[Any]:
    """One `EntityRecognizer` a kind, for a registry: `registry.add_recognizer(item)`. No language model is used.

    Raises MissingExtra without presidio-analyzer, ConfigError for an unknown kind.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise ConfigError(f"no class '{unknown[0]}'; there are: {', '.join(KINDS)}")
    try:
        from presidio_analyzer import EntityRecognizer, RecognizerResult
    except ImportError as error:
        raise MissingExtra("presidio-analyzer", "presidio", "an export of the rules") from error

    class Rules(EntityRecognizer):
        """The rules of one kind."""

        def __init__(self, kind: str) -> None:
            self._kind = kind
            super().__init__([entity(kind)], f"cmtmedqa-{kind}", LANGUAGE)

        def load(self) -> None:
            """Nothing to load."""

        def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ARG002
            """The spans of this kind; offsets in code points of the text."""
            if entities and entity(self._kind) not in entities:
                return []
            score = _SCORES.get(self._kind, _SURE)
            return [
                RecognizerResult(entity(self._kind), span.start, span.end, score)
                for span in find(text)
                if span.kind == self._kind
            ]

    return [Rules(kind) for kind in KINDS if kind in set(kinds)]
