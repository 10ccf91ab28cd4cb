"""Text that may go to a language model: only what de-identification has nothing to say about (DESIGN.md section 5, rule 1)."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol

from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.paths import package_file
from cmtmedqa.records import Record

STAGE = "deidentify"


class NotDeidentified(CmtmedqaError):
    """A text that still holds personal data, or that was changed after it was checked. The message never quotes it."""


class Passage(Record):
    """A text and the mark that it was checked: by which stage and rules, and the SHA-256 of what was checked."""

    text: str
    stage: str
    version: str
    digest: str


class Marks(Protocol):
    """Where a run finds which texts (by SHA-256) an earlier one found clean under the same rules, and adds its own."""

    def clean(self, rules: str, digests: Sequence[str]) -> set[str]:
        """Those of the digests whose texts the rules found nothing in."""
        ...

    def add_clean(self, rules: str, digests: Sequence[str]) -> None:
        """Remember texts in which the rules found nothing."""
        ...


# What the rules found in texts that were looked at together: a column of them costs a twentieth of one text after the other.
_FOUND: dict[str, tuple[str, ...]] = {}


@cache
def rules_version() -> str:
    """A digest of the rules' own files: a mark holds for these rules only, whether or not anybody counted a version up."""
    digest = hashlib.sha256(package_file("codepoints.py").read_bytes())
    for path in sorted(package_file("clean").rglob("*")):
        if path.suffix in {".py", ".txt", ".tsv"}:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def look_at(texts: Iterable[str], marks: Marks) -> None:
    """Look for personal data in many texts at once, so that `cleared` and `masked` know the answer for each of them.

    What `marks` holds is not looked at again; the rules, whose compilation takes a second, are then not even loaded.
    """
    given = {text: _digest(text) for text in dict.fromkeys(texts)}
    known = marks.clean(rules_version(), list(given.values()))
    _FOUND.update((text, ()) for text, digest in given.items() if digest in known)
    rest = [text for text in given if text not in _FOUND]
    if rest:
        import pyarrow as pa

        from cmtmedqa.clean.deidentify import find_column

        try:
            spans = dict(find_column(pa.array(rest, pa.string())))
        except UnicodeEncodeError:  # half a character: such a text is looked at by itself
            return
        kinds = [tuple(sorted({span.kind for span in spans.get(row, ())})) for row in range(len(rest))]
        _FOUND.update(zip(rest, kinds, strict=True))
    new = [digest for text, digest in given.items() if digest not in known and not _FOUND[text]]
    if new:
        marks.add_clean(rules_version(), new)


def _kinds(text: str) -> tuple[str, ...]:
    if text not in _FOUND:
        from cmtmedqa.clean.deidentify import find

        _FOUND[text] = tuple(sorted({span.kind for span in find(text)}))
    return _FOUND[text]


def masked(text: str) -> str:
    """A reply with personal data replaced: a model may invent a doctor's name or a telephone number that exists."""
    if not _kinds(text):
        return text
    from cmtmedqa.clean.deidentify import find, replace

    return replace([text], {0: find(text)})[0]


def cleared(text: str, where: str) -> Passage:
    """The passage of a text in which the rules find nothing. Raises NotDeidentified, naming `where` and the kinds found."""
    kinds = _kinds(text)
    if kinds:
        raise NotDeidentified(
            f"{where}: holds personal data ({', '.join(kinds)}); build it with de-identification before it goes to a model"
        )
    return Passage(text=text, stage=STAGE, version=rules_version(), digest=_digest(text))


def require_cleared(passage: Passage) -> None:
    """Raises NotDeidentified unless the mark is that of today's rules and of this very text."""
    if passage.stage != STAGE or passage.version != rules_version():
        raise NotDeidentified(
            "a text was checked by other rules than today's; check it again before it goes to a model"
        )
    if passage.digest != _digest(passage.text):
        raise NotDeidentified("a text was changed after it was checked; check it again before it goes to a model")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
