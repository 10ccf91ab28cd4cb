"""Near-deduplication with text-dedup: run_text_dedup.py INPUT.jsonl WORK BANDS ROWS [plain].

It splits at non-word characters, so characters are spaced first; with `plain` the text goes in as it is.
"""

import json
import os
import sys
from pathlib import Path


def main(source: Path, work: Path, bands: str, rows: str, plain: bool) -> None:
    given = source if plain else work / "spaced.jsonl"
    if not plain:
        with source.open(encoding="utf-8") as lines, given.open("w", encoding="utf-8") as target:
            for line in lines:
                row = json.loads(line)
                target.write(json.dumps({"id": row["id"], "text": " ".join(row["text"])}, ensure_ascii=False) + "\n")
    options = {
        "path": "json",
        "data_files": str(given),
        "split": "train",
        "column": "text",
        "output": str(work / "kept"),
    }
    options |= {"cache_dir": str(work / "cache"), "ngram": "5", "num_perm": "128", "threshold": "0.8", "num_proc": "1"}
    options |= {"b": bands, "r": rows, "hash_func": "xxh3", "hash_bits": "64", "min_length": "0"}
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    os.execv(sys.executable, [sys.executable, "-m", "text_dedup.minhash", *flags])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4], "plain" in sys.argv[5:])
