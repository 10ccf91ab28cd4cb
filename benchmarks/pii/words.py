"""The word lists of words.yaml."""

from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
WORDS: dict[str, Any] = yaml.safe_load((HERE / "words.yaml").read_text(encoding="utf-8"))
