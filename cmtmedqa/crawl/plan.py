"""What may be fetched from a site, and how: one YAML file, shipped (`demo`) or written by the user.

Addresses are compared as a whole with `allow`; whatever matches none of its patterns is never requested. `{base}` in seeds
and patterns stands for the address of the site.
"""

import re
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cmtmedqa import config
from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import package_file
from cmtmedqa.sites import catalog

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SHORTEST_DELAY = 1.0
_NAMED_GROUP = re.compile(r"\(\?P<\w+>")
_TERMS_HINT = "read the site's terms of use, then state `terms: {url, checked_by, checked_on}` in the plan"


class Terms(config.Settings):
    """Who read the site's terms of use, when, and where they stand."""

    url: str
    checked_by: str = Field(min_length=1)
    checked_on: date
    note: str = ""


class LinkRule(config.Settings):
    """Where links are looked for: on pages whose address matches `pages`, by a CSS selector or by a regular expression.

    `url` makes an address of what was found: `{0}` is the whole match or the first group.
    """

    pages: str = ".*"
    css: str = "a::attr(href)"
    regex: str | None = None
    url: str = "{0}"

    @field_validator("pages", "regex")
    @classmethod
    def _compiles(cls, text: str | None) -> str | None:
        return None if text is None else _pattern(text)


class Plan(config.Settings):
    """The plan of one site. Times are in seconds, sizes in bytes."""

    site: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str = "1"
    base: str = ""
    seeds: tuple[str, ...] = Field(min_length=1)
    allow: tuple[str, ...] = Field(min_length=1)
    links: tuple[LinkRule, ...] = (LinkRule(),)
    walls: tuple[str, ...] = ()
    terms: Terms
    delay: Annotated[float, Field(ge=0, le=3600)] = 2.0
    concurrency: Annotated[int, Field(ge=1, le=16)] = 1
    max_pages: Annotated[int, Field(ge=1)] | None = None
    retries: Annotated[int, Field(ge=0, le=10)] = 3
    backoff: Annotated[float, Field(ge=0, le=3600)] = 5.0
    retry_after_max: Annotated[float, Field(ge=0)] = 300.0
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    max_bytes: Annotated[int, Field(ge=1)] = 10 * 2**20
    warc_bytes: Annotated[int, Field(ge=1)] = 2**28

    @field_validator("base")
    @classmethod
    def _without_slash(cls, text: str) -> str:
        return text.rstrip("/")

    @field_validator("allow")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_pattern(text) for text in patterns)

    @model_validator(mode="after")
    def _polite(self) -> Self:
        for seed in self.start:
            if urlsplit(seed).scheme not in {"http", "https"} or not urlsplit(seed).hostname:
                raise ValueError(f"seed {seed} is no http address")
            if not self.allows(seed):
                raise ValueError(f"seed {seed} matches no pattern of `allow`")
        outside = [seed for seed in self.start if urlsplit(seed).hostname not in LOOPBACK]
        if outside and self.delay < SHORTEST_DELAY:
            raise ValueError(
                f"delay {self.delay:g} is below {SHORTEST_DELAY:g} s; shorter ones are for this computer only"
            )
        return self

    @property
    def start(self) -> list[str]:
        """The seeds with the address of the site filled in."""
        return [self.filled(seed) for seed in self.seeds]

    def filled(self, text: str, pattern: bool = False) -> str:
        """`text` with the address of the site in place of `{base}`, escaped if it is a regular expression."""
        return text.replace("{base}", re.escape(self.base) if pattern else self.base)

    @cached_property
    def _allowed(self) -> list[re.Pattern[str]]:
        return [re.compile(self.filled(text, pattern=True)) for text in self.allow]

    def allows(self, url: str) -> bool:
        """Whether the address may be requested at all."""
        return any(pattern.fullmatch(url) for pattern in self._allowed)


def _pattern(text: str) -> str:
    try:
        re.compile(text.replace("{base}", ""))
    except re.error as error:
        raise ValueError(f"{text} is no regular expression: {error}") from error
    return text


def shipped() -> list[str]:
    """The names of the plans that come with the package."""
    return sorted(path.stem for path in package_file("crawl", "plans").glob("*.yaml"))


def load_plan(named: str, changes: dict[str, object] | None = None) -> Plan:
    """The plan of this name or in this YAML file, with some settings changed; a site spec is a plan too.

    A name is looked for among the specs in `sites/`, the shipped plans and the bundled specs. Raises ConfigError with one
    line: no such plan, no terms of use or none that are cleared, an unknown key or a value that cannot be.
    """
    path = Path(named)
    if path.suffix not in {".yaml", ".yml"}:
        own, path = catalog.OWN / f"{named}.yaml", package_file("crawl", "plans", f"{named}.yaml")
        if "/" in named or own.is_file() or not path.is_file():
            return _of_spec(named, changes or {})
    values = config.read_mapping(path)
    if values.keys() & {"layouts", "like", "python"}:
        return _of_spec(str(path), changes or {})
    if not values.get("terms"):
        raise ConfigError(f"{path}: key 'terms' is missing; {_TERMS_HINT}")
    return config.make_settings({**values, **(changes or {})}, str(path), Plan)


def _of_spec(named: str, changes: dict[str, object]) -> Plan:
    """The plan that a site spec states: its lists and dialogue pages below `allow`, from `start` on."""
    spec, path = catalog.find(named)
    if not spec.terms.cleared:
        bundled = path.is_relative_to(package_file("sites", "specs"))
        copy = (
            f"in a copy (mkdir -p sites; cmtmedqa site show {spec.site} > sites/{spec.site}.yaml)"
            if bundled
            else f"in {path}"
        )
        raise ConfigError(
            f"{spec.site}: its terms of use are not cleared; read them, then state {copy} under terms: "
            "checked_by, checked_on, note, cleared: true"
        )
    if not spec.start:
        raise ConfigError(f"{path}: key 'start' is empty; name the addresses that a crawl begins with")
    wanted = "|".join(_NAMED_GROUP.sub("(?:", pattern) for pattern in (*spec.follow, *spec.page))
    values: dict[str, object] = {
        "site": spec.site,
        "version": str(spec.version),
        "seeds": spec.start,
        "allow": [
            *(re.escape(seed) for seed in spec.start),
            *(f"(?=.*?(?:{one}))(?=.*?(?:{wanted})).*" for one in spec.allow),
        ],
        "terms": {"url": spec.terms.url, **spec.terms.model_dump(include={"checked_by", "checked_on", "note"})},
        "delay": spec.delay,
        "max_pages": spec.max_pages,
    }
    return config.make_settings({**values, **changes}, str(path), Plan)
