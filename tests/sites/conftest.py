"""WARC files of project-written pages, and no network."""

import io
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

PAGES = Path(__file__).parent / "pages"
Record = tuple[str, bytes, dict[str, str]]  # address, body, more: type, status, date


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def saved(name: str) -> bytes:
    """The bytes of a saved page, `site/name`."""
    return (PAGES / f"{name}.html").read_bytes()


@pytest.fixture
def warc(tmp_path: Path) -> Callable[..., Path]:
    """Writes records as a WARC file, one gzip member each."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    def write(records: list[Record], name: str = "pages.warc.gz") -> Path:
        path = tmp_path / name
        with path.open("wb") as stream:
            writer = WARCWriter(stream, gzip=name.endswith(".gz"), warc_version="WARC/1.1")
            writer.write_record(writer.create_warcinfo_record(name, {"software": "test"}))
            for url, body, more in records:
                headers = [
                    ("Content-Type", more.get("type", "text/html")),
                    *([("Content-Encoding", more["coding"])] if "coding" in more else []),
                ]
                status = StatusAndHeaders(more.get("status", "200 OK"), headers, "HTTP/1.1")
                dated = {"WARC-Date": more.get("date", "2020-01-02T03:04:05Z")}
                writer.write_record(
                    writer.create_warc_record(
                        url, "response", io.BytesIO(body), len(body), warc_headers_dict=dated, http_headers=status
                    )
                )
        return path

    return write
