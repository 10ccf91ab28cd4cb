"""The run behind `cmtmedqa candidates`: sets in the order of their ids, what gave none, and what it cost."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

import orjson
from rich.console import Console

from cmtmedqa import io
from cmtmedqa.judgements import CandidateSet
from cmtmedqa.llm.candidates import Dropped, Plan, draw_set, first_request
from cmtmedqa.llm.client import Client, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.estimate import Asked, Estimate, estimated
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import look_at
from cmtmedqa.llm.prompts import Prompt
from cmtmedqa.llm.transport import EndpointError
from cmtmedqa.progress import Meter, meter

# As many sets are looked at before a model that always says the same is given up.
_FIRST = 20
_CHARS_OF_A_REPLY = 250


class Outcome(NamedTuple):
    """Sets and prompts without one, both in the order of their ids, and the calls that left for a model in this run."""

    sets: list[CandidateSet]
    dropped: list[Dropped]
    calls: int


def sample(
    prompts: Sequence[Prompt],
    endpoints: Sequence[Endpoint],
    plan: Plan,
    ledger: Ledger,
    limits: Limits,
    console: Console,
) -> Outcome:
    """Draw a set for each prompt. The same prompts, models and plan give the same outcome, whatever the concurrency.

    Raises EndpointError, BudgetReached and InputError; the ledger then holds every reply so far.
    """
    plan.check()
    return asyncio.run(_sample(prompts, endpoints, plan, ledger, limits, console))


async def _sample(
    prompts: Sequence[Prompt],
    endpoints: Sequence[Endpoint],
    plan: Plan,
    ledger: Ledger,
    limits: Limits,
    console: Console,
) -> Outcome:
    client = Client(endpoints, ledger, limits)
    look_at(_texts(prompts, endpoints, plan, ledger), ledger)
    results: dict[str, CandidateSet | Dropped] = {}
    try:
        with meter(console, "candidates", len(prompts)) as shown:
            work = bounded(prompts, lambda prompt: draw_set(prompt, endpoints, plan, client), limits.concurrency)
            async with aclosing(work):
                async for prompt, result in work:
                    results[prompt.id] = result
                    _show(shown, result)
                    _require_variety(results)
    finally:
        await client.close()
    look_at(_texts(prompts, endpoints, plan, ledger), ledger)  # what was drawn, so that the next run need not
    ordered = [results[identifier] for identifier in sorted(results)]
    sets = [result for result in ordered if isinstance(result, CandidateSet)]
    dropped = [result for result in ordered if isinstance(result, Dropped)]
    return Outcome(sets, dropped, client.calls)


def _texts(prompts: Sequence[Prompt], endpoints: Sequence[Endpoint], plan: Plan, ledger: Ledger) -> Iterator[str]:
    """The prompts, and the replies that the ledger has for their first draws."""
    for prompt in prompts:
        yield from (message.content for message in prompt.messages)
        for number in range(plan.k):
            yield (ledger.reply(first_request(prompt, endpoints, plan, number).key()) or "").strip()


def _show(shown: Meter, result: CandidateSet | Dropped) -> None:
    kept = isinstance(result, CandidateSet)
    shown.count(1, int(kept), int(not kept))
    shown.advance(1)


def _require_variety(results: dict[str, CandidateSet | Dropped]) -> None:
    """A server that decodes greedily gives k equal replies to every prompt: no reason to pay for all of them."""
    if len(results) != _FIRST:
        return
    if all(isinstance(result, Dropped) and result.reason == "too_alike" for result in results.values()):
        raise EndpointError(
            f"the first {_FIRST} prompts gave no two different replies: the server ignores temperature and seed; "
            "for `transformers serve` put do_sample: true into the model's generation_config.json"
        )


def estimate(prompts: Sequence[Prompt], endpoints: Sequence[Endpoint], plan: Plan, ledger: Ledger) -> Estimate:
    """What `sample` would ask at least, without a socket: k calls a set, of which the ledger holds some."""
    plan.check()
    fewest = int(_CHARS_OF_A_REPLY / 3)
    asked = [
        Asked(endpoints[number % len(endpoints)], first_request(prompt, endpoints, plan, number), fewest)
        for prompt in prompts
        for number in range(plan.k)
    ]
    return estimated(asked, ledger, asked[: 3 * plan.k : plan.k])


def write(outcome: Outcome, path: Path) -> Path:
    """Write the sets to `path` and the prompts without one beside it; returns the second file."""
    dropped = path.with_name(f"{path.stem}.dropped.jsonl")
    _write_lines(path, [item.model_dump(mode="json") for item in outcome.sets])
    _write_lines(dropped, [item._asdict() for item in outcome.dropped])
    return dropped


def reasons(outcome: Outcome) -> list[tuple[str, int]]:
    """Why prompts have no set, most frequent first."""
    counts = Counter(item.reason for item in outcome.dropped)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _write_lines(path: Path, rows: Sequence[object]) -> None:
    with io.replacing(path) as temporary:
        temporary.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
