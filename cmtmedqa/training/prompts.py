"""Which prompts PPO answers: dialogues up to an informative turn of the patient, in an order that depends on the seed alone."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from cmtmedqa.errors import InputError
from cmtmedqa.farewell import is_farewell
from cmtmedqa.training import template
from cmtmedqa.training.data import Conversation, Messages, trim_left


class Prompt(NamedTuple):
    """A conversation that ends with the patient, and its tokens with the generation prompt."""

    id: str
    messages: Messages
    ids: list[int]


def seed_of(*parts: object) -> int:
    """A seed below 2^63 that is a function of its parts alone; no generator has to outlive a step."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def prompts(
    rows: Sequence[Conversation], which: Literal["one", "all"], tokenizer: Any, limit: int, counts: Counter[str]
) -> list[Prompt]:
    """The prompts of some dialogues: each informative patient turn, or one of them chosen by the dialogue's id.

    A farewell asks for nothing and is no prompt. A prompt loses whole exchanges on the left until it fits into `limit` tokens.
    """
    marks = template.control_marks(tokenizer)
    found = []
    for row in rows:
        ends = _informative(row.messages)
        if not ends:
            counts["dropped_without_a_question"] += 1
            continue
        chosen = ends if which == "all" else [ends[seed_of("prompt", row.id) % len(ends)]]
        for end in chosen:
            messages = row.messages[: end + 1]
            reason, ids = _fitted(messages, tokenizer, limit, marks, counts)
            if reason:
                counts[reason] += 1
            else:
                found.append(Prompt(f"{row.id}:{end}", messages, ids))
    return found


def _informative(messages: Messages) -> list[int]:
    return [
        place
        for place, message in enumerate(messages)
        if message["role"] == "user" and message["content"].strip() and not is_farewell("patient", message["content"])
    ]


def _fitted(
    messages: Messages, tokenizer: Any, limit: int, marks: Sequence[str], counts: Counter[str]
) -> tuple[str, list[int]]:
    if any(mark in message["content"] for message in messages for mark in marks):
        return "dropped_control_token", []
    opening = len(tokenizer(f"{template.START}assistant\n", add_special_tokens=False)["input_ids"])
    trimmed = trim_left(messages, template.lengths(tokenizer, messages), limit - opening)
    if trimmed is None:
        return "dropped_too_long", []
    counts["left_trimmed"] += len(trimmed) < len(messages)
    return "", template.prompt_ids(tokenizer, trimmed)


def rows_of(seed: int, iteration: int, size: int, count: int) -> list[int]:
    """The numbers of the `size` prompts of an iteration (from 0), out of `count`: a shuffle per epoch, without a gap between epochs."""
    if not count:
        raise InputError("there is no prompt to answer")
    start = iteration * size
    epochs = {epoch: _shuffled(seed, epoch, count) for epoch in range(start // count, (start + size - 1) // count + 1)}
    return [epochs[place // count][place % count] for place in range(start, start + size)]


def _shuffled(seed: int, epoch: int, count: int) -> list[int]:
    order: list[int] = np.random.default_rng(seed_of("order", seed, epoch)).permutation(count).tolist()
    return order


def mini_batches(seed: int, iteration: int, epoch: int, rank: int, count: int, size: int) -> Iterator[list[int]]:
    """The rows of a process's rollout in the mini-batches of one pass."""
    order = np.random.default_rng(seed_of("update", seed, iteration, epoch, rank)).permutation(count).tolist()
    yield from (order[start : start + size] for start in range(0, count, size))
