"""A proxy between a client and Label Studio that carries every request out and loses answers on purpose."""

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

Fate = Callable[
    [int], str
]  # the number of the import, from 1 → "answer", "lose", or "cut" (before the server has answered)


@contextmanager
def proxy(target: str, fate: Fate) -> Iterator[str]:
    """The address of a proxy in front of `target`; `fate` decides about every import of tasks."""
    imports = iter(range(1, 1_000))
    upstream = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _carry(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            counted = self.command == "POST" and urlsplit(self.path).path.endswith("/import")
            what = fate(next(imports)) if counted else "answer"
            connection = http.client.HTTPConnection(upstream.hostname or "", upstream.port, timeout=60)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
                connection.request(self.command, self.path, body, headers)
                if what == "cut":
                    return self._drop()
                answer = connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException):
                return self._drop()
            finally:
                connection.close()
            if what == "lose":
                return self._drop()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return None

        def _drop(self) -> None:
            self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = _carry  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
