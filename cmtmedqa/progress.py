"""Progress of long work: a rich bar on a terminal, plain lines elsewhere. Counts and rates only, never text."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 10.0
_REFRESH = 0.1  # seconds
_NARROW = 110  # columns: below it the counts take the place of a long bar and of the time left


class Meter:
    """Counts of one phase. `advance` moves the bar (bytes or tasks), `count` the number of records."""

    def __init__(self, console: Console, name: str, total: int, bar: Progress | None) -> None:
        self._console, self._name, self._total, self._bar = console, name, max(total, 1), bar
        self._task: TaskID | None = bar.add_task(name, total=self._total, counts="") if bar else None
        self._done = 0
        self.read = self.kept = self.rejected = 0
        self._start = self._last_shown = time.monotonic()

    def count(self, read: int, kept: int, rejected: int) -> None:
        """Add records to the counters."""
        self.read, self.kept, self.rejected = self.read + read, self.kept + kept, self.rejected + rejected
        self._show()

    def advance(self, amount: int) -> None:
        """Move the bar on."""
        self._done += amount
        self._show()

    def _counts(self) -> str:
        if not self.read:
            return ""
        rate = self.read / max(time.monotonic() - self._start, 0.001)
        outcome = f", kept {self.kept:,}, rejected {self.rejected:,}" if self.kept or self.rejected else ""
        return f"{self.read:,} read, {rate:,.0f}/s{outcome}"

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._last_shown < (_SECONDS_BETWEEN_LINES if self._bar is None else _REFRESH):
            return
        self._last_shown = now
        if self._bar is None:
            self._console.print(f"{self._name}: {100 * self._done // self._total}% {self._counts()}", highlight=False)
        else:
            self._draw(self._bar)

    def _draw(self, bar: Progress) -> None:
        if self._task is not None:
            bar.update(self._task, completed=self._done, counts=self._counts())

    def close(self) -> None:
        """Show the last counts: on the bar, or as one plain line where there is none."""
        if self._bar is not None:
            self._draw(self._bar)
        elif self._counts():
            self._console.print(f"{self._name}: done, {self._counts()}", highlight=False)


@contextmanager
def meter(console: Console, name: str, total: int) -> Iterator[Meter]:
    """Show one phase of work whose bar runs to `total`."""
    if not console.is_terminal:
        phase = Meter(console, name, total, None)
        yield phase
        phase.close()
        return
    narrow = console.width < _NARROW
    left = () if narrow else (TextColumn("left"), TimeRemainingColumn())
    columns = (
        TextColumn("{task.description}" if narrow else "{task.description:<12}"), BarColumn(8 if narrow else 40),
        TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), *left, TextColumn("{task.fields[counts]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        phase = Meter(console, name, total, bar)
        try:
            yield phase
        finally:
            phase.close()
