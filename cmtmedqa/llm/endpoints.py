"""Where models are reached: a YAML list, or `NAME@URL` and a folder on the command line. Keys come from the environment."""

import os
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import yaml
from pydantic import Field, ValidationError, model_validator

from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.records import Record

_NO_KEY = "none"  # the SDK wants some key; servers on this machine want none


class Price(Record):
    """Cost of a million tokens, in the one currency of all prices."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]


class Endpoint(Record):
    """One model. Either `url` (an OpenAI-compatible address ending in /v1) or `path` (a model folder run in this process).

    `name` is the alias that candidates, ledgers and reports carry; `model` is what the server calls it, the alias by default.
    The key is read from the variable `api_key_env` or from the 0600 file `api_key_file`; never from YAML.
    """

    name: Annotated[str, Field(min_length=1)]
    url: str = ""
    path: str = ""
    model: str = ""
    system: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    api_key_file: str = ""
    price: Price | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "Endpoint":
        if bool(self.url) == bool(self.path):
            raise ValueError("needs either url or path")
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        return self

    @property
    def is_local(self) -> bool:
        """Whether the texts stay on this machine."""
        return bool(self.path) or urlsplit(self.url).hostname in {"127.0.0.1", "localhost", "::1"}

    def known_price(self) -> Price | None:
        """The stated price; nothing for what runs here; None where it is unknown."""
        return self.price or (Price(input=0, output=0) if self.is_local else None)

    def api_key(self) -> str:
        """The key, from the environment or a 0600 file. Raises InputError naming the place, never the key."""
        if self.api_key_file:
            return _key_of(Path(self.api_key_file).expanduser())
        key = os.environ.get(self.api_key_env, "").strip()
        if key or self.is_local:
            return key or _NO_KEY
        raise InputError(f"model {self.name}: the environment variable {self.api_key_env} holds no key")


def _key_of(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise InputError(f"{path}: a key that others can read; chmod 600 {path}")
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the key cannot be read") from error
    if not key or not key.isprintable() or not key.isascii():
        raise InputError(f"{path}: holds no key on one line")
    return key


def endpoints_of(given: list[str]) -> list[Endpoint]:
    """The models that arguments name: a YAML file of `models:`, `NAME@URL`, or the folder of a model.

    Raises ConfigError or InputError with the argument that is wrong; names must be unique.
    """
    found = [endpoint for text in given for endpoint in _endpoints(text)]
    names = [endpoint.name for endpoint in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two models are called {name}; give each a name of its own")
    return found


def one_endpoint(text: str, price: str | None, option: str) -> Endpoint:
    """The one model that an argument names, with the price `IN/OUT` where it states none. Raises ConfigError."""
    found = priced(endpoints_of([text]), price)
    if len(found) != 1:
        raise ConfigError(f"{option} {text}: names {len(found)} models; one is needed".strip())
    return found[0]


def _endpoints(text: str) -> list[Endpoint]:
    path = Path(text)
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _listed(path)
    name, _, url = text.partition("@")
    if url.startswith(("http://", "https://")) and name:
        return [Endpoint(name=name, url=url)]
    if path.is_dir():
        return [Endpoint(name=path.resolve().name, path=str(path))]
    raise ConfigError(f"{text}: is no NAME@URL, no folder of a model and no .yaml file of models")


def _listed(path: Path) -> list[Endpoint]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as YAML") from error
    models = loaded.get("models") if isinstance(loaded, dict) else None
    if not isinstance(models, list) or not models or set(loaded) != {"models"}:
        raise ConfigError(f"{path}: must hold a list `models:` and nothing else")
    found = []
    for place, item in enumerate(models):
        try:
            found.append(Endpoint.model_validate(item))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in ("models", place, *first["loc"]))
            raise ConfigError(f"{path}: {where}: {first['msg']}") from error
    return found


def priced(endpoints: list[Endpoint], price: str | None) -> list[Endpoint]:
    """The models with the price `IN/OUT` where they state none. Raises ConfigError for what is no price."""
    if price is None:
        return endpoints
    try:
        each = Price.model_validate(dict(zip(("input", "output"), price.split("/"), strict=True)))
    except (ValueError, ValidationError):
        raise ConfigError(f"--price {price}: must be IN/OUT per million tokens, such as 0.5/1.5") from None
    return [item if item.price else item.model_copy(update={"price": each}) for item in endpoints]
