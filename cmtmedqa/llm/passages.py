"""Text that may go to a language model: only what de-identification has nothing to say about (DESIGN.md section 5, rule 1)."""

import hashlib

from cmtmedqa.clean.deidentify import VERSION, find
from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.records import Record

STAGE = "deidentify"


class NotDeidentified(CmtmedqaError):
    """A text that still holds personal data, or that was changed after it was checked. The message never quotes it."""


class Passage(Record):
    """A text and the mark that it was checked: by which stage and version, and the SHA-256 of what was checked."""

    text: str
    stage: str
    version: str
    digest: str


def cleared(text: str, where: str) -> Passage:
    """The passage of a text in which the rules find nothing. Raises NotDeidentified, naming `where` and the kinds found."""
    kinds = sorted({span.kind for span in find(text)})
    if kinds:
        raise NotDeidentified(
            f"{where}: holds personal data ({', '.join(kinds)}); build it with de-identification before it goes to a model"
        )
    return Passage(text=text, stage=STAGE, version=VERSION, digest=_digest(text))


def require_cleared(passage: Passage) -> None:
    """Raises NotDeidentified unless the mark is that of today's rules and of this very text."""
    if passage.stage != STAGE or passage.version != VERSION:
        raise NotDeidentified(
            "a text was checked by other rules than today's; check it again before it goes to a model"
        )
    if passage.digest != _digest(passage.text):
        raise NotDeidentified("a text was changed after it was checked; check it again before it goes to a model")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
