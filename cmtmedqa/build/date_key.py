"""The key that hides by how much dates are shifted: from the environment or a private file, never from a configuration."""

import hashlib
import os
import stat
from pathlib import Path

from cmtmedqa.errors import ConfigError

VARIABLE = "CMTMEDQA_DATE_KEY"
FILE_VARIABLE = "CMTMEDQA_DATE_KEY_FILE"
_DEFAULT = "~/.config/cmtmedqa/date.key"
_SHORTEST = 16


def read_key() -> bytes:
    """The key. Raises ConfigError with one line when there is none, it is too short, or its file is open to others."""
    if value := os.environ.get(VARIABLE, ""):
        return _long_enough(value.encode(), VARIABLE)
    path = Path(os.environ.get(FILE_VARIABLE, _DEFAULT)).expanduser()
    try:
        mode, key = path.stat().st_mode, path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"deidentify_dates: shift needs a key: set {VARIABLE}, or write one to {_DEFAULT} (mode 0600) or the file in {FILE_VARIABLE}"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others may read this key; run: chmod 600 {path}")
    return _long_enough(key, str(path))


def _long_enough(key: bytes, where: str) -> bytes:
    if len(key) < _SHORTEST:
        raise ConfigError(f"{where}: the date key has fewer than {_SHORTEST} bytes; a good one: openssl rand -hex 32")
    return key


def fingerprint(key: bytes) -> str:
    """What tells two keys apart in the key of a build, costly to search."""
    return hashlib.pbkdf2_hmac("sha256", key, b"cmtmedqa-date-key", 200_000).hex()
