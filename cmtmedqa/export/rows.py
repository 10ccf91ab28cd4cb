"""One dialogue as one row of another program's shape: a pure function a format.

Every row has every field, of one type: an absent or null field breaks readers that infer types from the first rows.
"""

from collections.abc import Callable
from typing import Any

from cmtmedqa.records import Dialogue, Turn

Row = dict[str, Any]

_USER_ASSISTANT = {"patient": "user", "doctor": "assistant", "system": "system"}
_HUMAN_GPT = {"patient": "human", "doctor": "gpt", "system": "system"}
_OTHER = "其他"


def to_cmtmedqa(dialogue: Dialogue) -> Row:
    """The shape of CMtMedQA: the last exchange as instruction and output, the earlier ones as history.

    `cate1` is the department (其他 where none is known), `cate2` the finest name the source gave. System turns have no place.
    """
    history, question, answer = _exchanges(dialogue)
    cate1 = dialogue.department or _OTHER
    return {
        "id": dialogue.id,
        "cate1": cate1,
        "cate2": dialogue.department_raw[-1] if dialogue.department_raw else cate1,
        "instruction": question,
        "input": "",
        "output": answer,
        "history": history,
    }


def to_messages(dialogue: Dialogue) -> Row:
    """The conversational shape that trl and ms-swift read: `messages` of user and assistant."""
    return {"messages": [{"role": _USER_ASSISTANT[turn.role], "content": turn.text} for turn in dialogue.turns]}


def to_sharegpt(dialogue: Dialogue) -> Row:
    """LLaMA-Factory's sharegpt: `conversations` of human and gpt; a system turn stands in its column, '' for none."""
    return {
        "conversations": [_said(turn) for turn in dialogue.turns if turn.role != "system"],
        "system": _system(dialogue),
    }


def to_alpaca(dialogue: Dialogue) -> Row:
    """LLaMA-Factory's alpaca: the last exchange as instruction and output, the earlier ones as history."""
    history, question, answer = _exchanges(dialogue)
    return {"instruction": question, "input": "", "output": answer, "system": _system(dialogue), "history": history}


def to_medicalgpt(dialogue: Dialogue) -> Row:
    """MedicalGPT's sharegpt: as above, with a system turn as the first of the `conversations`."""
    return {"conversations": [_said(turn) for turn in dialogue.turns]}


def _said(turn: Turn) -> dict[str, str]:
    return {"from": _HUMAN_GPT[turn.role], "value": turn.text}


def _system(dialogue: Dialogue) -> str:
    return dialogue.turns[0].text if dialogue.turns[0].role == "system" else ""


def _exchanges(dialogue: Dialogue) -> tuple[list[list[str]], str, str]:
    """The earlier exchanges, the last question and the last answer."""
    texts = [turn.text for turn in dialogue.turns if turn.role != "system"]
    pairs = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
    return pairs[:-1], pairs[-1][0], pairs[-1][1]


ROWS: dict[str, Callable[[Dialogue], Row]] = {
    "cmtmedqa": to_cmtmedqa,
    "messages": to_messages,
    "sharegpt": to_sharegpt,
    "alpaca": to_alpaca,
    "medicalgpt": to_medicalgpt,
    "ms-swift": to_messages,
}
