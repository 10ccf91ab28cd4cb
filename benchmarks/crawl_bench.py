"""Time to crawl the replica site: stock Scrapy, Scrapy with our frontier only, and the whole of `cmtmedqa crawl`, in turn.

    python -m benchmarks.crawl_bench --pages 5000 --rounds 3

All three fetch the same pages from one server process on this computer, at delay 0 and the same concurrency, obey
robots.txt and take links by the same rules. Stock Scrapy stores nothing; `tuned` is stock Scrapy with CONCURRENT_ITEMS=1
as ours has it, which saves a hundred tasks for each response; `frontier` keeps pages in SQLite but writes no
WARC; `crawl` does all. Wall and CPU seconds (user + system) are those of
the child process as a whole; the server is another process.
"""

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

KINDS = ("stock", "tuned", "frontier", "crawl")


def child(kind: str, base: str, concurrency: int, folder: Path) -> None:
    from cmtmedqa.crawl.plan import load_plan

    plan = load_plan("demo", {"base": base, "concurrency": concurrency})
    if kind in {"stock", "tuned"}:
        print(_stock(plan, {"CONCURRENT_ITEMS": 1} if kind == "tuned" else {}))
        return
    from cmtmedqa.crawl import engine, warc
    from cmtmedqa.crawl.frontier import Stored

    if kind == "frontier":
        warc.WarcSink.write = lambda *_: Stored("none", 0, 1, "", 1)  # type: ignore[method-assign]
        warc.WarcSink.sync = lambda _: None  # type: ignore[method-assign]
    print(engine.crawl(plan, folder, "bench@example.org").counts["done"])


def _stock(plan, changes) -> int:
    import scrapy
    from scrapy.crawler import AsyncCrawlerProcess

    from cmtmedqa.crawl import links

    class Stock(scrapy.Spider):
        name = "stock"
        count = 0

        async def start(self):
            for seed in plan.start:
                yield scrapy.Request(seed)

        def parse(self, response):
            Stock.count += 1
            for target in links.find(plan, response.url, response.text):
                yield scrapy.Request(target)

    settings = {
        "CONCURRENT_REQUESTS": plan.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": plan.concurrency,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": "cmtmedqa",
        "LOG_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        **changes,
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(Stock)
    process.start()
    return Stock.count


def serve(pages: int, latency: float) -> None:
    from cmtmedqa.crawl.replica import Replica

    replica = Replica(pages=pages, faults=(), latency=latency)
    print(replica.base, flush=True)
    replica.serve_forever()


def measure(pages: int, rounds: int, concurrency: int, latency: float) -> None:
    me = [sys.executable, "-m", "benchmarks.crawl_bench"]
    server = subprocess.Popen(
        [*me, "--serve", "--pages", str(pages), "--latency", str(latency)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    base = server.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", base)
    urllib.request.urlopen(f"{base}/robots.txt").read()
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    cpu: dict[str, list[float]] = {kind: [] for kind in KINDS}
    try:
        for _ in range(rounds):
            for kind in KINDS:
                with tempfile.TemporaryDirectory() as folder:
                    start, used = time.monotonic(), _cpu_of_children()
                    done = subprocess.run(
                        [*me, "--child", kind, "--base", base, "--concurrency", str(concurrency), "--folder", folder],
                        capture_output=True, text=True, check=True,
                    )  # fmt: skip
                    times[kind].append(time.monotonic() - start)
                    cpu[kind].append(_cpu_of_children() - used)
                    print(
                        f"{kind:9} {times[kind][-1]:7.2f} s wall {cpu[kind][-1]:7.2f} s CPU  {done.stdout.strip()} pages",
                        flush=True,
                    )
    finally:
        server.terminate()
        server.wait()
    for what, figures in (("wall", times), ("CPU", cpu)):
        for against in ("stock", "tuned"):
            for kind in ("frontier", "crawl"):
                ratios = [ours / theirs for ours, theirs in zip(figures[kind], figures[against], strict=True)]
                shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
                print(f"{kind}: {statistics.median(ratios):.3f} of {against}, {what} (median of {shown})")


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that the server waits before each answer")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--base", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.pages, given.latency)
    elif given.child:
        child(given.child, given.base, given.concurrency, given.folder)
    else:
        measure(given.pages, given.rounds, given.concurrency, given.latency)


if __name__ == "__main__":
    main()
