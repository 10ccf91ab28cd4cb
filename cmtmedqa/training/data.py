"""Rows of the training programs: dialogues of `cmtmedqa build`, and whatever file `cmtmedqa sources` can read.

Nothing is left out without a count: every reader and every cut reports to a Counter that ends up in `metrics.json`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cmtmedqa.clean.departments import canonical
from cmtmedqa.errors import InputError
from cmtmedqa.export.dataset import read_split, sizes
from cmtmedqa.export.rows import to_messages
from cmtmedqa.io import sha256_file
from cmtmedqa.records import Dialogue
from cmtmedqa.sources.files import expand
from cmtmedqa.sources.mapped import Unreadable, content_id
from cmtmedqa.sources.read import plan, read
from cmtmedqa.training import template

Messages = list[dict[str, str]]
_ROLES = {"patient": "user", "doctor": "assistant", "system": "system"}
_UNIT_BYTES = 1 << 40  # a file is read in one go
_OTHER = "其他"


class Conversation(NamedTuple):
    """A dialogue as chat messages (user = patient, assistant = doctor)."""

    id: str
    messages: Messages
    department: str = _OTHER


def is_dataset(path: str) -> bool:
    """Whether a path is a dataset of `cmtmedqa build`."""
    return (Path(path) / "manifest.json").is_file()


def read_conversations(paths: Sequence[str], split: str, counts: Counter[str]) -> list[Conversation]:
    """The dialogues of datasets (their `split`) and of files (all of them, when `split` is train), in order.

    Raises InputError when a path cannot be read or when nothing at all is found in the train split.
    """
    found: list[Conversation] = []
    for path in paths:
        if is_dataset(path):
            sizes(Path(path))
            found += [_of_dialogue(dialogue) for dialogue in read_split(Path(path), split)]
        elif split == "train":
            found += _of_file(path, counts)
    if not found and split == "train":
        raise InputError(f"{', '.join(paths)}: holds no dialogue to train on")
    counts["read"] += len(found)
    return found


def _of_dialogue(dialogue: Dialogue) -> Conversation:
    return Conversation(dialogue.id, to_messages(dialogue)["messages"], dialogue.department or _OTHER)


def _of_file(path: str, counts: Counter[str]) -> Iterator[Conversation]:
    files, _ = expand([path])
    for file in files:
        for unit in plan(file, _UNIT_BYTES).units:
            for record in read(unit):
                if isinstance(record, Unreadable):
                    counts[f"unreadable_{record.reason}"] += 1
                    continue
                messages = [{"role": _ROLES[role], "content": text} for role, text in record.turns]
                name = record.id or content_id(record.turns)
                yield Conversation(name, messages, canonical(record.departments) or _OTHER)


def usable(rows: Iterable[Conversation], marks: Sequence[str], counts: Counter[str]) -> list[Conversation]:
    """The rows that can be learnt from: no control mark in a text, a patient before each doctor turn, at least one of those.

    Turns of one role in a row become one, as in a build; a leading doctor turn and an unanswered last question are cut off. What is
    left out, joined or cut is counted.
    """
    kept = []
    for row in rows:
        joined = _joined(row.messages)
        messages, reason = _arranged(joined)
        if any(not message["content"].strip() for message in row.messages):
            reason = "empty_turn"
        if not reason and any(mark in message["content"] for message in messages for mark in marks):
            reason = "control_token"
        if reason:
            counts[f"dropped_{reason}"] += 1
            continue
        counts["turns_joined"] += len(row.messages) - len(joined)
        counts["turns_cut_at_the_ends"] += len(joined) - len(messages)
        kept.append(row._replace(messages=messages))
    return kept


def _joined(messages: Messages) -> Messages:
    """The messages with runs of one role, but for system, joined by line ends."""
    found: Messages = []
    for message in messages:
        if found and found[-1]["role"] == message["role"] != "system":
            found[-1] = {**message, "content": f"{found[-1]['content']}\n{message['content']}"}
        else:
            found.append(message)
    return found


def _arranged(messages: Messages) -> tuple[Messages, str]:
    """The messages from the first patient turn to the last doctor turn, or why there are none."""
    system = messages[:1] if messages and messages[0]["role"] == "system" else []
    spoken = messages[len(system) :]
    if any(message["role"] == "system" for message in spoken):
        return [], "system_turn_inside"
    while spoken and spoken[0]["role"] != "user":
        spoken = spoken[1:]
    while spoken and spoken[-1]["role"] != "assistant":
        spoken = spoken[:-1]
    if not spoken:
        return [], "no_doctor_turn"
    return system + spoken, ""


def require_some(rows: Sequence[Any], paths: Sequence[str], counts: Counter[str]) -> None:
    """Raises InputError with the counts when nothing is left."""
    if not rows:
        raise InputError(f"{', '.join(paths)}: nothing is left to train on ({told(counts)})")


def told(counts: Counter[str]) -> str:
    """What became of the rows, for an error; `no rows` where there were none."""
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "no rows"


def trim_left(messages: Messages, lengths: Sequence[int], limit: int) -> Messages | None:
    """The messages without the oldest exchanges that do not fit into `limit` tokens; None if the newest does not fit.

    A system message stays. Of a conversation that ends with the doctor the newest is the last patient turn and its answer;
    of a prompt it is the last patient turn. `lengths`: tokens of each message.
    """
    system = 1 if messages and messages[0]["role"] == "system" else 0
    room = limit - sum(lengths[:system])
    starts = [place for place in range(system, len(messages)) if messages[place]["role"] == "user"]
    for start in starts:
        if sum(lengths[start:]) <= room:
            return messages[:system] + messages[start:]
    return None


def cut_left(messages: Messages, lengths: Sequence[int], limit: int, counts: Counter[str]) -> Messages | None:
    """As `trim_left`; what is cut, the turns lost, and what cannot be cut enough are counted."""
    found = trim_left(messages, lengths, limit)
    if found is None:
        counts["dropped_too_long"] += 1
    elif len(found) < len(messages):
        counts["left_trimmed"] += 1
        counts["left_trimmed_turns"] += len(messages) - len(found)
    return found


def fit(
    rows: Sequence[Conversation], measure: Callable[[Messages], Sequence[int]], limit: int, counts: Counter[str]
) -> list[Conversation]:
    """The rows cut from the left to `limit` tokens, see `cut_left`."""
    kept = []
    for row in rows:
        messages = cut_left(row.messages, measure(row.messages), limit, counts)
        if messages is not None:
            kept.append(row._replace(messages=messages))
    return kept


def conversations(
    paths: Sequence[str], split: str, tokenizer: Any, limit: int, counts: Counter[str]
) -> list[Conversation]:
    """Read, select and fit: what the programs train on. Raises InputError when nothing of a train split is left."""
    rows = usable(read_conversations(paths, split, counts), template.control_marks(tokenizer), counts)
    rows = fit(rows, lambda messages: template.lengths(tokenizer, messages), limit, counts)
    if split == "train":
        require_some(rows, paths, counts)
    counts["kept"] += len(rows)
    return rows


def held_out_conversations(
    paths: Sequence[str], eval_paths: Sequence[str], tokenizer: Any, limit: int, counts: Counter[str]
) -> list[Conversation]:
    """As `conversations`, of the held-out data; what became of it is counted under `eval_…`."""
    found: Counter[str] = Counter()
    rows = conversations(*held_out(paths, eval_paths), tokenizer, limit, found)
    counts.update({f"eval_{name}": count for name, count in found.items()})
    return rows


def held_out(data: Sequence[str], eval_data: Sequence[str]) -> tuple[Sequence[str], str]:
    """(paths, split) of the held-out data: files named for it are taken whole, datasets give their dev split."""
    if not eval_data:
        return data, "dev"
    return eval_data, "train" if not any(is_dataset(path) for path in eval_data) else "dev"


def rows_of(file: Path) -> Iterator[Any]:
    """The rows of a Parquet, JSON Lines or JSON file (a list, or an object of rows). Raises InputError when it is damaged."""
    try:
        if file.suffix == ".parquet":
            yield from pq.read_table(file).to_pylist()
            return
        text = file.read_text(encoding="utf-8-sig")
        if text.lstrip().startswith("["):
            yield from json.loads(text)
            return
        for number, line in enumerate(text.splitlines()):
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise InputError(f"{file}: line {number + 1} is no JSON") from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{file}: cannot be read as Parquet, JSON Lines or JSON") from error


def content_hash(rows: Iterable[Any]) -> str:
    """SHA-256 (first 16 digits) of what is trained on, whatever file it came from."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()[:16]


def manifests(paths: Sequence[str]) -> dict[str, str]:
    """SHA-256 of the manifest of each dataset, of the file itself for others; folders of other kinds are left out.

    Only names are kept of the paths: a model card must not tell where its maker stores data.
    """
    found: dict[str, str] = {}
    for path in map(Path, paths):
        file = path / "manifest.json" if path.is_dir() else path
        if file.is_file():
            name = path.name if path.name not in found else f"{path.name} ({len(found) + 1})"
            found[name] = sha256_file(file)
    return found
