"""One run of a crawl: which page may leave next, and how each request ended. All components of the run share it."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cmtmedqa.crawl.frontier import Ending, Frontier, Row
from cmtmedqa.crawl.plan import Plan
from cmtmedqa.crawl.warc import Exchange, WarcSink

LONGEST_BACKOFF = 3_600.0


class _Waiting(NamedTuple):
    ending: Ending
    exchange: Exchange | None
    settled: "asyncio.Future[None]"


class Session:
    """The state of a run. `close` is called once, when the run has to end before the queue is empty.

    At most `plan.concurrency` pages are taken and not yet acknowledged, so that no more are fetched twice after a kill.
    """

    def __init__(self, plan: Plan, frontier: Frontier, sink: WarcSink, forgotten: Callable[[str], bool]) -> None:
        self.plan, self.frontier, self.sink = plan, frontier, sink
        self.outcome: str | None = None
        self.fault: str | None = None
        self.started = frontier.clock()
        self.stored = 0
        self.delay = plan.delay
        self.close: Callable[[str], None] = lambda _: None
        self._forgotten = forgotten
        self._taken = 0
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more may be requested in this run."""
        return self.outcome is not None

    def next(self) -> Row | None:
        """The next page that may be requested now."""
        try:
            while not self.over and self._taken < self.plan.concurrency and not self._full():
                row = self.frontier.take()
                if row is None:
                    return None
                barred = self._barred(row.url)
                if barred is None:
                    self._taken += 1
                    return row
                self.frontier.acknowledge([Ending(row, "denied", barred)])
        except sqlite3.Error as error:
            self._fail(str(error))
        return None

    def due(self) -> float | None:
        """When `next` may have a page again, if only time is missing."""
        if self.over or self._taken >= self.plan.concurrency or self._full():
            return None
        until = self.frontier.paused_until()
        return until if until > self.frontier.clock() else self.frontier.next_due()

    def _fail(self, reason: str) -> None:
        """The disk refused: end the run. What is in flight is queued again by the next one."""
        self.fault = self.fault or reason
        self.end("disk")

    def _barred(self, url: str) -> str | None:
        """Why an address is never requested, whatever robots.txt says; the plan may have changed since it was queued."""
        if self._forgotten(url):
            return "forgotten"
        return None if self.plan.allows(url) else "outside_the_plan"

    def pending(self) -> bool:
        """Whether pages are left for this run, now or later."""
        return self._taken > 0 or not (self.over or self._full() or self.frontier.counts["queued"] == 0)

    def _full(self) -> bool:
        limit = self.plan.max_pages
        return limit is not None and self.frontier.counts["done"] + self._taken >= limit

    def end(self, outcome: str) -> None:
        """End the run early. The first reason stands."""
        if self.outcome is None:
            self.outcome = outcome
            self.close(outcome)

    def stop_site(self, reason: str) -> None:
        """The site refused: end the run, and remember it so that the next run does not begin."""
        if not self.over:
            self.frontier.put("stopped", reason)
        self.end(f"stopped: {reason}")

    def pause(self, seconds: float) -> None:
        """Let nothing leave before this many seconds have passed; end the run if that is longer than the plan waits."""
        self.frontier.pause(self.frontier.clock() + seconds)
        if seconds > self.plan.retry_after_max:
            self.end("parked")

    def backoff(self, attempts: int) -> float:
        """Seconds before the next attempt: doubled each time."""
        return min(LONGEST_BACKOFF, self.plan.backoff * 2.0**attempts)

    def again(self, row: Row, reason: str, status: int | None = None) -> Ending:
        """Another attempt later, or failure if there have been enough."""
        if row.attempts >= self.plan.retries:
            return Ending(row, "failed", reason, status)
        return Ending(row, "queued", reason, status, not_before=self.frontier.clock() + self.backoff(row.attempts))

    def give_back(self, row: Row) -> None:
        """A page that was taken but not requested, because the run is ending."""
        self.frontier.give_back(row)
        self._taken -= 1

    async def settle(self, ending: Ending, exchange: Exchange | None = None) -> None:
        """Acknowledge a request, its record first; returns when both are on the disk, or when the disk refused."""
        settled = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(ending, exchange, settled))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await settled

    async def _write(self) -> None:
        """Write what waits, as one batch for each visit to the disk; a thread waits for the disk."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            endings = await self._records(batch)
            try:
                self.frontier.acknowledge(endings)
                self.stored += sum(ending.stored is not None for ending in endings)
            except sqlite3.Error as error:
                self._fail(str(error))
            self._taken -= len(batch)
            for item in batch:
                if not item.settled.done():  # cancelled by an interrupt
                    item.settled.set_result(None)

    async def _records(self, batch: list[_Waiting]) -> list[Ending]:
        """The endings with the places of their records; none if the disk refused one, which ends the run."""
        if self.fault:
            return []
        try:
            endings = [
                item.ending._replace(stored=self.sink.write(item.exchange)) if item.exchange else item.ending
                for item in batch
            ]
            if any(ending.stored for ending in endings):
                await asyncio.to_thread(self.sink.sync)
        except OSError as error:
            self._fail(error.strerror or "input/output error")
            return []
        return endings


def warc_info(plan: Plan, agent: str, software: str) -> Mapping[str, str]:
    """The fields of the record that opens each file."""
    return {
        "software": software,
        "format": "WARC File Format 1.1",
        "http-header-user-agent": agent,
        "robots": "obey: RFC 9309, closed while robots.txt is unreachable; Crawl-delay honoured",
        "isPartOf": f"{plan.site}@{plan.version}",
    }
