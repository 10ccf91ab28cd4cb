"""Which Label Studio a command talks to: one that is named, or the one that `annotate serve` runs for a folder."""

import os
from pathlib import Path
from typing import NamedTuple

from cmtmedqa.annotate.failures import StudioError
from cmtmedqa.annotate.home import Home, default_folder

URL, TOKEN = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"


class Target(NamedTuple):
    """Address and token of a server, the folder with the register of experts, and where its log is. It does not print the token."""

    url: str
    token: str
    home: Home
    log: str
    public_url: str

    def __repr__(self) -> str:
        return f"Target({self.url})"


def target(data: Path | None, url: str | None = None, token_file: Path | None = None) -> Target:
    """The server to talk to. Raises StudioError when none is named and none was started, or the token is missing."""
    home = Home(data or default_folder())
    url = url or (None if data else os.environ.get(URL))
    if url:
        return Target(url, _token(token_file), home, "the server's log", url)
    server, admin = home.server(), home.admin()
    if server is None or admin is None or not admin.token:
        raise StudioError(
            f'{home.folder}: no Label Studio was started here; run "cmtmedqa annotate serve", or set {URL} and {TOKEN}'
        )
    return Target(server.url, admin.token, home, str(home.log), server.public_url or server.url)


def _token(path: Path | None) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip() if path else os.environ.get(TOKEN, "").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StudioError(f"{path}: the token cannot be read") from error
    if not token:
        raise StudioError(f"no token: --token-file, or the environment variable {TOKEN}")
    return token
