"""A real Label Studio for the tests marked `live`: installed once into a cache, started from a database that is made once."""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from rich.console import Console

from cmtmedqa.annotate import environment, server
from cmtmedqa.annotate.home import Expert, Home
from cmtmedqa.annotate.studio import Studio, connect
from cmtmedqa.errors import CmtmedqaError
from tests.annotate.doctors import Doctor, account, doctor

if TYPE_CHECKING:
    from tests.annotate.desk import Desk

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cmtmedqa"
CODES = ("A", "B", "C")
_KEPT = ("admin.json", "experts.json", "tokens.json", "data/.env", "data/label_studio.sqlite3")


class Live(NamedTuple):
    """A running server, and the doctors who have accounts on it."""

    home: Home
    program: Path
    port: int
    doctors: dict[str, Doctor]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        admin = self.home.admin()
        assert admin is not None
        return admin.token

    @contextmanager
    def studio(self, url: str = "") -> Iterator[Studio]:
        with connect(url or self.url, self.token) as opened:
            yield opened

    def start(self) -> None:
        server.serve(self.home, server.Start(self.program, self.port), Console(quiet=True))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def once(name: str) -> Iterator[None]:
    """Only one process of the tests at a time; the others find what it has made."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def label_studio() -> Path:
    """The program; CMTMEDQA_LABEL_STUDIO names an installation, otherwise there is one in the cache."""
    pytest.importorskip("label_studio_sdk", reason="the extra annotate is not installed")
    stated = os.environ.get("CMTMEDQA_LABEL_STUDIO")
    folder = CACHE / f"labelstudio-{environment.VERSION}"
    try:
        with once("installation"):
            if not stated and not (folder / environment.DONE).exists():
                environment.install(folder, Console(stderr=True))
        return environment.find(Path(stated) if stated else folder, Console(quiet=True))
    except CmtmedqaError as error:
        if os.environ.get("CI"):
            raise  # there it decides whether a change lands, so a skip would hide it
        pytest.skip(f"no Label Studio: {error}")


@pytest.fixture(scope="session")
def template(label_studio: Path) -> Path:
    """A folder with a migrated database, an administrator and three experts with accounts; made once, then copied."""
    folder = CACHE / f"labelstudio-template-{environment.VERSION}-2"
    with once("template"):
        if not (folder / "complete").exists():
            _make_template(folder, label_studio)
    return folder


def _make_template(folder: Path, label_studio: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    home, tokens = Home(folder), {}
    started = server.serve(home, server.Start(label_studio, free_port()), Console(stderr=True))
    try:
        home.register(Expert(code=code, email=f"{code.lower()}@hospital.example") for code in CODES)
        admin = home.admin()
        assert admin is not None
        with connect(started.url, admin.token) as studio:
            link = studio.invite_link()
        for expert in home.experts():
            with doctor(started.url, link, expert.code, expert.email) as made:
                tokens[expert.code] = made.token
    finally:
        server.stop(home)
    (folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")
    (folder / "complete").touch()


def copy(template: Path, folder: Path) -> Home:
    home = Home(folder)
    home.make()
    for name in _KEPT:
        shutil.copy2(template / name, folder / name)
    return home


@pytest.fixture(scope="session")
def live(template: Path, label_studio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server for all live tests; each uses a round of its own."""
    home = copy(template, tmp_path_factory.mktemp("live") / "home")
    port, tokens = free_port(), json.loads((template / "tokens.json").read_text(encoding="utf-8"))
    with ExitStack() as stack:
        url = f"http://127.0.0.1:{port}"
        doctors = {
            expert.code: stack.enter_context(account(url, expert.code, expert.email, tokens[expert.code]))
            for expert in home.experts()
        }
        running = Live(home, label_studio, port, doctors)
        running.start()
        try:
            yield running
        finally:
            server.stop(home)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command line in this process: exit code, standard output, standard error."""
    from cmtmedqa.cli.app import main

    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "CMTMEDQA_LABELSTUDIO", "CMTMEDQA_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["cmtmedqa", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def desk(live: Live, command: Callable[..., tuple[int, str, str]], tmp_path: Path) -> "Desk":
    """A desk of its own for each test, at the one server."""
    from tests.annotate.desk import Desk

    return Desk(live, command, tmp_path)
