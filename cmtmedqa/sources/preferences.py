"""Adapters of preference data. Their dialogue is the prompt; candidate replies go along in `extra`."""

import re
from collections.abc import Iterator

from cmtmedqa.sources.chat_lists import turns_of_history, turns_of_messages
from cmtmedqa.sources.fields import Fields, identifier, present, rest, text
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_DPO_FIELDS = (
    "id", "conversations", "messages", "prompt", "question", "instruction", "input", "history", "system",
)  # fmt: skip
_RESPONSE = re.compile(r"response_?([0-9]+)")


def responses(record: Fields) -> list[str]:
    """The keys `response_0` ... in the order of their numbers."""
    found = [(int(mark[1]), key) for key in record if isinstance(key, str) and (mark := _RESPONSE.fullmatch(key))]
    return [key for _, key in sorted(found)]


def is_ranking(record: Fields) -> bool:
    """`query` with candidates `response_0`, `response_1` ..., or our own `responses`."""
    listed = record.get("responses")
    return "query" in record and (bool(responses(record)) or (isinstance(listed, list) and bool(listed)))


def ranking(record: Fields, key: str) -> Iterator[Mapped | Unreadable]:
    """The prompt is history and query; K comes from the record."""
    history = turns_of_history(record.get("history"))
    if history is None:
        yield Unreadable("bad_history", "history is no list of [question, answer]", id=identifier(record, "id") or key)
        return
    turns = [*history, ("patient", text(record["query"]))]
    keys = responses(record)
    listed = record.get("responses")
    candidates = [text(record[name]) for name in keys] or (
        [text(item.get("text")) if isinstance(item, dict) else text(item) for item in listed]
        if isinstance(listed, list)
        else []
    )
    extra = rest(record, "query", "history", "id", "responses", *keys)
    yield Mapped(turns, id=identifier(record, "id") or key, extra=extra | {"candidates": candidates})


def is_dpo(record: Fields) -> bool:
    """`chosen` and `rejected`, or `response_chosen` and `response_rejected`."""
    return any(f"{before}chosen" in record and f"{before}rejected" in record for before in ("", "response_"))


def dpo(record: Fields) -> Iterator[Mapped | Unreadable]:
    """`conversations`, `prompt`, `question` or `instruction`, with `chosen` and `rejected` as string, object or list."""
    history = turns_of_history(record.get("history"))
    if history is None:
        yield Unreadable("bad_history", "history is no list of [question, answer]", id=identifier(record, "id"))
        return
    turns = _prompt(record, history)
    before = "" if "chosen" in record and "rejected" in record else "response_"
    chosen, rejected = record[f"{before}chosen"], record[f"{before}rejected"]
    if not turns:
        # Implicit prompt: both lists hold the whole conversation.
        both = (turns_of_messages(chosen), turns_of_messages(rejected))
        if len(both[0]) < 2 or both[0][:-1] != both[1][:-1]:
            yield Unreadable(
                "no_prompt",
                "neither a prompt nor a shared beginning of chosen and rejected",
                id=identifier(record, "id"),
            )
            return
        turns = both[0][:-1]
    extra = rest(record, *_DPO_FIELDS, f"{before}chosen", f"{before}rejected") | {
        "chosen": reply(chosen),
        "rejected": reply(rejected),
    }
    yield Mapped(turns, id=identifier(record, "id"), extra=extra)


def _prompt(record: Fields, history: list[RawTurn]) -> list[RawTurn]:
    system: list[RawTurn] = [("system", said)] if (said := text(record.get("system"))) else []
    for key in ("conversations", "prompt", "messages"):
        if found := turns_of_messages(record.get(key)):
            return found if found[0][0] == "system" else system + found
    turns = list(history)
    question = next(
        (text(record[key]) for key in ("prompt", "question", "instruction") if present(record.get(key))), ""
    )
    added = text(record.get("input"))
    if question:
        turns.append(("patient", f"{question}\n{added}" if added.strip() else question))
    return system + turns if turns else []


def reply(value: object) -> str:
    """The text of a reply given as string, `{from, value}`, `{role, content}` or a list that ends with it."""
    if isinstance(value, list):
        value = value[-1] if value else ""
    if isinstance(value, dict):
        value = value.get("value", value.get("content", value.get("text")))
    return text(value)
