"""The database of a server: an address of PostgreSQL, taken apart. Its password never stands in a file, a log or an argument."""

import os
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from cmtmedqa.errors import InputError

PASSWORD = "CMTMEDQA_DATABASE_PASSWORD"  # noqa: S105 -- the name of a variable
_FORM = "postgresql://USER:PASSWORD@HOST:PORT/NAME"
_PORT = 5432


class Database(NamedTuple):
    """A PostgreSQL database. It does not print its password."""

    user: str
    password: str
    host: str
    port: int
    name: str

    def __repr__(self) -> str:
        return self.named

    @property
    def named(self) -> str:
        """The address without the password."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.name}"

    def environment(self) -> dict[str, str]:
        """What Label Studio reads."""
        return {
            "DJANGO_DB": "default",
            "POSTGRE_NAME": self.name,
            "POSTGRE_USER": self.user,
            "POSTGRE_PASSWORD": self.password,
            "POSTGRE_HOST": self.host,
            "POSTGRE_PORT": str(self.port),
        }


def parse(address: str) -> Database:
    """Take an address apart; without a password in it, that of the environment counts. Raises InputError without echoing it."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or _PORT
        name = unquote(parts.path.strip("/"))
    except ValueError:
        raise InputError(f"--database-url: is no address; write {_FORM}") from None
    if (
        parts.scheme not in ("postgresql", "postgres")
        or not parts.hostname
        or not parts.username
        or not name
        or "/" in name
    ):
        raise InputError(f"--database-url: write {_FORM}; without it the server uses SQLite")
    password = unquote(parts.password) if parts.password is not None else os.environ.get(PASSWORD, "")
    return Database(unquote(parts.username), password, parts.hostname, port, name)
