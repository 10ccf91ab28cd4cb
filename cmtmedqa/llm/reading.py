"""A second reader: a model that reads original and rewrite, and decides in place of the gates that only guess.

It sees these two texts and a shipped instruction, never a patient's words. What it says differs it must quote; a reader that gives no
usable answer decides nothing, so that no rewrite stands because a call failed.
"""

import json
import re
import unicodedata
from functools import cache
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from cmtmedqa.errors import ConfigError
from cmtmedqa.judgements import Message
from cmtmedqa.llm import gates
from cmtmedqa.llm.client import Client, Failure
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.passages import NotDeidentified, cleared
from cmtmedqa.llm.request import Call, Request, seed_of
from cmtmedqa.paths import package_file

PROMPT, VERSION = "reader", "1"
# The walk through both texts is written down before the verdict, so an answer is longer than what it reads.
_TOKENS_OF_A_CHARACTER, _LEAST_TOKENS = 4, 1_024
_SHAPE = "需要一个 JSON 对象，键为 lost、changed（每项含 original 与 rewrite）、added、same"
_CONTRADICTION = "same 与列表矛盾：三个列表都为空时 same 为 true，否则为 false"
_NO_QUOTE = "lost 与 original 须逐字抄自原文，added 与 rewrite 须逐字抄自改写，且 original 与 rewrite 不同"
_LEFT_OUT = re.compile(r"…+|\.{3,}")

Said = Literal["same", "different", "undecided"]


class Change(BaseModel):
    """A passage of the original, and the passage of the rewrite that says something else in its place."""

    model_config = ConfigDict(frozen=True)
    original: str
    rewrite: str


class Answer(BaseModel):
    """What a reader answers: passages of the original that are lost, passages that were changed, and what was added."""

    model_config = ConfigDict(frozen=True)
    lost: tuple[str, ...]
    changed: tuple[Change, ...]
    added: tuple[str, ...]
    same: bool


class Reading(NamedTuple):
    """What the reader decided, and why: the passages that differ, or the reason for which it decided nothing."""

    said: Said
    why: str = ""


class Verdict(NamedTuple):
    """What becomes of one rewrite: `accepted`, `unchanged`, `reader`, or the gate that refuses it and what that has `seen`.

    With a reader also what it said and why, and what the gates that it stands in for saw (`rules`, () where they would accept).
    """

    outcome: str
    seen: str = ""
    reader: Said | Literal[""] = ""
    why: str = ""
    rules: tuple[gates.Fault, ...] = ()


def models(model: Endpoint, reader: Endpoint | None) -> list[Endpoint]:
    """The models of a run, one where both are the same. Raises ConfigError where two have one name: the ledger knows no other."""
    if reader is None or reader == model:
        return [model]
    if reader.name == model.name:
        raise ConfigError(f"--reader: another model than --model, and both are called {model.name}; rename one of them")
    return [model, reader]


async def decide(original: str, rewritten: str, where: str, reader: Endpoint | None, client: Client) -> Verdict:
    """Whether a rewrite may stand: no hard gate refuses it, and the reader (without one, the soft gates) finds the same said.

    Raises what `Client.ask` raises.
    """
    if rewritten == original.strip():
        return Verdict("unchanged")
    found = gates.faults(original, rewritten)
    by_rules = Verdict(found[0].gate, found[0].seen) if found else Verdict("accepted")
    if reader is None or any(fault.gate in gates.HARD for fault in found):
        return by_rules
    reading = await read(original, rewritten, where, reader, client)
    decided = {"same": Verdict("accepted"), "different": Verdict(PROMPT), "undecided": by_rules}[reading.said]
    return decided._replace(reader=reading.said, why=reading.why, rules=tuple(found))


async def read(original: str, rewritten: str, where: str, reader: Endpoint, client: Client) -> Reading:
    """What a model says of one rewrite."""
    try:
        passages = (cleared(original, where), cleared(rewritten, where))
    except NotDeidentified as refused:
        return Reading("undecided", str(refused))
    call = Call(request=request_of(original, rewritten, reader), passages=passages)
    answer = await client.ask(call, check=lambda text: _wrong(text, original, rewritten))
    if isinstance(answer, Failure):
        return Reading("undecided", ": ".join(filter(None, answer)))
    return reading_of(answer.text, original, rewritten)


def request_of(original: str, rewritten: str, reader: Endpoint) -> Request:
    """What a reader is asked. The seed comes from the texts, so that equal pairs are read once."""
    return Request(
        endpoint=reader.name,
        model=reader.model or reader.name,
        messages=(
            Message(role="system", content=_told()),
            Message(role="user", content=f"【原文】\n{original}\n\n【改写】\n{rewritten}"),
        ),
        max_tokens=_LEAST_TOKENS + _TOKENS_OF_A_CHARACTER * (len(original) + len(rewritten)),
        seed=seed_of(PROMPT, original, rewritten),
        prompt=PROMPT,
        prompt_version=VERSION,
    )


def is_read(original: str, rewritten: str) -> bool:
    """Whether a reader is asked for a rewrite at all: it differs, and no hard gate refuses it."""
    found = gates.faults(original, rewritten)
    return rewritten != original.strip() and not any(fault.gate in gates.HARD for fault in found)


def reading_of(text: str, original: str, rewritten: str) -> Reading:
    """What an answer says of a rewrite; `undecided` where it has no usable object, contradicts itself or quotes nothing."""
    if wrong := _wrong(text, original, rewritten):
        return Reading("undecided", wrong)
    answer = answer_of(text)
    assert answer is not None, "an answer without its object is wrong"
    why = "; ".join(_differences(answer, original, rewritten)).encode("utf-8", "replace").decode()  # half a character
    return Reading("different", why) if why else Reading("same")


def answer_of(text: str) -> Answer | None:
    """The last JSON object of a reply, after whatever was thought before it; None where it is no answer of this shape."""
    decoder, place, last = json.JSONDecoder(strict=False), 0, None
    while (place := text.find("{", place)) >= 0:
        try:
            last, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            last, place = None, place + 1  # an object that breaks off is no answer, nor is a draft before it
    try:
        return Answer.model_validate(last)
    except ValidationError:
        return None


def _wrong(text: str, original: str, rewritten: str) -> str | None:
    """What a reader is told of an answer that cannot be used. One quote that stands is enough to say that something differs."""
    answer = answer_of(text)
    if answer is None:
        return _SHAPE
    if answer.same == any((answer.lost, answer.changed, answer.added)):
        return _CONTRADICTION
    return None if answer.same or _differences(answer, original, rewritten) else _NO_QUOTE


def _differences(answer: Answer, original: str, rewritten: str) -> list[str]:
    """The differences whose quotes stand in the texts; what a model made up is no evidence."""
    lost = [f"lost “{quote}”" for quote in answer.lost if _stands(quote, original)]
    changed = [
        f"“{change.original}” became “{change.rewrite}”"
        for change in answer.changed
        if change.original.strip() != change.rewrite.strip()
        and _stands(change.original, original)
        and _stands(change.rewrite, rewritten)
    ]
    return [*lost, *changed, *(f"added “{quote}”" for quote in answer.added if _stands(quote, rewritten))]


def _stands(quote: str, text: str) -> bool:
    """Whether a quote is taken from a text, whatever its punctuation and width; parts may be left out with an ellipsis."""
    parts = [bare for part in _LEFT_OUT.split(quote) if (bare := _bare(part))]
    return bool(parts) and all(part in _bare(text) for part in parts)


def _bare(text: str) -> str:
    return "".join(mark for mark in unicodedata.normalize("NFKC", text).casefold() if mark.isalnum())


@cache
def _told() -> str:
    return package_file("llm", "prompt_texts", f"{PROMPT}-{VERSION}.txt").read_text(encoding="utf-8").strip()
