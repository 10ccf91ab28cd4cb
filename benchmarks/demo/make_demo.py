"""Write the demo corpus and the truth about it.

    python benchmarks/demo/make_demo.py [--output cmtmedqa/demo]

Takes the clean invented dialogues of dialogues.jsonl, gives each to one of eight files of different shape and encoding, clutters
some, plants personal data in others, adds copies and records that must be refused (plan.py), and writes truth.json: what a build
of these files must read, keep and reject. No clock and no generator is used: the same dialogues give the same bytes.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import copies
from plan import OTHER_NAMES, Files, Group, corpus, seeds
from shapes import CLINICS

from cmtmedqa.records import DEPARTMENTS
from cmtmedqa.sources.mapped import content_id

MAX_BYTES = 1_500_000
NO_DEPARTMENT = "(none)"
_CANONICAL = (
    {other: name for name, other in OTHER_NAMES.items()} | {name: name for name in DEPARTMENTS} | {"": NO_DEPARTMENT}
)
_STATED_ID = {clinic.name: clinic.stated_id for clinic in CLINICS}

README = """# The demo corpus

Everything in this folder is invented: no dialogue was held, no patient, doctor, clinic or number exists. The dialogues were
written for this project (`benchmarks/demo/dialogues.jsonl`), and `benchmarks/demo/make_demo.py` spread them over eight files of
different shape and encoding, some with an extension that does not fit, and planted clutter, copies, personal data that is valid
by construction and records that must be refused. `truth.json` says what a build of the eight files (`cmtmedqa build --demo`)
reads, keeps and rejects, and where what was planted lies. The advice in the dialogues is no medical advice.
"""

Place = list[Any]  # [file, index]


def truth(files: Files, groups: list[Group]) -> dict[str, Any]:
    """What a build must find in the files; indices count the records of a file from 0."""
    found = {
        mark: [name, index]
        for name, items in files.items()
        for index, item in enumerate(items)
        for mark in item.planted
    }
    clusters = [_cluster(files, group, found) for group in groups if group.kind != "decoy"]
    reasons = {
        (name, index): item.refused for name, items in files.items() for index, item in enumerate(items) if item.refused
    }
    for cluster in clusters:
        for member in cluster["members"]:
            if member != cluster["kept"]:
                reasons[member[0], member[1]] = f"deduplicate/{cluster['kind']}_duplicate"
    by_file = {
        name: _counts([reasons.get((name, index), "") for index in range(len(items))]) for name, items in files.items()
    }
    total = _counts([reasons.get((name, index), "") for name, items in files.items() for index in range(len(items))])
    departments = Counter(
        _CANONICAL[item.department]
        for name, items in files.items()
        for index, item in enumerate(items)
        if (name, index) not in reasons
    )
    return {
        **total,
        "by_file": by_file,
        "departments": {name: departments[name] for name in (*DEPARTMENTS, NO_DEPARTMENT)},
        "duplicates": clusters,
        "decoys": [[found[mark] for mark in group.marks] for group in groups if group.kind == "decoy"],
        "refused": [
            {"file": name, "index": index, "step": step, "reason": reason}
            for name, items in files.items()
            for index, item in enumerate(items)
            for step, _, reason in [item.refused.partition("/")]
            if step
        ],
        "pii": _personal(files),
        "noise": _noise(files),
        "originals": _originals(files),
        "planted": _planted(files),
    }


def _counts(reasons: list[str]) -> dict[str, Any]:
    rejected = Counter(reason for reason in reasons if reason)
    return {"read": len(reasons), "kept": len(reasons) - rejected.total(), "rejected": dict(sorted(rejected.items()))}


def _cluster(files: Files, group: Group, found: Mapping[str, Place]) -> dict[str, Any]:
    """A group of copies; the longest stays, of equals the one with the smaller id, of equal ids the first."""
    members = [found[mark] for mark in group.marks]

    def rank(member: Place) -> tuple[int, str, str, int]:
        name, index = member
        item = files[name][index]
        chars = sum(len(text) for _, text in copies.cleaned(item.turns))
        return -chars, _STATED_ID[name](index) or content_id(item.turns), name, index

    # Only rewordings differ in length once cleaned; line ends of a shape do not occur in copies.
    return {"kind": group.kind, "members": sorted(members), "kept": min(members, key=rank)}


def _personal(files: Files) -> dict[str, list[dict[str, Any]]]:
    result: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, items in files.items():
        for index, item in enumerate(items):
            for mark in item.planted:
                if mark.startswith("personal/"):
                    _, kind, turn, value = mark.split("/", 3)
                    result[kind].append({"file": name, "index": index, "turn": int(turn), "value": value})
    return {kind: result[kind] for kind in sorted(result)}


def _noise(files: Files) -> dict[str, list[Place]]:
    result: dict[str, list[Place]] = defaultdict(list)
    for name, items in files.items():
        for index, item in enumerate(items):
            for mark in item.planted:
                if mark.startswith("noise/"):
                    result[mark.removeprefix("noise/")].append([name, index])
    return {kind: result[kind] for kind in sorted(result)}


def _originals(files: Files) -> dict[str, Place]:
    places = {
        item.seed: [name, index] for name, items in files.items() for index, item in enumerate(items) if item.seed
    }
    if len(places) != len(seeds()):
        raise SystemExit("a seed is in no file")
    return {seed: places[seed] for seed in sorted(places)}


def _planted(files: Files) -> dict[str, int]:
    """How often each kind of fault was planted."""
    kinds: Counter[str] = Counter()
    for items in files.values():
        for item in items:
            kinds.update(f"refused/{item.refused}" for _ in range(bool(item.refused)))
            for mark in item.planted:
                parts = mark.split("/")
                if parts[0] == "group" and parts[2] != "original":
                    kinds[f"copy/{parts[2]}"] += 1
                elif parts[0] != "group":
                    kinds["/".join(parts[:2])] += 1
    return dict(sorted(kinds.items()))


def check(files: Files) -> None:
    """Stop if a planted value occurs anywhere but where it was planted."""
    texts = [text for items in files.values() for item in items for _, text in item.turns]
    for name, places in _personal(files).items():
        for place in places:
            if sum(text.count(place["value"]) for text in texts) != 1:
                raise SystemExit(
                    f"a value of class {name} occurs more than once: file {place['file']}, index {place['index']}"
                )


def write(folder: Path) -> dict[str, Any]:
    """Write the files, truth.json and README.md into a folder; returns the truth."""
    files, groups = corpus()
    check(files)
    folder.mkdir(parents=True, exist_ok=True)
    for clinic in CLINICS:
        (folder / clinic.name).write_bytes(clinic.write(files[clinic.name]))
    facts = truth(files, groups)
    text = _readable(facts)
    (folder / "truth.json").write_text(text, encoding="utf-8", newline="\n")
    (folder / "README.md").write_text(README, encoding="utf-8", newline="\n")
    if (size := sum((folder / clinic.name).stat().st_size for clinic in CLINICS)) > MAX_BYTES:
        raise SystemExit(f"the demo corpus has grown to {size:,} bytes")
    return facts


def _readable(facts: Mapping[str, Any]) -> str:
    """JSON with one line an entry: short enough to read, long enough to compare."""
    blocks = []
    for name, value in facts.items():
        if isinstance(value, dict) and value:
            inner = ",\n".join(f"  {json.dumps(key, ensure_ascii=False)}: {_flat(item)}" for key, item in value.items())
            blocks.append(f" {json.dumps(name)}: {{\n{inner}\n }}")
        elif isinstance(value, list) and value:
            inner = ",\n".join(f"  {_flat(item)}" for item in value)
            blocks.append(f" {json.dumps(name)}: [\n{inner}\n ]")
        else:
            blocks.append(f" {json.dumps(name)}: {_flat(value)}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _flat(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Parse the arguments, write, say what was written."""
    parser = argparse.ArgumentParser(description="Write the demo corpus.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parents[2] / "cmtmedqa" / "demo")
    folder = parser.parse_args().output
    facts = write(folder)
    print(f"{folder}: {facts['read']} records in {len(CLINICS)} files, {facts['kept']} to be kept")


if __name__ == "__main__":
    main()
