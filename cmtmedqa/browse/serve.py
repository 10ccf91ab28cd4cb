"""The server behind `cmtmedqa browse`: bound to loopback, GET only, and deaf to requests that name another host."""

import errno
import logging
import signal
import socket
import webbrowser
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cmtmedqa.errors import InputError, MissingExtra

_METHODS = ("GET", "HEAD")
_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
_THREADS = 4

Environ = dict[str, Any]
Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]


def serve(folder: Path, host: str, port: int, ready: Callable[[str], None], show: bool) -> None:
    """Serve the pages of a dataset until Ctrl-C; `ready` gets the address, `show` opens it in the browser.

    Raises InputError when the folder holds no finished dataset, the host is not loopback or the port cannot be had, and
    MissingExtra without the extra `browse`.
    """
    # A shell without job control starts background jobs with SIGINT ignored; SIGTERM is how services are stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        address = loopback(host)
        server, url = _server(folder, address, port)
        ready(url)
        if show:
            webbrowser.open(url)
        server.run()
    except KeyboardInterrupt:
        return


def _server(folder: Path, address: str, port: int) -> tuple[Any, str]:
    try:
        from waitress.server import create_server

        from cmtmedqa.browse.app import create_app
    except ModuleNotFoundError as error:
        raise MissingExtra("flask and waitress", "browse", "browsing a dataset") from error
    application = guarded(create_app(folder), _NAMES | {address})
    listening = listen(address, port)
    logging.getLogger("waitress.queue").setLevel(
        logging.ERROR
    )  # a browser opens more connections than there are threads
    server = create_server(application, sockets=[listening], threads=_THREADS, ident=None)
    shown = f"[{address}]" if ":" in address else address
    return server, f"http://{shown}:{listening.getsockname()[1]}/"


def loopback(host: str) -> str:
    """The address to bind to. Raises InputError for any that other machines can reach: the pages hold dialogues of patients."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        address = ip_address("0.0.0.0")  # noqa: S104 -- a name may resolve to anything; it is refused below
    if not address.is_loopback:
        raise InputError(
            f"--host {host}: browse serves this computer only (127.0.0.1 or ::1); from another one use ssh -L 8731:127.0.0.1:8731"
        )
    return str(address)


def listen(address: str, port: int) -> socket.socket:
    """A bound socket. Raises InputError with one line when the port is taken or not allowed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise InputError(f"--port {port}: {why}; name another one, or 0 for any that is free") from error
    return listening


def guarded(application: Application, names: frozenset[str]) -> Application:
    """The application behind two checks. A page elsewhere can make a browser ask for its own name at our address (DNS rebinding),
    so a request must name this computer; and nothing here can be changed, so it must be a GET.
    """

    def checked(environ: Environ, start: Start) -> Iterable[bytes]:
        if _hostname(environ.get("HTTP_HOST", "")) not in names:
            return _refuse(
                start, "400 Bad Request", "This page answers to the name of this computer only: 127.0.0.1 or localhost."
            )
        if environ["REQUEST_METHOD"] not in _METHODS:
            return _refuse(
                start, "405 Method Not Allowed", "This page can only be read.", ("Allow", ", ".join(_METHODS))
            )
        return application(environ, start)

    return checked


def _hostname(header: str) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    try:
        parts = urlsplit(f"//{header}")
        whole = parts.netloc == header and parts.port != 0 and parts.username is None
    except ValueError:
        return ""
    return (parts.hostname or "") if whole else ""


def _refuse(start: Start, status: str, text: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    body = f"{text}\n".encode()
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers])
    return [body]
