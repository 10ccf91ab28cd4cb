"""The Scrapy side: a scheduler that asks the frontier, and a spider that acknowledges every ending to it.

The one module of the package that imports Scrapy when it is itself imported: a spider has to be a subclass.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response, TextResponse
from scrapy.utils.asyncio import call_later
from twisted.python.failure import Failure

from cmtmedqa.crawl import links
from cmtmedqa.crawl.frontier import Ending, Row
from cmtmedqa.crawl.retry_after import OVER
from cmtmedqa.crawl.robots import DISALLOWED, UNAVAILABLE
from cmtmedqa.crawl.session import Session
from cmtmedqa.crawl.verdict import MAX_REDIRECTS, judge
from cmtmedqa.crawl.warc import Exchange

_SHORTEST_NAP = 0.02
_TOO_LARGE = {"DownloadCancelledError", "ResponseTooLargeError"}


class PageSpider(scrapy.Spider):
    """Stores pages and takes links from them; every request ends in `landed` or `missed`, and so in the frontier."""

    name = "pages"
    session: Session

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """As Scrapy builds a spider, with the session as an argument."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.keep_headers, signals.response_downloaded)
        spider.session.close = spider.shut
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the seeds are in the frontier already."""
        return
        yield

    def keep_headers(self, response: Response, request: Request) -> None:
        """Headers as they came, before the body is unpacked."""
        request.meta["headers"] = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        ]

    def shut(self, reason: str) -> None:
        """Take back what waits in the slot, so that it never leaves, and close."""
        engine = self.crawler.engine
        if engine is None:  # interrupted before the start: there is nothing to take back
            return
        slot = engine.downloader.slots.get(self.session.plan.site)
        while slot and slot.queue:
            _, waiting = slot.queue.popleft()
            waiting.errback(IgnoreRequest(OVER))
        if engine.running:
            self._closing = asyncio.ensure_future(engine.close_spider_async(reason=reason))

    async def landed(self, response: Response) -> None:
        """A response of any status."""
        session, row = self.session, self._row(response.request)
        location = response.headers.get("Location")
        verdict = judge(
            row.url,
            response.status,
            location.decode("latin-1") if location else None,
            response.body,
            session.plan.walls,
        )
        status = response.status
        if verdict.kind == "store":
            await session.settle(*self._stored(response, row))
        elif verdict.kind == "redirect":
            await session.settle(self._redirected(row, verdict.target, status))
        elif verdict.kind == "retry":
            await session.settle(session.again(row, verdict.reason or "", status))
        else:
            if verdict.kind == "stop":
                session.stop_site(verdict.reason or "")
            await session.settle(Ending(row, "failed", verdict.reason, status))

    async def missed(self, failure: Failure) -> None:
        """No response: refused by robots.txt, given back, too large, or lost on the way."""
        session, row = self.session, self._row(failure.request)  # type: ignore[attr-defined]
        reason = str(failure.value)
        if isinstance(failure.value, IgnoreRequest) and reason == OVER:
            session.give_back(row)
        elif isinstance(failure.value, IgnoreRequest):
            known = reason if reason == DISALLOWED or reason.startswith(UNAVAILABLE) else "ignored"
            await session.settle(Ending(row, "denied", known))
        elif type(failure.value).__name__ in _TOO_LARGE:
            await session.settle(Ending(row, "failed", "too_large"))
        else:
            await session.settle(session.again(row, type(failure.value).__name__))

    def _stored(self, response: Response, row: Row) -> tuple[Ending, Exchange]:
        """A page with its links; a page whose links cannot be read is stored all the same."""
        reason, found = None, []
        try:
            if isinstance(response, TextResponse):
                found = links.find(self.session.plan, row.url, response.text)
        except Exception as error:  # noqa: BLE001 - whatever a parser makes of a broken page, its bytes are kept
            reason = f"links_unread: {type(error).__name__}"
        request = response.request
        assert request is not None
        asked = [
            (key.decode("latin-1"), value.decode("latin-1")) for key, all_ in request.headers.items() for value in all_
        ]
        exchange = Exchange(
            url=row.url,
            method=request.method,
            request_headers=[("Host", row.url.split("/", 3)[2]), *asked],
            status=response.status,
            reason=_phrase(response.status),
            headers=request.meta["headers"],
            body=response.body,
        )
        return Ending(row, "done", reason, response.status, found), exchange

    def _redirected(self, row: Row, target: str, status: int) -> Ending:
        if row.redirects >= MAX_REDIRECTS:
            return Ending(row, "failed", "too_many_redirects", status)
        if target == row.url:
            return Ending(row, "failed", "redirect_to_itself", status)
        if not self.session.plan.allows(target):
            return Ending(row, "denied", "redirect_outside_the_plan", status)
        return Ending(row, "done", f"redirect to {target}", status, [target], row.redirects + 1)

    def _row(self, request: Request | None) -> Row:
        assert request is not None
        row: Row = request.meta["row"]
        return row


class FrontierScheduler:
    """Gives Scrapy the pages of the frontier, one at a time, and wakes it when one falls due."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._spider: Any = crawler.spider
        self._nap: Any = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy builds its components."""
        return cls(crawler)

    def has_pending_requests(self) -> bool:
        """Whether the run goes on."""
        pending: bool = self._spider.session.pending()
        return pending

    def enqueue_request(self, request: Request) -> bool:  # noqa: ARG002 - the interface
        """Nothing is queued here: links go into the frontier with the page that they were found on."""
        return False

    def next_request(self) -> Request | None:
        """The next page, or None with a wake-up call for when there may be one."""
        session: Session = self._spider.session
        row = session.next()
        if row is None:
            self._sleep(session)
            return None
        return Request(
            row.url,
            callback=self._spider.landed,
            errback=self._spider.missed,
            dont_filter=True,
            meta={"row": row, "download_slot": session.plan.site, "handle_httpstatus_all": True},
        )

    def _sleep(self, session: Session) -> None:
        due = None if self._nap is not None else session.due()
        if due is None:
            return
        seconds = due - session.frontier.clock()
        if seconds > 0:
            self._nap = call_later(max(_SHORTEST_NAP, seconds), self._wake)

    def _wake(self) -> None:
        self._nap = None
        engine = self._crawler.engine
        if engine is not None and engine._slot is not None:
            engine._slot.nextcall.schedule()

    def close(self, reason: str) -> None:  # noqa: ARG002 - the interface
        """No call after the end."""
        if self._nap is not None:
            self._nap.cancel()


def _phrase(status: int) -> str:
    from http import HTTPStatus

    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
