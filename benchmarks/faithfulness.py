"""What the gates of faithfulness catch of planted damage, and how often they refuse a faithful rewrite.

    python -m benchmarks.faithfulness [--show]

`gates/development.txt` and `gates/reported.txt` were written, and their damage planted, by someone who had not read the gates. The
gates may be improved on the development half, whose misses `--show` prints; of the reported half only totals are ever printed.

A block of a file: `@ department`, `S` the doctor's turn, `P` a faithful rewrite, then one damage a line, `class|old|new`, to be made in P;
where `old` stands in S as well, it is made there too.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cmtmedqa.llm.gates import faults
from cmtmedqa.reliability import wilson

HALVES = ("development", "reported")
CLASSES = {
    "dose": "dose or number changed", "unit": "unit changed", "freq": "frequency or duration changed", "neg-": "negation dropped",
    "neg+": "negation added", "q-": "question removed", "q.": "question made a statement", "drug": "drug swapped",
    "care": "advice to seek care removed", "urg": "urgency removed", "hedge": "hedge made a certainty", "tag": "tag lost or changed",
    "id": "identifier added", "test": "test swapped", "disease": "disease swapped",
}  # fmt: skip
_IDENTIFIERS = (
    "我的电话是13912345678。", "可以加我微信zhang_doctor88详谈。", "请到北京市朝阳医院找我。", "详情见http://www.example-doctor.cn。", "有事请发邮件到li.doctor@example.com。",
)  # fmt: skip
_ASKING_SENTENCE = re.compile("[^。？！；]*？")
_HAN_DIGITS = str.maketrans("一二三四五六七八九", "123456789")
_SINGLE_HAN = re.compile(
    "(?<=[每各])([二三四五六七八九])(?=[次日周])|(?<![十百点])([二三四五六七八九])(?=个月|天|周|小时)"
)


class Pair(NamedTuple):
    """A doctor turn, its faithful rewrite, and the damages written by hand."""

    department: str
    said: str
    rewritten: str
    edits: tuple[tuple[str, str, str], ...]


class Damage(NamedTuple):
    """What a rewrite would be that does harm, and in what way."""

    kind: str
    said: str
    damaged: str


def read(half: str) -> list[Pair]:
    """The pairs of one half. Raises ValueError where an edit does not apply exactly once."""
    text = Path(__file__).with_name("gates").joinpath(f"{half}.txt").read_text(encoding="utf-8")
    return [_pair(block.splitlines()) for block in text.split("@ ")[1:]]


def _pair(lines: Sequence[str]) -> Pair:
    department, said, rewritten = lines[0], lines[1].removeprefix("S "), lines[2].removeprefix("P ")
    edits = tuple((kind, old, new) for kind, old, new in (line.split("|") for line in lines[3:]))
    for kind, old, new in edits:
        if kind not in CLASSES or rewritten.count(old) != 1 or old == new:
            raise ValueError(f"{kind}|{old}|{new} cannot be made in: {rewritten}")
    return Pair(department, said, rewritten, edits)


def damages(pairs: Sequence[Pair]) -> Iterator[Damage]:
    """The damages by hand, the same in the doctor's own words, and two by program: a question cut out, an identifier added."""
    for number, pair in enumerate(pairs):
        seen = {pair.said, pair.rewritten}
        for kind, old, new in pair.edits:
            for text in (pair.rewritten, pair.said):
                if text.count(old) == 1 and (made := text.replace(old, new)) not in seen:
                    seen.add(made)
                    yield Damage(kind, pair.said, made)
        for asked in _ASKING_SENTENCE.findall(pair.rewritten):
            made = pair.rewritten.replace(asked, "")
            if made and made not in seen:
                seen.add(made)
                yield Damage("q-", pair.said, made)
        yield Damage("id", pair.said, pair.rewritten + _IDENTIFIERS[number % len(_IDENTIFIERS)])


def harmless(pairs: Sequence[Pair]) -> Iterator[tuple[str, str, str]]:
    """Kind, original and faithful text: the rewrites by hand, and harmless changes by program."""
    for pair in pairs:
        yield "rewritten by hand", pair.said, pair.rewritten
        yield "unchanged", pair.said, pair.said
        yield "courtesy added", pair.said, f"您好，{pair.said}"
        arabic = _SINGLE_HAN.sub(lambda found: found[0].translate(_HAN_DIGITS), pair.said)
        if arabic != pair.said:
            yield "numerals changed", pair.said, arabic


def main() -> None:
    """Print a table of recall by class and one of false alarms, for both halves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--show", action="store_true", help="print what the development half misses and refuses wrongly"
    )
    show = parser.parse_args().show
    for half in HALVES:
        pairs = read(half)
        planted = [(item.kind, bool(faults(item.said, item.damaged)), item) for item in damages(pairs)]
        refused = [(kind, faults(said, text), text) for kind, said, text in harmless(pairs)]
        print(f"\n{half}: {len(pairs)} turns, {len(planted)} damages")
        for kind, name in CLASSES.items():
            _row(name, [caught for some, caught, _ in planted if some == kind])
        _row("all damage", [caught for _, caught, _ in planted])
        print("false alarms")
        for kind in dict.fromkeys(kind for kind, _, _ in refused):
            _row(kind, [bool(found) for some, found, _ in refused if some == kind])
        gates = Counter(found[0].gate for kind, found, _ in refused if found)
        print("refused by", ", ".join(f"{gate} {count}" for gate, count in sorted(gates.items())) or "none")
        if show and half == "development":
            for kind, caught, item in planted:
                if not caught:
                    print(f"MISSED {kind}\n  {item.said}\n  {item.damaged}", file=sys.stderr)
            for kind, found, text in refused:
                if found:
                    print(f"REFUSED {kind} {found}\n  {text}", file=sys.stderr)


def _row(name: str, hits: Sequence[bool]) -> None:
    if hits:
        share = sum(hits) / len(hits)
        low, high = wilson(share, len(hits))
        print(f"| {name} | {sum(hits)} of {len(hits)} | {share:.3f} | {low:.3f}–{high:.3f} |")


if __name__ == "__main__":
    main()
