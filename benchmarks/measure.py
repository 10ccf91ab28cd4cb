"""Run a command and measure its whole process tree: CPU seconds (user + system), wall seconds, peak resident memory."""

import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_PAGE = resource.getpagesize()
_SUBREAPER = 36
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 10.0


class Cost(NamedTuple):
    """What a command took; `code` is its exit status, negative when it was killed at the time limit."""

    code: int
    cpu: float
    wall: float
    peak_mb: float


def measure(
    command: Sequence[str],
    log: Path,
    limit: float = 3600.0,
    extra_environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Cost:
    """Run `command` with its output in `log`. Only one measurement at a time in a process.

    Orphans of the command become children of this process (Linux), so that their CPU time is counted as well.
    """
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    environment = {**os.environ, **(extra_environment or {})}
    before = _children_cpu()
    start = time.perf_counter()
    peak = 0
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=environment, cwd=cwd, start_new_session=True
        )
        while process.poll() is None:
            peak = max(peak, tree_memory(os.getpid()))
            if time.perf_counter() - start > limit:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(_POLL_SECONDS)
    wall = time.perf_counter() - start
    _reap(process.pid)
    return Cost(process.returncode, _children_cpu() - before, wall, peak / 1e6)


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tree_memory(root: int) -> int:
    """Resident bytes of all descendants of a process, the process itself not counted; shared pages count each time."""
    parents: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = (
                    Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                )
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    total = 0
    for process, ancestor in parents.items():
        while ancestor not in (root, 0):
            ancestor = parents.get(ancestor, 0)
        if ancestor == root:
            total += _resident(process)
    return total


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _reap(group: int) -> None:
    """Collect what the command left behind; its process group is ended after a moment."""
    deadline = time.perf_counter() + _GRACE_SECONDS
    while True:
        try:
            found, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if found == 0:
            if time.perf_counter() > deadline:
                try:
                    os.killpg(group, signal.SIGKILL)
                except ProcessLookupError:
                    return
                deadline += _GRACE_SECONDS
            time.sleep(_POLL_SECONDS)
