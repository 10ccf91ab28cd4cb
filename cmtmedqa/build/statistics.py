"""What the report says of the kept dialogues: lengths, rounds, inquiry by position, farewells, departments, clusters."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmtmedqa.build.tally import Tally
from cmtmedqa.build.tally import counted as count_values
from cmtmedqa.records import DEPARTMENTS, SPLITS

NONE = "(none)"
# Ten bins a decade of characters: of equal width on a logarithmic axis, which is what lengths of texts need.
CHARS = (
    *(0, 4, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 80, 100, 126, 160, 200, 250, 320, 400, 500, 630, 800),
    *(1000, 1260, 1600, 2000, 2500, 3200, 4000, 5000, 6300, 8000, 10_000, 12_600, 16_000, 20_000),
)
ROUNDS = (*range(1, 16), 20, 30, 50, 100)
CLUSTER_SIZES = (2, 3, 4, 5, 6, 8, 10, 20, 50, 100, 1000)
POSITIONS = 10
_QUANTILES = {"p5": 0.05, "p50": 0.5, "p95": 0.95}
_Z = 1.959964


def clusters(folder: Path) -> dict[str, Any]:
    """Sizes of the clusters of a dataset by the record that stays, and how like it their near members are."""
    members = pq.ParquetFile(folder / "clusters.parquet").read(columns=["winner", "kind", "similarity"])
    sizes = members.filter(pc.not_equal(members["kind"], "winner"))["winner"].value_counts().field("counts")
    near = members.filter(pc.equal(members["kind"], "near"))["similarity"].to_numpy()
    return {
        "sizes": distribution(count_values(sizes.to_numpy() + 1), CLUSTER_SIZES),
        "similarity_of_near": {"n": len(near), "bins": similarity_bins(near)},
    }


def described(counted: Tally, folder: Path) -> dict[str, Any]:
    """What `report.json` says of the kept dialogues: of the tally, and of columns of the shards in `folder`."""
    facts = counted.facts
    dialogues = facts["dialogues"]
    result = {
        "totals": {name: facts[name] for name in ("dialogues", "turns", "patient_turns", "doctor_turns")}
        | {"chars": sum(chars * count for chars, count in counted.dialogue_chars.items())},
        "distributions": {
            "rounds": distribution(counted.rounds, ROUNDS),
            "dialogue_chars": distribution(counted.dialogue_chars, CHARS),
            "patient_turn_chars": distribution(counted.patient_chars, CHARS),
            "doctor_turn_chars": distribution(counted.doctor_chars, CHARS),
        },
        "farewells": {
            "patient_turns": facts["patient_farewells"],
            "doctor_turns": facts["doctor_farewells"],
            "share_of_patient_turns": ratio(facts["patient_farewells"], facts["patient_turns"]),
            "share_of_doctor_turns": ratio(facts["doctor_farewells"], facts["doctor_turns"]),
            "dialogues_with_one": rate(facts["with_farewell"], dialogues),
            "dialogues_ending_in_one": rate(facts["ending_in_farewell"], dialogues),
        },
        **_columns(folder),
    }
    early = result.pop("early_inquiry")
    inquiries = counted.inquiry_at.total()
    result["inquiry"] = {
        "n_doctor_turns": facts["doctor_turns"],
        "n_inquiries": inquiries,
        "rate_per_doctor_turn": ratio(inquiries, facts["doctor_turns"]),
        "share_of_dialogues": ratio(facts["with_inquiry"], dialogues),
        "share_early": ratio(early, dialogues),
        "dialogues_with_one": rate(facts["with_inquiry"], dialogues),
        "dialogues_with_early_one": rate(early, dialogues),
        "by_position": _by_position(counted),
    }
    _assert_sums(result, counted)
    return result


def distribution(values: Counter[int], edges: Sequence[int]) -> dict[str, Any]:
    """Size, mean, exact quantiles (the smallest value that so many do not exceed) and bins, the empty ends left out.

    A bin holds the values `from` to `to`, both included; the last one is open (`to` is None). Values below the first edge
    count in the first bin.
    """
    if not values:
        return {"n": 0, "mean": None, **dict.fromkeys(_QUANTILES), "max": None, "bins": []}
    n = values.total()
    ordered = sorted(values)
    below = np.cumsum([values[value] for value in ordered])
    counts = Counter[int]()
    for value, count in values.items():
        counts[max(bisect_right(edges, value) - 1, 0)] += count
    last: list[int | None] = [edge - 1 for edge in edges[1:]]
    bins = list(zip(edges, [*last, None], strict=True))
    return {
        "n": n,
        "mean": round(sum(value * count for value, count in values.items()) / n, 2),
        **{name: ordered[int(np.searchsorted(below, math.ceil(share * n)))] for name, share in _QUANTILES.items()},
        "max": ordered[-1],
        "bins": [
            {"from": bins[number][0], "to": bins[number][1], "count": counts[number]}
            for number in range(min(counts), max(counts) + 1)
        ],
    }


def similarity_bins(values: npt.NDArray[np.float64]) -> list[dict[str, Any]]:
    """How many similarities lie in each twentieth of 0 to 1, lower bound included, the empty ends left out."""
    edges = [number / 20 for number in range(21)]
    # The small step up puts 0.8 itself into the bin that starts there, whatever 20 * 0.8 is in binary.
    counts = np.bincount(np.clip(np.floor(values * 20 + 1e-9).astype(np.int64), 0, 19), minlength=20)
    used = np.flatnonzero(counts)
    bounds = list(pairwise(edges))
    return [
        {"from": bounds[number][0], "to": bounds[number][1], "count": int(counts[number])}
        for number in (range(used[0], used[-1] + 1) if len(used) else ())
    ]


def rate(part: int, whole: int) -> dict[str, Any]:
    """A share of independent items with its 95 % interval after Wilson (1927); None where there are no items."""
    if not whole:
        return {"count": 0, "n": 0, "rate": None, "low": None, "high": None}
    share, square = part / whole, _Z * _Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = _Z / (1 + square / whole) * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return {"count": part, "n": whole, "rate": round(share, 4), "low": round(low, 4), "high": round(high, 4)}


def ratio(part: int, whole: int) -> float:
    """Part by whole to four decimals, 0 where the whole is 0."""
    return round(part / whole, 4) if whole else 0.0


def _by_position(counted: Tally) -> list[dict[str, Any]]:
    """The rate for the doctor's first to tenth turn, one a dialogue; later turns together, without an interval,
    since a dialogue has several of them.
    """
    here = sorted(counted.doctor_at)
    rows = [
        {"position": place, **rate(counted.inquiry_at[place], counted.doctor_at[place])}
        for place in here
        if place <= POSITIONS
    ]
    later = [place for place in here if place > POSITIONS]
    if later:
        part, whole = (sum(counts[place] for place in later) for counts in (counted.inquiry_at, counted.doctor_at))
        pooled = rate(part, whole) | {"low": None, "high": None}
        rows.append({"position": POSITIONS + 1, **pooled, "and_later": True})
    return rows


def _columns(folder: Path) -> dict[str, Any]:
    """What small columns of the published shards say: departments, their sources, quantiles of the features."""
    empty = {"departments": {}, "departments_by_source": {}, "features": {}, "early_inquiry": 0}
    sizes = dict.fromkeys(SPLITS, 0)
    shards = sorted((folder / "data").glob("*.parquet"))
    for shard in shards:
        sizes[shard.name.partition("-")[0]] += pq.read_metadata(shard).num_rows
    splits = {"splits": {name: {"dialogues": size} for name, size in sizes.items()}}
    if not shards:
        return empty | splits
    columns = ["source", "department", "features"]
    table = pa.concat_tables(pq.ParquetFile(path).read(columns=columns) for path in shards)
    numbers = pa.Table.from_struct_array(table["features"].combine_chunks())
    pairs = table.group_by(["source", "department"]).aggregate([([], "count_all")]).to_pylist()
    of_pair = {(row["source"], row["department"]): row["count_all"] for row in pairs}
    names = (*DEPARTMENTS, None)
    by_source = {
        source: {name or NONE: of_pair[source, name] for name in names if (source, name) in of_pair}
        for source in sorted({source for source, _ in of_pair})
    }
    department = Counter[str]()
    for counts in by_source.values():
        department.update(counts)
    return splits | {
        "departments": {name or NONE: department[name or NONE] for name in names if department[name or NONE]},
        "departments_by_source": by_source,
        "features": {name: _summary(numbers[name]) for name in numbers.column_names},
        "early_inquiry": int(pc.sum(numbers["early_inquiry"]).as_py()),
    }


def _summary(column: pa.ChunkedArray) -> dict[str, float]:
    values = column.cast(pa.float64()).to_numpy()
    quantiles = {name: round(float(value), 4) for name, value in _quantiles(values)}
    return {"n": len(values), "mean": round(float(values.mean()), 4), **quantiles}


def _quantiles(values: npt.NDArray[np.float64]) -> Iterable[tuple[str, np.float64]]:
    return zip(_QUANTILES, np.quantile(values, list(_QUANTILES.values())), strict=True)


def _assert_sums(result: dict[str, Any], counted: Tally) -> None:
    facts, distributions = counted.facts, result["distributions"]
    sizes = {
        "rounds": "dialogues",
        "dialogue_chars": "dialogues",
        "patient_turn_chars": "patient_turns",
        "doctor_turn_chars": "doctor_turns",
    }
    for name, whole in sizes.items():
        assert distributions[name]["n"] == facts[whole], f"{name} do not sum"
        assert sum(item["count"] for item in distributions[name]["bins"]) == facts[whole], f"{name}: a bin is missing"
    positions = result["inquiry"]["by_position"]
    assert sum(row["n"] for row in positions) == facts["doctor_turns"], "the positions do not sum"
    assert sum(row["count"] for row in positions) == result["inquiry"]["n_inquiries"], "the inquiries do not sum"
    assert sum(result["departments"].values()) == facts["dialogues"], "the departments do not sum"
