"""Searching a dataset row group by row group, only as far as a page needs.

A scan remembers the numbers of its hits and where it stopped, so the next page goes on instead of starting again.
"""

import json
import os
import time
from array import array
from bisect import bisect_left
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from cmtmedqa.browse.dataset import Dataset, Group, read_group

NO_DEPARTMENT = "(none)"
STATUSES = ("all", "kept", "rejected")
_REMEMBERED = 32
_AT_ONCE = min(os.cpu_count() or 1, 4)
_TEXT = "turns.list.element.text"

Mask = npt.NDArray[np.bool_]


class Query(NamedTuple):
    """What is looked for: `text` is a substring; the other fields are exact, empty for any. `reason` is step/reason."""

    text: str = ""
    status: str = "all"
    reason: str = ""
    department: str = ""
    split: str = ""
    source: str = ""

    def visits(self, group: Group) -> bool:
        """Whether a row group can hold hits: reasons are known of rejected records, splits and departments of kept ones."""
        if group.split is None:
            return self.status != "kept" and not self.department and not self.split
        return self.status != "rejected" and not self.reason and self.split in {"", group.split}


def hits(group: Group, query: Query) -> Mask:
    """Which rows of a row group the query finds."""
    mask = np.ones(group.rows, bool)
    exact = {"source": query.source}
    if group.split is None:
        step, _, reason = query.reason.partition("/")
        exact |= {"step": step, "reason": reason}
    else:
        exact["department"] = query.department
    exact = {name: value for name, value in exact.items() if value}
    if exact:
        table = read_group(group, list(exact))
        for name, value in exact.items():
            same = pc.is_null(table[name]) if value == NO_DEPARTMENT else pc.equal(table[name], value)
            mask &= _numpy(same)
    if query.text and mask.any():
        mask &= _kept(group, query.text) if group.split else _rejected(group, query.text)
    return mask


def _numpy(column: Any) -> Mask:
    values: Mask = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values


def _contains(column: Any, text: str) -> Any:
    # With ignore_case Arrow searches through RE2, which takes a fifth of the time of its plain search (benchmarked on Chinese text).
    return pc.match_substring(column, text, ignore_case=True)


def _kept(group: Group, text: str) -> Mask:
    table = read_group(group, ["id", "source", "title", "department", "department_raw", _TEXT])
    mask = np.zeros(group.rows, bool)
    for name in ("id", "source", "title", "department"):
        mask |= _numpy(_contains(table[name], text))
    for name in ("department_raw", "turns"):
        lists = table[name].combine_chunks()
        values = lists.flatten() if name == "department_raw" else lists.flatten().field("text")
        mask[pc.list_parent_indices(lists).filter(_contains(values, text)).to_numpy()] = True
    return mask


def _rejected(group: Group, text: str) -> Mask:
    """Records are stored as JSON, so a hit in a dialogue is confirmed in its texts: keys are not what people look for."""
    table = read_group(group, ["id", "source", "file", "step", "record"])
    mask = np.zeros(group.rows, bool)
    for name in ("id", "source", "file"):
        mask |= _numpy(_contains(table[name], text))
    record = table["record"]
    possible = np.zeros(group.rows, bool)
    for pattern in {text, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]}:
        possible |= _numpy(_contains(record, pattern))
    mask |= possible & _numpy(pc.equal(table["step"], "read"))
    folded = text.casefold()
    for row in np.flatnonzero(possible & ~mask).tolist():
        title, turns = stored_dialogue(record[row].as_py())
        mask[row] = any(folded in part.casefold() for part in (title or "", *(text for _, text in turns)))
    return mask


def stored_dialogue(record: str) -> tuple[str | None, list[tuple[str, str]]]:
    """Title and turns (role, text) of a rejected dialogue; empty for what is none."""
    try:
        value = json.loads(record)
        return value["title"], [(turn["role"], turn["text"]) for turn in value["turns"]]
    except (ValueError, KeyError, TypeError):
        return None, []


class Scan:
    """How far one search has come; it may be asked from several threads."""

    def __init__(self, dataset: Dataset, query: Query, pool: ThreadPoolExecutor) -> None:
        self._query, self._pool, self._lock = query, pool, Lock()
        self._groups = [group for group in dataset.groups if query.visits(group)]
        self._rows = max(sum(group.rows for group in self._groups), 1)
        self._next = 0
        self._seen = 0
        self._found = array("q")

    @property
    def done(self) -> bool:
        """Whether every record was looked at."""
        return self._next == len(self._groups)

    @property
    def share(self) -> float:
        """Which share of the records was looked at."""
        return 1.0 if self.done else self._seen / self._rows

    def find(self, count: int, seconds: float) -> int:
        """Go on until `count` hits are known, nothing is left or time is up, by at least one step; the hits known."""
        end = time.monotonic() + seconds
        with self._lock:
            while len(self._found) < count and not self.done:
                self._step()
                if time.monotonic() > end:
                    break
            return len(self._found)

    def page(self, start: int, size: int) -> list[int]:
        """The numbers of some of the hits that are known."""
        with self._lock:
            return self._found[start : start + size].tolist()

    def around(self, number: int, seconds: float) -> tuple[int | None, int | None, int | None]:
        """(hit before, place among the hits, hit after) of a record; None where there is none."""
        end = time.monotonic() + seconds
        with self._lock:
            while not self.done and (not self._found or self._found[-1] <= number) and time.monotonic() <= end:
                self._step()
            at = bisect_left(self._found, number)
            if at == len(self._found) or self._found[at] != number:
                return None, None, None
            after = self._found[at + 1] if at + 1 < len(self._found) else None
            return (self._found[at - 1] if at else None), at, after

    def _step(self) -> None:
        groups = self._groups[self._next : self._next + _AT_ONCE]
        masks = self._pool.map(hits, groups, [self._query] * len(groups))
        for group, mask in zip(groups, masks, strict=True):
            self._found.extend((np.flatnonzero(mask) + group.start).tolist())
            self._next += 1
            self._seen += group.rows


class Searches:
    """The last searches of one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset, self._lock = dataset, Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "search")
        self._scans: OrderedDict[Query, Scan] = OrderedDict()

    def scan(self, query: Query) -> Scan:
        """The scan of this query, a new one if it was not asked lately."""
        with self._lock:
            scan = self._scans.pop(query, None) or Scan(self._dataset, query, self._pool)
            self._scans[query] = scan
            if len(self._scans) > _REMEMBERED:
                self._scans.popitem(last=False)
            return scan
