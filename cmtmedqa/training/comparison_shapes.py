"""The shapes in which experts' orders of answers come, each read to one `Item`.

Whole rankings (`Ranking`, or rows of `prompt`, `responses` and `ranks`), `Preference` rows (put together by their `ranking_id`), the
original's rows with a list of outputs, best first, and the chosen-rejected rows of trl, LLaMA-Factory, MedicalGPT and ms-swift.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Message, Preference, Ranking
from cmtmedqa.sources.chat_lists import turns_of_history, turns_of_messages
from cmtmedqa.sources.fields import text
from cmtmedqa.sources.mapped import Mapped, RawTurn
from cmtmedqa.sources.preferences import dpo, is_dpo, reply
from cmtmedqa.training.data import Messages
from cmtmedqa.training.ranking import Pair, ordered_pairs

_ROLES = {"patient": "user", "doctor": "assistant", "system": "system"}


class Item(NamedTuple):
    """One prompt, its answers, and the pairs (better, worse, gap) that the experts ordered; `split` is '' where none is given.

    `weight` is the agreement of the experts, 0 to 1. `dialogue_id` keeps the items of one dialogue on one side of a split.
    """

    id: str
    dialogue_id: str
    prompt: Messages
    answers: tuple[str, ...]
    pairs: tuple[Pair, ...]
    weight: float = 1.0
    department: str = ""
    split: str = ""


def item_of(row: Any, where: str) -> Item:
    """The item of a row that is no `Preference`. Raises InputError, with `where` in front, for a row of no known shape."""
    if not isinstance(row, dict):
        raise InputError(f"{where}: is no object; a row of preferences is one")
    if "rank_groups" in row:
        return _of_ranking(valid(Ranking, row, where))
    if "responses" in row and "ranks" in row:
        return _of_ranks(row, where)
    if is_dpo(row):
        return _of_chosen(row, where)
    if "rejected_response" in row and "messages" in row:
        said = turns_of_messages(row["messages"])
        return _from_turns(
            row, said[:-1], [said[-1][1] if said else "", reply(row["rejected_response"])], [0, 1], where
        )
    if isinstance(row.get("output"), list) and "instruction" in row:
        turns = [*(turns_of_history(row.get("history")) or []), ("patient", text(row["instruction"]))]
        outputs = [text(answer) for answer in row["output"]]
        return _from_turns(row, turns, outputs, list(range(len(outputs))), where)
    raise InputError(f"{where}: is of no known shape of preferences; see docs/ppo.md, Data of the reward model")


def _of_ranking(ranking: Ranking) -> Item:
    ids = [candidate.id for candidate in ranking.candidates]
    rank = {name: place for place, group in enumerate(ranking.rank_groups) for name in group}
    return Item(
        ranking.id,
        ranking.dialogue_id,
        _messages(ranking.prompt),
        tuple(candidate.text for candidate in ranking.candidates),
        tuple(ordered_pairs([rank[name] for name in ids], [ids.index(name) for name in ranking.vetoed])),
        ranking.weight,
        ranking.department,
        ranking.split,
    )


def item_of_preferences(rows: Sequence[Preference]) -> Item:
    """The ranking behind some pairs that carry its id: its answers, and exactly the pairs that are stated."""
    answers = {
        key: said for row in rows for key, said in ((row.chosen_id, row.chosen), (row.rejected_id, row.rejected))
    }
    place = {key: number for number, key in enumerate(answers)}
    pairs = {(place[row.chosen_id], place[row.rejected_id]): max(1, round(row.margin)) for row in rows}
    first = rows[0]
    return Item(
        first.ranking_id,
        first.dialogue_id,
        _messages(first.prompt),
        tuple(answers.values()),
        tuple((*pair, gap) for pair, gap in pairs.items()),
        sum(row.agreement for row in rows) / len(rows),
        first.department,
        first.split,
    )


def _of_ranks(row: dict[str, Any], where: str) -> Item:
    ranks, responses = row["ranks"], row["responses"]
    whole = isinstance(ranks, list) and isinstance(responses, list) and len(ranks) == len(responses)
    if not whole or not all(type(rank) in {int, float} and math.isfinite(rank) for rank in ranks):
        raise InputError(f"{where}: ranks must be numbers, one for each of the responses; equal numbers are a tie")
    prompt = row.get("prompt")
    turns = turns_of_messages(prompt) or ([("patient", text(prompt))] if isinstance(prompt, str) else [])
    return _from_turns(row, turns, [reply(answer) for answer in responses], ranks, where)


def _of_chosen(row: dict[str, Any], where: str) -> Item:
    mapped = next(iter(dpo(row)))
    if not isinstance(mapped, Mapped):
        raise InputError(f"{where}: {mapped.detail}")
    extra = mapped.extra
    answers = [text(extra.get("chosen")), text(extra.get("rejected"))]
    return _from_turns(row, mapped.turns, answers, [0, 1], where)


def _from_turns(
    row: dict[str, Any], turns: Sequence[RawTurn], answers: Sequence[str], ranks: Sequence[int], where: str
) -> Item:
    prompt = [{"role": _ROLES[role], "content": said} for role, said in turns]
    if not prompt or prompt[-1]["role"] != "user":
        raise InputError(f"{where}: the prompt must end with the patient (role user)")
    if len(answers) < 2 or not all(answer.strip() for answer in [*answers, *(m["content"] for m in prompt)]):
        raise InputError(f"{where}: needs a prompt and two or more answers, none of them empty")
    asked = next(message["content"] for message in prompt if message["role"] == "user")
    dialogue = str(row.get("dialogue_id") or hashlib.sha256(asked.encode()).hexdigest()[:16])
    named = json.dumps([prompt, list(answers), list(ranks)], ensure_ascii=False)
    return Item(
        str(row.get("id") or hashlib.sha256(named.encode()).hexdigest()[:16]),
        dialogue,
        prompt,
        tuple(answers),
        tuple(ordered_pairs(ranks)),
        department=str(row.get("department") or ""),
        split=str(row.get("split") or ""),
    )


def _messages(prompt: Sequence[Message]) -> Messages:
    return [{"role": message.role, "content": message.content} for message in prompt]


def valid(model: Any, row: dict[str, Any], where: str) -> Any:
    """The record of a row. Raises InputError, with `where` in front, that names the first field at fault and quotes nothing."""
    try:
        return model.model_validate(row)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the record"
        raise InputError(f"{where}: is no {model.__name__}: {place}: {fault['msg']}") from error
