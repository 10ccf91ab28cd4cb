"""What a site spec may say. One YAML file a site; an unknown key, selector or pattern that does not compile is an error."""

import codecs
import datetime
import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from cmtmedqa.config import Settings
from cmtmedqa.records import Role

if TYPE_CHECKING:
    from cmtmedqa.sites.selectors import Rule

Reason = Literal[
    "soft_404", "private", "phone", "verification", "wrong_page", "not_a_dialogue", "voice", "gift", "advert", "notice", "other_user",
]  # fmt: skip


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error.msg}") from error
    return text


def _codec(text: str) -> str:
    try:
        return codecs.lookup(text).name
    except LookupError as error:
        raise ValueError("is no encoding that Python knows") from error


def _path(text: str | None) -> str | None:
    import jmespath

    try:
        if text is not None:
            jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"does not compile: {str(error).splitlines()[0]}") from error
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


class Select(Settings):
    """Where something stands on a page; plain text is a CSS selector. Exactly one of css, xpath, jmespath."""

    css: str | None = Field(None, description="CSS selector, with ::text and ::attr(name) as in parsel")
    xpath: str | None = Field(None, description="XPath 1.0, relative to the message or the page; re:test() works")
    jmespath: str | None = Field(None, description="JMESPath in the page's JSON")
    otherwise: tuple[str, ...] = Field(
        (), description="selectors of the same kind, tried in order where this finds no text"
    )
    drop: tuple[str, ...] = Field((), description="CSS selectors of what inside is no part of the text")
    breaks: tuple[str, ...] = Field((), description="CSS selectors of what inside begins a line")
    match: Pattern | None = Field(None, description="keep only what matches: the first group, or all of the match")
    strip: tuple[Pattern, ...] = Field((), description="patterns that are removed from the text")
    first: bool = Field(False, description="only the first of several")
    longest: bool = Field(False, description="only the one of several that holds most text")

    @cached_property
    def rule(self) -> "Rule":
        """What it says as it is run, compiled once."""
        from cmtmedqa.sites.selectors import rule_of

        return rule_of(self)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        return {"css": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _compiles(self) -> "Select":
        from cmtmedqa.sites.selectors import compile_all

        if sum(item is not None for item in (self.css, self.xpath, self.jmespath)) != 1:
            raise ValueError("needs exactly one of css, xpath and jmespath")
        compile_all(self)
        return self


class Refuse(Select):
    """A sign that a page holds no dialogue, or that one of its cards is no message."""

    reason: Reason
    always: bool = Field(False, description="of a page: even if it holds a dialogue")
    empty: bool = Field(False, description="of a card: only where it has no text of its own")


class RoleCase(Settings):
    """The role of a message where `when` finds something; a case without `when` fits all the rest."""

    role: Role
    when: Select | None = None


class Plan(NamedTuple):
    """Of a block, what may find anything on a page: most classes of a spec are on none of it."""

    skip: tuple[Refuse, ...]
    empty: tuple[Refuse, ...]
    role: tuple[RoleCase, ...]
    text: tuple[Select, ...]


class Block(Settings):
    """Messages of one kind, in the order of the page."""

    each: Select | None = Field(None, description="the messages; without it what the block stands in is the message")
    skip: tuple[Refuse, ...] = Field((), description="cards that are no messages: counted by reason")
    role: Annotated[tuple[RoleCase, ...], Field(min_length=1)]
    text: Annotated[tuple[Select, ...], Field(min_length=1)]

    @cached_property
    def plans(self) -> dict[frozenset[str] | None, Plan]:
        """Plans by the classes of a page; None: of JSON."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _one_role(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("role"), str):
            return {**value, "role": ({"role": value["role"]},)}
        return value


class Layout(Settings):
    """One layout of a site's pages. `thread` makes a dialogue of each answer; without it the page is one dialogue."""

    name: str
    when: Select | None = Field(None, description="the layout is tried where this finds something")
    json_after: Pattern | None = Field(None, description="the page's JSON begins behind this pattern")
    json_within: Annotated[str | None, AfterValidator(_path)] = Field(
        None, description="JMESPath to the part of that JSON in which the selectors look"
    )
    json_ld: str | None = Field(None, description="or: it is the JSON-LD object of this @type")
    title: Select | None = None
    departments: Select | None = None
    diseases: Select | None = None
    sex: Select | None = None
    age: Select | None = None
    time: Select | None = None
    summary: Select | None = None
    question: tuple[Select, ...] = Field((), description="parts of the patient's first turn")
    thread: Select | None = None
    turns: Annotated[tuple[Block, ...], Field(min_length=1)]


class Terms(Settings):
    """Who read the terms of the site, when, and what they allow."""

    checked_by: str
    checked_on: datetime.date
    note: str
    url: str = Field("", description="where they stand")
    cleared: bool = Field(False, description="whether they allow the crawl; without it cmtmedqa crawl does not start")


class Require(Settings):
    """The contract: a dialogue that breaks it is rejected with the field. U+FFFD in a turn always breaks it."""

    turns_min: int = Field(2, ge=1)
    first_role: Role | None = "patient"
    roles: tuple[Role, ...] = ("patient", "doctor")
    fields: tuple[Literal["title", "departments", "diseases", "sex", "age", "url"], ...] = ()


class Spec(Settings):
    """A site: where its pages are, what a page of it looks like, and what a dialogue of it must have."""

    site: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
    version: Annotated[int, Field(ge=1)]
    aliases: tuple[str, ...] = Field((), description="other names: hosts, numbers, names of layouts")
    license: str = "unknown"
    terms: Terms
    delay: float = Field(2.0, ge=0.0, description="seconds between two requests to the site")
    max_pages: int = Field(10_000, ge=1)
    encoding: Annotated[str, AfterValidator(_codec)] | None = Field(None, description="forced; else the bytes decide")
    start: tuple[str, ...] = Field((), description="addresses a crawl begins with")
    allow: tuple[Pattern, ...] = Field((), description="only addresses that match are requested")
    follow: tuple[Pattern, ...] = Field((), description="pages whose links are followed")
    page: tuple[Pattern, ...] = Field((), description="addresses of dialogue pages; groups `id` and `page`")
    page_id: tuple[Select, ...] = Field((), description="where a page states its own id or address")
    refuse: tuple[Refuse, ...] = ()
    layouts: tuple[Layout, ...] = ()
    like: tuple[str, ...] = Field((), description="sites whose layouts, addresses and refusals are taken over")
    spaces: tuple[str, ...] = Field(
        (), description="set with `like`: the site of each pattern of `page`; ids count within it"
    )
    python: str | None = Field(None, description="a Python file beside the spec with extract(html, url)")
    require: Require = Require()

    @model_validator(mode="after")
    def _extracts(self) -> "Spec":
        if bool(self.layouts or self.like) == bool(self.python):
            raise ValueError("needs either layouts (or like) or python")
        for pattern in self.page:
            if "id" not in re.compile(pattern).groupindex:
                raise ValueError("page: a pattern lacks the group (?P<id>…)")
        return self
