"""What a reward model learns from: prompts with answers that experts ordered, read, selected, cut and split.

The shapes of files are those of `comparison_shapes.py`. Nothing is left out without a count.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Preference
from cmtmedqa.recipes.reward import RewardRun
from cmtmedqa.training import template
from cmtmedqa.training.comparison_shapes import Item, item_of, item_of_preferences, valid
from cmtmedqa.training.data import Messages, cut_left, is_dataset, rows_of, told
from cmtmedqa.training.program import say

__all__ = ["Item", "fit", "halves", "judgement_files", "learnt", "read_halves", "read_items", "usable"]

_SEED = "cmtmedqa"
_ROWS = frozenset({".jsonl", ".json", ".parquet"})
_NOTES = frozenset(
    {"dropped.jsonl", "summary.json", "dataset_info.json"}
)  # what `annotate export` writes beside the rows
_SPLITS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "eval": "dev", "test": "test"}


def read_items(paths: Sequence[str], counts: Counter[str]) -> list[Item]:
    """The items of files and folders, in order. Raises InputError that names file and row for what cannot be read.

    Preferences of a ranking that was read whole are not read again. Peers write a ranking as pairs with one prompt: rows of two
    answers to the same prompt become one item. Rows that name no split are of the one that their file in a folder is named after.
    """
    items: dict[str, Item] = {}
    pairs: dict[str, list[Preference]] = {}
    of_two: dict[str, str] = {}
    for file, split in _files(paths):
        for number, row in enumerate(rows_of(file), 1):
            where = f"{file.name}:{number}"
            counts["rows"] += 1
            if isinstance(row, dict) and "ranking_id" in row:
                preference = valid(Preference, row, where)
                pairs.setdefault(preference.ranking_id, []).append(preference)
                continue
            item = item_of(row, where)
            item = item._replace(split=item.split or split)
            _add(item, not {"rank_groups", "ranks"} & row.keys(), where, items, of_two, counts)
    for name, rows in pairs.items():
        if name in items:
            counts["preferences_of_whole_rankings"] += len(rows)
        else:
            items[name] = item_of_preferences(rows)
    return list(items.values())


def _add(
    item: Item, joins: bool, where: str, items: dict[str, Item], of_two: dict[str, str], counts: Counter[str]
) -> None:
    """Put an item to the others: join it with that of the same prompt, drop a copy, or rename one whose id is taken."""
    prompt = json.dumps([item.prompt, item.split], ensure_ascii=False)
    if joins and len(item.answers) == 2 and prompt in of_two:
        first = items[of_two[prompt]]
        shifted = tuple((a + len(first.answers), b + len(first.answers), gap) for a, b, gap in item.pairs)
        items[first.id] = first._replace(answers=first.answers + item.answers, pairs=first.pairs + shifted)
        counts["joined_by_prompt"] += 1
        return
    if items.get(item.id) == item:
        counts["dropped_copies"] += 1
        return
    if item.id in items:
        counts["renamed_same_id"] += 1
        item = item._replace(id=f"{item.id}~{where}")
    items[item.id] = item
    if joins and len(item.answers) == 2:
        of_two[prompt] = item.id


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
        prompt = cut_left(item.prompt, measure(item.prompt), limit - answers, counts)
        if prompt is not None:
            kept.append(item._replace(prompt=prompt))
    return kept


def halves(items: Sequence[Item], share: float, counts: Counter[str]) -> tuple[list[Item], list[Item]]:
    """(train, held out): by the `split` of the data if a row is in dev, else by a hash of the dialogue.

    Of few dialogues the one with the smallest hash is held out, even if its hash is above `share`; a single one is all train. Rows of the test split are left for `cmtmedqa evaluate reward`, and counted.
    """
    rest = learnt(items, counts, "test")
    if any(item.split == "dev" for item in rest):
        return [item for item in rest if item.split != "dev"], [item for item in rest if item.split == "dev"]
    places = {item.dialogue_id: _place(item.dialogue_id) for item in rest}
    limit = max(share, min(places.values())) if share and len(places) > 1 else -1.0
    held = [item for item in rest if places[item.dialogue_id] <= limit]
    return [item for item in rest if places[item.dialogue_id] > limit], held


def learnt(items: Sequence[Item], counts: Counter[str], *left_out: str) -> list[Item]:
    """The items but those of some splits, which are counted."""
    for split in left_out:
        counts[f"{split}_split_left_out"] += sum(item.split == split for item in items)
    return [item for item in items if item.split not in left_out]


def read_halves(settings: RewardRun, tokenizer: Any, counts: Counter[str]) -> tuple[list[Item], list[Item]]:
    """The items to learn from and those held out, of `data` and `eval_data`. Raises InputError when either is empty."""
    marks = template.control_marks(tokenizer)

    def read(paths: Sequence[str], into: Counter[str]) -> list[Item]:
        items = usable(read_items(paths, into), marks, into)
        return fit(items, lambda messages: template.lengths(tokenizer, messages), settings.max_length, into)

    items = read(settings.data, counts)
    if settings.eval_data:
        train, dev = learnt(items, counts, "dev", "test"), read(settings.eval_data, Counter())
    else:
        train, dev = halves(items, settings.eval_share, counts)
    for name, rows in (("to learn from", train), ("held out", dev)):
        if not rows:
            raise InputError(
                f"{', '.join(settings.data)}: no ranking {name} ({told(counts)}); give more rankings, or eval_data"
            )
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


def judgement_files(path: Path) -> list[Path]:
    """The file itself, or those of a folder that are read; none for a path that is not there."""
    if path.is_dir():
        return _inside(path)
    return [path] if path.exists() else []


def _inside(folder: Path) -> list[Path]:
    """The files of a folder that are read: rankings… if there are any, else preference…, since the others beside them say the same."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in _ROWS and path.name[0] != ".")
    files = [path for path in files if path.name not in _NOTES]
    for kind in ("ranking", "preference"):
        if named := [path for path in files if any(part.startswith(kind) for part in path.relative_to(folder).parts)]:
            return named
    return files


def _files(paths: Sequence[str]) -> list[tuple[Path, str]]:
    """The files to read, each with the split that a folder's `test.jsonl` or `test/pairs.jsonl` is named after, else ''."""
    found = []
    for path in map(Path, paths):
        if is_dataset(str(path)):
            raise InputError(
                f"{path}: is a dataset of dialogues; rankings and pairs come from: cmtmedqa annotate export"
            )
        if not (files := judgement_files(path)):
            raise InputError(
                f"{path}: no such file, or a folder without rankings or preferences (.jsonl, .json or .parquet)"
            )
        for file in files:
            inside = [*file.relative_to(path).parent.parts, file.stem] if path.is_dir() else []
            found.append((file, next((_SPLITS[part] for part in reversed(inside) if part in _SPLITS), "")))
    return found
