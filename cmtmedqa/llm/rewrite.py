"""Doctor turns in one professional register, each behind the gates of faithfulness; what a gate or a reader refuses keeps its original."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from cmtmedqa.errors import ConfigError, InputError
from cmtmedqa.farewell import is_farewell
from cmtmedqa.io import canonical_json
from cmtmedqa.judgements import Message
from cmtmedqa.llm import gates, reading
from cmtmedqa.llm.client import Client, Failure, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.estimate import Asked, Estimate, estimated
from cmtmedqa.llm.gates import Fault
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import NotDeidentified, cleared, look_at
from cmtmedqa.llm.request import Call, Request, seed_of
from cmtmedqa.paths import package_file
from cmtmedqa.progress import meter
from cmtmedqa.records import Dialogue, Turn

PROMPT = "rewrite"
_CONTEXT_CHARS = 400
_TOKENS_OF_A_CHARACTER, _LEAST_TOKENS = 3, 256
_CHARACTERS_OF_A_TOKEN = 1.5


class Instruction(NamedTuple):
    """The instruction of a rewrite: its text, and the version that the ledger and the records carry."""

    text: str
    version: str


class Decision(NamedTuple):
    """What became of one doctor turn: `accepted`, `unchanged` by the model, or the gate, the reader, the failure or the refusal
    that kept its original. `reader`, `why` and `rules` are those of `reading.Verdict`, empty where none has read it.
    """

    dialogue_id: str
    turn: int
    outcome: str
    seen: str
    original: str
    rewritten: str
    reader: str = ""
    why: str = ""
    rules: tuple[Fault, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the rewrite stands."""
        return self.outcome == "accepted"


def instruction(name: str) -> Instruction:
    """A shipped instruction by its version (`1`, `2`, `3`), or a text file of the user's. Raises ConfigError."""
    shipped = package_file("llm", "prompt_texts", f"{PROMPT}-{name}.txt")
    path = shipped if shipped.is_file() else Path(name)
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"--prompt {name}: is no version shipped (1, 2, 3) and no text file that can be read"
        ) from None
    if not text:
        raise ConfigError(f"--prompt {name}: is empty")
    version = name if path is shipped else hashlib.sha256(text.encode()).hexdigest()[:12]
    return Instruction(text, version)


def rewrite(
    dialogues: Iterable[Dialogue],
    endpoint: Endpoint,
    told: Instruction,
    ledger: Ledger,
    limits: Limits,
    console: Console,
    reader: Endpoint | None = None,
) -> tuple[list[Dialogue], list[Decision]]:
    """The dialogues with what could be rewritten, and what became of every doctor turn that was asked for, both in order.

    Patients' words, system turns and farewells are never sent to be rewritten. `reader` is a model that decides in place of the
    soft gates. Raises ConfigError, EndpointError, BudgetReached, InputError.
    """
    return asyncio.run(_rewrite(list(dialogues), endpoint, told, ledger, limits, console, reader))


async def _rewrite(
    dialogues: Sequence[Dialogue],
    endpoint: Endpoint,
    told: Instruction,
    ledger: Ledger,
    limits: Limits,
    console: Console,
    reader: Endpoint | None,
) -> tuple[list[Dialogue], list[Decision]]:
    places = _places(dialogues)
    client = Client(reading.models(endpoint, reader), ledger, limits)
    look_at((text for dialogue, turn in places for text in _passages(dialogue, turn)), ledger)
    decided: dict[tuple[str, int], Decision] = {}
    try:
        with meter(console, "rewrite", len(places)) as shown:
            work = bounded(places, lambda place: _turn(*place, endpoint, told, client, reader), limits.concurrency)
            async for _, decision in work:
                decided[decision.dialogue_id, decision.turn] = decision
                shown.count(1, int(decision.accepted), int(not decision.accepted))
                shown.advance(1)
    finally:
        await client.close()
    decisions = [decided[dialogue.id, turn] for dialogue, turn in places]
    return [_with(dialogue, decided, told, endpoint, reader) for dialogue in dialogues], decisions


def _places(dialogues: Iterable[Dialogue]) -> list[tuple[Dialogue, int]]:
    """The turns that are rewritten: the doctors', farewells excepted."""
    return [
        (dialogue, turn)
        for dialogue in dialogues
        for turn, said in enumerate(dialogue.turns)
        if said.role == "doctor" and not is_farewell("doctor", said.text)
    ]


def _passages(dialogue: Dialogue, turn: int) -> tuple[str, str]:
    """A doctor turn, and the end of what was said before it."""
    return dialogue.turns[turn].text, dialogue.turns[turn - 1].text[-_CONTEXT_CHARS:] if turn else ""


def _request(dialogue: Dialogue, turn: int, endpoint: Endpoint, told: Instruction) -> Request:
    original, before = _passages(dialogue, turn)
    return Request(
        endpoint=endpoint.name,
        model=endpoint.model or endpoint.name,
        messages=(
            Message(role="system", content=told.text),
            Message(role="user", content=f"患者上一句：{before or '（无）'}\n\n医生的回复：{original}"),
        ),
        temperature=0.0,
        max_tokens=_LEAST_TOKENS + _TOKENS_OF_A_CHARACTER * len(original),
        seed=seed_of(PROMPT, dialogue.id, turn),
        prompt=PROMPT,
        prompt_version=told.version,
    )


async def _turn(
    dialogue: Dialogue, turn: int, endpoint: Endpoint, told: Instruction, client: Client, reader: Endpoint | None
) -> Decision:
    original, before = _passages(dialogue, turn)
    where = f"{dialogue.id}, turn {turn}"
    try:
        passages = (cleared(original, where), cleared(before, where))
    except NotDeidentified as refused:
        return Decision(dialogue.id, turn, "not_deidentified", str(refused), original, "")
    reply = await client.ask(Call(request=_request(dialogue, turn, endpoint, told), passages=passages))
    if isinstance(reply, Failure):
        return Decision(dialogue.id, turn, reply.reason, reply.detail, original, "")
    rewritten = reply.text.strip()
    found = await reading.decide(original, rewritten, where, reader, client)
    return Decision(
        dialogue.id, turn, found.outcome, found.seen, original, rewritten, found.reader, found.why, found.rules
    )


def _with(
    dialogue: Dialogue,
    decided: dict[tuple[str, int], Decision],
    told: Instruction,
    endpoint: Endpoint,
    reader: Endpoint | None,
) -> Dialogue:
    """A dialogue whose accepted turns are rewritten; one without any stays as it is, byte for byte."""
    new = {
        turn: found
        for turn in range(len(dialogue.turns))
        if (found := decided.get((dialogue.id, turn))) and found.accepted
    }
    if not new:
        return dialogue
    turns = tuple(
        Turn(role=said.role, text=new[turn].rewritten) if turn in new else said
        for turn, said in enumerate(dialogue.turns)
    )
    done: dict[str, object] = {
        "prompt_version": told.version, "model": endpoint.name, "gates": gates.VERSION, "turns": sorted(new)
    }  # fmt: skip
    if reader is not None:  # of the turns above it has read these; the others stand by the gates alone
        read = [turn for turn in sorted(new) if new[turn].reader == "same"]
        done["reader"] = {"prompt_version": reading.VERSION, "model": reader.name, "turns": read}
    extra = canonical_json({**_extra(dialogue), "rewritten": done})
    return dialogue.model_copy(update={"turns": turns, "provenance": "rewritten", "features": None, "extra": extra})


def _extra(dialogue: Dialogue) -> dict[str, object]:
    try:
        found = json.loads(dialogue.extra)
    except ValueError:
        raise InputError(f"{dialogue.id}: its extra fields are no JSON") from None
    return found if isinstance(found, dict) else {"extra": found}


def estimate(
    dialogues: Sequence[Dialogue],
    endpoint: Endpoint,
    told: Sequence[Instruction],
    ledger: Ledger,
    reader: Endpoint | None = None,
) -> Estimate:
    """What `rewrite` by each of these instructions would ask, without a socket; three rewrites and a reading are shown.

    A rewrite that the ledger does not hold counts as long as its original and as one that the reader is asked for.
    """
    written: list[Asked] = []
    read: list[Asked] = []
    for each in told:
        for dialogue, turn in _places(dialogues):
            original = dialogue.turns[turn].text
            request = _request(dialogue, turn, endpoint, each)
            written.append(Asked(endpoint, request, int(len(original) / _CHARACTERS_OF_A_TOKEN)))
            known = ledger.reply(request.key())
            new = original if known is None else known.strip()
            if reader is not None and (known is None or reading.is_read(original, new)):
                fewest = int((len(original) + len(new)) / _CHARACTERS_OF_A_TOKEN)
                read.append(Asked(reader, reading.request_of(original, new, reader), fewest))
    once = list(dict.fromkeys(read))
    return estimated([*written, *once], ledger, [*written[:3], *once[:1]])


def rows(decisions: Iterable[Decision], reader: Endpoint | None) -> list[dict[str, object]]:
    """What the file of decisions holds, one row a turn; what a reader said only where there was one."""
    without = () if reader else ("reader", "why", "rules")
    return [{key: value for key, value in item._asdict().items() if key not in without} for item in decisions]


def readings(decisions: Iterable[Decision]) -> list[tuple[str, int]]:
    """How often a reader said what, of the rewrites that it was asked for; most frequent first."""
    counts = Counter(decision.reader for decision in decisions if decision.reader)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def outcomes(decisions: Iterable[Decision]) -> list[tuple[str, int]]:
    """How many turns were accepted, and how many each gate or failure kept; accepted first, then by number."""
    counts = Counter(decision.outcome for decision in decisions)
    return sorted(counts.items(), key=lambda item: (item[0] != "accepted", -item[1], item[0]))
