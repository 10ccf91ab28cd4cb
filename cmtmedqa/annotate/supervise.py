"""The keeper of a server process: it writes what the server prints into a log that is rotated, and passes a stop on.

It runs as a program of its own (`python -I supervise.py LOG PIDS COMMAND...`), so it imports the standard library only.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from logging import Formatter, LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LARGEST = 5_000_000  # bytes
KEPT = 3


def keep(log: Path, pids: Path, command: Sequence[str], inherited: tuple[int, ...]) -> int:
    """Run the command until it ends and give its exit code, 0 for a stop; `inherited` are the handles of its lock."""
    os.umask(0o077)  # for the log, each rotated one, and all that the server writes
    handler = RotatingFileHandler(log, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(Formatter("%(message)s"))
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=inherited
    )

    def stop(*_: Any) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    pids.write_text(f"{child.pid} {os.getpid()}\n", encoding="ascii")
    assert child.stdout is not None
    for line in child.stdout:
        handler.emit(_record(line.decode("utf-8", "backslashreplace").rstrip("\n")))
    code = child.wait()
    handler.emit(_record(f"the server ended with code {code}"))
    handler.close()
    return 0 if code == -signal.SIGTERM else code


def _record(text: str) -> LogRecord:
    return LogRecord("server", 20, "", 0, text, None, None)


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[4:], (int(sys.argv[3]),)))
