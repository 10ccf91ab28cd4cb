"""Prompts for candidate replies: a dialogue up to an informative turn, and a stratified sample of them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.export.dataset import read_dataset
from cmtmedqa.informative import Which, turns_to_judge
from cmtmedqa.io import canonical_json
from cmtmedqa.judgements import Message
from cmtmedqa.records import DEPARTMENTS, Department, Dialogue

_ROLES = {"patient": "user", "doctor": "assistant", "system": "system"}
# Rounds of a conversation behind which prompts are counted as one stratum.
_LAST_POSITION = 5


class Prompt(NamedTuple):
    """What a reply is asked for. `position` is the round (from 1) of the patient's turn; `cut` the turns left out at the left.

    `reference` is what the doctor of the source replied, "" where the source holds no reply.
    """

    id: str
    dialogue_id: str
    messages: tuple[Message, ...]
    department: Department
    position: int
    stratum: str = ""
    cut: int = 0
    reference: str = ""


def read_prompts(source: Path, split: str, which: Which, most_chars: int, stratum: str) -> Iterator[Prompt]:
    """The prompts of a built dataset's split, or of a JSON Lines file of `prompt` lists.

    Raises InputError, also where there is none.
    """
    found = False
    if source.is_dir():
        for dialogue in read_dataset(source, split):
            for prompt in prompts_of(dialogue, which, most_chars, stratum):
                found = True
                yield prompt
        if not found:
            raise InputError(f"{source}: holds no informative turn with a reply in split '{split}'")
    elif source.is_file():
        for prompt in _listed(source, most_chars, stratum):
            found = True
            yield prompt
        if not found:
            raise InputError(f"{source}: holds no prompt; write one a line, as `cmtmedqa evaluate prompts` does")
    else:
        raise InputError(f"{source}: is no folder of a dataset and no file of prompts")


def prompts_of(dialogue: Dialogue, which: Which, most_chars: int, stratum: str = "") -> Iterator[Prompt]:
    """The prompts that one dialogue gives, one for each turn that is to be judged."""
    for place in turns_to_judge(dialogue.turns, which):
        said = dialogue.turns[: place + 1]
        messages = tuple(Message.model_validate({"role": _ROLES[turn.role], "content": turn.text}) for turn in said)
        prompt = _prompt(dialogue.id, messages, dialogue.department or "其他", most_chars, stratum)
        yield prompt._replace(reference=dialogue.turns[place + 1].text)


def _prompt(dialogue_id: str, messages: tuple[Message, ...], department: str, most_chars: int, stratum: str) -> Prompt:
    kept = left_trimmed(messages, most_chars)
    digest = hashlib.sha256(canonical_json([dialogue_id, [m.model_dump() for m in messages]]).encode()).hexdigest()
    position = sum(message.role == "user" for message in messages)
    return Prompt(
        f"s{digest[:16]}", dialogue_id, kept, cast(Department, department), position, stratum, len(messages) - len(kept)
    )


def left_trimmed(messages: tuple[Message, ...], most_chars: int) -> tuple[Message, ...]:
    """The last messages that fit in `most_chars` characters, from a patient's turn on; the last turn always stays.

    A system message at the head stays as well.
    """
    head = messages[:1] if messages[0].role == "system" else ()
    spoken = messages[len(head) :]
    used, first = 0, len(spoken) - 1
    for place in range(len(spoken) - 1, -1, -1):
        used += len(spoken[place].content)
        if used > most_chars and place < len(spoken) - 1:
            break
        if spoken[place].role == "user":
            first = place
    return (*head, *spoken[first:])


def _listed(path: Path, most_chars: int, stratum: str) -> Iterator[Prompt]:
    seen: dict[str, int] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = json.loads(line.decode("utf-8-sig"))
                messages = tuple(Message.model_validate(message) for message in row["prompt"])
            except UnicodeDecodeError as error:
                raise InputError(f"{where}: is not UTF-8") from error
            except (ValueError, KeyError, TypeError, ValidationError) as error:
                raise InputError(
                    f"{where}: must be an object with a list `prompt` of messages (role, and content that is not empty)"
                ) from error
            if not messages or messages[-1].role != "user":
                raise InputError(f"{where}: the prompt must end with a message of the patient (role user)")
            department = row.get("department") or "其他"
            if department not in DEPARTMENTS:
                raise InputError(f"{where}: no department of this name; there are: {', '.join(DEPARTMENTS)}")
            identifier = str(row.get("dialogue_id") or row.get("id") or f"line-{number}")
            prompt = _prompt(identifier, messages, department, most_chars, str(row.get("stratum") or stratum))
            known = str(row["id"]) if row.get("id") and row.get("dialogue_id") else prompt.id
            if known in seen:
                raise InputError(f"{where}: the same prompt as line {seen[known]}; keep one of them")
            seen[known] = number
            yield prompt._replace(id=known, reference=str(row.get("reference") or ""))


def stratified(prompts: Iterable[Prompt], size: int | None, seed: str) -> list[Prompt]:
    """A sample of `size` prompts (all where None), spread over departments and rounds in proportion, one of each cell first.

    A keyed hash of the prompt's id decides inside a cell, so a larger sample of the same prompts holds the smaller one's cells
    in the same order. The result is sorted by id.
    """
    cells: dict[tuple[str, int], list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        cells[prompt.department, min(prompt.position, _LAST_POSITION)].append(prompt)
    total = sum(map(len, cells.values()))
    if size is None or size >= total:
        return sorted((prompt for cell in cells.values() for prompt in cell), key=lambda prompt: prompt.id)
    for cell in cells.values():
        cell.sort(key=lambda prompt: _order(seed, prompt.id))
    # The place of an item in its cell, as a share of the cell: taking the smallest shares takes every cell in proportion.
    ranked = sorted(
        (
            ((rank + 0.5) / len(cell) if rank else 0.0, _order(seed, prompt.id), prompt)
            for cell in cells.values()
            for rank, prompt in enumerate(cell)
        ),
        key=lambda item: item[:2],
    )
    return sorted((prompt for _, _, prompt in ranked[:size]), key=lambda prompt: prompt.id)


def halves(size: int | None, groups: int) -> list[int | None]:
    """How many prompts each of some groups gives to a sample: equal parts, the first ones taking what is left over."""
    if size is None:
        return [None] * groups
    return [size // groups + (place < size % groups) for place in range(groups)]


def _order(seed: str, identifier: str) -> str:
    return hashlib.blake2b(f"{seed}\x1f{identifier}".encode(), digest_size=8).hexdigest()
