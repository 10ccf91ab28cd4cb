"""Pages per second and core of `cmtmedqa parse`, and its peak memory: WARC files of saved pages in, dialogues out.

python -m benchmarks.parse_bench BENCH/parse --pages 20000 --repeat 3 [--replica] [-o BENCH/parse.json]

`--replica` takes the detail pages of the replica site, as many as are asked for, each rendered from a consultation of its own.
Without it the pages are those of tests/sites/pages under new addresses; `--site` takes one site's pages alone, or one skin of the
replica. Each run is a process of its own; CPU seconds count, since other work may share the machine.
"""

import argparse
import io
import json
import re
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import measure

SAVED = Path(__file__).resolve().parents[1] / "tests" / "sites" / "pages"
NUMBER = re.compile(r"\d{4,}(?=[._/]|$)|[A-Za-z0-9]{10,}(?=/$)")


def cases(site: str) -> list[tuple[str, str, bytes]]:
    """Site, address and bytes of every saved page that gives a dialogue under an address with a number."""
    found = []
    for page in sorted(SAVED.glob(f"{site}/*.html")):
        outcome = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
        url = outcome.get("url", "")
        named = b"canonical" in page.read_bytes()
        if outcome["dialogues"] and NUMBER.search(url) and not named and "_p_" not in url:
            found.append((page.parent.name, url, page.read_bytes()))
    return found


def rendered(pages: int, skin: str) -> Iterator[tuple[str, str, bytes]]:
    """Skin, address and bytes of the first so many detail pages of a replica site without faults."""
    from cmtmedqa.crawl.replica_site import build

    found = 0
    for path, page in build(1, pages * (1 if skin == "*" else 3), faults=()).pages.items():
        name = path.split("/")[1]
        if (
            found < pages
            and any(part in path for part in ("/wenda/", "/static/", "/question/"))
            and skin in {"*", name}
        ):
            found += 1
            yield name, f"http://127.0.0.1:8732{path}", page.body


def renumbered(pages: int, site: str) -> Iterator[tuple[str, str, bytes]]:
    """Site, address and bytes of saved pages, each time under another number."""
    chosen = cases(site)
    for number in range(pages):
        name, url, body = chosen[number % len(chosen)]
        last = list(NUMBER.finditer(url))[-1]
        filling = "x" * 14 if last[0].isalnum() and not last[0].isdigit() else ""
        yield name, f"{url[: last.start()]}{10_000_000 + number}{filling}{url[last.end() :]}", body


def write(folder: Path, pages: Iterable[tuple[str, str, bytes]]) -> dict[str, Any]:
    """A WARC file of pages, each under an address of its own."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    sites: Counter[str] = Counter()
    size = 0
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pages.warc.gz").open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for site, address, body in pages:
            sites[site] += 1
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(address, "response", io.BytesIO(body), len(body), http_headers=headers)
            )
            size += len(body)
    return {"pages": sites.total(), "mean_bytes": round(size / sites.total()), "sites": dict(sites)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--site", default="*")
    parser.add_argument("--replica", action="store_true")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    chosen = rendered if options.replica else renumbered
    facts = write(options.folder, chosen(options.pages, options.site))
    command = [
        sys.executable,
        "-c",
        "from cmtmedqa.cli.start import main; main()",
        "parse",
        str(options.folder / "pages.warc.gz"),
        "-o",
        str(options.folder / "out.jsonl"),
        *(["--site", "demo"] if options.replica else []),
    ]
    costs = [measure(command, options.folder / "log") for _ in range(options.repeat)]
    counts = json.loads((options.folder / "out.report.json").read_text(encoding="utf-8"))["counts"]
    cpu = [cost.cpu for cost in costs]
    result = facts | {
        "dialogues": counts["dialogues"],
        "rejected": counts["rejected"],
        "cpu_seconds": [round(one, 2) for one in cpu],
        "pages_per_cpu_second": round(facts["pages"] / statistics.median(cpu)),
        "best": round(facts["pages"] / min(cpu)),
        "peak_mb": round(max(cost.peak_mb for cost in costs)),
    }
    print(json.dumps(result, ensure_ascii=False, indent=1))
    if options.output:
        options.output.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
