"""Compare finders of personal data on planted turns, hard negatives, clean and real text, in one run.

python -m benchmarks.pii.compare reported --venvs BENCH/venv --data DATA -o BENCH/pii-reported.json

Writes the figures as JSON, and as Markdown beside it. `--venvs` holds an environment for each peer
(benchmarks/requirements-peers.txt); without it only cmtmedqa runs. `--data` holds the real corpora named in README.md.
What nobody has judged yet in them goes to OUTPUT.unjudged.jsonl, which holds real text: keep it out of the repository.
`--failures FILE` writes every leak and every false span of cmtmedqa, on the open sets only.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.measure import measure
from benchmarks.pii import real, report
from benchmarks.pii.plant import PER_CLASS, SEEDS, Planted, clean, negatives, plant
from benchmarks.pii.score import Found, judged, outside, score
from benchmarks.pii.words import HERE

# Each finder with the environment that it runs in; ours is this one.
TOOLS = {"cmtmedqa": None, "jionlp": "jionlp", "presidio": "presidio", "data_juicer": "data-juicer"}
SPEED_TURNS = 20_000
# One turn in fifty holds personal data: more than in any corpus at hand.
SPEED_EVERY = 50
# Sets whose wordings the author of the rules may see: those that are open from the start, and those that were used up.
OPEN = (
    "development",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
)

Texts = Mapping[str, Sequence[str]]
FoundIn = Mapping[str, Sequence[Sequence[Found]]]


def speed_texts(plain: Sequence[str], planted: Sequence[Planted]) -> list[str]:
    """Turns for the measurement of speed: plain ones, every fiftieth with something planted."""
    rng = Random(1)
    return [
        rng.choice(planted).text if number % SPEED_EVERY == 0 else rng.choice(plain) for number in range(SPEED_TURNS)
    ]


def run(tool: str, venvs: Path | None, texts: Texts, limit: float) -> tuple[FoundIn, dict[str, dict[str, float]]]:
    """What a tool finds in each list of texts, and its CPU seconds. Raises RuntimeError if it fails."""
    environment = TOOLS[tool]
    python = str(venvs / environment / "bin" / "python") if venvs and environment else sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, lines in texts.items():
            rows = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            (folder / f"{part}.texts.jsonl").write_text(rows, encoding="utf-8")
        extra = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        if environment is None:
            extra["PYTHONPATH"] = os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
        log = folder / "log"
        cost = measure([python, str(HERE / "detectors" / f"run_{tool}.py"), str(folder)], log, limit, extra)
        if cost.code:
            raise RuntimeError(f"{tool} ended with {cost.code}: {log.read_text(errors='replace')[-2000:]}")
        found = {part: _spans(folder / f"{part}.spans.jsonl") for part in texts}
        return found, {part: json.loads((folder / f"{part}.seconds.json").read_text()) for part in texts}


def _spans(path: Path) -> list[list[Found]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [[(start, end, label) for start, end, label in json.loads(line)] for line in lines]


def figures(planted: Sequence[Planted], texts: Texts, found: FoundIn, seconds: Mapping[str, Any]) -> dict[str, Any]:
    """All figures of one tool, as JSON."""
    result = score(planted, found["planted"])
    harm = {part.partition("-")[2]: _harm(found[part]) for part in texts if part.startswith("negatives-")}
    speed = seconds["speed"]
    return {
        "classes": {
            kind: recall._asdict() | {"precision": result.precision(kind), "tight_wordings": result.tight(kind)}
            for kind, recall in result.classes.items()
        },
        "forms": {f"{kind}/{form}": recall._asdict() for (kind, form), recall in sorted(result.forms.items())},
        "labels": result.labels,
        "harm": harm,
        "clean": {"spans": sum(map(len, found["clean"])), "characters": sum(map(len, texts["clean"]))},
        "turns_per_second": round(speed["texts"] / speed["cpu"]),
    }


def _harm(found: Sequence[Sequence[Found]]) -> tuple[int, int]:
    """How many of the sentences have a span, of how many."""
    return sum(map(bool, found)), len(found)


def real_figures(texts: Sequence[str], found: Sequence[Sequence[Found]]) -> dict[str, Any]:
    counts = real.verdicts(texts, found, real.judgements())
    return {"turns": len(texts), "characters": sum(map(len, texts)), **counts._asdict()}


def failures(planted: Sequence[Planted], found: FoundIn, texts: Texts) -> Iterator[dict[str, Any]]:
    """Every leak, every wrong label and every span that should not be there, with the text."""
    for item, spans in zip(planted, found["planted"], strict=True):
        for gold in item.gold:
            whole, typed, part = judged(gold, spans)
            if not typed:
                fault = "mislabelled" if whole else "partly covered" if part else "missed"
                yield _row(fault, gold.kind, gold.form, item.text, gold[:2], spans)
        for span in spans:
            if excess := outside(item, span):
                yield _row(
                    "false" if 2 * excess > span[1] - span[0] else "too long", span[2], "", item.text, span, spans
                )
    for part in texts:
        if part == "clean" or part.startswith("negatives-"):
            for text, spans in zip(texts[part], found[part], strict=True):
                for span in spans:
                    yield _row("harm", span[2], part, text, span, spans)


def _row(fault: str, kind: str, form: str, text: str, place: Sequence[Any], spans: Sequence[Found]) -> dict[str, Any]:
    start, end = place[:2]
    marked = f"{text[:start]}⟦{text[start:end]}⟧{text[end:]}"
    found = [f"{label}:{text[first:last]}" for first, last, label in spans]
    return {"fault": fault, "class": kind, "form": form, "text": marked, "found": found}


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def parts(options: argparse.Namespace) -> tuple[list[Planted], dict[str, list[str]]]:
    """The planted turns, and every list of texts that a tool is given."""
    turns = real.turns(options.data) if options.data else []
    if options.data and not turns:
        sys.exit(f"{options.data}: none of the corpora is there ({', '.join(real.CORPORA)})")
    carriers = real.carriers(turns, real.judgements()) if options.real_carriers else None
    planted = list(plant(options.set, options.per_class, options.seed, carriers))
    texts = {"planted": [item.text for item in planted], "clean": clean()}
    texts |= {f"negatives-{kind}": sentences for kind, sentences in negatives(options.set).items()}
    if turns:
        texts["real"] = turns
    texts["speed"] = speed_texts(texts.get("real", texts["clean"]), planted)
    return planted, texts


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=list(SEEDS), help="which templates and hard negatives")
    parser.add_argument("--venvs", type=Path, help="folder of the peers' environments")
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), help="default: all that --venvs allows")
    parser.add_argument("--data", type=Path, help="folder of real corpora")
    parser.add_argument("--real-carriers", action="store_true", help="plant in turns of --data instead of bundled ones")
    parser.add_argument("--per-class", type=int, default=PER_CLASS)
    parser.add_argument("--seed", type=int, help="another seed than the set's own")
    parser.add_argument("--failures", type=Path, help="where to write what cmtmedqa got wrong (open sets only)")
    parser.add_argument("--limit", type=float, default=1800.0, help="seconds a tool may take")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if options.real_carriers and not options.data:
        parser.error("--real-carriers: needs --data")
    if options.failures and options.set not in OPEN:
        parser.error("--failures: whoever writes rules must not see the wordings of a closed set")
    options.tools = options.tools or [name for name, needs in TOOLS.items() if options.venvs or needs is None]
    if not options.venvs and any(TOOLS[tool] for tool in options.tools):
        parser.error("--venvs is missing: the peers run in environments of their own, see README.md")
    options.venvs = options.venvs and options.venvs.resolve()
    return options


def main() -> None:
    options = arguments()
    planted, texts = parts(options)
    results: dict[str, Any] = {}
    unjudged: list[dict[str, object]] = []
    for tool in options.tools:
        found, seconds = run(tool, options.venvs, texts, options.limit)
        results[tool] = figures(planted, texts, found, seconds)
        if "real" in texts:
            results[tool]["real"] = real_figures(texts["real"], found["real"])
            unjudged += real.unjudged(texts["real"], found["real"], real.judgements())
        if tool == "cmtmedqa" and options.failures:
            _write_lines(options.failures, failures(planted, found, texts))
        options.output.write_text(
            json.dumps({"set": options.set, "tools": results}, ensure_ascii=False, indent=1) + "\n"
        )
    if "real" in texts:
        _write_lines(options.output.with_suffix(".unjudged.jsonl"), unjudged)
    text = report.markdown(json.loads(options.output.read_text(encoding="utf-8")))
    options.output.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
