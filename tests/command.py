"""Runs the command line in a process of its own that begins with the libraries and the rules loaded.

Importing them anew would take most of the time of the tests. What depends on the start itself (its cost, an absent library, a limit that
holds before the first import, a kill that leaves workers behind) is tested with `python -c`.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["tests.loaded"])


def run(
    *arguments: str | os.PathLike[str],
    cwd: Path | None = None,
    timeout: float = 300,
    first: str = "",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """`cmtmedqa ARGUMENTS` to its end; `first` is Python that the process executes before, `environment` is added to that of the tests."""
    words = [os.fspath(argument) for argument in arguments]
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("out", "err")]
        process = _SERVER.Process(
            target=_child, args=(words, cwd or Path.cwd(), {**os.environ, **environment}, first, streams)
        )
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, timeout)
        out, err = (stream.read_text(encoding="utf-8", errors="replace") for stream in streams)
    return subprocess.CompletedProcess(words, process.exitcode, out, err)


def _child(words: list[str], cwd: Path, environment: dict[str, str], first: str, streams: list[Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in enumerate(streams, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND), number)
    encoding, _, errors = environment.get("PYTHONIOENCODING", "utf-8").partition(":")
    sys.stdin = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, errors=errors or "strict", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding=encoding, errors="backslashreplace", buffering=1, closefd=False)
    sys.argv = ["cmtmedqa", *words]
    if first:
        exec(first, {})
    from cmtmedqa.cli.app import main

    main()
