"""What a server makes of seeds and of `n`: asked directly, past the ledger, with a fixed question of ours and no record's text."""

import asyncio
from typing import NamedTuple

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Message
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.request import Request
from cmtmedqa.llm.transport import Refused, Temporary, Transport

_QUESTION = "请用两三句话说说怎样预防感冒。"


class Probed(NamedTuple):
    """Whether one seed gives one text, and two seeds two; how many choices came where two were asked for (None: in process)."""

    same_seed_same_text: bool
    other_seed_other_text: bool
    choices_of_two: int | None


def probe(endpoint: Endpoint, timeout: float, max_tokens: int = 64) -> Probed:
    """Four short calls at temperature 1. Raises EndpointError, or InputError where the model does not answer."""
    return asyncio.run(_probe(endpoint, timeout, max_tokens))


async def _probe(endpoint: Endpoint, timeout: float, max_tokens: int) -> Probed:
    transport = Transport(endpoint, timeout)
    message = Message(role="user", content=_QUESTION)
    model = endpoint.model or endpoint.name
    first, second = (
        Request(
            endpoint=endpoint.name, model=model, messages=(message,), temperature=1.0, max_tokens=max_tokens, seed=seed
        )
        for seed in (1, 2)
    )
    try:
        texts = [(await transport.complete(request)).text for request in (first, first, second)]
        choices = None if endpoint.path else await transport.choices(first, 2)
    except (Temporary, Refused) as fault:
        why = fault.hopeless if isinstance(fault, Temporary) else ""
        raise InputError(f"model {endpoint.name}: {why or f'does not answer ({fault.status}); try again'}") from None
    finally:
        await transport.close()
    return Probed(texts[0] == texts[1], texts[0] != texts[2], choices)
