"""Running Label Studio: on loopback only, without telemetry, update check, crash reports and open sign-up, from a short environment."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from cmtmedqa.annotate import doors
from cmtmedqa.annotate.accounts import access_token
from cmtmedqa.annotate.database import Database
from cmtmedqa.annotate.environment import check_version
from cmtmedqa.annotate.home import Admin, Home, Server
from cmtmedqa.errors import InputError
from cmtmedqa.paths import package_file

HOST = "127.0.0.1"
LONGEST_START = 300.0
_LONGEST_STOP = 30.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE")
_STARTED = re.compile(r"Starting development server at http://[^:/]+:(\d+)/")
_TAKEN = "port {port} is taken by another program; use --port"


class Start(NamedTuple):
    """What to start: program, port, database (None: SQLite), and the address by which a reverse proxy shows it."""

    program: Path
    port: int
    database: Database | None = None
    public_url: str = ""


def environment(home: Home, admin: Admin, start: Start) -> dict[str, str]:
    """The whole environment of the server. It reads settings as LABEL_STUDIO_X, HEARTEX_X and bare X, so nothing else is passed on."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    settings = {
        "USERNAME": admin.email,
        "PASSWORD": admin.password,
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "BASE_DATA_DIR": str(home.data.absolute()),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    if start.public_url:
        origin = re.sub(r"^(https?://[^/]+).*$", r"\1", start.public_url)
        settings |= {"HOST": start.public_url.rstrip("/"), "CSRF_TRUSTED_ORIGINS": origin}
        if start.public_url.startswith("https://"):
            settings |= {"SESSION_COOKIE_SECURE": "1"}
    named = {f"LABEL_STUDIO_{name}": value for name, value in settings.items()}
    pages = doors.install(home.folder / "pages")  # in Chinese, in front of the server's own
    return kept | {"PYTHONUNBUFFERED": "1"} | pages | named | (start.database.environment() if start.database else {})


def serve(home: Home, start: Start, console: Console, foreground: bool = False) -> Server:
    """Start the server and come back when it answers and the administrator has a token; in the foreground, when it ends.

    A server of this folder that runs already is left alone. Raises InputError with one line when it cannot start.
    """
    home.make()
    if (running := home.server()) and home.locked() and healthy(running.url):
        return running
    _same_database(home, start)
    require_free(start.port)
    admin = home.admin() or home.new_admin()
    value = Server(
        url=f"http://{HOST}:{start.port}", database=start.database.named if start.database else "",
        public_url=start.public_url, version=check_version(start.program),
    )  # fmt: skip
    with home.lock() as handle:
        keeper = _spawn(home, admin, start, handle, foreground)
    with _ended_on_failure(home, keeper):
        _wait(home, start.port, keeper, console, first=not admin.token)
        home.store_server(value)
        if not admin.token:  # a kill may have come between the making of a token and its storing
            token = access_token(value.url, admin.email, admin.password, anew=True)
            home.store_admin(admin.model_copy(update={"token": token}))
    if not foreground:
        keeper.returncode = 0  # it outlives us; the lock tells whether it runs
    else:
        console.print(f"Label Studio {value.version} at {value.url} (Ctrl-C ends)", highlight=False)
        _attend(home, keeper)
    return value


def _same_database(home: Home, start: Start) -> None:
    known, wanted = home.server(), start.database.named if start.database else ""
    if known is not None and known.database != wanted:
        there = known.database or "SQLite in this folder"
        raise InputError(
            f"{home.folder}: was started with {there}; start it so again (--database-url), or name another folder with --data"
        )


def require_free(port: int) -> None:
    """Raises InputError when a port cannot be had: Label Studio would take the next one without a word."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InputError(_TAKEN.format(port=port)) from error


def _spawn(home: Home, admin: Admin, start: Start, handle: int, foreground: bool) -> "subprocess.Popen[bytes]":
    options = ["--no-browser", "--internal-host", HOST, "--port", str(start.port), "--log-level", "WARNING"]
    keeper = [sys.executable, "-I", str(package_file("annotate", "supervise.py")), str(home.log), str(home.folder / "server.pid"), str(handle)]  # fmt: skip
    (home.folder / "server.pid").unlink(missing_ok=True)
    _put_by(home.log)
    return subprocess.Popen(
        [*keeper, str(start.program), "start", *options], env=environment(home, admin, start), cwd=home.folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=not foreground, pass_fds=(handle,),
    )  # fmt: skip


def _put_by(log: Path) -> None:
    """Begin a new log, so that what stands in it is of this start."""
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))


@contextmanager
def _ended_on_failure(home: Home, keeper: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    except BaseException:
        keeper.terminate()
        try:
            keeper.wait(_LONGEST_STOP)
        except subprocess.TimeoutExpired:
            stop(home)
        raise


def _wait(home: Home, port: int, keeper: "subprocess.Popen[bytes]", console: Console, first: bool) -> None:
    """Wait until the server answers at the port that was asked for."""
    began = shown = time.monotonic()
    console.print(
        f"starting Label Studio{' (the first time takes about a minute)' if first else ''} ...", highlight=False
    )
    with console.status("starting ...") as status:
        while (now := time.monotonic()) - began < LONGEST_START:
            if keeper.poll() is not None:
                raise InputError(f"Label Studio ended while it started; see the end of {home.log}")
            if told := _STARTED.search(_text(home.log)):
                if int(told[1]) != port:
                    raise InputError(_TAKEN.format(port=port))
                if healthy(f"http://{HOST}:{port}"):
                    return
            status.update(f"starting, {now - began:.0f} s ...")
            if not console.is_terminal and now - shown >= 10:
                shown = now
                console.print(f"starting, {now - began:.0f} s ...", highlight=False)
            time.sleep(0.25)
    raise InputError(f"Label Studio did not answer within {LONGEST_START:.0f} s; see {home.log}")


def _text(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def healthy(url: str) -> bool:
    """Whether a server answers there and says that it is up."""
    import json
    import urllib.request

    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url.rstrip('/')}/health", timeout=5) as answer:
            return bool(json.load(answer).get("status") == "UP")
    except (OSError, ValueError, AttributeError):
        return False


def _attend(home: Home, keeper: "subprocess.Popen[bytes]") -> None:
    def end(*_: object) -> None:
        keeper.terminate()

    old: Mapping[int, object] = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = keeper.wait()
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
    if code:
        raise InputError(f"Label Studio ended with code {code}; see the end of {home.log}")


def stop(home: Home) -> bool:
    """Stop the server of a folder and wait for its end; False when none runs. Raises InputError when it does not end."""
    if not home.locked():
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in home.pids()[: 1 if number == signal.SIGTERM else 2]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        end = time.monotonic() + _LONGEST_STOP
        while time.monotonic() < end:
            if not home.locked():
                return True
            time.sleep(0.1)
    raise InputError(f"{home.folder}: the server does not end; its process numbers stand in server.pid")
