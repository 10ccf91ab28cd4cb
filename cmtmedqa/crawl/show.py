"""Progress of a crawl: one line that changes on a terminal, plain lines elsewhere. Counts and times only, no addresses."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from cmtmedqa.crawl.session import Session

THREAD = "crawl progress"
_REFRESH = 0.5
_SPINNER = 2  # columns
_SECONDS_BETWEEN_LINES = 10.0


def line(session: Session, now: float) -> str:
    """Queued, fetched, denied, failed, rate, and the time before which nothing may leave."""
    counts = session.frontier.counts
    rate = session.stored / max(now - session.started, 0.001)
    wait = session.frontier.paused_until() - now
    following = f"next allowed in {wait:,.0f} s" if wait > 0 else f"every {session.delay:g} s"
    return (
        f"{session.plan.site}: queued {counts['queued']:,}, fetched {counts['done']:,}, denied {counts['denied']:,}, "
        f"failed {counts['failed']:,}, {rate:,.1f}/s, {following}"
    )


def cut(text: str, width: int) -> str:
    """The text on one line of a terminal: a second line could not be taken back."""
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"


@contextmanager
def progress(session: Session, console: Console) -> Iterator[None]:
    """Show the line while the block runs; it only reads the session."""
    done = threading.Event()
    thread = threading.Thread(name=THREAD, target=_keep_showing, args=(session, console, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _keep_showing(session: Session, console: Console, done: threading.Event) -> None:
    if console.is_terminal:
        with console.status("") as status:
            while not done.wait(_REFRESH):
                status.update(cut(line(session, time.time()), console.width - _SPINNER))
        return
    while not done.wait(_SECONDS_BETWEEN_LINES):
        console.print(line(session, time.time()), highlight=False, soft_wrap=True)
