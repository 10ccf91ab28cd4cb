"""One request to a language model, and its key in the ledger."""

import hashlib
from typing import Annotated

from pydantic import Field

from cmtmedqa.io import canonical_json
from cmtmedqa.judgements import Message
from cmtmedqa.llm.passages import Passage
from cmtmedqa.records import Record


class Request(Record):
    """What is asked of whom, with everything that changes the reply; numbers are typed, so 0 and 0.0 are one request.

    `endpoint` is the alias of the model in the settings, not its address: a server may move without making replies stale.
    `prompt` and `prompt_version` name the instruction that the messages were made from.
    """

    endpoint: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_tokens: Annotated[int, Field(gt=0)] = 1_024
    seed: int = 0
    reply_schema: str = ""
    prompt: str = ""
    prompt_version: str = ""

    def key(self) -> str:
        """SHA-256 (hex) of the request in canonical JSON."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json")).encode()).hexdigest()


class Call(Record):
    """A request with the passages of records that its messages quote; the client refuses one whose marks do not hold."""

    request: Request
    passages: Annotated[tuple[Passage, ...], Field(min_length=1)]


def seed_of(*parts: object) -> int:
    """A seed in [0, 2^31) that depends on these parts alone, not on order or number of other requests."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (1 << 31)
