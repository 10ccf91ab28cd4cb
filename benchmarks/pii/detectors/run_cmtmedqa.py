"""Personal data with cmtmedqa, column by column as the build does it: run_cmtmedqa.py FOLDER."""

from collections.abc import Sequence

import pyarrow as pa
from texts import Spans, serve

from cmtmedqa.clean.deidentify import find_column

TURNS = 8_192


def find_all(texts: Sequence[str]) -> list[Spans]:
    found: list[Spans] = [[] for _ in texts]
    for first in range(0, len(texts), TURNS):
        for row, spans in find_column(pa.array(texts[first : first + TURNS], pa.string())):
            found[first + row] = [(span.start, span.end, span.kind) for span in spans]
    return found


if __name__ == "__main__":
    serve(find_all)
