"""Run one crawl in this process: checks before the start, Scrapy's settings, what to say at the end."""

import asyncio
import logging
import os
import re
import signal
import stat
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import cmtmedqa
from cmtmedqa.crawl.frontier import Frontier
from cmtmedqa.crawl.plan import Plan
from cmtmedqa.crawl.robots import PRODUCT
from cmtmedqa.crawl.session import Session, warc_info
from cmtmedqa.crawl.warc import WarcSink, recover
from cmtmedqa.errors import ConfigError, InputError, MissingExtra

OWNER_ONLY = 0o700
_MAIL = re.compile(r"[^@\s<>;,()]+@[^@\s<>;,()]+\.[^@\s<>;,()]+")
_WEB = re.compile(r"https?://[^\s<>;,()]+\.[^\s<>;,()]+")
_COMPONENTS = "cmtmedqa.crawl"


class Ran(NamedTuple):
    """How a run ended: `finished` or why not, pages stored by it, and all pages by state."""

    outcome: str
    stored: int
    counts: Mapping[str, int]


def user_agent(contact: str) -> str:
    """The name under which the crawler presents itself. Raises ConfigError without a contact that can be reached."""
    parts = contact.split()
    if not parts or not all(_MAIL.fullmatch(part) or _WEB.fullmatch(part) for part in parts):
        raise ConfigError(
            "--contact: name an e-mail address or a web page by which the site's owner can reach you (both: in quotes)"
        )
    reached = "; ".join(f"+{part}" if _WEB.fullmatch(part) else f"mailto:{part}" for part in parts)
    return f"{PRODUCT}/{cmtmedqa.__version__} ({reached})"


def settings(plan: Plan, agent: str) -> dict[str, Any]:
    """Scrapy's settings: one slot, no jitter, no cookies, no open port, our components in place of Scrapy's."""
    ours = {
        f"{_COMPONENTS}.robots.RobotsMiddleware": 100,
        f"{_COMPONENTS}.retry_after.RetryAfterMiddleware": 950,
    }
    theirs = ("robotstxt.RobotsTxtMiddleware", "retry.RetryMiddleware", "redirect.RedirectMiddleware",
              "redirect.MetaRefreshMiddleware", "cookies.CookiesMiddleware", "offsite.OffsiteMiddleware",
              "httpauth.HttpAuthMiddleware", "httpproxy.HttpProxyMiddleware", "httpcache.HttpCacheMiddleware")  # fmt: skip
    spider = ("httperror.HttpErrorMiddleware", "referer.RefererMiddleware", "urllength.UrlLengthMiddleware",
              "depth.DepthMiddleware", "start.StartSpiderMiddleware")  # fmt: skip
    return {
        "SCHEDULER": f"{_COMPONENTS}.spider.FrontierScheduler",
        "DOWNLOADER_MIDDLEWARES": {**ours, **{f"scrapy.downloadermiddlewares.{name}": None for name in theirs}},
        "SPIDER_MIDDLEWARES": {f"scrapy.spidermiddlewares.{name}": None for name in spider},
        "USER_AGENT": agent,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": PRODUCT,
        "CONCURRENT_REQUESTS": plan.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": plan.concurrency,
        "CONCURRENT_ITEMS": 1,  # the spider yields none, and Scrapy starts this many tasks for each response
        "DOWNLOAD_DELAY": plan.delay,
        "DOWNLOAD_DELAY_JITTER": 0,
        "DOWNLOAD_SLOTS": {plan.site: {"concurrency": plan.concurrency, "delay": plan.delay, "jitter": 0}},
        "DOWNLOAD_TIMEOUT": plan.timeout,
        "DOWNLOAD_MAXSIZE": plan.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/json;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh",
        },
        "COOKIES_ENABLED": False,
        "RETRY_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOGSTATS_INTERVAL": 0,
        "MEMUSAGE_ENABLED": False,
    }


def folder_of(raw: Path, plan: Plan) -> Path:
    """The folder of a site, made for its owner alone: what lies in it is personal data. Raises InputError."""
    folder = raw / plan.site
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=OWNER_ONLY)
        if stat.S_IMODE(folder.stat().st_mode) != OWNER_ONLY:
            folder.chmod(OWNER_ONLY)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to: {error.strerror}") from error
    return folder


def crawl(
    plan: Plan,
    raw: Path,
    contact: str,
    forgotten: Callable[[str], bool] = lambda _: False,
    show: Callable[[Session], AbstractContextManager[Any]] = lambda _: nullcontext(),
) -> Ran:
    """Fetch what the plan allows into `raw/<site>/`, once per process.

    Raises ConfigError (no contact), MissingExtra (no Scrapy) and InputError (another process, a site that refused or is
    parked, a disk that is full).
    """
    agent = user_agent(contact)
    _ready()
    os.umask(0o077)
    folder = folder_of(raw, plan)
    frontier = Frontier(folder)
    try:
        _may_start(frontier, plan)
        recover(frontier, folder)
        frontier.plan = f"{plan.site}@{plan.version}"
        with frontier:
            frontier.add(plan.start)
        info = warc_info(plan, agent, f"cmtmedqa/{cmtmedqa.__version__}")
        sink = WarcSink(folder, plan.site, frontier, plan.warc_bytes, info)
        session = Session(plan, frontier, sink, forgotten)
        with show(session):
            _run(session, settings(plan, agent))
        if session.fault:
            raise InputError(
                f"{folder}: cannot be written to: {session.fault}; nothing is lost, make room and run it again"
            )
        sink.close()
        return Ran(session.outcome or "finished", session.stored, dict(frontier.counts))
    finally:
        frontier.close()


def _ready() -> None:
    try:
        import scrapy  # noqa: F401
        import warcio  # noqa: F401
    except ImportError as error:
        raise MissingExtra(error.name or "scrapy", "crawl", "crawling") from error
    if os.environ.get("SCRAPY_JOBDIR") or os.environ.get("JOBDIR"):
        raise ConfigError(
            "JOBDIR is set; Scrapy's own queue loses pages in a kill: unset it, the frontier keeps everything"
        )


def _may_start(frontier: Frontier, plan: Plan) -> None:
    """Raises InputError if the site refused in an earlier run, or asked for more time than the plan waits."""
    if reason := frontier.get("stopped"):
        raise InputError(
            f"{plan.site}: the site refused an earlier crawl ({reason}); find out why, and only if its owner agrees: "
            f"cmtmedqa crawl retry-failed {plan.site}"
        )
    wait = frontier.paused_until() - frontier.clock()
    if wait > plan.retry_after_max:
        raise InputError(
            f"{plan.site}: the site asked to be left alone until {when(frontier.paused_until())}; try again then"
        )


def when(moment: float) -> str:
    """A moment as people read it, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _run(session: Session, values: dict[str, Any]) -> None:
    """Start Scrapy's process and block until the crawl is over."""
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

    from cmtmedqa.crawl.spider import PageSpider

    chosen = Settings(values)
    if chosen.get("JOBDIR"):
        raise ConfigError("JOBDIR is set; the frontier keeps everything, and Scrapy's own queue loses pages in a kill")
    process = AsyncCrawlerProcess(chosen)
    for name in ("scrapy", "twisted", "asyncio", "py.warnings"):  # what a user needs to know is in the frontier
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    task = process.crawl(PageSpider, session=session)
    loop = asyncio.get_event_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _interrupted, loop, session)
    process.start(install_signal_handlers=False)
    if task.done() and not task.cancelled() and (error := task.exception()):
        raise error


def _interrupted(loop: asyncio.AbstractEventLoop, session: Session) -> None:
    """The first signal ends the run in order, a second one at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
    session.end("interrupted")
