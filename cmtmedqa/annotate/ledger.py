"""The folder of a round: what was planned, which project is whose, and every answer of the server that was ever pulled.

It holds which model wrote what and the salt of the blind names, so it is private (0700), and nothing of it goes to the server.
`raw.jsonl` only grows: what the server said of a task stays, whatever happens to that task there. A line that a kill cut off is
left out, and the next one begins on a line of its own.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from cmtmedqa import io
from cmtmedqa.annotate.judged import read_records
from cmtmedqa.annotate.screen import Layout
from cmtmedqa.annotate.tasks import Task
from cmtmedqa.errors import InputError
from cmtmedqa.judgements import CandidateSet
from cmtmedqa.records import Record
from cmtmedqa.rubric import Rubric

OWNER_ONLY, OWNER_FOLDER = 0o600, 0o700
RUBRIC = "rubric.json"
ROUND, SALT, SETS, TASKS, RAW = "round.json", "salt", "sets.jsonl", "tasks.jsonl", "raw.jsonl"
ANNOTATIONS, REJECTED, LEFT_OUT, ADJUDICATION = "annotations.jsonl", "rejected.jsonl", "left_out.jsonl", "adjudication.jsonl"  # fmt: skip


class Project(Record):
    """A project on the server: whose it is, how many replies it shows, and whether it holds disputed items only."""

    id: int
    title: str
    expert: str
    k: int
    adjudication: bool = False


class Round(Record):
    """What a round was planned with; `inputs` is the digest of sets, gold items and settings, `url` the server it is on."""

    name: str
    url: str = ""
    rubric_version: str
    layout: Layout = "cards"
    screens: dict[str, str]
    experts: tuple[str, ...]
    seed: int
    inputs: str
    projects: tuple[Project, ...] = ()


class Ledger:
    """The files of one round."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether a round was planned here."""
        return (self.folder / ROUND).is_file()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands away from the round: the lock is on its folder, and dies with the process. Raises InputError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=OWNER_FOLDER)
            handle = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be used: {(error.strerror or 'error').lower()}") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    raise InputError(f"{self.folder}: another command works on this round; wait for its end") from error
            try:
                yield
            finally:
                with suppress(OSError):  # a round that was refused leaves no empty folder behind
                    self.folder.rmdir()
        finally:
            os.close(handle)

    def make(
        self,
        value: Round,
        rubric: Rubric,
        sets: Iterable[CandidateSet],
        tasks: Iterable[Task],
        left_out: Mapping[str, str],
    ) -> None:
        """Store the plan of a round, `round.json` last: without it there is no round."""
        io.write_json(self.folder / RUBRIC, rubric.model_dump(mode="json"))
        write_records(self.folder / SETS, sets)
        write_records(self.folder / TASKS, tasks)
        lines = [io.canonical_json({"set_id": name, "reason": why}) for name, why in left_out.items()]
        io.write_text(self.folder / LEFT_OUT, "".join(line + "\n" for line in lines))
        self.store(value)

    def salt(self) -> bytes:
        """The salt of the blind names, made at first use."""
        path = self.folder / SALT
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(OWNER_FOLDER)
            if not path.exists():
                write_private(path, secrets.token_hex(32) + "\n")
            return bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be used as the salt of the blind names; put its backup back") from error

    def read(self) -> Round:
        """The plan. Raises InputError when there is none or it is broken."""
        path = self.folder / ROUND
        try:
            return Round.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise InputError(
                f"{self.folder}: no round here; make it with cmtmedqa annotate push, or name its folder with --rounds"
            ) from error
        except (OSError, ValidationError) as error:
            raise InputError(f"{path}: is no round of this version; put its backup back") from error

    def store(self, value: Round) -> None:
        """Replace the plan."""
        io.write_json(self.folder / ROUND, value.model_dump(mode="json"))

    def rubric(self) -> Rubric:
        """The rubric that the round was pushed with, whatever became of the bundled one."""
        path = self.folder / RUBRIC
        try:
            return Rubric.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(f"{path}: is no rubric of this version; put its backup back") from error

    def sets(self) -> dict[str, CandidateSet]:
        """All sets of the round, gold items among them, by id."""
        return {item.id: item for item in read_records(self.folder / SETS, CandidateSet)}

    def tasks(self) -> list[Task]:
        """All tasks of the round, those of adjudication behind the others."""
        disputed = self.folder / ADJUDICATION
        more = read_records(disputed, Task) if disputed.exists() else []
        return read_records(self.folder / TASKS, Task) + more

    def add_adjudication(self, tasks: Sequence[Task]) -> None:
        """Add tasks of disputed sets."""
        path = self.folder / ADJUDICATION
        write_records(path, [*(read_records(path, Task) if path.exists() else []), *tasks])

    def raw(self) -> Iterator[dict[str, Any]]:
        """Every line that was ever stored, in order; a last one that a kill cut off is left out."""
        path = self.folder / RAW
        if not path.exists():
            return
        with path.open("rb") as stream:
            for line in stream:
                try:
                    value = io.parsed(line)
                except ValueError:
                    continue
                if isinstance(value, dict):
                    yield value

    def append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Store lines behind the others and wait for the disk."""
        path = self.folder / RAW
        try:
            with path.open("ab") as stream:
                if stream.tell() and not _ends_a_line(path):
                    stream.write(b"\n")
                stream.writelines(_line(line) for line in lines)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _line(value: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an integer beyond 64 bits, half of a surrogate pair
        return io.canonical_json(value).encode("utf-8", "backslashreplace") + b"\n"


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def write_private(path: Path, text: str) -> None:
    """Write a text that only its owner may read; nobody else can at any moment."""
    with io.replacing(path) as temporary:
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=OWNER_ONLY)
        temporary.write_text(text, encoding="utf-8")


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write records as JSON lines, atomically."""
    io.write_text(path, "".join(io.canonical_json(record.model_dump(mode="json")) + "\n" for record in records))
