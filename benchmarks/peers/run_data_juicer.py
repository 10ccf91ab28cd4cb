"""Near-deduplication with Data-Juicer: run_data_juicer.py INPUT.jsonl WORK BANDS ROWS."""

import json
import os
import sys
from pathlib import Path


def main(source: Path, work: Path, bands: int, rows: int) -> None:
    step = {
        "tokenization": "character",
        "window_size": 5,
        "lowercase": False,
        "num_permutations": 128,
        "jaccard_threshold": 0.8,
        "num_bands": bands,
        "num_rows_per_band": rows,
    }
    recipe = {
        "project_name": "benchmark",
        "dataset_path": str(source),
        "export_path": str(work / "kept.jsonl"),
        "np": 1,
        "text_keys": "text",
        "process": [{"document_minhash_deduplicator": step}],
    }
    # JSON is YAML.
    (work / "recipe.yaml").write_text(json.dumps(recipe, indent=1), encoding="utf-8")
    program = Path(sys.executable).with_name("dj-process")
    os.execv(program, [str(program), "--config", str(work / "recipe.yaml")])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
