"""Near-deduplication with datatrove, its four stages in one process: run_datatrove.py INPUT.jsonl WORK BANDS ROWS.

Its Chinese tokenizer (spaCy) is replaced by characters, and its text simplification, which drops punctuation, is off.
"""

import sys
from pathlib import Path

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup import minhash
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.text import TextNormConfig


class Characters:
    """A tokenizer whose words are characters."""

    def word_tokenize(self, text: str) -> list[str]:
        """The characters of a text."""
        return list(text)


def main(source: Path, work: Path, bands: int, rows: int) -> None:
    minhash.load_word_tokenizer = lambda _: Characters()
    config = minhash.MinhashConfig(
        n_grams=5,
        num_buckets=bands,
        hashes_per_bucket=rows,
        norm_config=TextNormConfig(False, False, False, False, False),
    )
    signed, buckets, removed = (str(work / name) for name in ("signatures", "buckets", "removed"))

    def reader() -> JsonlReader:
        return JsonlReader(str(source.parent), glob_pattern=source.name)

    stages = (
        ([reader(), minhash.MinhashDedupSignature(signed, config)], 1),
        ([minhash.MinhashDedupBuckets(signed, buckets, config=config)], bands),
        ([minhash.MinhashDedupCluster(buckets, removed, config=config)], 1),
        (
            [
                reader(),
                minhash.MinhashDedupFilter(removed),
                JsonlWriter(str(work), output_filename="kept.jsonl", compression=None),
            ],
            1,
        ),
    )
    for number, (pipeline, tasks) in enumerate(stages):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(work / f"log{number}")).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
