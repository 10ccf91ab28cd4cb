"""Near-deduplication alone, ours against its peers, on the same normalised texts and against the exact truth.

python -m benchmarks.dedup_peers BENCH/70k --venvs BENCH/venv --rounds 3 -o BENCH/peers-70k.json

Each peer runs as its own process in its own environment (benchmarks/requirements-peers.txt), one process wide, offline:
JSONL in, the kept documents out. With --rounds the peers alternate; the figures given are medians over the rounds.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from benchmarks.measure import Cost, measure
from benchmarks.truth import Ints, Score, clusters, load, score

HERE = Path(__file__).parent
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Peer(NamedTuple):
    """One row of the table: a script of peers/, its environment (None: this one), bands, rows, further arguments."""

    script: str
    environment: str | None
    bands: int = 16
    rows: int = 8
    extra: tuple[str, ...] = ()


PEERS = {
    "cmtmedqa": Peer("run_cmtmedqa.py", None, 25, 5),
    "datasketch": Peer("run_datasketch.py", "datasketch"),
    "datasketch-xxh32": Peer("run_datasketch.py", "datasketch", extra=("xxh32",)),
    "datasketch-verified": Peer("run_datasketch.py", "datasketch", 25, 5, ("xxh32", "verify")),
    "datatrove": Peer("run_datatrove.py", "datatrove"),
    "text-dedup": Peer("run_text_dedup.py", "text-dedup"),
    "text-dedup-plain": Peer("run_text_dedup.py", "text-dedup", extra=("plain",)),
    "data-juicer": Peer("run_data_juicer.py", "data-juicer"),
}


def run(peer: Peer, source: Path, venvs: Path, log: Path, limit: float) -> tuple[Cost, list[str]]:
    """Measure one run of a peer; the ids that it kept (none if it failed)."""
    work = Path(tempfile.mkdtemp(prefix="peer-", dir=log.parent))
    try:
        python = str(venvs / peer.environment / "bin" / "python") if peer.environment else sys.executable
        command = [python, str(HERE / "peers" / peer.script), str(source), str(work), str(peer.bands), str(peer.rows)]
        cost = measure([*command, *peer.extra], log, limit, OFFLINE | {"HF_HOME": str(work / "home")}, work)
        return cost, kept_ids(work) if cost.code == 0 else []
    finally:
        shutil.rmtree(work)


def kept_ids(work: Path) -> list[str]:
    """The ids in what a peer wrote: kept.jsonl, or the Arrow files of a saved data set."""
    written = work / "kept.jsonl"
    if not written.exists():
        written = next(work.glob("*kept.jsonl"), written)
    if written.exists():
        with written.open(encoding="utf-8") as stream:
            return [json.loads(line)["id"] for line in stream]
    found: list[str] = []
    for path in sorted((work / "kept").glob("*.arrow")):
        with pa.memory_map(str(path)) as stream, pa.ipc.open_stream(stream) as reader:
            found.extend(reader.read_all()["id"].to_pylist())
    return found


def subset(folder: Path, count: int, target: Path) -> None:
    """The first `count` documents of a corpus with their part of the truth."""
    target.mkdir(parents=True, exist_ok=True)
    with (folder / "normalised.jsonl").open("rb") as lines, (target / "normalised.jsonl").open("wb") as stream:
        stream.writelines(line for _, line in zip(range(count), lines, strict=False))
    import numpy as np

    pairs = np.load(folder / "pairs.npy")
    np.save(target / "pairs.npy", pairs[(pairs["a"] < count) & (pairs["b"] < count)])


def result(ids: Sequence[str], cluster: Ints, kept: Sequence[str]) -> Score:
    """The score of what a peer removed."""
    stays = set(kept)
    return score(cluster, [number for number, identifier in enumerate(ids) if identifier not in stays])


def row(costs: Sequence[Cost], scores: Sequence[Score]) -> dict[str, Any]:
    """One line of the table: medians, and the spread of the CPU seconds."""
    cpu = [cost.cpu for cost in costs]
    return {
        "runs": len(costs),
        "failed": sum(cost.code != 0 for cost in costs),
        "cpu_s": round(statistics.median(cpu), 2),
        "cpu_s_min_max": [round(min(cpu), 2), round(max(cpu), 2)],
        "wall_s": round(statistics.median(cost.wall for cost in costs), 2),
        "peak_mb": round(statistics.median(cost.peak_mb for cost in costs)),
        **{
            name: round(value, 4)
            for name, value in (scores[0] if scores else Score(0, 0, 0, 0.0, 0.0))._asdict().items()
        },
    }


def wrong_below(ids: Sequence[str], pairs: Any, kept: Sequence[str]) -> int:
    """How many groups at J >= 0.7 lost every member: removals that not even a threshold of 0.7 would allow."""
    related = clusters(len(ids), zip(pairs["a"].tolist(), pairs["b"].tolist(), strict=True))
    return result(ids, related, kept).wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what make_corpus and truth wrote")
    parser.add_argument("--venvs", type=Path, help="folder of the peers' environments")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--first", type=int, help="only the first N documents")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds a run may take")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if options.venvs is None and any(PEERS[name].environment for name in options.peers):
        parser.error("--venvs is missing: the peers run in environments of their own, see README.md")
    # A peer runs in a folder of its own, where relative paths mean something else.
    logs, folder = options.output.resolve().with_suffix(""), options.folder.resolve()
    venvs = options.venvs.resolve() if options.venvs else logs
    logs.mkdir(parents=True, exist_ok=True)
    if options.first:
        subset(folder, options.first, logs / "subset")
        folder = logs / "subset"
    ids, pairs, cluster = load(folder)
    costs: dict[str, list[Cost]] = {name: [] for name in options.peers}
    scores: dict[str, list[Score]] = {name: [] for name in options.peers}
    table: dict[str, Any] = {}
    for round_number in range(options.rounds):
        for name in options.peers:
            log = logs / f"{name}-{round_number}.log"
            cost, kept = run(PEERS[name], folder / "normalised.jsonl", venvs, log, options.limit)
            costs[name].append(cost)
            if cost.code == 0:
                scores[name].append(result(ids, cluster, kept))
            table[name] = row(costs[name], scores[name])
            if cost.code == 0:
                table[name]["wrong_below_0.7"] = wrong_below(ids, pairs, kept)
            print(name, json.dumps(table[name]), flush=True)
            options.output.write_text(json.dumps({"documents": len(ids), "peers": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
