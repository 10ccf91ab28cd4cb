"""The folder of a server of ours: its data, the administrator's account, the register of experts, the log. Private files throughout."""

import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from cmtmedqa.annotate.ledger import OWNER_FOLDER, OWNER_ONLY, write_private
from cmtmedqa.errors import InputError
from cmtmedqa.records import Record

Kind = TypeVar("Kind", bound=Record)

VARIABLE = "CMTMEDQA_LABELSTUDIO"
ADMIN_MAIL = "admin@cmtmedqa.local"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,11}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Admin(Record):
    """The administrator that the server was started with; `token` is a personal access token, empty before the first start."""

    email: str
    password: str
    token: str = ""


class Server(Record):
    """How the server was started last; `database` names a PostgreSQL without its password, empty for SQLite."""

    url: str
    database: str = ""
    public_url: str = ""
    version: str = ""


class Expert(Record):
    """A person who judges: a code for all files, and the address of the account; empty until it is known."""

    code: str
    email: str = ""


class Home(NamedTuple):
    """Where everything of one server stands."""

    folder: Path

    @property
    def data(self) -> Path:
        """The server's own data: with SQLite the database, and `.env` with the key of all logins."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server prints; rotated."""
        return self.folder / "server.log"

    def make(self) -> None:
        """Make the folder, open to its owner only."""
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(OWNER_FOLDER)
        except OSError as error:
            raise InputError(
                f"{self.folder}: cannot be used: {error.strerror}; name another folder with --data"
            ) from error

    def admin(self) -> Admin | None:
        """The administrator; None before the first start."""
        return self._read("admin.json", Admin)

    def new_admin(self) -> Admin:
        """An administrator with a password by chance, stored before the server hears of it."""
        return self.store_admin(Admin(email=ADMIN_MAIL, password=secrets.token_urlsafe(18)))

    def store_admin(self, value: Admin) -> Admin:
        """Store the administrator; nobody else may read it."""
        write_private(self.folder / "admin.json", json.dumps(value.model_dump(), indent=1) + "\n")
        return value

    def server(self) -> Server | None:
        """How the server was started last."""
        return self._read("server.json", Server)

    def store_server(self, value: Server) -> None:
        """Store how the server was started."""
        write_private(self.folder / "server.json", json.dumps(value.model_dump(), indent=1) + "\n")

    def _read(self, name: str, kind: type[Kind]) -> Kind | None:
        path = self.folder / name
        try:
            return kind.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise InputError(f"{path}: cannot be read; put its backup back") from error

    def experts(self) -> list[Expert]:
        """The register of experts, in the order of registration."""
        path = self.folder / "experts.json"
        try:
            return [Expert.model_validate(item) for item in json.loads(path.read_bytes())]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: cannot be read; put its backup back") from error

    def register(self, new: Iterable[Expert]) -> list[Expert]:
        """Add experts, or give those that are there an address. Raises InputError for a bad code, address or a second one."""
        known = {expert.code: expert for expert in self.experts()}
        for expert in new:
            if not _CODE.fullmatch(expert.code):
                raise InputError(f"expert {expert.code[:20]}: a code is a letter and up to 11 letters, digits, - or _")
            if expert.email and not _MAIL.fullmatch(expert.email):
                raise InputError(f"expert {expert.code}: that is no e-mail address; write CODE=E-MAIL")
            if expert.code not in known and expert.code.lower() in {code.lower() for code in known}:
                raise InputError(f"expert {expert.code}: there is one with this code in other case; name another code")
            double = [o for o in known.values() if o.email and o.email.lower() == expert.email.lower() and o.code != expert.code]  # fmt: skip
            if double:
                raise InputError(f"expert {expert.code}: expert {double[0].code} has this address already")
            if expert.email or expert.code not in known:
                known[expert.code] = expert
        self.make()
        write_private(
            self.folder / "experts.json",
            json.dumps([expert.model_dump() for expert in known.values()], ensure_ascii=False, indent=1) + "\n",
        )
        return list(known.values())

    def pids(self) -> tuple[int, ...]:
        """Process numbers of the running server and its keeper; none when it does not run."""
        if not self.locked():
            return ()
        try:
            text = (self.folder / "server.pid").read_text(encoding="ascii")
            return tuple(int(number) for number in text.split())
        except (OSError, ValueError):
            return ()

    def locked(self) -> bool:
        """Whether a server of this folder runs: it and its keeper hold the lock as long as one of them lives."""
        try:
            handle = os.open(self.folder / "server.lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Hold the lock; the handle is for the processes of the server to inherit. Raises InputError when it is held."""
        handle = os.open(self.folder / "server.lock", os.O_CREAT | os.O_RDWR, OWNER_ONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield handle
        except BlockingIOError as error:
            raise InputError(f"{self.folder}: another start is under way; wait for it") from error
        finally:
            os.close(handle)


def default_folder() -> Path:
    """The folder without `--data`: the variable, or one of the user's data folders."""
    if stated := os.environ.get(VARIABLE):
        return Path(stated)
    return data_home() / "labelstudio"


def data_home() -> Path:
    """Where programs of this user keep data of cmtmedqa."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "cmtmedqa"
