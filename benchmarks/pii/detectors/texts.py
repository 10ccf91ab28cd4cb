"""What the detectors share: read texts, time the search alone, write spans. Runs in any environment, imports nothing else.

A detector is called with a folder and handles every NAME.texts.jsonl in it: a JSON string a line. It writes
NAME.spans.jsonl, a list of [start, end, label] a line, and NAME.seconds.json, the CPU seconds of the search.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Spans = list[tuple[int, int, str]]


def serve(find_all: Callable[[Sequence[str]], list[Spans]]) -> None:
    folder = Path(sys.argv[1])
    for source in sorted(folder.glob("*.texts.jsonl")):
        name = source.name.removesuffix(".texts.jsonl")
        texts = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
        find_all(texts[:100])
        start = time.process_time()
        found = find_all(texts)
        seconds = time.process_time() - start
        lines = [json.dumps(spans, ensure_ascii=False) + "\n" for spans in found]
        (folder / f"{name}.spans.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / f"{name}.seconds.json").write_text(json.dumps({"cpu": seconds, "texts": len(texts)}) + "\n")


def each(find: Callable[[str], Spans]) -> Callable[[Sequence[str]], list[Spans]]:
    """For a tool that takes one text at a time."""
    return lambda texts: [find(text) for text in texts]
