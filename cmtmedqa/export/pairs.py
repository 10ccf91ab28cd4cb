"""One preference pair as one row of another program's shape: a pure function a format, every field there and of one type."""

from collections.abc import Callable, Sequence
from typing import Any

from cmtmedqa.judgements import Message, Preference

Row = dict[str, Any]

_HUMAN_GPT = {"user": "human", "assistant": "gpt"}


def to_trl(pair: Preference) -> Row:
    """The explicit form of trl, for DPO and the reward trainer, which subtracts `margin`; pairs of one ranking share `item_id`."""
    return {
        "item_id": pair.ranking_id,
        "prompt": _messages(pair.prompt),
        "chosen": [{"role": "assistant", "content": pair.chosen}],
        "rejected": [{"role": "assistant", "content": pair.rejected}],
        "margin": float(pair.margin),
    }


def to_llamafactory(pair: Preference) -> Row:
    """LLaMA-Factory's sharegpt for ranking: both replies are objects; a system message stands in its column, '' for none."""
    system, spoken = _system(pair.prompt)
    return {
        "conversations": [{"from": _HUMAN_GPT[one.role], "value": one.content} for one in spoken],
        "system": system,
        "chosen": {"from": "gpt", "value": pair.chosen},
        "rejected": {"from": "gpt", "value": pair.rejected},
    }


def to_medicalgpt(pair: Preference) -> Row:
    """MedicalGPT's shape for DPO and reward model: both replies are strings, the prompt is split into exchanges and a question."""
    system, spoken = _system(pair.prompt)
    texts = [one.content for one in spoken]
    return {
        "system": system,
        "history": [list(exchange) for exchange in zip(texts[:-1:2], texts[1::2], strict=True)],
        "question": texts[-1],
        "response_chosen": pair.chosen,
        "response_rejected": pair.rejected,
    }


def to_ms_swift(pair: Preference) -> Row:
    """The shape of ms-swift: the better reply ends the messages, the other one stands beside them."""
    return {
        "messages": [*_messages(pair.prompt), {"role": "assistant", "content": pair.chosen}],
        "rejected_response": pair.rejected,
    }


def _messages(prompt: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.content} for one in prompt]


def _system(prompt: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """The system message, '' for none, and what patient and doctor said."""
    return (prompt[0].content, prompt[1:]) if prompt[0].role == "system" else ("", prompt)


PAIR_ROWS: dict[str, Callable[[Preference], Row]] = {
    "trl": to_trl,
    "llamafactory": to_llamafactory,
    "medicalgpt": to_medicalgpt,
    "ms-swift": to_ms_swift,
}
