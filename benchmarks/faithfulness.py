"""What the gates of faithfulness catch of planted damage, and how often they refuse a faithful rewrite.

    python -m benchmarks.faithfulness [--show] [--across] [set ...]
    python -m benchmarks.faithfulness opened6 --reader judge@http://127.0.0.1:8001/v1 [--turns 30]

Every set was written, and its damage planted, by someone who had not read the gates. Who improves the gates may look at `gates/development.txt`
and at `gates/opened*.txt` (closed sets of before, each run once while it was closed), whose misses `--show` prints; of `gates/closed.txt` only
totals are ever printed.

With `--reader` the same table is that of `cmtmedqa rewrite --reader`: the model decides in place of the soft gates (all texts go to it, so a paid
one has a price; the ledger makes a second run free). `--turns` takes the first turns of a set only.

A block of a file: `@ department`, `S` the doctor's turn, `P` a faithful rewrite (one or more), then one damage a line, `class|old|new`, to be made
in each P where `old` stands once. The same is made in S where `old` stands there, and counted apart: it is the easier damage to see.
"""

import argparse
import asyncio
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from cmtmedqa.errors import CmtmedqaError
from cmtmedqa.llm.client import Client, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint, one_endpoint
from cmtmedqa.llm.gates import HARD, faults
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import look_at
from cmtmedqa.llm.reading import Verdict, decide, reading_of
from cmtmedqa.progress import meter
from cmtmedqa.reliability import wilson

SETS = (
    "development",
    "opened",
    "opened2",
    "opened3",
    "opened4",
    "opened5",
    "opened6",
    "opened7",
    "instructed",
    "closed_b",
    "closed_c",
    "closed",
)
CLOSED = "closed"
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
    "(?<=[每各])([二三四五六七八九])(?=[次日周])|(?<![一二两三四五六七八九十百点])([二三四五六七八九])(?=个月|天|周|小时)"
)


class Pair(NamedTuple):
    """A doctor turn, its faithful rewrites, and the damages written by hand."""

    department: str
    said: str
    rewrites: tuple[str, ...]
    edits: tuple[tuple[str, str, str], ...]


class Damage(NamedTuple):
    """What a rewrite would be that does harm, in what way, from which harmless text, and whether planted by hand in a rewrite."""

    kind: str
    said: str
    unhurt: str
    damaged: str
    by_hand: bool


def read(name: str) -> list[Pair]:
    """The turns of one set. Raises ValueError where an edit applies exactly once to none of the rewrites."""
    text = _file(name).read_text(encoding="utf-8")
    return [_pair(block.splitlines()) for block in text.split("@ ")[1:]]


def _file(name: str) -> Path:
    return Path(__file__).with_name("gates") / f"{name}.txt"


def _pair(lines: Sequence[str]) -> Pair:
    department, said, *rest = lines
    rewrites = tuple(line.removeprefix("P ") for line in rest if line.startswith("P "))
    edits = tuple((kind, old, new) for kind, old, new in (line.split("|") for line in rest[len(rewrites) :]))
    for kind, old, new in edits:
        if kind not in CLASSES or old == new or all(text.count(old) != 1 for text in rewrites):
            raise ValueError(f"{kind}|{old}|{new} cannot be made in: {rewrites}")
    return Pair(department, said.removeprefix("S "), rewrites, edits)


def damages(pairs: Sequence[Pair]) -> Iterator[Damage]:
    """The damages by hand, the same in the doctor's own words, and two by program: a question cut out, an identifier added."""
    for number, pair in enumerate(pairs):
        seen = {pair.said, *pair.rewrites}
        for kind, old, new in pair.edits:
            for text in (*pair.rewrites, pair.said):
                if text.count(old) == 1 and (made := text.replace(old, new)) not in seen:
                    seen.add(made)
                    yield Damage(kind, pair.said, text, made, text != pair.said)
        for rewritten in pair.rewrites:
            for asked in _ASKING_SENTENCE.findall(rewritten):
                made = rewritten.replace(asked, "")
                if made and made not in seen:
                    seen.add(made)
                    yield Damage("q-", pair.said, rewritten, made, False)
            made = rewritten + _IDENTIFIERS[number % len(_IDENTIFIERS)]
            yield Damage("id", pair.said, rewritten, made, False)


def harmless(pairs: Sequence[Pair]) -> Iterator[tuple[str, str, str]]:
    """Kind, original and faithful text: the rewrites by hand, and harmless changes by program."""
    for pair in pairs:
        for rewritten in pair.rewrites:
            yield "rewritten by hand", pair.said, rewritten
        yield "unchanged", pair.said, pair.said
        yield "courtesy added", pair.said, f"您好，{pair.said}"
        arabic = _SINGLE_HAN.sub(lambda found: found[0].translate(_HAN_DIGITS), pair.said)
        if arabic != pair.said:
            yield "numerals changed", pair.said, arabic


def across(pairs: Sequence[Pair]) -> list[Pair]:
    """The second rewrite of each turn as that of the first, with the damages of the second: other pairs than the rules are mended on.

    Two faithful rewrites may say more or less than each other, so that not every refusal here is a false alarm.
    """
    return [
        Pair(pair.department, first, (second,), tuple(edit for edit in pair.edits if second.count(edit[1]) == 1))
        for pair in pairs
        if len(pair.rewrites) > 1
        for first, second in (pair.rewrites[:2],)
    ]


def by_rules(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Verdict]:
    """What all gates decide of pairs of original and rewrite."""
    found = {pair: faults(*pair) for pair in pairs}
    return {pair: Verdict(some[0].gate if some else "accepted", rules=tuple(some)) for pair, some in found.items()}


def by_reader(
    pairs: Iterable[tuple[str, str]], reader: Endpoint, ledger: Ledger, limits: Limits
) -> dict[tuple[str, str], Verdict]:
    """What hard gates and a reader decide, as `cmtmedqa rewrite --reader` does."""
    return asyncio.run(_read(list(dict.fromkeys(pairs)), reader, ledger, limits))


async def _read(
    pairs: list[tuple[str, str]], reader: Endpoint, ledger: Ledger, limits: Limits
) -> dict[tuple[str, str], Verdict]:
    client, found = Client([reader], ledger, limits), {}
    look_at((text for pair in pairs for text in pair), ledger)
    try:
        with meter(Console(stderr=True), "reading", len(pairs)) as shown:
            work = bounded(pairs, lambda pair: decide(*pair, "benchmark", reader, client), limits.concurrency)
            async for pair, verdict in work:
                found[pair] = verdict
                shown.count(1, int(not _refused(verdict)), int(_refused(verdict)))
                shown.advance(1)
    finally:
        await client.close()
    return found


def by_readings(pairs: Iterable[tuple[str, str]], path: Path) -> dict[tuple[str, str], Verdict]:
    """What hard gates and stored answers of a reader decide; what nobody has read is decided by the gates alone.

    A line of the file holds the digest of original and rewrite (`digest`) and the answer's object.
    """
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    answers = {line["pair"]: json.dumps(line["answer"], ensure_ascii=False) for line in lines}
    found = by_rules(pairs)
    for pair, verdict in found.items():
        stored = answers.get(digest(*pair))
        if stored is None or any(fault.gate in HARD for fault in verdict.rules):
            continue
        said, why = reading_of(stored, *pair)
        outcome = {"same": "accepted", "different": "reader", "undecided": verdict.outcome}[said]
        found[pair] = verdict._replace(outcome=outcome, reader=said, why=why)
    return found


def digest(original: str, rewritten: str) -> str:
    """Sixteen hexadecimal digits that stand for a pair of texts."""
    return hashlib.sha256(f"{original}\x1f{rewritten}".encode()).hexdigest()[:16]


def _refused(verdict: Verdict) -> bool:
    return verdict.outcome not in {"accepted", "unchanged"}


def main() -> None:
    """Print a table of recall by class and one of false alarms for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sets", nargs="*", metavar="set", help=f"which of {', '.join(SETS)} (default: all that are there)"
    )
    parser.add_argument(
        "--show", action="store_true", help="print what is missed and refused wrongly, save in the closed set"
    )
    parser.add_argument("--across", action="store_true", help="take the first rewrite of each turn for the original")
    parser.add_argument("--turns", type=int, help="the first turns of a set only (default: all)")
    parser.add_argument("--reader", help="NAME@URL, a folder or a YAML file of the model that reads each rewrite")
    parser.add_argument("--readings", type=Path, help="stored answers of a reader, one a line, in place of calls")
    parser.add_argument("--price", help="IN/OUT per million tokens, where the YAML states none")
    parser.add_argument("--ledger", type=Path, default=Path(".cmtmedqa-ledger"), help="folder of the ledger of calls")
    parser.add_argument("--max-cost", type=float, help="stop before the ledger's total passes this")
    parser.add_argument("--max-calls", type=int, help="stop before the ledger holds more calls than this")
    parser.add_argument("--concurrency", type=int, default=16, help="calls at the same time (default: 16)")
    given = parser.parse_args()
    try:
        for name in given.sets or [name for name in SETS if name != CLOSED or _file(name).exists()]:
            pairs = (across(read(name)) if given.across else read(name))[: given.turns]
            texts = [(item.said, item.damaged) for item in damages(pairs)]
            texts += [(said, rewritten) for _, said, rewritten in harmless(pairs)]
            _report(name, pairs, _decided(texts, given), given.show and name != CLOSED)
    except KeyError as error:
        sys.exit(f"--readings: a line without {error}")
    except (CmtmedqaError, OSError, ValueError) as error:
        sys.exit(str(error))


def _decided(texts: list[tuple[str, str]], given: argparse.Namespace) -> dict[tuple[str, str], Verdict]:
    if given.readings is not None:
        return by_readings(texts, given.readings)
    if given.reader is None:
        return by_rules(texts)
    reader = one_endpoint(given.reader, given.price, "--reader")
    limits = Limits(concurrency=given.concurrency, max_cost=given.max_cost, max_calls=given.max_calls)
    with Ledger(given.ledger) as book:
        return by_reader(texts, reader, book, limits)


def _report(name: str, pairs: Sequence[Pair], decided: dict[tuple[str, str], Verdict], show: bool) -> None:
    planted = [(item, _refused(decided[item.said, item.damaged])) for item in damages(pairs)]
    refused = [(kind, decided[said, text], text, said) for kind, said, text in harmless(pairs)]
    print(f"\n{name}: {len(pairs)} turns, {sum(len(pair.rewrites) for pair in pairs)} rewrites, {len(planted)} damages")
    by_hand = [(item, caught) for item, caught in planted if item.by_hand]
    others = [(item, caught) for item, caught in planted if not item.by_hand]
    for title, items in (("by hand in a rewrite", by_hand), ("in the doctor's words or by program", others)):
        print(title)
        for kind, name in CLASSES.items():
            _row(name, [caught for item, caught in items if item.kind == kind])
        _row("all", [caught for _, caught in items])
    passed = {(said, text) for _, found, text, said in refused if not _refused(found)}
    print("by hand in a rewrite that passes unhurt")
    for kind, name in CLASSES.items():
        _row(name, [caught for item, caught in by_hand if item.kind == kind and (item.said, item.unhurt) in passed])
    print("false alarms")
    for kind in dict.fromkeys(kind for kind, _, _, _ in refused):
        _row(kind, [_refused(found) for some, found, _, _ in refused if some == kind])
    gates = Counter(found.outcome for _, found, _, _ in refused if _refused(found))
    print("refused by", ", ".join(f"{gate} {count}" for gate, count in sorted(gates.items())) or "none")
    said = Counter(verdict.reader for verdict in decided.values() if verdict.reader)
    if said:
        print("the reader said", ", ".join(f"{word} {count}" for word, count in sorted(said.items())))
    if show:
        _show(planted, refused)


def _show(planted: Sequence[tuple[Damage, bool]], refused: Sequence[tuple[str, Verdict, str, str]]) -> None:
    for item, caught in planted:
        if not caught:
            print(f"MISSED {item.kind}\n  {item.said}\n  {item.damaged}", file=sys.stderr)
    for kind, found, text, _ in refused:
        if _refused(found):
            print(f"REFUSED {kind} {found.why or [found.outcome, *found.rules]}\n  {text}", file=sys.stderr)


def _row(name: str, hits: Sequence[bool]) -> None:
    if hits:
        share = sum(hits) / len(hits)
        low, high = wilson(share, len(hits))
        print(f"| {name} | {sum(hits)} of {len(hits)} | {share:.3f} | {low:.3f}–{high:.3f} |")


if __name__ == "__main__":
    main()
