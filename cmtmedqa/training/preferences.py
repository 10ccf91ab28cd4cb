"""Rankings and pairs for reward model, DPO and the prompts of PPO: ours from `annotate export`, and the peers' formats.

A ranking is kept whole: all its pairs stay together, and each answer is read once. Peers know pairs only; pairs that name one ranking
(or share id or prompt and follow each other) become one item again.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from cmtmedqa.errors import InputError
from cmtmedqa.judgements import Preference, Ranking
from cmtmedqa.sources.mapped import Mapped, content_id
from cmtmedqa.sources.route import adapt
from cmtmedqa.training.data import Messages, rows_of

_ROLES = {"patient": "user", "doctor": "assistant", "system": "system"}
_OTHER = "其他"
_FILES = ("*.parquet", "*.jsonl", "*.json")


class Item(NamedTuple):
    """k answers to one prompt. `ranks`: 0 is best, ties are equal. `weight`: agreement of the experts, 0 to 1.

    `margins`: for pairs (better, worse) of positions a stated margin; pairs without one have none. `vetoed`: positions never chosen.
    """

    id: str
    prompt: Messages
    responses: list[str]
    ranks: list[int]
    weight: float = 1.0
    department: str = _OTHER
    split: str = "train"
    annotators: int = 1
    margins: dict[tuple[int, int], float] = {}  # noqa: RUF012 -- never changed
    vetoed: tuple[int, ...] = ()

    def pairs(self) -> list[tuple[int, int]]:
        """(better, worse) positions of all pairs that are no tie, without those whose better answer was vetoed."""
        places = range(len(self.responses))
        return [(a, b) for a in places for b in places if self.ranks[a] < self.ranks[b] and a not in self.vetoed]


def read_items(paths: Sequence[str], counts: Counter[str], split: str | None = None) -> list[Item]:
    """The rankings of files or of the folders that `annotate export` writes, in order; with `split` only those of that split.

    Where a folder holds rankings beside pairs, the rankings are read. Peers' rows have no split and count as train. What cannot be
    read as a ranking is counted. Raises InputError for a path that is missing or holds none.
    """
    found: list[Item] = []
    for path in paths:
        items = list(_grouped(item for file in _files(Path(path)) for item in _items(file, counts)))
        if not items:
            why = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
            raise InputError(f"{path}: holds no ranking and no pair" + (f" ({why})" if why else ""))
        found += [item for item in items if split in {None, item.split}]
    kept = [item for item in map(_distinct, found) if _has_pair(item, counts)]
    counts["items"] += len(kept)
    counts["pairs"] += sum(len(item.pairs()) for item in kept)
    return kept


def _has_pair(item: Item, counts: Counter[str]) -> bool:
    if item.pairs():
        return True
    counts["dropped_without_a_pair"] += 1
    return False


def _distinct(item: Item) -> Item:
    """The item without answers that repeat an earlier one word for word: a pair of equal texts teaches nothing."""
    first = [item.responses.index(text) for text in item.responses]
    keep = [place for place, seen in enumerate(first) if seen == place]
    if len(keep) == len(first):
        return item
    moved = {place: number for number, place in enumerate(keep)}
    return item._replace(
        responses=[item.responses[place] for place in keep],
        ranks=[item.ranks[place] for place in keep],
        margins={(moved[a], moved[b]): m for (a, b), m in item.margins.items() if a in moved and b in moved},
        vetoed=tuple(moved[place] for place in item.vetoed if place in moved),
    )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    found = sorted(file for pattern in _FILES for file in path.rglob(pattern) if file.name != "manifest.json")
    rankings = [file for file in found if "ranking" in file.name]
    return rankings or found


def _items(file: Path, counts: Counter[str]) -> Iterator[Item]:
    for index, row in enumerate(rows_of(file)):
        counts["rows"] += 1
        item = _item(row, f"{file.name}:{index}")
        if isinstance(item, str):
            counts[f"dropped_{item}"] += 1
        else:
            yield item


def _item(row: Any, name: str) -> Item | str:
    """One row as an item; the reason where it is none."""
    if not isinstance(row, dict):
        return "not_an_object"
    row = {key: value for key, value in row.items() if value is not None}
    try:
        if "rank_groups" in row:
            return _of_ranking(Ranking.model_validate(row))
        if "ranking_id" in row and "chosen_id" in row:
            return _of_preference(Preference.model_validate(row))
    except ValidationError:
        return "bad_record"
    if isinstance(row.get("responses"), list) and isinstance(row.get("rank"), list):
        return _of_ranks(row, name)
    if isinstance(row.get("output"), list) and "instruction" in row:  # best first, as the readers of CMtMedQA have it
        texts = row["output"]
        ranked = {"query": row["instruction"], "history": row.get("history") or [], "responses": texts}
        return _of_ranks({**ranked, "rank": list(range(len(texts)))}, str(row.get("id", name)))
    if "rejected_response" in row and isinstance(row.get("messages"), list) and row["messages"]:  # ms-swift
        *prompt, last = row["messages"]
        row = {
            **row,
            "prompt": prompt,
            "chosen": [last],
            "rejected": [{"role": "assistant", "content": row["rejected_response"]}],
        }
        del row["messages"], row["rejected_response"]
    return _of_pair(row)


def _of_ranking(ranking: Ranking) -> Item:
    rank = {name: place for place, group in enumerate(ranking.rank_groups) for name in group}
    ids = [candidate.id for candidate in ranking.candidates]
    return Item(
        ranking.id, [message.model_dump() for message in ranking.prompt], [candidate.text for candidate in ranking.candidates],
        [rank[name] for name in ids], ranking.weight, ranking.department, ranking.split, ranking.n_annotators,
        vetoed=tuple(place for place, name in enumerate(ids) if name in ranking.vetoed),
    )  # fmt: skip


def _of_preference(pair: Preference) -> Item:
    prompt = [message.model_dump() for message in pair.prompt]
    return Item(
        pair.ranking_id, prompt, [pair.chosen, pair.rejected], [0, 1], pair.agreement, pair.department, pair.split,
        max(pair.n_annotators, 1), {(0, 1): pair.margin},
    )  # fmt: skip


def _mapped(row: dict[str, Any]) -> Mapped | None:
    found = next(iter(adapt(row, 0)), None)
    return found if isinstance(found, Mapped) and found.turns and found.turns[-1][0] == "patient" else None


def _of_ranks(row: dict[str, Any], name: str) -> Item | str:
    mapped = _mapped({"query": row.get("query"), "history": row.get("history") or [], "responses": row["responses"]})
    if mapped is None:
        return "no_prompt"
    texts, ranks = list(mapped.extra["candidates"]), row["rank"]  # type: ignore[call-overload]
    if len(texts) != len(ranks) or not all(isinstance(rank, int) for rank in ranks) or not all(map(str.strip, texts)):
        return "bad_ranks"
    return Item(str(row.get("id", name)), _prompt(mapped), texts, ranks, department=str(row.get("department", _OTHER)))


def _of_pair(row: dict[str, Any]) -> Item | str:
    mapped = _mapped(row)
    if mapped is None or "chosen" not in mapped.extra:
        return "unknown_shape"
    chosen, rejected = str(mapped.extra["chosen"]), str(mapped.extra["rejected"])
    if not chosen.strip() or not rejected.strip():
        return "empty_answer"
    margin = row.get("margin")
    margins = {(0, 1): float(margin)} if isinstance(margin, int | float) else {}
    group = str(row.get("ranking_id") or mapped.id or content_id(mapped.turns))
    agreement = row.get("agreement")
    return Item(
        group, _prompt(mapped), [chosen, rejected], [0, 1], float(agreement) if isinstance(agreement, int | float) else 1.0,
        str(row.get("department", _OTHER)), str(row.get("split", "train")), margins=margins,
    )  # fmt: skip


def _prompt(mapped: Mapped) -> Messages:
    return [{"role": _ROLES[role], "content": text} for role, text in mapped.turns]


def _grouped(items: Iterator[Item]) -> Iterator[Item]:
    """Items of one id and prompt joined into one, in the order in which they first appear."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(json.dumps([item.id, item.prompt], ensure_ascii=False), []).append(item)
    for group in groups.values():
        yield group[0] if len(group) == 1 else _joined(group)


def _joined(group: list[Item]) -> Item:
    """One item of several: an answer's rank is the length of the longest chain of better answers above it.

    From all pairs of a ranking this gives the ranking back. Pairs that contradict each other (a circle) give no rank: all tie.
    """
    texts = list(dict.fromkeys(text for item in group for text in item.responses))
    place = {text: number for number, text in enumerate(texts)}
    above: dict[int, set[int]] = {number: set() for number in range(len(texts))}
    margins: dict[tuple[int, int], float] = {}
    for item in group:
        for a, b in item.pairs():
            better, worse = place[item.responses[a]], place[item.responses[b]]
            above[worse].add(better)
            if (a, b) in item.margins:
                margins[better, worse] = item.margins[a, b]
    ranks = [0] * len(texts)
    for _ in texts:
        ranks = [max((ranks[other] + 1 for other in above[number]), default=0) for number in range(len(texts))]
    if max(ranks) >= len(texts):
        ranks = [0] * len(texts)
    weight = sum(item.weight for item in group) / len(group)
    return group[0]._replace(responses=texts, ranks=ranks, weight=weight, margins=margins)
