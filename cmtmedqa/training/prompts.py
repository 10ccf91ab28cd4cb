"""Which prompts PPO answers: dialogues up to an informative turn of the patient, in an order that depends on the seed alone."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from cmtmedqa.errors import InputError
from cmtmedqa.farewell import is_farewell
from cmtmedqa.recipes.grpo import GrpoRun
from cmtmedqa.recipes.ppo import PpoRun
from cmtmedqa.training import template
from cmtmedqa.training.comparisons import judgement_files
from cmtmedqa.training.data import (
    Conversation,
    Messages,
    cut_left,
    is_dataset,
    read_conversations,
    require_some,
    rows_of,
)

_JUDGED = frozenset({"candidates", "ranking_id"})
_FILES = frozenset({".jsonl", ".json", ".parquet"})


class Prompt(NamedTuple):
    """A conversation that ends with the patient, cut to its room, and its tokens with the generation prompt."""

    id: str
    messages: Messages
    ids: list[int]


def seed_of(*parts: object) -> int:
    """A seed below 2^63 that is a function of its parts alone; no generator has to outlive a step."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def read_prompts(settings: PpoRun | GrpoRun, tokenizer: Any, counts: Counter[str]) -> tuple[list[Prompt], list[Prompt]]:
    """(train, held out) prompts of `data` and `eval_data`; the latter at most `eval_prompts`, one a dialogue.

    Held out are `eval_data`, else what the data itself has in its dev split, else a share of the dialogues by a hash of their id.
    Raises InputError when nothing is left to answer.
    """
    room = settings.max_length - settings.max_new_tokens
    rows = _read(settings.data, "train", counts)
    held = _read(settings.eval_data or settings.data, "all" if settings.eval_data else "dev", Counter())
    if not held:
        held = [row for row in rows if seed_of("held out", row.id) / 2**63 < settings.eval_share]
        names = {row.id for row in held}
        rows = [row for row in rows if row.id not in names]
    train = prompts(rows, settings.prompts, tokenizer, room, counts)
    require_some(train, settings.data, counts)
    dev = sorted(prompts(held, "one", tokenizer, room, Counter()), key=lambda prompt: seed_of("held out", prompt.id))
    counts["prompts"], counts["prompts_held_out"] = len(train), min(len(dev), settings.eval_prompts)
    return train, dev[: settings.eval_prompts]


def _read(paths: Sequence[str], split: Literal["train", "dev", "all"], counts: Counter[str]) -> list[Conversation]:
    """Dialogues, and the prompts of rankings and candidates.

    A dataset gives its train or (for `all`, which is held out) its dev split; a file of dialogues has no split and is all train.
    """
    found: list[Conversation] = []
    for path in paths:
        if is_dataset(path):
            found += read_conversations([path], "train" if split == "train" else "dev", counts)
        elif judged := list(_judged(Path(path))):
            rows = [row for row, where in judged if split in {where, "all"}]
            found += rows
            counts["read"] += len(rows)
        elif split != "dev":
            found += read_conversations([path], "train", counts)
    return found


def _judged(path: Path) -> Iterator[tuple[Conversation, str]]:
    """(prompt, split) of each prompt in files of `CandidateSet`, `Ranking` or `Preference` records, once; nothing for other files."""
    seen = set()
    for file in judgement_files(path):
        if file.suffix not in _FILES or not _is_judged(file):
            continue
        for row in rows_of(file):
            if not _holds_a_prompt(row):
                raise InputError(f"{file}: holds rows with and without a prompt; put them into files of their own")
            messages = [{"role": str(m["role"]), "content": str(m["content"])} for m in row["prompt"]]
            name = seed_of(row.get("dialogue_id"), messages)
            if name not in seen:
                seen.add(name)
                yield Conversation(str(row.get("dialogue_id")), messages), str(row.get("split") or "train")


def _is_judged(file: Path) -> bool:
    """By its first row; what cannot be read here may be a shape of dialogues."""
    try:
        return _holds_a_prompt(next(rows_of(file), None))
    except InputError:
        return False


def _holds_a_prompt(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("prompt"), list) and bool(row.keys() & _JUDGED)


def prompts(
    rows: Sequence[Conversation], which: Literal["one", "all"], tokenizer: Any, limit: int, counts: Counter[str]
) -> list[Prompt]:
    """The prompts of some dialogues: each informative patient turn, or one of them chosen by the dialogue's id.

    A conversation that ends with the patient is a prompt as it stands: somebody chose that turn.
    A farewell asks for nothing and is no prompt. A prompt loses whole exchanges on the left until it fits into `limit` tokens.
    """
    marks = template.control_marks(tokenizer)
    found = []
    for row in rows:
        ends = _informative(row.messages)
        if not ends:
            counts["dropped_without_a_question"] += 1
            continue
        if ends[-1] == len(row.messages) - 1:
            chosen = ends[-1:]
        else:
            chosen = ends if which == "all" else [ends[seed_of("prompt", row.id) % len(ends)]]
        for end in chosen:
            fitted = _fitted(row.messages[: end + 1], tokenizer, limit, marks, counts)
            if fitted is not None:
                found.append(Prompt(f"{row.id}:{end}", fitted, template.prompt_ids(tokenizer, fitted)))
    return found


def _informative(messages: Messages) -> list[int]:
    return [
        place
        for place, message in enumerate(messages)
        if message["role"] == "user" and message["content"].strip() and not is_farewell("patient", message["content"])
    ]


def _fitted(
    messages: Messages, tokenizer: Any, limit: int, marks: Sequence[str], counts: Counter[str]
) -> Messages | None:
    if any(mark in message["content"] for message in messages for mark in marks):
        counts["dropped_control_token"] += 1
        return None
    opening = len(tokenizer(f"{template.START}assistant\n", add_special_tokens=False)["input_ids"])
    return cut_left(messages, template.lengths(tokenizer, messages), limit - opening, counts)


def order_of(seed: int, iteration: int, size: int, count: int) -> list[int]:
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
