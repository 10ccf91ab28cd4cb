"""What the tests of hostile inputs share: the command line in a process with limits, and what it may never do."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests import command

_MAIN = "from cmtmedqa.cli.app import main; main()"
MEMORY = 3 << 30  # address space; pyarrow alone reserves one
SECONDS = 240  # far above what any of these takes: a hang, not a slow machine


def run(*arguments: object, prefix: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line; no traceback whatever happens."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))"
    if prefix:
        done = subprocess.run(
            [*prefix, sys.executable, "-c", f"{limit}; {_MAIN}", *map(os.fspath, arguments)],
            capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False, env={**os.environ, **environment},
        )  # fmt: skip
    else:
        done = command.run(*map(os.fspath, arguments), timeout=SECONDS, first=limit, **environment)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    return done


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of an error."""
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == lines[0], "nothing stands behind the error"
    return lines[0]


def counted(output: Path) -> dict[str, Any]:
    """The report of a build, after every record was found in the data or among the rejected."""
    report: dict[str, Any] = json.loads((output / "report.json").read_text(encoding="utf-8"))
    rows = [row for part in sorted((output / "rejected").glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
    assert report["read"] == report["kept"] + report["rejected"]
    assert len(rows) == report["rejected"]
    assert all(row["reason"] and row["file"] for row in rows)
    return report


def reasons(report: dict[str, Any], file: str) -> tuple[int, dict[str, int]]:
    """Of one file: how many records were read whole, whatever became of them, and why the others were not."""
    entry = report["files"][file]
    faults = {key.removeprefix("read/"): n for key, n in entry["rejected"].items() if key.startswith("read/")}
    return entry["read"] - sum(faults.values()), faults
