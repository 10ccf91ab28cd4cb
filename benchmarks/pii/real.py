"""Turns of real corpora, and what a person judged of the spans that were found in them.

judgements.jsonl holds a line for each span that was judged: the digest of the turn, the place in it, and whether it is
personal data. It holds no text; the turns themselves are not part of this repository.

python -m benchmarks.pii.real UNJUDGED.jsonl --not 4 17

records the verdicts of whoever read the file that compare.py wrote: the named lines (from 0) are no personal data, all
others are.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.pii.score import Found
from benchmarks.pii.words import HERE

JUDGEMENTS = HERE / "judgements.jsonl"
CORPORA = ("dialmed/*.txt", "midmed/*.json", "remedi/*.txt", "toyhom/*.txt", "toyhom/*.csv", "zhongjing/*.json")
_UNIT_BYTES = 1 << 24
_LONGEST_CARRIER = 160
_LONG_NUMBER = re.compile("[0-9]{5}")

Judgements = Mapping[str, Sequence[tuple[int, int, bool]]]


class Verdicts(NamedTuple):
    """How many found spans are personal data, how many are not, how many nobody has judged."""

    true: int
    false: int
    unknown: int


def turns(folder: Path) -> list[str]:
    """Every different turn of the corpora in a folder, in the order of the files, read as the build reads them."""
    found = dict.fromkeys(text for pattern in CORPORA for path in sorted(folder.glob(pattern)) for text in _of(path))
    return [text for text in found if text.strip()]


def _of(path: Path) -> Iterator[str]:
    from cmtmedqa.sources.files import expand
    from cmtmedqa.sources.mapped import Mapped
    from cmtmedqa.sources.read import plan, read

    for file in expand([str(path)])[0]:
        for unit in plan(file, _UNIT_BYTES).units:
            for record in read(unit):
                if isinstance(record, Mapped):
                    yield from (text for _, text in record.turns)


def carriers(texts: Iterable[str], known: Judgements) -> list[str]:
    """Turns to plant in: short ones in which nobody has found personal data, and no long number."""
    return [
        text
        for text in texts
        if 5 <= len(text) <= _LONGEST_CARRIER
        and "\n" not in text
        and not _LONG_NUMBER.search(text)
        and not any(personal for *_, personal in known.get(digest(text), ()))
    ]


def digest(turn: str) -> str:
    return hashlib.sha256(turn.encode()).hexdigest()[:24]


def judgements(path: Path = JUDGEMENTS) -> Judgements:
    """The judged spans by digest of their turn."""
    found: dict[str, list[tuple[int, int, bool]]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.setdefault(row["turn"], []).append((row["start"], row["end"], row["personal"]))
    return found


def verdict(known: Judgements, turn: str, span: Found) -> bool | None:
    """Whether a found span is personal data; None if no judged span overlaps it. A true one beats a false one."""
    touching = [personal for start, end, personal in known.get(digest(turn), ()) if start < span[1] and span[0] < end]
    return any(touching) if touching else None


def verdicts(texts: Iterable[str], found: Iterable[Sequence[Found]], known: Judgements) -> Verdicts:
    counts = {True: 0, False: 0, None: 0}
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            counts[verdict(known, text, span)] += 1
    return Verdicts(counts[True], counts[False], counts[None])


def unjudged(texts: Iterable[str], found: Iterable[Sequence[Found]], known: Judgements) -> Iterator[dict[str, object]]:
    """What a person has to look at, with the words around it: for a file outside the repository."""
    for text, spans in zip(texts, found, strict=True):
        for span in spans:
            if verdict(known, text, span) is None:
                start, end, label = span
                around = f"{text[max(0, start - 25) : start]}⟦{text[start:end]}⟧{text[end : end + 25]}"
                yield {"turn": digest(text), "start": start, "end": end, "label": label, "around": around}


def record(rows: Sequence[Mapping[str, object]], not_personal: Iterable[int], path: Path = JUDGEMENTS) -> None:
    """Add the verdicts on these rows to the judgements; the file stays sorted."""
    wrong = set(not_personal)
    known = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else set()
    for number, row in enumerate(rows):
        kept = {key: row[key] for key in ("turn", "start", "end")} | {"personal": number not in wrong}
        known.add(json.dumps(kept))
    path.write_text("".join(f"{line}\n" for line in sorted(known)), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, help="OUTPUT.unjudged.jsonl of compare.py, read to the end")
    parser.add_argument("--not", dest="wrong", nargs="*", type=int, default=[], help="lines that are no personal data")
    options = parser.parse_args()
    record([json.loads(line) for line in options.rows.read_text(encoding="utf-8").splitlines()], options.wrong)


if __name__ == "__main__":
    main()
