"""Documents of continued pre-training: medical text, dialogues and a replay of general text, mixed by tokens."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cmtmedqa.errors import InputError
from cmtmedqa.recipes.pretrain import PretrainRun
from cmtmedqa.training import data, template
from cmtmedqa.training.data import Conversation, rows_of

_BATCH = 512
_TEXT = ("text", "content")
_TABLES = ("*.jsonl", "*.json", "*.parquet")


class Document(NamedTuple):
    """A document as tokens; it ends with the end token."""

    id: str
    ids: npt.NDArray[np.int32]


def read_texts(paths: Sequence[str], counts: Counter[str]) -> Iterator[tuple[str, str]]:
    """(id, text) of every document of some files or folders, in order.

    A `.txt` file holds documents separated by blank lines; JSON Lines, JSON and Parquet hold rows with `text` or `content`. Rows
    without a text are counted. Raises InputError for a path that is missing or holds no such file.
    """
    for path in map(Path, paths):
        files = [path] if path.is_file() else sorted(file for kind in ("*.txt", *_TABLES) for file in path.rglob(kind))
        if not files:
            raise InputError(f"{path}: no such file, or a folder without .txt, .jsonl, .json or .parquet")
        for file in files:
            texts = _paragraphs(file) if file.suffix == ".txt" else _fields(file)
            for number, text in enumerate(texts):
                if text.strip():
                    yield f"{file.name}:{number}", text
                else:
                    counts["dropped_no_text"] += 1


def _paragraphs(file: Path) -> Iterator[str]:
    lines: list[str] = []
    try:
        with file.open(encoding="utf-8-sig") as stream:
            for line in stream:
                if line.strip():
                    lines.append(line)
                elif lines:
                    yield "".join(lines).rstrip("\n")
                    lines = []
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read as UTF-8 text") from error
    if lines:
        yield "".join(lines).rstrip("\n")


def _fields(file: Path) -> Iterator[str]:
    for row in rows_of(file):
        found = [row[key] for key in _TEXT if isinstance(row.get(key), str)] if isinstance(row, dict) else []
        yield found[0] if found else ""


def encode_texts(tokenizer: Any, texts: Iterable[tuple[str, str]], counts: Counter[str]) -> Iterator[Document]:
    """Texts as documents; one that holds a control mark of the tokenizer is left out and counted."""
    marks = template.control_marks(tokenizer)
    source = iter(texts)
    while batch := list(islice(source, _BATCH)):
        usable = [(name, text) for name, text in batch if not any(mark in text for mark in marks)]
        counts["dropped_control_token"] += len(batch) - len(usable)
        if usable:
            ids = tokenizer([text for _, text in usable], add_special_tokens=False)["input_ids"]
            for (name, _), found in zip(usable, ids, strict=True):
                yield Document(name, np.array([*found, tokenizer.eos_token_id], dtype=np.int32))


def encode_dialogues(tokenizer: Any, rows: Iterable[Conversation]) -> Iterator[Document]:
    """Dialogues as documents, rendered by the template as they will be in fine-tuning and serving."""
    for row in rows:
        yield Document(row.id, np.array(template.training_ids(tokenizer, row.messages)[0], dtype=np.int32))


def documents(settings: PretrainRun, tokenizer: Any, counts: Counter[str]) -> list[Document]:
    """All that a run trains on, mixed by its shares. Raises InputError when a path cannot be read or nothing is left."""
    rows = _dialogues(settings.data, "train", tokenizer, counts)
    texts = list(encode_texts(tokenizer, read_texts(settings.corpus, counts), counts))
    general = encode_texts(tokenizer, read_texts(settings.general if settings.general_share else (), counts), counts)
    shares = settings.dialogue_share, settings.general_share
    found = mix(rows, texts, general, shares, settings.seed, counts)
    data.require_some(found, [*settings.data, *settings.corpus], counts)
    return found


def held_out(settings: PretrainRun, tokenizer: Any, counts: Counter[str]) -> list[Document]:
    """The held-out documents: the dev split of the datasets, or `eval_data` (text files, or dialogues)."""
    found: Counter[str] = Counter()
    if settings.eval_data and all(path.endswith(".txt") for path in settings.eval_data):
        rows = list(encode_texts(tokenizer, read_texts(settings.eval_data, found), found))
    else:
        rows = _dialogues(*data.held_out(settings.data, settings.eval_data), tokenizer, found)
    counts.update({f"eval_{name}": count for name, count in found.items()} | {"eval_documents": len(rows)})
    return rows


def _dialogues(paths: Sequence[str], split: str, tokenizer: Any, counts: Counter[str]) -> list[Document]:
    if not paths:
        return []
    rows = data.usable(data.read_conversations(paths, split, counts), template.control_marks(tokenizer), counts)
    return list(encode_dialogues(tokenizer, rows))


def size(documents: Iterable[Document]) -> int:
    """Tokens of some documents."""
    return sum(len(document.ids) for document in documents)


def mix(
    dialogues: Sequence[Document],
    corpus: Sequence[Document],
    general: Iterable[Document],
    shares: tuple[float | None, float],
    seed: int,
    counts: Counter[str],
) -> list[Document]:
    """The documents of a run: as many as the shares allow, chosen by the seed, in their order.

    `shares`: of the dialogues among the medical tokens (None: all of both), of general text among all tokens. `counts` gets the
    tokens of each kind and the documents left out.
    """
    dialogue_share, general_share = shares
    if dialogue_share is not None and dialogues and corpus:
        total = min(size(dialogues) / dialogue_share, size(corpus) / (1 - dialogue_share))
        dialogues = _chosen(dialogues, total * dialogue_share, seed, counts)
        corpus = _chosen(corpus, total * (1 - dialogue_share), seed, counts)
    room = (size(dialogues) + size(corpus)) * general_share / (1 - general_share)
    replay = _chosen(list(general), room, seed, counts) if general_share else []
    for name, part in (("dialogues", dialogues), ("corpus", corpus), ("general", replay)):
        counts[f"documents_{name}"], counts[f"tokens_{name}"] = len(part), size(part)
    return [*dialogues, *corpus, *replay]


def _chosen(documents: Sequence[Document], tokens: float, seed: int, counts: Counter[str]) -> list[Document]:
    """Documents in a seeded order until one no longer fits the number of tokens, put back into the order of the file."""
    order = list(range(len(documents)))
    random.Random(seed).shuffle(order)  # noqa: S311 -- a choice that can be repeated, no secret
    taken, kept = 0, []
    for place in order:
        if taken + len(documents[place].ids) > tokens + 0.5:
            break
        taken += len(documents[place].ids)
        kept.append(place)
    counts["left_out_by_the_mix"] += len(documents) - len(kept)
    return [documents[place] for place in sorted(kept)]


def plain(documents: Iterable[Document]) -> Iterator[list[int]]:
    """The tokens of documents one after another, as `data.content_hash` takes them."""
    return (document.ids.tolist() for document in documents)


def dataset(documents: Sequence[Document], split_at: int | None = None) -> Any:
    """A `datasets.Dataset` of `input_ids` and equal `labels`; with `split_at` longer documents become several rows, so that no token is lost."""
    from datasets import Dataset, concatenate_datasets

    parts = []
    for start in range(0, len(documents), _BATCH):
        ids = [document.ids for document in documents[start : start + _BATCH]]
        if split_at:
            ids = [row[place : place + split_at] for row in ids for place in range(0, len(row), split_at)]
        parts.append(Dataset.from_dict({"input_ids": ids, "labels": ids}))
    return concatenate_datasets(parts)
