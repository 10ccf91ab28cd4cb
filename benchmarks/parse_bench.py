"""Pages per second and core of `cmtmedqa parse`, and its peak memory: WARC files of saved pages in, dialogues out.

python -m benchmarks.parse_bench BENCH/parse --pages 20000 --repeat 3 [-o BENCH/parse.json]

The pages are those of tests/sites/pages under new addresses, about as long as the replica's. Each run is a process of its own;
CPU seconds count, since other work may share the machine. `--site` takes one site's pages alone.
"""

import argparse
import io
import json
import re
import shutil
import statistics
import sys
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


def write(folder: Path, pages: int, site: str) -> dict[str, Any]:
    """A WARC file of so many pages, each under an address of its own."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    chosen = cases(site)
    size = 0
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pages.warc.gz").open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for number in range(pages):
            _, url, body = chosen[number % len(chosen)]
            last = list(NUMBER.finditer(url))[-1]
            address = f"{url[: last.start()]}{10_000_000 + number}{'x' * 14 if last[0].isalnum() and not last[0].isdigit() else ''}{url[last.end() :]}"
            headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1")
            writer.write_record(
                writer.create_warc_record(address, "response", io.BytesIO(body), len(body), http_headers=headers)
            )
            size += len(body)
    return {"pages": pages, "mean_bytes": round(size / pages), "sites": sorted({one for one, _, _ in chosen})}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--site", default="*")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    facts = write(options.folder, options.pages, options.site)
    command = [
        sys.executable,
        "-c",
        "from cmtmedqa.cli.start import main; main()",
        "parse",
        str(options.folder / "pages.warc.gz"),
        "-o",
        str(options.folder / "out.jsonl"),
    ]
    costs = [measure(command, options.folder / "log") for _ in range(options.repeat)]
    counts = json.loads((options.folder / "out.report.json").read_text(encoding="utf-8"))["counts"]
    cpu = [cost.cpu for cost in costs]
    result = facts | {
        "dialogues": counts["dialogues"],
        "rejected": counts["rejected"],
        "cpu_seconds": [round(one, 2) for one in cpu],
        "pages_per_cpu_second": round(options.pages / statistics.median(cpu)),
        "best": round(options.pages / min(cpu)),
        "peak_mb": round(max(cost.peak_mb for cost in costs)),
    }
    print(json.dumps(result, ensure_ascii=False, indent=1))
    if options.output:
        options.output.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
