"""What lies in which file: every seed once, some cluttered, some with personal data, then copies and refused records."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import chance
import copies
import noise
import personal
import refused
from noise import Turns
from shapes import CLINICS, DESCRIBED, Clinic, Item

from cmtmedqa.records import DEPARTMENTS

HERE = Path(__file__).resolve().parent
JSON_ARRAY, CSV, BLOCKS = "clinic_a.json", "clinic_e.csv", "clinic_f.txt"
EXACT_OF_EACH = 5
NEAR_COPIES = 12
DECOYS = 8
NOISE_OF_EACH = 6
NAN_DEPARTMENTS, NAN_SUBS = 4, 8
# Names that sources write for some departments.
OTHER_NAMES = {"皮肤科": "皮肤性病科", "传染病科": "传染科", "男科": "男性科"}

Files = dict[str, list[Item]]
Slot = tuple[str, int]  # file and position before copies and refused records come in


class Group(NamedTuple):
    """Records that are copies of each other (exact, near) or only look so (decoy), told by their marks."""

    kind: str
    marks: tuple[str, ...]


def seeds() -> list[dict[str, Any]]:
    """The clean dialogues."""
    return [json.loads(line) for line in (HERE / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()]


def corpus() -> tuple[Files, list[Group]]:
    """The records of every file in their final order, and the groups of copies among them."""
    files = _dealt()
    free = chance.shuffled(
        [(name, place) for name in files for place in range(len(files[name])) if name != CSV], "slots"
    )
    _plant_personal(files, free)
    _plant_noise(files, free)
    groups = _plant_copies(files, free)
    _vary_departments(files)
    _vary_titles(files)
    _describe(files)
    for name, items in refused.REFUSED.items():
        files[name] += items
    files[JSON_ARRAY] += [Item(turns=turns, planted=("safety",)) for turns in refused.SAFETY]
    return {name: chance.shuffled(items, f"{name}/final") for name, items in files.items()}, groups


def _dealt() -> Files:
    """Every seed in one file, each file with its share of every department."""
    files: Files = {clinic.name: [] for clinic in CLINICS}
    for department in DEPARTMENTS:
        hand = chance.shuffled([seed for seed in seeds() if seed["department"] == department], department)
        for clinic in CLINICS:
            mine, hand = hand[: clinic.share], hand[clinic.share :]
            files[clinic.name] += [_original(seed, clinic) for seed in mine]
        if hand:
            raise SystemExit(f"{department} has more dialogues than the files take")
    return {name: chance.shuffled(items, name) for name, items in files.items()}


def _original(seed: Mapping[str, Any], clinic: Clinic) -> Item:
    turns: Turns = tuple(("doctor" if place % 2 else "patient", text) for place, text in enumerate(seed["turns"]))
    if clinic.name == CSV:
        turns = (("patient", turns[0][1].replace("，", "，\n", 1)), turns[1])
    item = Item(turns=turns, seed=seed["id"], disease=seed["disease"], title=seed["title"])
    if not clinic.departments:
        return item
    # A sub-department under 其他 would name another of the 14.
    return item._replace(department=seed["department"], sub="" if seed["department"] == "其他" else seed["sub"])


def _take(files: Files, free: list[Slot], fits: Callable[[str, Item], bool]) -> Slot:
    """The first free slot that fits; it is free no more."""
    slot = next(slot for slot in free if fits(slot[0], files[slot[0]][slot[1]]))
    free.remove(slot)
    return slot


def _plant_personal(files: Files, free: list[Slot]) -> None:
    for planted in personal.everything():
        name, place = _take(files, free, lambda *_: True)
        item = files[name][place]
        spoken = [at for at, (role, _) in enumerate(item.turns[:4]) if role == planted.role]
        # A doctor who introduces himself or greets does so at the start.
        at = spoken[0] if planted.role == "doctor" else spoken[chance.number(planted.value, len(spoken))]
        before = planted.role == "doctor" or chance.number(planted.value, 4) == 0

        def told(text: str, sentence: str = planted.sentence, before: bool = before) -> str:
            return sentence + text if before else text + sentence

        turns = tuple((role, told(text) if turn == at else text) for turn, (role, text) in enumerate(item.turns))
        files[name][place] = item._replace(turns=turns, planted=(f"personal/{planted.kind}/{at}/{planted.value}",))


def _plant_noise(files: Files, free: list[Slot]) -> None:
    runs = {clinic.name for clinic in CLINICS if clinic.runs}
    for label, kind in noise.KINDS.items():
        for _ in range(NOISE_OF_EACH):

            def fits(name: str, item: Item, kind: noise.Kind = kind) -> bool:
                allowed = (name in runs or not kind.needs_runs) and (not kind.files or name in kind.files)
                return allowed and kind.fits(item.turns)

            name, place = _take(files, free, fits)
            item = files[name][place]
            files[name][place] = item._replace(turns=kind.make(item.turns, item.seed), planted=(f"noise/{label}",))


def _plant_copies(files: Files, free: list[Slot]) -> list[Group]:
    """Append the copies to other files than those of their originals."""
    groups = []
    wanted: list[tuple[str, str, Callable[[Turns, str], Turns | None]]]
    wanted = [("exact", dress, make) for dress, make in copies.EXACT.items() for _ in range(EXACT_OF_EACH)]
    wanted += [("near", "reworded", copies.near)] * NEAR_COPIES + [("decoy", "decoy", copies.decoy)] * DECOYS
    for count, (kind, dress, make) in enumerate(wanted):
        slot, turns = next(_candidates(files, free, kind, make))
        free.remove(slot)
        item, mark = files[slot[0]][slot[1]], f"group/{count:02d}"
        targets = [clinic for clinic in CLINICS if clinic.name not in (CSV, slot[0])]
        files[slot[0]][slot[1]] = item._replace(planted=(f"{mark}/original",))
        marks = [f"{mark}/original"]
        # Every fifth exact copy lies in two files.
        for target in chance.shuffled(targets, mark)[: 2 if kind == "exact" and count % EXACT_OF_EACH == 0 else 1]:
            marks.append(f"{mark}/{dress}/{target.name}")
            copy = Item(turns=turns, disease=item.disease, planted=(marks[-1],))
            named = copy._replace(department=item.department, sub=item.sub) if target.departments else copy
            files[target.name].append(named)
        groups.append(Group(kind, tuple(marks)))
    return groups


def _candidates(
    files: Files, free: list[Slot], kind: str, make: Callable[[Turns, str], Turns | None]
) -> Iterator[tuple[Slot, Turns]]:
    """Free slots whose dialogue can be copied that way; an exact copy must be the same after cleaning."""
    for slot in free:
        item = files[slot[0]][slot[1]]
        turns = make(item.turns, item.seed)
        if turns is None or (make is not copies.EXACT["plain"] and turns == item.turns):
            continue
        if kind != "exact" or copies.key(copies.cleaned(turns)) == copies.key(copies.cleaned(item.turns)):
            yield slot, turns


def _vary_departments(files: Files) -> None:
    """The string `nan` for some departments of the JSON array, other names for some departments everywhere."""
    for name, items in files.items():
        for place, item in enumerate(items):
            if place % 3 == 0 and item.department in OTHER_NAMES:
                items[place] = item._replace(department=OTHER_NAMES[item.department])
        if name == JSON_ARRAY:
            for place in range(NAN_DEPARTMENTS):
                items[place] = items[place]._replace(department="", sub="")
            for place in range(NAN_DEPARTMENTS, NAN_DEPARTMENTS + NAN_SUBS):
                items[place] = items[place]._replace(sub="")


def _vary_titles(files: Files) -> None:
    """Titles of the CSV: none (无), the start of the question, or a title of its own that is read before the question."""
    for place, item in enumerate(files[CSV]):
        ask = item.turns[0][1]
        if place % 3 == 0:
            files[CSV][place] = item._replace(title="无")
        elif place % 3 == 1:
            files[CSV][place] = item._replace(title=ask.partition("，")[0] + "？")
        else:
            files[CSV][place] = item._replace(planted=("noise/title_of_its_own",))


def _describe(files: Files) -> None:
    """The first question as the fields of a description, except where a copy elsewhere must stay the same."""
    for place, item in enumerate(files[BLOCKS]):
        if not any(mark.startswith("group/") for mark in item.planted):
            described = ("patient", f"疾病：{item.disease}\n病情描述：{item.turns[0][1]}")
            marks = (*item.planted, DESCRIBED)
            files[BLOCKS][place] = item._replace(turns=(described, *item.turns[1:]), planted=marks)
