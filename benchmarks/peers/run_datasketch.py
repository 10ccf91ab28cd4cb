"""Near-deduplication with datasketch: run_datasketch.py INPUT.jsonl WORK BANDS ROWS [sha1|xxh32] [verify]."""

import json
import sys
from pathlib import Path

import xxhash
from datasketch import MinHash, MinHashLSH

GRAM, PERMUTATIONS, THRESHOLD = 5, 128, 0.8


def grams(text: str) -> set[bytes]:
    return {text[start : start + GRAM].encode() for start in range(max(len(text) - GRAM + 1, 0))}


def jaccard(first: set[bytes], second: set[bytes]) -> float:
    return len(first & second) / len(first | second) if first or second else 1.0


def main(source: Path, work: Path, bands: int, rows: int, name: str, verify: bool) -> None:
    """Each document is looked up among the earlier ones; without `verify` every find counts, as in its tutorial."""
    hash_function = xxhash.xxh32_intdigest if name == "xxh32" else None
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, params=(bands, rows))
    lines = source.read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    parent = list(range(len(texts)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    sketches = MinHash.generator((grams(text) for text in texts), num_perm=PERMUTATIONS, hashfunc=hash_function)
    for number, sketch in enumerate(sketches):
        for other in index.query(sketch):
            if not verify or jaccard(grams(texts[number]), grams(texts[other])) >= THRESHOLD:
                low, high = sorted((root(number), root(other)))
                parent[high] = low
        index.insert(number, sketch)
    with (work / "kept.jsonl").open("w", encoding="utf-8") as target:
        target.writelines(f"{line}\n" for number, line in enumerate(lines) if root(number) == number)


if __name__ == "__main__":
    hash_name = sys.argv[5] if len(sys.argv) > 5 else "sha1"
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), hash_name, "verify" in sys.argv[6:])
