"""What other programs do with a row: for each of their loaders, the reason why it would lose the row or part of it.

The rules are those of the loaders' own sources, read at the versions named; they are pure functions from a parsed row to a
reason, or None. A reason names fields and kinds, never values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from cmtmedqa.judgements import Preference, Ranking
from cmtmedqa.records import Record

Fault = str | None

_CMTMEDQA = ("id", "cate1", "cate2", "instruction", "input", "output", "history")
_ALPACA = ("instruction", "input", "output", "system", "history")
_TRL_PAIR = ("prompt", "chosen", "rejected")
_MAY_BE_EMPTY = frozenset({"input", "system"})


def trl(row: Any) -> Fault:
    """Trl 1.16, SFT on `messages`: `is_conversational` looks for `role` and `content`; rows without an assistant's turn raise.

    Sources: trl/data_utils.py (`is_conversational`, `apply_chat_template`), trl/trainer/sft_trainer.py. A last turn of the
    user gives a row without a reply to learn; chat templates refuse roles that do not alternate.
    """
    return _fields(row, ("messages",)) or _conversation(row["messages"], "role", "content", "user", "assistant", True)


def ms_swift(row: Any) -> Fault:
    """ms-swift 3 and 4, `MessagesPreprocessor`: any exception deletes the row ("the data will be deleted").

    Source: swift/dataset/preprocessor/core.py (`_check_messages`, `to_std_messages`) and its 3.x form in swift/llm/dataset:
    an empty list, an unknown role, a null content raise; 3.x also a user or assistant out of place, an empty reply, and an
    odd rest after a system turn. Of the two forms the stricter rule counts.
    """
    return trl(row)


def llamafactory_sharegpt(row: Any) -> Fault:
    """LLaMA-Factory, `SharegptDatasetConverter`: a breach makes the row empty, and the empty row is skipped with a warning.

    Sources: src/llamafactory/data/converter.py (roles strictly human, gpt, ...; an even number for SFT) and
    data/processor/supervised.py ("Dropped invalid example"). A system turn may stand first or in its column.
    """
    fault = _fields(row, ("conversations", "system"))
    if fault:
        return fault
    return _text(row["system"], "system") or _conversation(row["conversations"], "from", "value", "human", "gpt", True)


def llamafactory_alpaca(row: Any) -> Fault:
    """LLaMA-Factory, `AlpacaDatasetConverter`: an `output` that is no string makes the row unsupervised, and SFT drops it.

    Source: src/llamafactory/data/converter.py. `history` must be a list of exactly two strings each, or unpacking raises;
    the user's text is `instruction`, a line end and `input`.
    """
    return _fields(row, _ALPACA) or _question_answer(row)


def medicalgpt(row: Any) -> Fault:
    """MedicalGPT, `supervised_finetuning.get_dialog`: a row without a pair of human and gpt is dropped.

    Source: training/supervised_finetuning.py. It also drops a leading reply and an unanswered last question, joins two
    questions in a row, and takes any system turn for the system prompt; all of these lose part of a row and count here.
    """
    return _fields(row, ("conversations",)) or _conversation(
        row["conversations"], "from", "value", "human", "gpt", True
    )


def cmtmedqa(row: Any) -> Fault:
    """The published shape of CMtMedQA: seven fields in this order, all strings but `history`, a list of [question, answer]."""
    fault = _fields(row, _CMTMEDQA)
    if fault:
        return fault
    if tuple(row) != _CMTMEDQA:
        return "field_order"
    for name in ("id", "cate1", "cate2"):
        if fault := _text(row[name], name) or ("empty_text" if not row[name].strip() else None):
            return fault
    return _question_answer(row)


def trl_preference(row: Any) -> Fault:
    """Trl 1.16, DPO and reward trainer on an explicit `prompt`, which ends with the user; the replies are one message each.

    Sources: trl/data_utils.py (`is_conversational`, `apply_chat_template`): a prompt that ends with the assistant is continued
    instead of answered, another last role raises; trl/trainer/reward_trainer.py puts `margin` into a tensor of floats.
    """
    if fault := _fields(row, (*_TRL_PAIR, "item_id", "margin")):
        return fault
    for name in _TRL_PAIR:
        if not isinstance(row[name], list):
            return f"null_value {name}" if row[name] is None else f"wrong_type {name}"
    for reply in (row["chosen"], row["rejected"]):
        if len(reply) != 1:
            return "odd_count"
        if fault := _conversation([*row["prompt"], *reply], "role", "content", "user", "assistant", True):
            return fault
    if not isinstance(row["margin"], float) or row["margin"] <= 0:
        return "wrong_type margin"
    return _text(row["item_id"], "item_id") or _differ(row["chosen"][0]["content"], row["rejected"][0]["content"])


def llamafactory_preference(row: Any) -> Fault:
    """LLaMA-Factory, `SharegptDatasetConverter` with `ranking`: `chosen` and `rejected` must be objects said by gpt.

    Source: src/llamafactory/data/converter.py. Of another type they raise nothing: the row is read as one without a pair and
    dropped. An even number of messages, or two of one role in a row, makes the row empty and skips it.
    """
    if fault := _fields(row, ("conversations", "system", "chosen", "rejected")) or _text(row["system"], "system"):
        return fault
    if not isinstance(row["conversations"], list):
        return "wrong_type conversations"
    for name in ("chosen", "rejected"):
        if not isinstance(row[name], dict):
            return f"wrong_type {name}"
        whole = [*row["conversations"], row[name]]
        if fault := _conversation(whole, "from", "value", "human", "gpt", True):
            return fault
    return _differ(row["chosen"]["value"], row["rejected"]["value"])


def medicalgpt_preference(row: Any) -> Fault:
    """MedicalGPT, `return_prompt_and_responses` of dpo_training.py and reward_modeling.py on its alpaca-like shape.

    `history` is unpacked into pairs, an answer that is null breaks the addition of strings. It also drops rows longer than
    `max_source_length + max_target_length`, which are settings of its run and no fault of the row.
    """
    names = ("system", "history", "question", "response_chosen", "response_rejected")
    if fault := _fields(row, names) or _text(row["system"], "system"):
        return fault
    for name in ("response_chosen", "response_rejected"):
        question_answer = {
            "instruction": row["question"], "input": "", "output": row[name], "history": row["history"],
        }  # fmt: skip
        if fault := _question_answer(question_answer):
            return fault
    return _differ(row["response_chosen"], row["response_rejected"])


def ms_swift_preference(row: Any) -> Fault:
    """ms-swift 3 and 4: `_check_rejected_response` raises where it is null or equals the last message; the row is deleted."""
    if fault := _fields(row, ("messages", "rejected_response")):
        return fault
    conversation = _conversation(row["messages"], "role", "content", "user", "assistant", True)
    return (
        conversation
        or _said(row["rejected_response"], "rejected_response")
        or _differ(row["messages"][-1]["content"], row["rejected_response"])
    )


def preference(row: Any) -> Fault:
    """Our own pairs, as `cmtmedqa train` reads them: a whole `Preference` of two different texts."""
    if fault := _record(row, Preference):
        return fault
    whole = [*row["prompt"], {"role": "assistant", "content": row["chosen"]}]
    return (
        _conversation(whole, "role", "content", "user", "assistant", True)
        or _said(row["rejected"], "rejected")
        or _differ(row["chosen"], row["rejected"])
    )


def ranking(row: Any) -> Fault:
    """Our own rankings, as `cmtmedqa train reward` reads them whole: one with no pair would give no loss and be left out."""
    if fault := _record(row, Ranking):
        return fault
    for candidate in row["candidates"]:
        whole = [*row["prompt"], {"role": "assistant", "content": candidate["text"]}]
        if fault := _conversation(whole, "role", "content", "user", "assistant", True):
            return fault
    texts = {candidate["id"]: candidate["text"] for candidate in row["candidates"]}
    vetoed = row.get("vetoed", ())
    for place, group in enumerate(row["rank_groups"]):
        worse = {texts[key] for lower in row["rank_groups"][place + 1 :] for key in lower}
        if any(key not in vetoed and worse - {texts[key]} for key in group):
            return None
    return "no_pair"


LOADERS: Mapping[str, Callable[[Any], Fault]] = {
    "cmtmedqa": cmtmedqa,
    "messages": trl,
    "sharegpt": llamafactory_sharegpt,
    "alpaca": llamafactory_alpaca,
    "medicalgpt": medicalgpt,
    "ms-swift": ms_swift,
    "ranking": ranking,
    "preference": preference,
    "trl-preference": trl_preference,
    "llamafactory-preference": llamafactory_preference,
    "medicalgpt-preference": medicalgpt_preference,
    "ms-swift-preference": ms_swift_preference,
}


def _fields(row: Any, names: tuple[str, ...]) -> Fault:
    """A row has exactly these fields: an absent or a further one changes the type that `datasets` infers."""
    if not isinstance(row, dict):
        return "not_an_object"
    for name in names:
        if name not in row:
            return f"missing_field {name}"
    return None if len(row) == len(names) else "unknown_field"


def _text(value: object, name: str) -> Fault:
    if isinstance(value, str):
        return None
    return f"null_value {name}" if value is None else f"wrong_type {name}"


def _said(value: object, name: str) -> Fault:
    """A text that someone said: a string that is not empty and not the missing value `nan`."""
    if fault := _text(value, name):
        return fault
    text = str(value).strip()
    return "empty_text" if not text else "nan_text" if text.lower() == "nan" else None


def _differ(chosen: str, rejected: str) -> Fault:
    """Two equal replies teach nothing; trl would train on noise, ms-swift deletes the row."""
    return "equal_text" if chosen == rejected else None


def _record(row: Any, model: type[Record]) -> Fault:
    try:
        model.model_validate(row)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{first['type']} {first['loc'][0]}" if first["loc"] else first["type"]
    return None


def _conversation(messages: object, role: str, text: str, asks: str, answers: str, system: bool) -> Fault:
    """A list of {role, text}: a system turn first where allowed, then strictly question and answer, an even number of both."""
    if not isinstance(messages, list):
        return "null_value messages" if messages is None else "wrong_type messages"
    for message in messages:
        if fault := _message(message, role, text):
            return fault
    roles = [message[role] for message in messages]
    if system and roles[:1] == ["system"]:
        del roles[0]
    if not roles:
        return "no_exchange"
    if any(found != (answers if place % 2 else asks) for place, found in enumerate(roles)):
        return "role_order"
    return "odd_count" if len(roles) % 2 else None


def _message(message: object, role: str, text: str) -> Fault:
    if not isinstance(message, dict):
        return "wrong_type message"
    for name in (role, text):
        if name not in message:
            return f"missing_field {name}"
    if len(message) != 2:
        return "unknown_field"
    return _text(message[role], role) or _said(message[text], text)


def _question_answer(row: Any) -> Fault:
    """`instruction`, `output` and `history` as alpaca and CMtMedQA have them."""
    for name in ("instruction", "input", "output", *(["system"] if "system" in row else [])):
        if fault := (_text if name in _MAY_BE_EMPTY else _said)(row[name], name):
            return fault
    history = row["history"]
    if not isinstance(history, list):
        return "null_value history" if history is None else "wrong_type history"
    for pair in history:
        if not isinstance(pair, list):
            return "wrong_type history"
        if len(pair) != 2:
            return "odd_count"
        for value in pair:
            if fault := _said(value, "history"):
                return fault
    return None
