"""Sets of k distinct replies to one prompt, from one or several models."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from cmtmedqa.errors import ConfigError
from cmtmedqa.judgements import Candidate, CandidateSet, Message, Sampling
from cmtmedqa.llm.client import Client, Failure
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.identity import names_a_model, says_who_it_is
from cmtmedqa.llm.passages import NotDeidentified, cleared, masked
from cmtmedqa.llm.prompts import Prompt
from cmtmedqa.llm.request import Call, Request, seed_of

PROMPT, PROMPT_VERSION = "candidate", "1"
_GRAM = 3
# Each further draw of a candidate that was too like another one is warmer by this.
_WARMER, _WARMEST = 0.15, 1.5


class Plan(NamedTuple):
    """How sets are drawn: `k` replies each, whose 3-gram Jaccard distance is at least `min_distance`.

    At most `redraws` more draws for a set; `temperatures` are taken in turn. `seed` enters the seed of every call.
    """

    k: int = 4
    temperatures: tuple[float, ...] = (0.7, 1.0)
    top_p: float = 0.95
    max_tokens: int = 1_024
    min_distance: float = 0.2
    redraws: int = 6
    seed: int = 0

    def check(self) -> None:
        """Raises ConfigError for numbers that cannot give k distinct replies."""
        if not 2 <= self.k <= 6:
            raise ConfigError(f"--k {self.k}: a screen of experts takes 2 to 6 replies")
        if not self.temperatures or all(value == 0 for value in self.temperatures):
            raise ConfigError("--temperature: one above 0 is needed, or every draw gives the same reply")


class Dropped(NamedTuple):
    """A prompt without a set, and why: `not_deidentified`, `too_alike`, or the failure of a call."""

    set_id: str
    dialogue_id: str
    reason: str
    detail: str = ""


async def draw_set(prompt: Prompt, endpoints: Sequence[Endpoint], plan: Plan, client: Client) -> CandidateSet | Dropped:
    """The set of one prompt, the models in turn. Draws until k replies differ enough, or says why there is no set."""
    try:
        passages = tuple(cleared(message.content, prompt.dialogue_id) for message in prompt.messages)
    except NotDeidentified as refused:
        return Dropped(prompt.id, prompt.dialogue_id, "not_deidentified", str(refused))
    found: list[Candidate] = []
    reason, detail = "too_alike", f"fewer than {plan.k} different replies in {plan.k + plan.redraws} draws"
    failed_in_a_row = 0
    for number in range(plan.k + plan.redraws):
        endpoint = endpoints[len(found) % len(endpoints)]
        request = _request(prompt, endpoint, plan, number, extra=number - len(found))
        reply = await client.ask(Call(request=request, passages=passages))
        if isinstance(reply, Failure):
            failed_in_a_row += 1
            if failed_in_a_row > plan.redraws // 2:
                return Dropped(prompt.id, prompt.dialogue_id, reply.reason, reply.detail)
            continue
        failed_in_a_row = 0
        text = masked(reply.text.strip())
        aliases = [name for item in endpoints for name in (item.name, item.model)]
        if names_a_model(text, aliases):
            reason, detail = "names_a_model", "too few replies that do not name their model"
            continue
        if all(distance(text, other.text) >= plan.min_distance for other in found):
            found.append(_candidate(prompt, endpoint, request, text, changed=text != reply.text.strip()))
        if len(found) == plan.k:
            return _set(prompt, found)
    return Dropped(prompt.id, prompt.dialogue_id, reason, detail)


def first_request(prompt: Prompt, endpoints: Sequence[Endpoint], plan: Plan, number: int) -> Request:
    """The request of draw `number` as long as no earlier draw was thrown away."""
    return _request(prompt, endpoints[number % len(endpoints)], plan, number, extra=0)


def _request(prompt: Prompt, endpoint: Endpoint, plan: Plan, number: int, extra: int) -> Request:
    temperature = plan.temperatures[number % len(plan.temperatures)]
    warmer = min(temperature + _WARMER * extra, max(_WARMEST, temperature))
    system = (Message(role="system", content=endpoint.system),) if endpoint.system else ()
    return Request(
        endpoint=endpoint.name,
        model=endpoint.model or endpoint.name,
        messages=(*system, *prompt.messages),
        temperature=round(warmer, 3),
        top_p=plan.top_p,
        max_tokens=plan.max_tokens,
        seed=seed_of(plan.seed, prompt.id, number),
        prompt=PROMPT,
        prompt_version=PROMPT_VERSION,
    )


def _candidate(prompt: Prompt, endpoint: Endpoint, request: Request, text: str, changed: bool) -> Candidate:
    digest = hashlib.sha256(f"{prompt.id}\x1f{request.key()}".encode()).hexdigest()
    flags = [name for name, holds in (("identity", says_who_it_is(text)), ("masked", changed)) if holds]
    sampling = Sampling(
        temperature=request.temperature, top_p=request.top_p, max_tokens=request.max_tokens, seed=request.seed
    )
    return Candidate(id=f"c{digest[:12]}", model=endpoint.name, text=text, sampling=sampling, flags=tuple(flags))


def _set(prompt: Prompt, found: Sequence[Candidate]) -> CandidateSet:
    return CandidateSet(
        id=prompt.id,
        dialogue_id=prompt.dialogue_id,
        prompt=prompt.messages,
        candidates=tuple(found),
        department=prompt.department,
        stratum=prompt.stratum,
    )


def distance(one: str, other: str) -> float:
    """1 minus the Jaccard similarity of the 3-grams of two texts, letters and digits only; 0 for equal texts."""
    left, right = _grams(one), _grams(other)
    return 1.0 - len(left & right) / len(left | right) if left | right else 0.0


def _grams(text: str) -> set[str]:
    plain = "".join(mark for mark in text.lower() if mark.isalnum())
    return {plain[start : start + _GRAM] for start in range(max(len(plain) - _GRAM + 1, 1))} if plain else set()
