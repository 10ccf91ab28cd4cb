"""Numbers of a report as HTML. Each is taken from the report by its path and carries that path as a JSON pointer (RFC 6901),
so that no number on the page can differ from `report.json` and a test can compare all of them.
"""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

NOTHING = Markup('<span class="none">–</span>')

Path = Sequence[str | int]


def pointer(path: Path) -> str:
    """The JSON pointer of a path of keys and indices."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def number(value: float) -> str:
    """A number for people: whole ones in full, others to four digits, thousands separated."""
    return f"{int(value):,}" if value == int(value) else f"{value:,.4g}"


def percent(share: float) -> str:
    """A share for people: one decimal; a share that is neither none nor all is never shown as 0 % or 100 %."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"


class Figures:
    """The numbers of one report. A number that the report does not state (None) is shown as a dash."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report

    def value(self, *path: str | int) -> Any:
        """What stands at a path. Raises KeyError or IndexError if nothing does."""
        found: Any = self.report
        for part in path:
            found = found[part]
        return found

    def count(self, *path: str | int) -> Markup:
        """A number as it stands in the report."""
        value = self.value(*path)
        if value is None:
            return NOTHING
        return Markup('<data value="{}" data-of="{}">{}</data>').format(value, pointer(path), number(value))

    def rate(self, *path: str | int) -> Markup:
        """A share as it stands in the report, as a percentage."""
        value = self.value(*path)
        if value is None:
            return NOTHING
        return Markup('<data value="{}" data-of="{}">{}</data>').format(value, pointer(path), percent(value))

    def share(self, part: Path, whole: Path) -> Markup:
        """One number of the report as a percentage of another."""
        top, bottom = self.value(*part), self.value(*whole)
        if not bottom:
            return NOTHING
        return Markup('<data value="{}" data-of="{}" data-per="{}">{}</data>').format(
            round(top / bottom, 6), pointer(part), pointer(whole), percent(top / bottom)
        )
