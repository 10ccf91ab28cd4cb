"""What a run would ask and cost, counted from its requests and the ledger without a socket."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cmtmedqa.llm.client import cost_of
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.request import Request
from cmtmedqa.llm.transport import tokens


class Asked(NamedTuple):
    """A request, of whom, and the fewest tokens that its reply may have; the most are the request's limit."""

    endpoint: Endpoint
    request: Request
    fewest: int


class Estimate(NamedTuple):
    """What a run would ask: requests in all, those the ledger has, and the range of tokens and cost of the others."""

    requests: int
    stored: int
    tokens_in: int
    tokens_out: tuple[int, int]
    cost: tuple[float, float]
    examples: list[str]


def estimated(asked: Sequence[Asked], ledger: Ledger, examples: Iterable[Asked]) -> Estimate:
    """The estimate of these requests, with some of them in full."""
    new = [item for item in asked if ledger.reply(item.request.key()) is None]
    sent = [tokens(item.request.messages) for item in new]
    fewest, most = [item.fewest for item in new], [item.request.max_tokens for item in new]
    low, high = (
        sum(cost_of(item.endpoint, *counts) for item, *counts in zip(new, sent, out, strict=True))
        for out in (fewest, most)
    )
    shown = ["\n".join(f"{m.role}: {m.content}" for m in item.request.messages) for item in examples]
    return Estimate(len(asked), len(asked) - len(new), sum(sent), (sum(fewest), sum(most)), (low, high), shown)
