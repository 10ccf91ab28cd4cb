"""Text that may go to a language model: only what de-identification has nothing to say about (DESIGN.md section 5, rule 1)."""

import hashlib
from collections.abc import Iterable

import pyarrow as pa

from cmtmedqa.clean.deidentify import VERSION, find, find_column, replace
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


# What the rules found in texts that were looked at together: a column of them costs a twentieth of one text after the other.
_FOUND: dict[str, tuple[str, ...]] = {}


def look_at(texts: Iterable[str]) -> None:
    """Look for personal data in many texts at once, so that `cleared` and `masked` know the answer for each of them."""
    new = [text for text in dict.fromkeys(texts) if text not in _FOUND]
    try:
        spans = dict(find_column(pa.array(new, pa.string())))
    except UnicodeEncodeError:  # half a character: such a text is looked at by itself
        return
    _FOUND.update((text, tuple(sorted({span.kind for span in spans.get(row, ())}))) for row, text in enumerate(new))


def _kinds(text: str) -> tuple[str, ...]:
    known = _FOUND.get(text)
    return tuple(sorted({span.kind for span in find(text)})) if known is None else known


def masked(text: str) -> str:
    """A reply with personal data replaced: a model may invent a doctor's name or a telephone number that exists."""
    return replace([text], {0: find(text)})[0] if _kinds(text) else text


def cleared(text: str, where: str) -> Passage:
    """The passage of a text in which the rules find nothing. Raises NotDeidentified, naming `where` and the kinds found."""
    kinds = _kinds(text)
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
