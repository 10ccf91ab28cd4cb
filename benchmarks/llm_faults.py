"""2,000 requests to a server that fails: a run killed in the middle, one that finishes, and one that must make no call.

    python -m benchmarks.llm_faults [--requests 2000]

The server is that of the tests: 10 % 429, 5 % 500, 2 % time-outs, 2 % broken bodies, and 2 % replies that are broken JSON in their
content, which only the check of the reply finds. Faults are drawn from a hash of the request and of how often it came.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

from cmtmedqa.judgements import Message
from cmtmedqa.llm.client import Client, Failure, Limits, bounded
from cmtmedqa.llm.endpoints import Endpoint
from cmtmedqa.llm.ledger import Ledger
from cmtmedqa.llm.passages import cleared, look_at
from cmtmedqa.llm.request import Call, Request

FAULTS = {"429": 0.10, "500": 0.05, "timeout": 0.02, "broken": 0.02}
_BROKEN_CONTENT = 0.02
_LIMITS = Limits(concurrency=32, timeout=1.0)


def reply(body: dict[str, Any], _: int) -> str:
    """A JSON object; for one request in fifty, until it is told so, one that ends too early."""
    first = zlib.crc32(json.dumps(body["messages"], sort_keys=True).encode()) / 2**32
    return '{"answer": "多休息' if len(body["messages"]) == 1 and first < _BROKEN_CONTENT else '{"answer": "多休息"}'


def check(text: str) -> str | None:
    """What is wrong with a reply, or None."""
    try:
        return None if "answer" in json.loads(text) else "answer is missing"
    except ValueError:
        return "is no JSON"


async def ask(url: str, folder: Path, number: int) -> dict[str, int]:
    """One run over all requests; what came of it."""
    found = {"valid": 0, "cached": 0, "failed": 0, "calls": 0}
    with Ledger(folder) as ledger:
        look_at(map(_text, range(number)), ledger)
        client = Client([Endpoint(name="m", url=url)], ledger, _LIMITS)
        async for _, got in bounded(
            map(_call, range(number)), lambda call: client.ask(call, check), _LIMITS.concurrency
        ):
            if isinstance(got, Failure):
                found["failed"] += 1
                continue
            found["valid"] += check(got.text) is None
            found["cached"] += got.cached
        found["calls"] = client.calls
        await client.close()
    return found


def _text(number: int) -> str:
    return f"医生您好，我头痛{number}天了，怎么办？"


def _call(number: int) -> Call:
    text = _text(number)
    message = Message(role="user", content=text)
    return Call(
        request=Request(endpoint="m", model="m", messages=(message,), seed=number), passages=(cleared(text, "bench"),)
    )


def main() -> None:
    """Print a table of the three runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--run", nargs=2, metavar=("URL", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        start = time.perf_counter()
        found = asyncio.run(ask(given.run[0], Path(given.run[1]), given.requests))
        print(
            json.dumps(
                {**found, "seconds": round(time.perf_counter() - start, 2), "cpu": round(time.process_time(), 2)}
            )
        )
        return
    from tests.llm.server import Server, running

    server = Server(reply, FAULTS)
    server.latency = 0.01
    with tempfile.TemporaryDirectory() as folder, running(server):
        command = [
            sys.executable,
            "-m",
            "benchmarks.llm_faults",
            "--requests",
            str(given.requests),
            "--run",
            server.url,
            folder,
        ]
        first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while server.calls < given.requests // 2:
            time.sleep(0.05)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        with Ledger(Path(folder)) as ledger:
            print(
                f"killed after {server.calls} calls; the ledger holds {sum(row.replies for row in ledger.spent())} replies"
            )
        for name in ("second", "third"):
            before = server.calls
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            print(f"{name} run: {said.strip()}; the server saw {server.calls - before} calls")


if __name__ == "__main__":
    main()
