"""The word lists of words.yaml."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@cache
def _load() -> dict[str, Any]:
    return yaml.safe_load((HERE / "words.yaml").read_text(encoding="utf-8"))


WORDS: dict[str, Any] = _load()
