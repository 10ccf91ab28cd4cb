"""How long `why` takes on a large dataset: python -m benchmarks.why_bench BENCH/built-20k --times 35 -o BENCH/why.json.

The tables of a built dataset are repeated under other ids until they hold the wanted number of records. Then ids of kept and of
dropped records, beginnings of ids and misspelt ids are asked for: inside one process (what `explain` takes once the program
runs), and as whole processes (what a person waits for).
"""

import argparse
import contextlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa import io
from cmtmedqa.build import lineage
from cmtmedqa.build.why import explain
from cmtmedqa.errors import InputError

ASKED = 20


def repeated(table: pa.Table, number: int) -> pa.Table:
    """The rows under other ids; the first time under their own."""
    for name in ("id", "winner", "cluster"):
        if number and name in table.column_names:
            place = table.schema.get_field_index(name)
            renamed = pc.binary_join_element_wise(table[name], f"x{number}", "-")
            table = table.set_column(place, table.schema.field(place), renamed)
    return table


def enlarge(folder: Path, target: Path, times: int) -> int:
    """Write a dataset `times` as large; returns its records. It can be asked, not validated."""
    shutil.rmtree(target, ignore_errors=True)
    for part in ("data", "rejected", "lineage"):
        for path in sorted((folder / part).glob("*.parquet")):
            table = pq.ParquetFile(path).read()
            options: dict[str, Any] = dict(lineage.PARQUET_OPTIONS) if part == "lineage" else {}
            stem = path.name.partition("-")[0]
            for number in range(times):
                io.write_parquet(target / part / f"{stem}-{number:05d}.parquet", repeated(table, number), **options)
    clusters = pq.ParquetFile(folder / "clusters.parquet").read()
    io.write_parquet(target / "clusters.parquet", pa.concat_tables(repeated(clusters, n) for n in range(times)))
    shutil.copy(folder / "manifest.json", target / "manifest.json")
    return sum(pq.read_metadata(path).num_rows for path in (target / "lineage").glob("*.parquet"))


def asked(target: Path, chance: random.Random) -> dict[str, list[str]]:
    """Ids by the way they are asked for."""
    rows = pq.read_table(
        chance.choice(sorted((target / "lineage").glob("*.parquet"))), columns=["id", "reason"]
    ).to_pylist()
    kept = [row["id"] for row in rows if row["reason"] is None]
    dropped = [row["id"] for row in rows if row["reason"] is not None]
    some = chance.sample(kept, ASKED)
    return {
        "kept": some,
        "dropped": chance.sample(dropped, min(ASKED, len(dropped))),
        "misspelt": [identifier[:-2] + identifier[-1] + identifier[-2] for identifier in some],
    }


def seconds(target: Path, identifier: str) -> float:
    """Wall seconds of one question in this process."""
    start = time.perf_counter()
    with contextlib.suppress(InputError):
        explain(target, identifier)
    return time.perf_counter() - start


def whole_process(target: Path, identifier: str) -> float:
    """Wall seconds of the command, start of the interpreter included."""
    program = Path(sys.executable).with_name("cmtmedqa")
    start = time.perf_counter()
    subprocess.run([str(program), "why", identifier, str(target)], check=False, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--times", type=int, default=35)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    target = options.output.with_suffix("")
    result: dict[str, Any] = {"records": enlarge(options.dataset, target, options.times)}
    for name, ids in asked(target, random.Random(7)).items():
        taken = sorted(seconds(target, identifier) for identifier in ids)
        result[name] = {"n": len(taken), "median_s": round(statistics.median(taken), 3), "max_s": round(taken[-1], 3)}
        result[name]["process_s"] = round(
            statistics.median(whole_process(target, identifier) for identifier in ids[:5]), 3
        )
    print(json.dumps(result, indent=1))
    options.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(target)


if __name__ == "__main__":
    main()
