"""The gate in front of the site: nothing leaves before a Retry-After has passed, and nothing at all after a refusal.

Scrapy retries one request and lets the others go on. Here the whole slot of the site waits, requests already queued in it
included, and the time is kept in the frontier for the next run.
"""

import time
from typing import TYPE_CHECKING

from cmtmedqa.crawl.verdict import REFUSED, retry_after

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

OVER = "over"
_WAITING = {429, 503}


class RetryAfterMiddleware:
    """Pauses the slot when the site asks for it; ends the run when the site refuses."""

    def __init__(self, crawler: "Crawler") -> None:
        from scrapy import signals

        self._crawler = crawler
        self._session = crawler.spider.session  # type: ignore[union-attr]
        # The signal comes before the slot sends its next request; process_response would be too late.
        crawler.signals.connect(self._arrived, signals.response_downloaded)

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> "RetryAfterMiddleware":
        """As Scrapy builds its components."""
        return cls(crawler)

    def process_request(self, request: "Request") -> None:  # noqa: ARG002 - the interface
        """The last look before a request enters the slot."""
        from scrapy.exceptions import IgnoreRequest

        if self._session.over:
            raise IgnoreRequest(OVER)

    def _arrived(self, response: "Response", request: "Request") -> None:
        session = self._session
        header = response.headers.get("Retry-After")
        asked = retry_after(header.decode("latin-1") if header else None, time.time())
        if response.status in REFUSED and not request.meta.get("robots"):
            if asked:
                session.pause(asked)
            session.stop_site(f"http_{response.status}")
        elif response.status in _WAITING or (asked and response.status >= 300):
            row = request.meta.get("row")
            session.pause(asked if asked is not None else session.backoff(row.attempts if row else 0))
            if not session.over:
                self.hold()

    def hold(self) -> None:
        """Let the slot send nothing before the time that the frontier holds."""
        from scrapy.utils.asyncio import call_later

        downloader = self._crawler.engine.downloader
        seconds = self._session.frontier.paused_until() - self._session.frontier.clock()
        slot = downloader.slots.get(self._session.plan.site)
        if slot and seconds > 0:
            slot.close()
            slot.latercall = call_later(seconds, downloader._latercall, slot)
