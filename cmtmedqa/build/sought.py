"""By what the records that go are known in files beside a dataset: id, page, hash of their text, their turns, the beginning of them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from cmtmedqa.build import forgotten, trace
from cmtmedqa.build.forget import SEARCHED, Request
from cmtmedqa.dedup.signatures import digest_text, digests, keys_column
from cmtmedqa.sources.mapped import Mapped, content_id
from cmtmedqa.sources.route import adapt

_IDS = ("id", "dialogue_id")
_LISTS = ("prompt", "conversations", "messages", "turns")
_TEXTS = ("text", "content", "value")


class Sought(NamedTuple):
    """ids, hashes of page addresses, places of pages, dialogues as lists of turns, and the hashes of the list of removed ones.

    `urls` and `pages` grow while parsed records are read: they name further pages of the same dialogue.
    """

    ids: frozenset[str]
    urls: set[str]
    pages: set[tuple[str, int]]
    dialogues: list[list[str]]
    barred: forgotten.Forgotten

    def longer(self) -> list[list[str]]:
        """Of each dialogue the turns that are long enough to be searched for; without those that have none."""
        return [found for turns in self.dialogues if (found := [text for text in turns if len(text) >= SEARCHED])]


def sought(request: Request, url_hashes: Iterable[str], barred: forgotten.Forgotten, ids: Iterable[str] = ()) -> Sought:
    """What is known of the records of a request, and of all that were removed before."""
    urls = {*url_hashes, *(row["url_hash"] for row in request.rows if row["url_hash"]), *barred.url}
    stored = [row["warc"] for row in request.rows if row.get("warc")]
    dialogues = [[turn["text"] for turn in turns] for turns in request.turns.values()]
    return Sought(request.ids | {*ids}, urls, {(item["file"], item["offset"]) for item in stored}, dialogues, barred)


def is_of(value: object, wanted: Sought) -> bool:
    """Whether a record is one of those that go, is made of one, or holds the beginning of one."""
    if not isinstance(value, dict):
        return False
    extra = _object(value.get("extra"))
    stated = {str(item) for item in (value.get("url"), extra.get("url"), *_list(extra.get("urls"))) if item}
    stored = {place for item in (value, extra) for place in _pages_of(item)}
    known = (
        any(value.get(name) in wanted.ids for name in _IDS if isinstance(value.get(name), str))
        or any(trace.url_hash(url) in wanted.urls for url in stated)
        or bool(stored & wanted.pages)
        or _says(list(texts_of(value)), wanted.longer())
        or _is_spoken(value, wanted)
    )
    if known:
        wanted.urls.update(trace.url_hash(url) for url in stated)
        wanted.pages.update(stored)
    return known


def _is_spoken(value: dict[str, Any], wanted: Sought) -> bool:
    """Whether its dialogue has a barred hash, or is the beginning of one of the dialogues, as prompts and trimmed exports are."""
    mapped = [item for item in _mapped(value) if isinstance(item, Mapped)]
    spoken = [[(role, text) for role, text in item.turns if role != "system"] for item in mapped]
    if any(content_id(item.turns) in wanted.barred.content for item in mapped):
        return True
    if wanted.barred.digest and any(_digest(turns) in wanted.barred.digest for turns in spoken if turns):
        return True
    talks = [[text for _, text in turns] for turns in spoken] + [_talk(value[name]) for name in _LISTS if name in value]
    return any(_begins(talk, turns) for talk in talks for turns in wanted.dialogues)


def _mapped(value: dict[str, Any]) -> Iterator[object]:
    try:
        yield from adapt(value, 0)
    except RecursionError:
        return


def _digest(turns: Sequence[tuple[str, str]]) -> str:
    texts = pa.array([text.encode("utf-8", "replace").decode() for _, text in turns], pa.string())
    return digest_text(digests(keys_column(texts, np.array([0, len(texts)])))[0])


def _talk(value: object) -> list[str]:
    """The texts of a list of messages, in order, without what is said by nobody."""
    messages = [item for item in _list(value) if isinstance(item, dict) and item.get("role") != "system"]
    return [str(next((item[name] for name in _TEXTS if name in item), "")) for item in messages]


def _begins(talk: Sequence[str], turns: Sequence[str]) -> bool:
    return bool(talk) and len(talk[0]) >= SEARCHED and list(talk) == list(turns[: len(talk)])


def _pages_of(value: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for item in (value.get("warc"), *_list(value.get("warc_pages"))):
        if isinstance(item, dict) and isinstance(item.get("file"), str) and isinstance(item.get("offset"), int):
            yield item["file"], item["offset"]


def _object(value: object) -> dict[str, Any]:
    """An object, also one that is written as a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def texts_of(value: object) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_of(item)


def _says(texts: Sequence[str], dialogues: Sequence[Sequence[str]]) -> bool:
    """Whether one of the dialogues stands in the texts, every longer turn of it."""
    return any(all(any(turn in text for text in texts) for turn in turns) for turns in dialogues)


def files_in(place: Path) -> Iterator[Path]:
    """A file, or all files of a folder but hidden ones."""
    if place.is_file():
        yield place
    else:
        yield from (item for item in place.rglob("*") if item.is_file() and not item.name.startswith("."))
