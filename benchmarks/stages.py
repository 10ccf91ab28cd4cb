"""Where the CPU seconds of one build go, by stage: python -m benchmarks.stages CORPUS.jsonl -o OUT [--deidentify].

The functions named below are wrapped with a clock of the process's CPU time (threads included); time spent in a wrapped
function inside another one counts for the inner one only. A name that the product no longer has is an error: mend the list.
"""

import argparse
import importlib
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# module, name in it, stage
WRAPPED = (
    ("cmtmedqa.build.pipeline", "planned", "examine and hash the input"),
    ("cmtmedqa.build.clean_unit", "_batches", "read"),
    ("cmtmedqa.build.clean_unit", "to_batch", "records to columns"),
    ("cmtmedqa.clean.normalise", "normalise_traced", "normalise"),
    ("cmtmedqa.clean.turns", "arrange_batch", "turns: labels, roles"),
    ("cmtmedqa.clean.features", "measure", "features: other"),
    ("cmtmedqa.clean.features", "_repetition", "features: repetition"),
    ("cmtmedqa.clean.lexicon", "Lexicon.matches", "features: lexicon"),
    ("cmtmedqa.clean.filters", "refusals", "filters"),
    ("cmtmedqa.build.validate", "faults", "validate"),
    ("cmtmedqa.build.clean_unit", "keys_column", "keys"),
    ("cmtmedqa.build.clean_unit", "digests", "digests"),
    ("cmtmedqa.build.clean_unit", "signatures", "signatures"),
    ("pyarrow.parquet", "ParquetWriter.write_table", "write Parquet (both passes)"),
    ("cmtmedqa.build.pipeline", "load_corpus", "load the corpus's columns"),
    ("cmtmedqa.build.pipeline", "find_duplicates", "duplicates: other"),
    ("cmtmedqa.build.deduplicate", "candidate_pairs", "duplicates: candidates"),
    ("cmtmedqa.build.deduplicate", "gram_sets", "duplicates: gram sets"),
    ("cmtmedqa.build.pipeline", "publish_all", "publish: read back, regroup"),
    ("cmtmedqa.build.report", "make", "report"),
    ("cmtmedqa.build.tally", "count", "report: count the kept dialogues"),
    ("cmtmedqa.build.page.page", "draw", "report: draw the page"),
    ("cmtmedqa.build.trace", "begin", "lineage: hashes and repairs"),
    ("cmtmedqa.build.trace", "hashed", "lineage: hashes and repairs"),
    ("cmtmedqa.build.trace", "repaired", "lineage: hashes and repairs"),
    ("cmtmedqa.build.trace", "with_spans", "lineage: hashes and repairs"),
    ("cmtmedqa.build.lineage", "tables", "lineage: tables"),
    ("cmtmedqa.build.publish", "rejections", "rejections"),
    ("cmtmedqa.build.pipeline", "write_records", "lineage, rejections, clusters: write"),
    ("cmtmedqa.build.against", "index_table", "index for later builds"),
    ("cmtmedqa.build.card", "make", "report: card"),
    ("cmtmedqa.build.croissant", "make", "report: croissant.json"),
    ("cmtmedqa.build.facts", "make", "report: sizes of what is published"),
    ("cmtmedqa.build.pipeline", "write_manifest", "manifest (hash of every file)"),
)
DEIDENTIFY = ("cmtmedqa.build.privacy", "deidentify_batch", "de-identify")

_spent: defaultdict[str, float] = defaultdict(float)
_running: list[str] = ["everything else"]
_since = 0.0


def switch(stage: str | None) -> None:
    """Book the time since the last switch; enter `stage`, or leave the present one (None)."""
    global _since  # noqa: PLW0603 -- one clock a process
    now = time.process_time()
    _spent[_running[-1]] += now - _since
    _since = now
    if stage is None:
        _running.pop()
    else:
        _running.append(stage)


def timed(function: Callable[..., Any], stage: str) -> Callable[..., Any]:
    """The same function under the clock; of a generator each step."""

    def steps(items: Iterator[Any]) -> Iterator[Any]:
        while True:
            switch(stage)
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                switch(None)
            yield item

    def call(*arguments: Any, **named: Any) -> Any:
        switch(stage)
        try:
            result = function(*arguments, **named)
        finally:
            switch(None)
        return steps(result) if isinstance(result, Iterator) else result

    return call


def wrap(module: str, name: str, stage: str) -> None:
    """Put the clock around one function or method."""
    *owners, last = name.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = vars(owner)[part]
    setattr(owner, last, timed(vars(owner)[last], stage))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--deidentify", action="store_true")
    options = parser.parse_args()
    shutil.rmtree(options.output, ignore_errors=True)
    for module, name, stage in (*WRAPPED, *((DEIDENTIFY,) if options.deidentify else ())):
        wrap(module, name, stage)
    from cmtmedqa.cli.app import main as command_line

    flags = [] if options.deidentify else ["--no-deidentify"]
    sys.argv = ["cmtmedqa", "build", str(options.corpus), "-o", str(options.output), "--workers", "1", *flags]
    try:
        command_line()
    finally:
        switch("end")
        total = sum(_spent.values())
        for stage, seconds in sorted(_spent.items(), key=lambda item: -item[1]):
            print(f"{seconds:8.2f}  {seconds / total:6.1%}  {stage}")
        print(f"{total:8.2f}          total")


if __name__ == "__main__":
    main()
