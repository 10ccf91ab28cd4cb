"""The whole `cmtmedqa build` of a planted corpus: CPU seconds, wall, peak memory, and what it removed against the truth.

python -m benchmarks.build_bench BENCH/70k --repeat 3 -o BENCH/build-70k.json [--workers 1] [--profile]

Every run is a process of its own. With --deidentify both forms are run: with de-identification and without. The truth is
that of benchmarks/truth.py, which normalises by itself: the product also unifies punctuation and removes boilerplate, so
that a pair just beside the threshold may fall on its other side.
"""

import argparse
import json
import platform
import pstats
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.measure import Cost, measure
from benchmarks.truth import CLUSTER, all_grams, join, load, score, true_clusters

PROFILE_ROWS = 25


def command(source: Path, output: Path, deidentify: bool, workers: int) -> list[str]:
    """The command line that is measured, without the interpreter."""
    flags = [] if deidentify else ["--no-deidentify"]
    return ["build", str(source), "-o", str(output), "--workers", str(workers), *flags]


def run(folder: Path, output: Path, deidentify: bool, workers: int, log: Path, limit: float) -> Cost:
    """Measure one build into an empty folder."""
    shutil.rmtree(output, ignore_errors=True)
    program = Path(sys.executable).with_name("cmtmedqa")
    return measure([str(program), *command(folder / "corpus.jsonl", output, deidentify, workers)], log, limit)


def removal(folder: Path, output: Path) -> dict[str, Any]:
    """What the build removed as duplicates, scored against the truth; documents lost for other reasons are counted apart."""
    ids, _, cluster = load(folder)
    number = {identifier: place for place, identifier in enumerate(ids)}
    members = pq.read_table(output / "clusters.parquet", columns=["id", "kept"]).to_pylist()
    found = score(cluster, [number[row["id"]] for row in members if not row["kept"]])
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    return {
        "read": report["read"],
        "kept": report["kept"],
        **{name: round(value, 4) for name, value in found._asdict().items()},
        "lost_otherwise": report["read"] - report["kept"] - found.removed,
    }


def own_removal(output: Path) -> dict[str, Any]:
    """The same score against the exact clusters of the build's own texts: what is left is the work of its bands alone."""
    texts = {row["id"]: row["turns"] for row in pq.read_table(output / "data", columns=["id", "turns"]).to_pylist()}
    rejected = pq.read_table(output / "rejected", columns=["id", "step", "record"]).to_pylist()
    gone = {row["id"]: json.loads(row["record"])["turns"] for row in rejected if row["step"] == "deduplicate"}
    keys = ["\n".join("".join(turn["text"].split()).lower() for turn in turns) for turns in (texts | gone).values()]
    cluster = true_clusters(len(keys), join(all_grams(keys), CLUSTER))
    found = score(cluster, list(range(len(texts), len(keys))))
    return {f"own_{name}": round(value, 4) for name, value in found._asdict().items()}


def summary(costs: Sequence[Cost]) -> dict[str, Any]:
    """Medians over the runs, and the spread of the CPU seconds."""
    cpu = [cost.cpu for cost in costs]
    return {
        "runs": len(costs),
        "failed": sum(cost.code != 0 for cost in costs),
        "cpu_s": round(statistics.median(cpu), 2),
        "cpu_s_min_max": [round(min(cpu), 2), round(max(cpu), 2)],
        "wall_s": round(statistics.median(cost.wall for cost in costs), 2),
        "peak_mb": round(statistics.median(cost.peak_mb for cost in costs)),
    }


def profile(folder: Path, output: Path, deidentify: bool, target: Path) -> None:
    """One more build under cProfile, in this one's place; the functions with the most time of their own go to `target`."""
    shutil.rmtree(output, ignore_errors=True)
    raw = target.with_suffix(".pstats")
    program = "from cmtmedqa.cli.app import main; main()"
    code = f"import cProfile, sys; sys.argv[0] = 'cmtmedqa'; cProfile.run({program!r}, {str(raw)!r})"
    subprocess.run(
        [sys.executable, "-c", code, *command(folder / "corpus.jsonl", output, deidentify, 1)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with target.open("w", encoding="utf-8") as stream:
        found = pstats.Stats(str(raw), stream=stream)
        found.sort_stats("tottime").print_stats(PROFILE_ROWS)
        found.sort_stats("cumulative").print_stats("cmtmedqa", PROFILE_ROWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what make_corpus and truth wrote")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--deidentify", action="store_true", help="run the form with de-identification as well")
    parser.add_argument("--own", action="store_true", help="join the build's own texts too: costs what truth.py costs")
    parser.add_argument("--profile", action="store_true", help="one more run under cProfile")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds a run may take")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    built = options.output.with_suffix("")
    result: dict[str, Any] = {"python": platform.python_version(), "workers": options.workers}
    for deidentify in (False, True) if options.deidentify else (False,):
        name = "with_deidentify" if deidentify else "no_deidentify"
        log = options.output.with_name(f"{options.output.stem}-{name}.log")
        arguments = (options.folder, built, deidentify, options.workers, log, options.limit)
        costs = [run(*arguments) for _ in range(options.repeat)]
        result[name] = summary(costs)
        if not result[name]["failed"]:
            result[name] |= removal(options.folder, built)
        print(name, json.dumps(result[name]), flush=True)
        options.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if options.own and not result[name]["failed"]:
            result[name] |= own_removal(built)
            print(name, json.dumps(result[name]), flush=True)
            options.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        if options.profile:
            profile(options.folder, built, deidentify, log.with_suffix(".profile.txt"))
    shutil.rmtree(built, ignore_errors=True)


if __name__ == "__main__":
    main()
