"""`cmtmedqa diff`: what came, went and changed between two finished datasets, by source, department and reason.

A dialogue is the same if its id is; ids that a build made unique (`x~2`) follow the text, since they depend on the order of the
input. Why a dialogue went stands in the rejections of the new dataset, why one came in those of the old one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmtmedqa.build.fingerprints import NONE, SHOWN, Side
from cmtmedqa.records import DEPARTMENTS

Rows = npt.NDArray[np.int64]
NO_INPUT = "not in the input any more"
NEW_INPUT = "new in the input"
_SUFFIX = "~[0-9]+$"


class Matched(NamedTuple):
    """Rows of both sides: those that are one dialogue (pairwise), those only in the old, those only in the new one."""

    old: Rows
    new: Rows
    went: Rows
    came: Rows
    changed: dict[str, npt.NDArray[np.bool_]]

    def any_change(self) -> npt.NDArray[np.bool_]:
        """Which pairs differ in any field."""
        result = np.zeros(len(self.old), bool)
        for mask in self.changed.values():
            result |= mask
        return result


def match(old: Side, new: Side) -> Matched:
    """Pair the dialogues of two datasets and compare every field that both have."""
    found = pc.index_in(new.ids, value_set=old.ids)
    partner = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    if len(old.ids) and len(new.ids):
        _follow_renamed(old, new, partner)
    new_rows = np.flatnonzero(partner >= 0)
    old_rows = partner[new_rows]
    changed = {
        name: old.hashes[name][old_rows] != new.hashes[name][new_rows] for name in old.hashes if name in new.hashes
    }
    renamed = pc.not_equal(old.ids.take(pa.array(old_rows)), new.ids.take(pa.array(new_rows)))
    changed["id"] = renamed.to_numpy(zero_copy_only=False)
    went = np.setdiff1d(np.arange(len(old.ids)), old_rows, assume_unique=True)
    return Matched(old_rows, new_rows, went, np.flatnonzero(partner < 0), changed)


def _follow_renamed(old: Side, new: Side, partner: Rows) -> None:
    """Give dialogues that stand under another number of one id, `x` and `x~2`, the partner with their text (in place)."""
    paired = partner >= 0
    equal = np.zeros(len(partner), bool)
    equal[paired] = old.hashes["text"][partner[paired]] == new.hashes["text"][paired]
    settled = np.zeros(len(old.ids), bool)
    settled[partner[equal]] = True
    open_old, open_new = _numbered(old.ids, new.ids, np.flatnonzero(~settled), np.flatnonzero(~equal))
    waiting: dict[tuple[str, int], list[int]] = {}
    for row, base in open_old:
        waiting.setdefault((base, int(old.hashes["text"][row])), []).append(row)
    moved = {row: rows.pop(0) for row, base in open_new if (rows := waiting.get((base, int(new.hashes["text"][row]))))}
    taken = set(moved.values())
    for row, _ in open_new:
        if row in moved:
            partner[row] = moved[row]
        elif partner[row] in taken:
            partner[row] = -1


def _numbered(old: pa.Array, new: pa.Array, old_rows: Rows, new_rows: Rows) -> Iterator[list[tuple[int, str]]]:
    """(row, id without its number) of those open rows whose id without number carries a number on either side."""
    ids = [old.take(pa.array(old_rows)), new.take(pa.array(new_rows))]
    bases = [pc.replace_substring_regex(names, _SUFFIX, "") for names in ids]
    several = pa.concat_arrays(
        [base.filter(pc.not_equal(base, names)) for base, names in zip(bases, ids, strict=True)]
    ).unique()
    for base, rows in zip(bases, (old_rows, new_rows), strict=True):
        chosen = np.flatnonzero(pc.is_in(base, value_set=several).to_numpy(zero_copy_only=False))
        yield list(zip(rows[chosen].tolist(), base.take(pa.array(chosen)).to_pylist(), strict=True))


def why(side: Side, rows: Rows, other: Side, otherwise: str) -> tuple[pa.Array, pa.Array]:
    """For dialogues of one side, `step/reason` and detail of their rejection on the other, or `otherwise` and nothing."""
    ids, sources = side.ids.take(pa.array(rows)), _plain(side.values["source"].take(pa.array(rows)))
    table = other.rejected
    known, origin = table["id"].combine_chunks(), table["source"].combine_chunks()
    base, known_base = (pc.replace_substring_regex(names, _SUFFIX, "") for names in (ids, known))
    places = [
        pc.index_in(_key(ids, sources), value_set=_key(known, origin)),
        pc.index_in(ids, value_set=known),
        pc.index_in(_key(base, sources), value_set=_key(known, origin)),
        pc.index_in(
            _key(base, sources), value_set=_key(known_base, origin)
        ),  # `--against` gives the newcomer the number
    ]
    place = pc.coalesce(*places)
    named = pc.binary_join_element_wise(table["step"].combine_chunks(), table["reason"].combine_chunks(), "/")
    return named.take(place).fill_null(otherwise), table["detail"].combine_chunks().take(place).fill_null("")


def _key(ids: pa.Array, sources: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(ids, sources, "\x1f")


def _plain(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


def compare(old: Side, new: Side, records: bool = False) -> dict[str, Any]:
    """The difference as a JSON value; with `records`, every dialogue that came, went or changed by its id."""
    found = match(old, new)
    differs = found.any_change()
    went, went_detail = why(old, found.went, new, NO_INPUT)
    came, came_detail = why(new, found.came, old, NEW_INPUT)
    counts = {"old": len(old.ids), "new": len(new.ids), "same": int((~differs).sum()), "changed": int(differs.sum())}
    counts |= {"came": len(found.came), "went": len(found.went)}
    assert counts["old"] == counts["same"] + counts["changed"] + counts["went"], (
        "dialogues of the old dataset were lost"
    )
    assert counts["new"] == counts["same"] + counts["changed"] + counts["came"], (
        "dialogues of the new dataset were lost"
    )
    fields = {name: int(mask.sum()) for name, mask in found.changed.items() if mask.any()}
    result = {
        "dialogues": counts,
        "by_source": _grouped("source", old, new, found),
        "by_department": _grouped("department", old, new, found),
        "went_by_reason": _counted(went),
        "came_by_reason": _counted(came),
        "changed_by_field": dict(sorted(fields.items(), key=lambda item: (-item[1], item[0]))),
        "moved": {name: moves for name in SHOWN if (moves := _moves(name, old, new, found))},
        "fields_only_in_one": sorted(set(old.hashes) ^ set(new.hashes)) if old.hashes and new.hashes else [],
        **_manifests(old.manifest, new.manifest),
    }
    if records:
        result["records"] = {
            "came": _listed(new, found.came, came, came_detail),
            "went": _listed(old, found.went, went, went_detail),
            "changed": _changes(old, new, found),
        }
    return result


def _counted(values: pa.Array) -> dict[str, int]:
    counts = Counter({item["values"]: item["counts"] for item in _plain(values).value_counts().to_pylist()})
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _grouped(name: str, old: Side, new: Side, found: Matched) -> dict[str, dict[str, int]]:
    """Per value of a field: dialogues in both datasets, those that came, went and changed (by their value in the new one)."""
    differs = found.new[found.any_change()]
    columns = {
        "old": _counted(old.values[name]),
        "new": _counted(new.values[name]),
        "came": _counted(new.values[name].take(pa.array(found.came))),
        "went": _counted(old.values[name].take(pa.array(found.went))),
        "changed": _counted(new.values[name].take(pa.array(differs))),
    }
    order = {value: place for place, value in enumerate((*DEPARTMENTS, NONE))} if name == "department" else {}
    values = sorted(columns["old"] | columns["new"], key=lambda value: (order.get(value, len(order)), value))
    return {value: {column: counts.get(value, 0) for column, counts in columns.items()} for value in values}


def _moves(name: str, old: Side, new: Side, found: Matched) -> list[dict[str, Any]]:
    mask = found.changed.get(name, np.zeros(len(found.old), bool))
    before = _plain(old.values[name].take(pa.array(found.old[mask]))).to_pylist()
    after = _plain(new.values[name].take(pa.array(found.new[mask]))).to_pylist()
    pairs = Counter(zip(before, after, strict=True))
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [{"from": pair[0], "to": pair[1], "dialogues": count} for pair, count in ordered]


def _listed(side: Side, rows: Rows, reasons: pa.Array, details: pa.Array) -> list[dict[str, str]]:
    place = pa.array(rows)
    columns = {
        "id": side.ids.take(place),
        "source": _plain(side.values["source"].take(place)),
        "department": _plain(side.values["department"].take(place)),
        "reason": reasons,
        "detail": details,
    }
    found: list[dict[str, str]] = pa.table(columns).sort_by("id").to_pylist()
    return found


def _changes(old: Side, new: Side, found: Matched) -> list[dict[str, Any]]:
    rows = np.flatnonzero(found.any_change())
    masks = {name: mask[rows].tolist() for name, mask in found.changed.items()}
    place = pa.array(found.new[rows])
    lists = [
        new.ids.take(place).to_pylist(),
        old.ids.take(pa.array(found.old[rows])).to_pylist(),
        _plain(new.values["source"].take(place)).to_pylist(),
        _plain(new.values["department"].take(place)).to_pylist(),
    ]
    result = []
    for number, (identifier, before, source, department) in enumerate(zip(*lists, strict=True)):
        fields = [name for name, mask in masks.items() if mask[number]]
        entry = {"id": identifier, "source": source, "department": department, "fields": fields}
        result.append(entry | ({"old_id": before} if before != identifier else {}))
    return sorted(result, key=lambda entry: str(entry["id"]))


def _manifests(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What explains a difference: inputs, settings and versions that are not the same in both manifests."""
    parts = ("settings", "versions", "libraries")
    before, after = (dict(_flat({part: side.get(part, {}) for part in parts})) for side in (old, new))
    files = [{item["file"]: item for item in _inputs(side)} for side in (old, new)]
    both = sorted(set(files[0]) & set(files[1]))
    changed = [name for name in both if files[0][name]["sha256"] != files[1][name]["sha256"]]
    return {
        "settings": {
            name: {"old": before.get(name), "new": after.get(name)}
            for name in sorted(before | after)
            if before.get(name) != after.get(name)
        },
        "inputs": {
            "came": sorted(set(files[1]) - set(files[0])),
            "went": sorted(set(files[0]) - set(files[1])),
            "changed": changed,
            "described otherwise": [name for name in both if name not in changed and files[0][name] != files[1][name]],
        },
    }


def _inputs(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The inputs of a dataset: of one that was appended to, those of its ancestors too, its own last."""
    if manifest.get("settings", {}).get("append") and isinstance(parent := manifest.get("parent"), Mapping):
        yield from _inputs(parent)
    yield from manifest.get("inputs", [])


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, Mapping):
            yield from _flat(item, f"{prefix}{name}.")
        else:
            yield prefix + name, item
