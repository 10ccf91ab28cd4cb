"""Exact dates of a dialogue, reduced to their year or shifted by a number of days that only a key tells."""

import datetime
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# Dates with a day, months with a year, and days without a year; not what only looks like one (批号20210315, 1.2.3).
_MONTH, _DAY = "0?[1-9]|1[0-2]", "3[01]|[12][0-9]|0?[1-9]"
_DATE = re.compile(
    rf"(?<![0-9./-])(?P<y>(?:19|20)[0-9]{{2}})(?P<s>[-/.])(?P<m>{_MONTH})(?P=s)(?P<d>{_DAY})(?![0-9./-])"
    rf"|(?<![0-9])(?P<y2>(?:19|20)?[0-9]{{2}}) ?年 ?(?P<m2>{_MONTH}) ?月(?: ?(?P<d2>{_DAY}) ?(?P<e2>[日号]))?"
    rf"|(?<![0-9年./-])(?P<m3>{_MONTH}) ?月 ?(?P<d3>{_DAY}) ?(?P<e3>[日号])"
)
_GATE = "[0-9] ?[年月] ?[0-9]|[0-9]月|[0-9]{4}[-/.][0-9]{1,2}[-/.]"
_NO_YEAR = 2001
_CENTURY = 40
_MAX_DAYS = 364


def offset(key: bytes, dialogue: str) -> int:
    """The days, from -364 to -1, by which the dates of a dialogue move: HMAC-SHA256 of its id."""
    digest = hmac.new(key, dialogue.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return -1 - int.from_bytes(digest[:8], "big") % _MAX_DAYS


def years_only(text: str) -> str:
    """Every date without its month and day; a day without a year becomes 某月某日. Running it twice changes nothing."""

    def shortened(match: re.Match[str]) -> str:
        year = match["y"] or match["y2"]
        return f"{year}年" if year else "某月某日"

    return _DATE.sub(shortened, text)


def shifted(text: str, days: int) -> str:
    """Every date moved by so many days, written as it was; intervals between full dates stay. What is no date stays.

    A month without a day moves as its 15th, a day without a year as one of a year without a leap day.
    """
    return _DATE.sub(lambda match: _moved(match, days), text)


def _moved(match: re.Match[str], days: int) -> str:
    year = match["y"] or match["y2"]
    month, day = match["m"] or match["m2"] or match["m3"], match["d"] or match["d2"] or match["d3"]
    try:
        new = datetime.date(_full(year), int(month), int(day or 15)) + datetime.timedelta(days)
    except ValueError:
        return match[0]
    wide = f"{new.year % 100:02d}" if year and len(year) == 2 else str(new.year)
    # Numbers of two digits each were padded ones; between 年, 月 and 日 only a zero tells.
    padded = len(month) == len(day or "") == 2 if match["y"] else "0" in (month[0], (day or "1")[0])
    months, dates = (f"{value:02d}" if padded else str(value) for value in (new.month, new.day))
    if match["y"]:
        return f"{wide}{match['s']}{months}{match['s']}{dates}"
    ending = f"{dates}{match['e2'] or match['e3']}" if day else ""
    return f"{f'{wide}年' if year else ''}{months}月{ending}"


def _full(year: str | None) -> int:
    if year is None:
        return _NO_YEAR
    return int(year) if len(year) == 4 else int(year) + (1900 if int(year) > _CENTURY else 2000)


def change_column(
    texts: pa.StringArray, dialogue: npt.NDArray[np.int64], change: Callable[[str, int], str]
) -> pa.StringArray:
    """`change` applied to every text that holds a date, with the number of its dialogue."""
    rows = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(texts, _GATE), False)).to_pylist()
    if not rows:
        return texts
    values: list[str] = texts.take(pa.array(rows)).to_pylist()
    new = [change(text, int(dialogue[row])) for row, text in zip(rows, values, strict=True)]
    mask = np.zeros(len(texts), bool)
    mask[rows] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(new, pa.string()))


def changer(mode: str, key: bytes | None, ids: Sequence[str]) -> Callable[[str, int], str]:
    """What `change_column` does in a mode, `year` or `shift`; the latter needs the key and the ids of the dialogues."""
    if mode == "year":
        return lambda text, _: years_only(text)
    assert key is not None
    offsets: dict[int, int] = {}

    def change(text: str, number: int) -> str:
        if number not in offsets:
            offsets[number] = offset(key, ids[number])
        return shifted(text, offsets[number])

    return change
