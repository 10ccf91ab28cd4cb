"""The words that the generators choose from, by set, and a source of chance that carries them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

HERE = Path(__file__).parent
# The first closed set was written with the words of the development set.
_FILES = {"first": "development"}


class Draws(Random):
    """Random numbers, seeded, with the words of a set."""

    words: Mapping[str, Any]


def draws(name: str, seed: str) -> Draws:
    """A source of chance for a set; the same seed gives the same choices."""
    rng = Draws(seed)
    rng.words = words(name)
    return rng


@cache
def words(name: str) -> Mapping[str, Any]:
    """The word lists of a set."""
    return yaml.safe_load((HERE / "vocabulary" / f"{_FILES.get(name, name)}.yaml").read_text(encoding="utf-8"))
