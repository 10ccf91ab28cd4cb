"""robots.txt as RFC 9309 asks, and closed where the RFC leaves room.

Scrapy's own middleware lets requests through that wait for the first robots.txt of a site, and allows everything when
robots.txt cannot be fetched. Here one lock per host makes every request wait for finished rules, and no rules mean no.
"""

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

PRODUCT = "cmtmedqa"
DISALLOWED = "robots_disallowed"
UNAVAILABLE = "robots_unavailable"
MAX_REDIRECTS = 5
MAX_BYTES = 512 * 1024
FRESH_SECONDS = 86_400.0
LONGEST_DELAY = 86_400.0
RETRIES = 2
_DENYING = {401, 403, 429}
_FIRST = 1_000_000


class Rules(NamedTuple):
    """What one host allows: `refusal` closes the whole host, without it `parser` decides; no parser means no rules."""

    status: str
    refusal: str | None
    parser: Any
    fetched: float

    def reason_against(self, url: str) -> str | None:
        """Why the address may not be requested; None if it may."""
        if self.refusal:
            return self.refusal
        return None if self.parser is None or self.parser.can_fetch(url, PRODUCT) else DISALLOWED

    def delay(self) -> float:
        """Seconds between requests that the host asks for, by Crawl-delay or Request-rate; 0 without either."""
        if self.parser is None:
            return 0.0
        rate = self.parser.request_rate(PRODUCT)
        asked = [
            self.parser.crawl_delay(PRODUCT) or 0.0,
            rate.seconds / rate.requests if rate and rate.requests else 0.0,
        ]
        return min(LONGEST_DELAY, max(value for value in (*asked, 0.0) if math.isfinite(value)))


class RobotsMiddleware:
    """Refuses each request that the rules of its host do not allow, at any concurrency."""

    def __init__(self, crawler: "Crawler") -> None:
        self._crawler = crawler
        self._session = crawler.spider.session  # type: ignore[union-attr]
        self._rules: dict[str, Rules] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @classmethod
    def from_crawler(cls, crawler: "Crawler") -> "RobotsMiddleware":
        """As Scrapy builds its components."""
        return cls(crawler)

    async def process_request(self, request: "Request") -> None:
        """Raises IgnoreRequest with the reason."""
        from scrapy.exceptions import IgnoreRequest

        if request.meta.get("robots"):
            return
        parts = urlsplit(request.url)
        rules = await self._of(f"{parts.scheme}://{parts.netloc}")
        if self._session.over:
            return  # the gate behind this one gives the page back
        if reason := rules.reason_against(request.url):
            raise IgnoreRequest(reason)

    async def _of(self, host: str) -> Rules:
        async with self._locks.setdefault(host, asyncio.Lock()):
            known = self._rules.get(host)
            if known is None or time.monotonic() - known.fetched > FRESH_SECONDS:
                known = self._rules[host] = await self._fetch(host)
                self._slow_down(known.delay())
                self._session.frontier.note_robots(host, known.status, known.delay())
            return known

    def _slow_down(self, delay: float) -> None:
        """Set the delay of the site's slot, and of one that is built in its place later."""
        session, downloader = self._session, self._crawler.engine.downloader
        session.delay = max(session.delay, delay)
        downloader.per_slot_settings[session.plan.site]["delay"] = session.delay
        if slot := downloader.slots.get(session.plan.site):
            slot.delay = session.delay

    async def _fetch(self, host: str) -> Rules:
        status = "unreachable"
        for _ in range(1 + RETRIES):
            try:
                response = await self._get(f"{host}/robots.txt")
            except Exception as error:  # noqa: BLE001 - whatever went wrong, nothing is known, so nothing is allowed
                status = type(error).__name__
                continue
            if response is None:
                return _closed("too_many_redirects")
            if 200 <= response.status < 300:
                return _parsed(response)
            status = f"http_{response.status}"
            if response.status in _DENYING:
                return _closed(status)
            if response.status < 500:
                return Rules(status, None, None, time.monotonic())
        return _closed(status)

    async def _get(self, url: str) -> "Response | None":
        """The response at the end of at most five redirects; None beyond."""
        from scrapy import Request
        from scrapy.exceptions import IgnoreRequest

        for _ in range(1 + MAX_REDIRECTS):
            if self._session.over:
                raise IgnoreRequest("over")
            meta = {"robots": True, "download_slot": self._session.plan.site}
            response = await self._crawler.engine.download_async(
                Request(url, meta=meta, priority=_FIRST, dont_filter=True)
            )
            location = response.headers.get("Location")
            if not (300 <= response.status < 400 and location):
                return response
            url = urljoin(url, location.decode("latin-1"))
        return None


def _closed(status: str) -> Rules:
    return Rules(status, f"{UNAVAILABLE}: {status}", None, time.monotonic())


def _parsed(response: "Response") -> Rules:
    from protego import Protego

    text = response.body[:MAX_BYTES].decode("utf-8-sig", "ignore")
    return Rules(f"http_{response.status}", None, Protego.parse(text), time.monotonic())
