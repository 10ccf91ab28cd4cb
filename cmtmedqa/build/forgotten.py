"""What was removed on request: hashes by which later builds recognise it. The list holds no text, no id and no address.

A line is a kind and a hash: `content` (BLAKE2b-64 of the turns as read), `digest` (of the text as compared for duplicates, so
that another spelling of the same dialogue is known too) or `url` (SHA-256 of the page's address, 16 hex digits).
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cmtmedqa import io
from cmtmedqa.errors import InputError

STEP, REASON = "forget", "on_request"
VARIABLE = "CMTMEDQA_FORGOTTEN"
_HEAD = "# Records removed on request; builds leave them out. Written by cmtmedqa forget."
_LINE = re.compile(r"(content|digest|url) ([0-9a-f]{16,32})")
_OWNER_ONLY = 0o600


class Forgotten(NamedTuple):
    """The hashes of a list, by kind."""

    content: frozenset[str] = frozenset()
    digest: frozenset[str] = frozenset()
    url: frozenset[str] = frozenset()

    def lines(self) -> list[str]:
        """The lines of the list, sorted."""
        return sorted(f"{kind} {value}" for kind, values in self._asdict().items() for value in values)

    def sha256(self) -> str | None:
        """What identifies the list in the key of a build; None for an empty one."""
        lines = self.lines()
        return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else None


def tombstone_id(identifier: str) -> str:
    """The id under which a removed record is counted: it tells nothing to who does not know the id already."""
    return "forgotten-" + hashlib.blake2b(identifier.encode(), digest_size=8).hexdigest()


def list_path(named: str | None) -> Path:
    """Where the list lies: as named in the settings, else by CMTMEDQA_FORGOTTEN, else in the user's data folder."""
    if named or os.environ.get(VARIABLE):
        return Path(named or os.environ[VARIABLE])
    home = os.environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(home) / "cmtmedqa" / "forgotten.txt"


def load(path: Path) -> Forgotten:
    """Read a list; one that is not there is empty. Raises InputError for one that cannot be read: a build would publish again."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Forgotten()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the list of what was removed on request cannot be read") from error
    found: dict[str, set[str]] = {kind: set() for kind in Forgotten._fields}
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith("#"):
            if not (parts := _LINE.fullmatch(line)):
                raise InputError(
                    f"{path}: line {number} is no kind and hash, so the list cannot be trusted; mend or remove it"
                )
            found[parts[1]].add(parts[2])
    return Forgotten(**{kind: frozenset(values) for kind, values in found.items()})


def add(path: Path, lines: Iterable[str]) -> None:
    """Add lines to a list, readable by its owner alone."""
    known = {*load(path).lines(), *lines}
    with io.replacing(path) as temporary:
        temporary.touch(_OWNER_ONLY)
        temporary.write_text("\n".join([_HEAD, *sorted(known), ""]), encoding="utf-8")
