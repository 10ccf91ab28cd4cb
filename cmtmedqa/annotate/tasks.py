"""From candidate sets to the tasks of each expert: who judges what, in which order, with what mixed in, under which blind names.

Pure functions. The same sets, settings and salt give the same tasks; who saw what in which order stays in the round's folder.
"""

import hashlib
import hmac
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cmtmedqa.io import canonical_json
from cmtmedqa.judgements import CandidateSet, Purpose
from cmtmedqa.records import Record

DISTANCE = 20  # items between the two showings of a hidden duplicate, where the expert has twice as many
_BLOCK = 10  # items are shuffled inside blocks, so that experts who stop early have still judged the same items
_ROLES = {"user": "患者", "assistant": "医生"}
_LETTERS = "ABCDEF"


class Mix(NamedTuple):
    """What a round is made of: experts an item, shares of an expert's items shown twice and of gold items, seed of all orders."""

    per_item: int = 2
    duplicates: float = 0.05
    calibration: float = 0.05
    seed: int = 0


class Task(Record):
    """One task of one expert: `order` holds the candidates' ids as shown; `key` is all of it that the server knows."""

    key: str
    expert: str
    set_id: str
    purpose: Purpose
    order: tuple[str, ...]

    @property
    def k(self) -> int:
        """How many replies are shown."""
        return len(self.order)


def plan(
    name: str,
    sets: Sequence[CandidateSet],
    gold: Sequence[CandidateSet],
    experts: Sequence[str],
    mix: Mix,
    salt: bytes,
) -> list[Task]:
    """The tasks of a round, expert by expert in the order of showing; sets with different k go to different projects.

    Each set goes to `per_item` experts. Hidden duplicates come `DISTANCE` items behind the first showing, or half of the
    expert's items where these are fewer, with the replies in another order. Every expert gets the same gold items.
    """
    load: Counter[tuple[str, ...]] = Counter()
    tasks: list[Task] = []
    for k in sorted({len(item.candidates) for item in sets}):
        own = [item for item in sets if len(item.candidates) == k]
        seats = assign(interleaved(own, _chance(mix.seed, name, "items", k)), experts, mix, load)
        known = sorted((item for item in gold if len(item.candidates) == k), key=lambda item: item.id)
        _chance(mix.seed, name, "gold", k).shuffle(known)
        for expert in experts:
            chance = _chance(mix.seed, name, "order", k, expert)
            shown = _mixed(_in_blocks(seats[expert], chance), known, mix, chance)
            tasks += _showings(name, expert, shown, mix.seed, salt)
    return tasks


def adjudication(
    name: str,
    sets: Sequence[CandidateSet],
    seen: Mapping[str, frozenset[str]],
    experts: Sequence[str],
    seed: int,
    salt: bytes,
) -> tuple[list[Task], list[str]]:
    """One task a set for an expert who has not seen it (`seen`: set id → codes), evenly; and the sets that everybody has seen."""
    load: Counter[str] = Counter()
    chosen: dict[str, list[tuple[Purpose, CandidateSet]]] = defaultdict(list)
    nobody = []
    for item in sorted(sets, key=lambda item: item.id):
        free = [code for code in experts if code not in seen.get(item.id, frozenset())]
        if not free:
            nobody.append(item.id)
            continue
        expert = min(free, key=lambda code: (load[code], experts.index(code)))
        load[expert] += 1
        chosen[expert].append(("adjudication", item))
    shown = [(expert, chosen[expert]) for expert in experts if expert in chosen]
    return [task for expert, items in shown for task in _showings(name, expert, items, seed, salt)], nobody


def interleaved(sets: Sequence[CandidateSet], chance: random.Random) -> list[CandidateSet]:
    """All sets, shuffled, so that every stretch holds the departments in the proportions of the whole."""
    cells: dict[str, list[CandidateSet]] = defaultdict(list)
    for item in sorted(sets, key=lambda item: item.id):
        cells[item.department].append(item)
    placed = []
    for department in sorted(cells):
        cell = cells[department]
        chance.shuffle(cell)
        offset = chance.random()
        placed += [((place + offset) / len(cell), item) for place, item in enumerate(cell)]
    return [item for _, item in sorted(placed, key=lambda pair: (pair[0], pair[1].id))]


def assign(
    sets: Sequence[CandidateSet], experts: Sequence[str], mix: Mix, load: Counter[tuple[str, ...]]
) -> dict[str, list[CandidateSet]]:
    """The items of each expert, in the order of `sets`: balanced by department, in all, and by which experts share an item.

    `load` carries the counts on from one call to the next.
    """
    seats: dict[str, list[CandidateSet]] = {expert: [] for expert in experts}
    for item in sets:
        chance = _chance(mix.seed, "seat", item.id)
        luck = {expert: chance.random() for expert in experts}
        chosen: list[str] = []
        for _ in range(mix.per_item):
            free = [expert for expert in experts if expert not in chosen]
            together = {expert: sum(load[tuple(sorted((expert, other)))] for other in chosen) for expert in free}
            best = min(free, key=lambda e: (load[item.department, "", e], load[(e,)], together[e], luck[e]))
            load.update([(item.department, "", best), (best,)])
            load.update(tuple(sorted((best, other))) for other in chosen)
            chosen.append(best)
        for expert in chosen:
            seats[expert].append(item)
    return seats


def _in_blocks(items: Sequence[CandidateSet], chance: random.Random) -> list[CandidateSet]:
    blocks = [list(items[start : start + _BLOCK]) for start in range(0, len(items), _BLOCK)]
    for block in blocks:
        chance.shuffle(block)
    return [item for block in blocks for item in block]


def _mixed(
    items: Sequence[CandidateSet], gold: Sequence[CandidateSet], mix: Mix, chance: random.Random
) -> list[tuple[Purpose, CandidateSet]]:
    """The items of one expert with gold items and second showings between them."""
    count = len(items)
    distance = min(DISTANCE, count // 2)
    placed: list[tuple[float, Purpose, CandidateSet]] = [(place, "item", item) for place, item in enumerate(items)]
    placed += [
        (chance.uniform(-0.5, count - 0.5), "calibration", item) for item in gold[: _part(mix.calibration, count)]
    ]
    early = range(count - distance if count > 1 else 0)
    placed += [
        (chance.randrange(place + distance, count) + 0.5, "duplicate", items[place])
        for place in sorted(chance.sample(early, min(_part(mix.duplicates, count), len(early))))
    ]
    return [(purpose, item) for _, purpose, item in sorted(placed, key=lambda each: (each[0], each[1], each[2].id))]


def _part(share: float, count: int) -> int:
    return math.ceil(round(share * count, 9))


def _showings(
    name: str, expert: str, shown: Sequence[tuple[Purpose, CandidateSet]], seed: int, salt: bytes
) -> Iterator[Task]:
    before: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for purpose, item in shown:
        ids = sorted(candidate.id for candidate in item.candidates)
        chance = _chance(seed, name, expert, item.id, purpose)
        chance.shuffle(ids)
        while tuple(ids) in before[item.id]:  # a second showing in the order of the first measures memory
            chance.shuffle(ids)
        before[item.id].add(tuple(ids))
        key = blind(salt, "t", 16, name, expert, item.id, purpose)
        yield Task(key=key, expert=expert, set_id=item.id, purpose=purpose, order=tuple(ids))


def blind(salt: bytes, letter: str, length: int, *parts: str) -> str:
    """A name that tells nothing without the salt: HMAC-SHA256 in hex behind a letter, because a browser re-sorts names of digits."""
    return letter + hmac.new(salt, canonical_json(parts).encode(), hashlib.sha256).hexdigest()[:length]


def reply_ids(task: Task, salt: bytes) -> tuple[str, ...]:
    """The names under which the server knows the replies of a task, in the order shown."""
    return tuple(blind(salt, "r", 10, task.key, candidate) for candidate in task.order)


def data_of(task: Task, item: CandidateSet, salt: bytes) -> dict[str, Any]:
    """All that the server gets of a task: its key, department, dialogue and replies. No model, no candidate's id, no instruction."""
    texts = {candidate.id: candidate.text for candidate in item.candidates}
    replies = zip(reply_ids(task, salt), _LETTERS, task.order, strict=False)
    return {
        "cmt_key": task.key,
        "department": item.department,
        "dialogue": [{"role": _ROLES[turn.role], "text": turn.content} for turn in item.prompt if turn.role in _ROLES],
        "responses": [
            {"id": name, "title": f"回答 {letter}", "body": texts[candidate]} for name, letter, candidate in replies
        ],
    }


def _chance(*parts: object) -> random.Random:
    return random.Random(int.from_bytes(hashlib.sha256(canonical_json(parts).encode()).digest()))  # noqa: S311
