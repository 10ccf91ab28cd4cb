"""The figures of a run of `benchmarks/gpu/run.sh` as one JSON value and as tables.

`python -m benchmarks.gpu.report OUTPUT`
"""

import json
import sys
from pathlib import Path
from typing import Any

STAGES = ("pretrain", "sft", "plain", "reward")


def main() -> None:
    output = Path(sys.argv[1])
    found = {name: json.loads((output / f"{name}.json").read_text(encoding="utf-8")) for name in (*STAGES, "ppo")}
    (output / "results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (output / "results.md").write_text(tables(found), encoding="utf-8")
    print(tables(found))


def tables(found: dict[str, dict[str, Any]]) -> str:
    """Markdown: a row a stage, and the parts of a PPO iteration."""
    lines = [
        f"{found['sft'].get('device', '?')}", "",
        "| stage | tokens/s | MFU | peak GiB | steps timed |", "|---|---:|---:|---:|---:|",
    ]  # fmt: skip
    for name in STAGES:
        row = found[name]
        mfu = f"{row['mfu']:.1%}" if row.get("mfu") else "–"
        lines.append(
            f"| {row['stage']} | {row.get('tokens_per_second', '–')} | {mfu} | {row.get('peak_memory_gib') or '–'} | {row['steps']} |"
        )
    ppo = found["ppo"]
    parts = ppo.get("seconds_per_iteration", {})
    lines += [
        "",
        "| PPO iteration | seconds |",
        "|---|---:|",
        *(f"| {part} | {value:.2f} |" for part, value in parts.items()),
    ]
    lines += [
        f"| answer tokens/s | {ppo.get('answer_tokens_per_second', '–')} |",
        f"| peak GiB | {ppo.get('peak_memory_gib') or '–'} |",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
