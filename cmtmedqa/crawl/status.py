"""What a crawl has reached, read beside a running one: pages by state, reasons, robots.txt, pauses, stored files."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cmtmedqa.crawl.engine import when
from cmtmedqa.crawl.frontier import FILE, counts
from cmtmedqa.errors import InputError


def read(folder: Path) -> dict[str, Any]:
    """The state of a site's folder as one JSON value. Raises InputError if nothing was crawled into it."""
    path = folder / FILE
    if not path.is_file():
        raise InputError(f"{folder}: nothing was crawled here; name the folder with --raw if it is another one")
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        notes = dict(db.execute("SELECT key, value FROM site").fetchall())
        return {
            "site": folder.name,
            "pages": counts(db),
            "reasons": [
                {"state": state, "reason": reason, "pages": count}
                for state, reason, count in db.execute(
                    "SELECT state, CASE WHEN reason LIKE 'redirect to %' THEN 'redirect' ELSE reason END AS why, count(*)"
                    " FROM pages WHERE reason IS NOT NULL GROUP BY state, why ORDER BY state, count(*) DESC, why"
                )
            ],
            "robots": [
                {"host": host, "status": status, "checked": when(checked), "delay": delay}
                for host, status, checked, delay in db.execute("SELECT * FROM robots ORDER BY host")
            ],
            "files": [
                {"name": name, "bytes": committed, "records": records}
                for name, committed, records in db.execute(
                    "SELECT name, committed, records FROM warc_files ORDER BY name"
                )
            ],
            "not_before": when(until) if (until := float(notes.get("not_before", 0))) > time.time() else None,
            "stopped": notes.get("stopped"),
        }
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path}: not a frontier that this version can read ({error})") from error


def lines(state: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    pages = state["pages"]
    records = sum(file["records"] for file in state["files"])
    size = sum(file["bytes"] for file in state["files"])
    yield f"{state['site']}: " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in pages.items())
    files = len(state["files"])
    yield f"stored: {records:,} pages in {files} file{'s' * (files != 1)}, {size:,} bytes"
    for row in state["reasons"]:
        yield f"  {row['state']}: {row['reason']}: {row['pages']:,}"
    for row in state["robots"]:
        asked = f", asks for {row['delay']:g} s between requests" if row["delay"] else ""
        yield f"robots.txt of {row['host']}: {row['status']} at {row['checked']}{asked}"
    if state["not_before"]:
        yield f"asked to wait until {state['not_before']}"
    if state["stopped"]:
        yield f"stopped: {state['stopped']}; only if the site's owner agrees: cmtmedqa crawl retry-failed {state['site']}"
