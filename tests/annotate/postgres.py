"""A PostgreSQL of the tests' own, from the system's programs; the database of Label Studio is migrated once and then copied."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "geheim /@:?"  # what an address must escape


def programs() -> Path | None:
    """The folder of initdb and pg_ctl, which Debian keeps out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return known[-1].parent if known else None


def _run(*command: object) -> None:
    """PostgreSQL does not run as root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, capture_output=True, cwd="/", timeout=120)


@contextmanager
def folder(archive: Path | None = None) -> Iterator[Path]:
    """A folder for a cluster that PostgreSQL's own user can reach, filled from an archive."""
    with tempfile.TemporaryDirectory(prefix="cmtmedqa-pg-", dir="/tmp") as name:
        if archive:
            shutil.unpack_archive(archive, name, filter="tar")
        _own(Path(name))
        yield Path(name)


def make(place: Path) -> None:
    """A cluster with a role and an empty database."""
    bins = programs()
    assert bins is not None
    secret = place / "secret"
    secret.write_text(PASSWORD, encoding="utf-8")
    _own(place)
    _run(
        bins / "initdb", "-D", place / "data", "-U", "labels", f"--pwfile={secret}", "-A", "scram-sha-256", "--no-sync"
    )


def _own(place: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "postgres", str(place)], check=True)


@contextmanager
def running(place: Path, port: int) -> Iterator[None]:
    """Run the cluster of a folder."""
    bins = programs()
    assert bins is not None
    options = f"-h 127.0.0.1 -p {port} -k {place} -c fsync=off"
    _run(bins / "pg_ctl", "-D", place / "data", "-l", place / "log", "-w", "-o", options, "start")
    try:
        yield
    finally:
        _run(bins / "pg_ctl", "-D", place / "data", "-m", "fast", "-w", "stop")
