"""What a reward model learns from: prompts with answers that experts ordered, of `annotate export` and of the peers' formats.

Read are whole rankings (`Ranking`, or rows of `prompt`, `responses` and `ranks`), `Preference` rows (put together by their
`ranking_id`), the original's rows with a list of outputs, best first, and the chosen-rejected rows of trl, LLaMA-Factory,
MedicalGPT and ms-swift, each a ranking of two. Nothing is left out without a count.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Message, Preference, Ranking
from cmtmedqa.recipes.reward import RewardRun
from cmtmedqa.sources.chat_lists import turns_of_history, turns_of_messages
from cmtmedqa.sources.fields import text
from cmtmedqa.sources.mapped import Mapped, RawTurn
from cmtmedqa.sources.preferences import dpo, is_dpo, reply
from cmtmedqa.training import template
from cmtmedqa.training.data import Messages, rows_of, trim_left
from cmtmedqa.training.program import say
from cmtmedqa.training.ranking import Pair, ordered_pairs

_ROLES = {"patient": "user", "doctor": "assistant", "system": "system"}
_SEED = "cmtmedqa"


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


def read_items(paths: Sequence[str], counts: Counter[str]) -> list[Item]:
    """The items of files and folders, in order. Raises InputError that names file and row for what cannot be read.

    Preferences of a ranking that was read whole are not read again.
    """
    items: dict[str, Item] = {}
    pairs: dict[str, list[Preference]] = {}
    for path in paths:
        if not judgement_files(Path(path)):
            raise InputError(f"{path}: no such file, or a folder without rankings or preferences (.jsonl or .parquet)")
    for file in (file for path in paths for file in judgement_files(Path(path))):
        for number, row in enumerate(rows_of(file), 1):
            where = f"{file.name}:{number}"
            counts["rows"] += 1
            if isinstance(row, dict) and "ranking_id" in row:
                preference = _valid(Preference, row, where)
                pairs.setdefault(preference.ranking_id, []).append(preference)
                continue
            item = _item(row, where)
            if item.id in items:
                counts["dropped_same_id" if items[item.id] == item else "renamed_same_id"] += 1
                if items[item.id] == item:
                    continue
                item = item._replace(id=f"{item.id}~{where}")
            items[item.id] = item
    for name, rows in pairs.items():
        if name in items:
            counts["preferences_of_whole_rankings"] += len(rows)
        else:
            items[name] = _of_preferences(rows)
    return list(items.values())


def usable(items: Iterable[Item], marks: Sequence[str], counts: Counter[str]) -> list[Item]:
    """The items that give a gradient: without pairs of equal text, answers that no pair needs, and control marks."""
    kept = []
    for item in items:
        texts = [message["content"] for message in item.prompt] + list(item.answers)
        if any(mark in said for mark in marks for said in texts):
            counts["dropped_control_token"] += 1
            continue
        compact = _compact(item, counts)
        if not compact.pairs:
            counts["dropped_without_a_pair"] += 1
            continue
        kept.append(compact)
        counts["answers_without_a_pair"] += len(item.answers) - len(compact.answers)
    return kept


def fit(
    items: Iterable[Item], measure: Callable[[Messages], Sequence[int]], limit: int, counts: Counter[str]
) -> list[Item]:
    """The items cut from the left, by whole exchanges, until the longest answer fits too; all answers keep the same prompt.

    An item whose last patient turn does not fit together with its longest answer is left out whole, and counted.
    """
    kept = []
    for item in items:
        answers = max(measure([{"role": "assistant", "content": answer} for answer in item.answers]))
        prompt = trim_left(item.prompt, measure(item.prompt), limit - answers)
        if prompt is None:
            counts["dropped_too_long"] += 1
            continue
        if len(prompt) < len(item.prompt):
            counts["left_trimmed"] += 1
            counts["left_trimmed_turns"] += len(item.prompt) - len(prompt)
        kept.append(item._replace(prompt=prompt))
    return kept


def halves(items: Sequence[Item], share: float, counts: Counter[str]) -> tuple[list[Item], list[Item]]:
    """(train, held out): by the `split` of the data if a row is in dev, else by a hash of the dialogue.

    Rows of the test split are left for `cmtmedqa evaluate reward`, and counted.
    """
    counts["test_split_left_out"] += sum(item.split == "test" for item in items)
    rest = [item for item in items if item.split != "test"]
    if any(item.split == "dev" for item in rest):
        return [item for item in rest if item.split != "dev"], [item for item in rest if item.split == "dev"]
    train: list[Item] = []
    held: list[Item] = []
    for item in rest:
        (held if _place(item.dialogue_id) < share else train).append(item)
    return train, held


def read_halves(settings: RewardRun, tokenizer: Any, counts: Counter[str]) -> tuple[list[Item], list[Item]]:
    """The items to learn from and those held out, of `data` and `eval_data`. Raises InputError when either is empty."""
    marks = template.control_marks(tokenizer)

    def read(paths: Sequence[str], into: Counter[str]) -> list[Item]:
        items = usable(read_items(paths, into), marks, into)
        return fit(items, lambda messages: template.lengths(tokenizer, messages), settings.max_length, into)

    items = read(settings.data, counts)
    if settings.eval_data:
        train, dev = items, read(settings.eval_data, Counter())
    else:
        train, dev = halves(items, settings.eval_share, counts)
    for name, rows in (("to learn from", train), ("held out", dev)):
        if not rows:
            why = ", ".join(f"{key} {count}" for key, count in sorted(counts.items()) if count)
            raise InputError(f"{', '.join(settings.data)}: no ranking {name} ({why}); give more rankings, or eval_data")
    counts["train_rankings"], counts["held_out_rankings"] = len(train), len(dev)
    counts["train_pairs"], counts["held_out_pairs"] = (sum(len(item.pairs) for item in half) for half in (train, dev))
    if counts["train_pairs"] < settings.few_pairs:
        say(
            f"warning: {counts['train_pairs']} pairs are few; a reward model of less than {settings.few_pairs} is easily led astray"
        )
    return train, dev


def _place(dialogue: str) -> float:
    digest = hashlib.blake2b(f"{_SEED}\x1f{dialogue}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _compact(item: Item, counts: Counter[str]) -> Item:
    """The item with only the answers that a pair needs, each text once.

    Left out and counted are pairs of equal text, and pairs of two texts that stand both ways (copies ranked apart).
    """
    said = [answer.strip() for answer in item.answers]
    unequal = [pair for pair in item.pairs if said[pair[0]] != said[pair[1]]]
    texts = {(said[better], said[worse]) for better, worse, _ in unequal}
    sure = [pair for pair in unequal if (said[pair[1]], said[pair[0]]) not in texts]
    counts["dropped_pairs_equal_text"] += len(item.pairs) - len(unequal)
    counts["dropped_pairs_contradictory"] += len(unequal) - len(sure)
    answers = list(dict.fromkeys(said[a] for pair in sure for a in sorted(pair[:2])))
    pairs = {(answers.index(said[better]), answers.index(said[worse])): gap for better, worse, gap in reversed(sure)}
    kept = tuple((better, worse, gap) for (better, worse), gap in sorted(pairs.items()))
    return item._replace(answers=tuple(answers), pairs=kept)


def _item(row: Any, where: str) -> Item:
    if not isinstance(row, dict):
        raise InputError(f"{where}: is no object; a row of preferences is one")
    if "rank_groups" in row:
        return _of_ranking(_valid(Ranking, row, where))
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


def _of_preferences(rows: Sequence[Preference]) -> Item:
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
    if not whole or not all(isinstance(rank, int | float) for rank in ranks):
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


def _valid(model: Any, row: dict[str, Any], where: str) -> Any:
    try:
        return model.model_validate(row)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the record"
        raise InputError(f"{where}: is no {model.__name__}: {place}: {fault['msg']}") from error


def judgement_files(path: Path) -> list[Path]:
    """The file itself, or those of a folder that are read; none for a path that is not there."""
    if path.is_dir():
        return _inside(path)
    return [path] if path.exists() else []


def _inside(folder: Path) -> list[Path]:
    """The files of a folder that are read: those called rankings… if there are any, since the pairs beside them say the same."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".jsonl", ".parquet"} and path.name[0] != ".")
    return [path for path in files if path.name.startswith("ranking")] or files
