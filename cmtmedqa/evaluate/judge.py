"""A model as judge: one call per dimension and order, the same prompt, temperature 0."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from rich.console import Console

from cmtmedqa.evaluate.verdicts import Judged, Verdict
from cmtmedqa.judgements import Message
from cmtmedqa.llm.client import Client, Failure, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import Passage, cleared, look_at
from cmtmedqa.llm.prompts import Prompt
from cmtmedqa.llm.request import Call, Request
from cmtmedqa.progress import meter
from cmtmedqa.rubric import Rubric, judge_prompt

PROMPT = "judge"
_TOKENS = 512
_ROLES = {"user": "患者", "assistant": "医生", "system": "说明"}
_OBJECT = re.compile(r"\{[^{}]*\}")
_MARKUP = re.compile(r"\*\*|__|^#{1,6}\s+|^\s*[-*•]\s+|`+", re.MULTILINE)
_SELF = re.compile(
    r"^(?:您好[，,！!。]?\s*)?(?:我是|作为)[^。！!？?\n]{0,30}?(?:助手|助理|模型|机器人|医生|[Aa][Ii])[^。！!？?\n]{0,20}[。！!，,\n]\s*"
)


class Pair(NamedTuple):
    """Two replies to one prompt, to be judged in one dimension."""

    prompt: Prompt
    dimension: str
    a: str
    b: str
    text_a: str
    text_b: str


def pairs_of(
    prompts: Sequence[Prompt], replies: Mapping[str, Mapping[str, str]], dimensions: Sequence[str]
) -> list[Pair]:
    """Every comparison for which both systems gave a reply."""
    return [
        Pair(prompt, dimension, a, b, replies[a][prompt.id], replies[b][prompt.id])
        for prompt in prompts
        for a, b in combinations(replies, 2)
        if prompt.id in replies[a] and prompt.id in replies[b]
        for dimension in dimensions
    ]


def judge(
    pairs: Sequence[Pair], rubric: Rubric, endpoint: Endpoint, ledger: Ledger, limits: Limits, console: Console
) -> list[Judged]:
    """The verdicts of both orders on every pair, in the order given. Raises EndpointError, BudgetReached, NotDeidentified."""
    return asyncio.run(_judge(pairs, rubric, endpoint, ledger, limits, console))


async def _judge(
    pairs: Sequence[Pair], rubric: Rubric, endpoint: Endpoint, ledger: Ledger, limits: Limits, console: Console
) -> list[Judged]:
    client = Client([endpoint], ledger, limits)
    look_at((message.content for pair in pairs for message in pair.prompt.messages), ledger)
    look_at((stripped(text) for pair in pairs for text in (pair.text_a, pair.text_b)), ledger)
    found: dict[tuple[str, str, str, str], Judged] = {}
    try:
        with meter(console, "judging", len(pairs)) as shown:
            work = bounded(pairs, lambda pair: _both_orders(pair, rubric, endpoint, client), limits.concurrency)
            async for pair, judged in work:
                found[pair.prompt.id, pair.dimension, pair.a, pair.b] = judged
                shown.count(1, 0, 0)
                shown.advance(1)
    finally:
        await client.close()
    return [found[pair.prompt.id, pair.dimension, pair.a, pair.b] for pair in pairs]


async def _both_orders(pair: Pair, rubric: Rubric, endpoint: Endpoint, client: Client) -> Judged:
    one, other = stripped(pair.text_a), stripped(pair.text_b)
    ab = await _verdict(pair, one, other, rubric, endpoint, client)
    ba = await _verdict(pair, other, one, rubric, endpoint, client)
    return Judged(
        prompt_id=pair.prompt.id,
        dialogue_id=pair.prompt.dialogue_id,
        department=pair.prompt.department,
        dimension=pair.dimension,
        a=pair.a,
        b=pair.b,
        ab=ab,
        ba=ba,
        chars_a=len(one),
        chars_b=len(other),
    )


async def _verdict(pair: Pair, first: str, second: str, rubric: Rubric, endpoint: Endpoint, client: Client) -> Verdict:
    where = pair.prompt.dialogue_id
    spoken = [cleared(message.content, where) for message in pair.prompt.messages]
    shown = (cleared(first, where), cleared(second, where))
    request = Request(
        endpoint=endpoint.name,
        model=endpoint.model or endpoint.name,
        messages=(
            Message(role="system", content=judge_prompt(rubric, pair.dimension)),
            Message(role="user", content=_material(pair.prompt, spoken, shown)),
        ),
        max_tokens=_TOKENS,
        prompt=PROMPT,
        prompt_version=rubric.version,
    )
    answer = await client.ask(Call(request=request, passages=(*spoken, *shown)), check=_wrong)
    return "invalid" if isinstance(answer, Failure) else verdict_of(answer.text)


def _material(prompt: Prompt, spoken: Sequence[Passage], shown: Sequence[Passage]) -> str:
    lines = [f"{_ROLES[message.role]}：{said.text}" for message, said in zip(prompt.messages, spoken, strict=True)]
    return "\n".join(["【对话】", *lines, "", "【回复 A】", shown[0].text, "", "【回复 B】", shown[1].text])


def verdict_of(text: str) -> Verdict:
    """The verdict in a judge's answer: that of the last JSON object that holds one; `invalid` where there is none."""
    for found in reversed(_OBJECT.findall(text)):
        try:
            said = json.loads(found, strict=False).get("verdict")
        except ValueError:
            continue
        word = str(said).strip().strip('"').lower()
        if word in {"a", "b", "tie"}:
            return {"a": "first", "b": "second", "tie": "tie"}[word]  # type: ignore[return-value]
    return "invalid"


def _wrong(text: str) -> str | None:
    return '需要 {"reason": "……", "verdict": "A"}，verdict 为 A、B 或 tie' if verdict_of(text) == "invalid" else None


def stripped(text: str) -> str:
    """A reply without markup and without a sentence at its head that introduces the speaker: form must not decide."""
    plain = _MARKUP.sub("", text).strip()
    rest = _SELF.sub("", plain).strip()
    return rest or plain
