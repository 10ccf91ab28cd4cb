"""The time a page states, as ISO text; relative ones are resolved against the fetch time (Beijing time) or left out."""

import datetime
import re

_BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_FULL = re.compile(
    r"((?:19|20)\d\d)\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})(?:\s*日)?(?:[T\s]*(\d{1,2})[:：](\d\d)(?:[:：](\d\d))?)?"
)
_DAYS = re.compile(r"(\d{1,3})\s*天前")
_NAMED = {"今天": 0, "昨天": 1, "前天": 2}
_CLOCK = re.compile(r"(\d{1,2})[:：](\d\d)")
_SECONDS = re.compile(r"\d{10}(?:\d{3})?")


def resolve(stated: str, fetched: str = "") -> str:
    """`2015-11-11 17:56:42`, `2015-11-11` or ''. A date without its year stays '': it is never guessed."""
    if found := _FULL.search(stated):
        return _iso(*(int(group) if group else None for group in found.groups()))
    if _SECONDS.fullmatch(stated.strip()):
        moment = datetime.datetime.fromtimestamp(int(stated.strip()[:10]), _BEIJING)
        return moment.replace(tzinfo=None).isoformat(" ", "seconds")
    day = _fetch_day(fetched)
    named = next((days for word, days in _NAMED.items() if word in stated), None)
    ago = named if named is not None else int(found[1]) if (found := _DAYS.search(stated)) else None
    if day is None or ago is None:
        return ""
    date = day - datetime.timedelta(days=ago)
    clock = _CLOCK.search(stated)
    return _iso(date.year, date.month, date.day, int(clock[1]), int(clock[2])) if clock else date.isoformat()


def _iso(
    year: int | None,
    month: int | None,
    day: int | None,
    hour: int | None = None,
    minute: int | None = None,
    second: int | None = None,
) -> str:
    try:
        moment = datetime.datetime(year or 0, month or 0, day or 0, hour or 0, minute or 0, second or 0)
    except ValueError:
        return ""
    return (
        moment.date().isoformat() if hour is None else moment.isoformat(" ", "minutes" if second is None else "seconds")
    )


def _fetch_day(fetched: str) -> datetime.date | None:
    try:
        moment = datetime.datetime.fromisoformat(fetched)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).astimezone(_BEIJING).date()
