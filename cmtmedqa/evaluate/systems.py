"""The systems that are compared, and what each replies to the prompts: models, files of replies, or the source's own doctor."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.judgements import Message
from cmtmedqa.llm.client import Client, Failure, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint, endpoints_of, priced
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import NotDeidentified, cleared, look_at, masked
from cmtmedqa.llm.prompts import Prompt
from cmtmedqa.llm.request import Call, Request, seed_of
from cmtmedqa.progress import meter

REFERENCE = "reference"
_PROMPT, _PROMPT_VERSION = "reply", "1"


class System(NamedTuple):
    """A name, and either a model or the replies of a file by prompt id; the source's own doctor has neither."""

    name: str
    endpoint: Endpoint | None = None
    replies: Mapping[str, str] | None = None


def systems_of(given: Sequence[str], least: int = 2, price: str | None = None) -> list[System]:
    """The systems that arguments name: NAME@URL, a folder, a YAML file of models, NAME=FILE.jsonl, or `reference`.

    A file holds `{"id": prompt or dialogue id, "text": reply}` lines; models that state no price get `price`. Raises ConfigError or InputError.
    """
    found: list[System] = []
    for text in given:
        name, _, path = text.partition("=")
        if text == REFERENCE:
            found.append(System(REFERENCE))
        elif path and Path(path).suffix == ".jsonl":
            found.append(System(name, replies=read_replies(Path(path))))
        else:
            found += [System(endpoint.name, endpoint) for endpoint in priced(endpoints_of([text]), price)]
    names = [system.name for system in found]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"two systems are called {double}; give each a name of its own")
    if len(found) < least:
        raise ConfigError("a comparison takes two systems or more")
    return found


def unused(systems: Sequence[System], prompts: Sequence[Prompt]) -> dict[str, int]:
    """How many replies of each file answer none of the prompts, for the files that hold such replies."""
    names = _names(prompts)
    known = {name for prompt in prompts for name in names(prompt)}
    counts = {system.name: len((system.replies or {}).keys() - known) for system in systems}
    return {name: count for name, count in counts.items() if count}


def _names(prompts: Sequence[Prompt]) -> Callable[[Prompt], tuple[str, ...]]:
    """The ids under which a file may reply to a prompt: its own, and its dialogue's where no dialogue gives two prompts."""
    one_each = len({prompt.dialogue_id for prompt in prompts}) == len(prompts)
    return lambda prompt: (prompt.id, prompt.dialogue_id) if one_each else (prompt.id,)


def read_replies(path: Path) -> dict[str, str]:
    """The replies of a file by prompt id. Raises InputError naming the line."""
    found: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the replies cannot be read") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            identifier, text = row["id"], row["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f'{path}, line {number}: must be an object with "id" and "text"') from error
        if not isinstance(identifier, str) or not isinstance(text, str) or not text.strip():
            raise InputError(f"{path}, line {number}: id and text must be texts that are not empty")
        if identifier in found:
            raise InputError(f"{path}, line {number}: a second reply to prompt {identifier}")
        found[identifier] = text
    return found


def replies(
    systems: Sequence[System],
    prompts: Sequence[Prompt],
    ledger: Ledger,
    limits: Limits,
    console: Console,
    max_tokens: int,
) -> dict[str, dict[str, str]]:
    """What each system says to each prompt (system → prompt id → text), personal data masked; what it does not say is left out."""
    return asyncio.run(_replies(systems, prompts, ledger, limits, console, max_tokens))


async def _replies(
    systems: Sequence[System],
    prompts: Sequence[Prompt],
    ledger: Ledger,
    limits: Limits,
    console: Console,
    max_tokens: int,
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {system.name: {} for system in systems}
    look_at((message.content for prompt in prompts for message in prompt.messages), ledger)
    asked = [(system, prompt) for system in systems if system.endpoint for prompt in prompts]
    names = _names(prompts)
    for system in systems:
        for prompt in prompts if system.endpoint is None else ():
            written = system.replies
            stated = (written[name] for name in names(prompt) if name in written) if written is not None else ()
            text = prompt.reference if written is None else next(iter(stated), "")
            if text.strip():
                found[system.name][prompt.id] = text.strip()
    client = Client([system.endpoint for system in systems if system.endpoint], ledger, limits)
    try:
        with meter(console, "replies", len(asked)) as shown:
            work = bounded(asked, lambda item: _reply(*item, client, max_tokens), limits.concurrency)
            async for (system, prompt), text in work:
                if text:
                    found[system.name][prompt.id] = text
                shown.count(1, int(bool(text)), int(not text))
                shown.advance(1)
    finally:
        await client.close()
    look_at((text for said in found.values() for text in said.values()), ledger)
    return {name: {prompt: masked(text) for prompt, text in said.items()} for name, said in found.items()}


async def _reply(system: System, prompt: Prompt, client: Client, max_tokens: int) -> str:
    assert system.endpoint is not None
    endpoint = system.endpoint
    try:
        passages = tuple(cleared(message.content, prompt.dialogue_id) for message in prompt.messages)
    except NotDeidentified:
        return ""
    head = (Message(role="system", content=endpoint.system),) if endpoint.system else ()
    request = Request(
        endpoint=endpoint.name,
        model=endpoint.model or endpoint.name,
        messages=(*head, *prompt.messages),
        max_tokens=max_tokens,
        seed=seed_of(_PROMPT, prompt.id),
        prompt=_PROMPT,
        prompt_version=_PROMPT_VERSION,
    )
    answer = await client.ask(Call(request=request, passages=passages))
    return "" if isinstance(answer, Failure) else answer.text.strip()
