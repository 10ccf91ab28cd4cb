"""A second pass by a token-classification model that the user brings; what the rules found stays as it is."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmtmedqa import io
from cmtmedqa.clean.deidentify import Span, spans_column
from cmtmedqa.clean.deidentify.fold import TAG
from cmtmedqa.errors import ConfigError, MissingExtra

# What models call their labels, without the B-, I-, E-, S- before them, and what that is here.
LABELS: Mapping[str, str] = {
    **dict.fromkeys(("PER", "PERSON", "NAME", "NR", "PATIENT", "人名", "姓名"), "name"),
    **dict.fromkeys(("DOCTOR", "DOC", "STAFF", "医生"), "doctor"),
    **dict.fromkeys(("LOC", "LOCATION", "GPE", "ADDR", "ADDRESS", "NS", "地名", "地址"), "address"),
    **dict.fromkeys(("ORG", "ORGANIZATION", "HOSPITAL", "HOSP", "NT", "机构", "医院"), "hospital"),
    **dict.fromkeys(("PHONE", "TEL", "MOBILE", "电话"), "mobile"),
    **dict.fromkeys(("EMAIL", "邮箱"), "email"),
    **dict.fromkeys(("ID", "IDCARD", "ID_CARD", "身份证"), "id_card"),
}
_POSITION = re.compile("^([BIESLUM])[-_]")
_LEAST = 0.5
_WINDOW, _STRIDE = 512, 64

Tagger = Callable[[str], list[tuple[int, int, str]]]


def fingerprint(path: str) -> str:
    """A digest of the files of a model. Raises ConfigError when the folder holds no model."""
    folder = Path(path)
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{path}: holds no config.json; --ner takes the folder of a token-classification model")
    files = sorted(item for item in folder.iterdir() if item.is_file())
    return hashlib.sha256("".join(f"{item.name} {io.sha256_file(item)}\n" for item in files).encode()).hexdigest()


def detector(path: str) -> Callable[[pa.StringArray, npt.NDArray[np.int64]], dict[int, tuple[Span, ...]]]:
    """The rules, and what the model finds where they found nothing. Raises ConfigError, MissingExtra."""
    tagger = load(path)

    def detect(texts: pa.StringArray, dialogue: npt.NDArray[np.int64]) -> dict[int, tuple[Span, ...]]:
        return united(texts, spans_column(texts, dialogue), tagger)

    return detect


def united(texts: pa.StringArray, found: Mapping[int, tuple[Span, ...]], tagger: Tagger) -> dict[int, tuple[Span, ...]]:
    """Spans of the rules, and those of the tagger that touch none of them and no tag of an earlier run."""
    result: dict[int, tuple[Span, ...]] = {}
    for row, text in enumerate(texts.to_pylist()):
        spans = found.get(row, ())
        taken = [(span.start, span.end) for span in spans] + [match.span() for match in TAG.finditer(text)]
        more = []
        for start, end, kind in tagger(text) if text else ():
            if all(end <= first or last <= start for first, last in taken):
                more.append(Span(start, end, kind, "ner"))
                taken.append((start, end))
        if spans or more:
            result[row] = tuple(sorted((*spans, *more)))
    return result


@lru_cache(maxsize=1)
def load(path: str) -> Tagger:
    """A model from local files only, on the CPU. Texts go through it one by one: no padding changes a result."""
    fingerprint(path)
    try:
        import torch
        from transformers import AutoModelForTokenClassification, AutoTokenizer
    except ImportError as error:
        raise MissingExtra("transformers and torch", "ner", "a second pass by a model") from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, use_fast=True)
        model = AutoModelForTokenClassification.from_pretrained(path, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: cannot be loaded as a token-classification model: {type(error).__name__}"
        ) from error
    names = {number: str(label) for number, label in model.config.id2label.items()}
    if not any(_kind(label) for label in names.values()):
        raise ConfigError(f"{path}: none of its labels is known: {', '.join(sorted(names.values()))[:200]}")
    window = min(_WINDOW, int(getattr(model.config, "max_position_embeddings", _WINDOW)))

    def tag(text: str) -> list[tuple[int, int, str]]:
        batch = tokenizer(
            text, truncation=True, max_length=window, stride=min(_STRIDE, window // 4), return_overflowing_tokens=True,
            return_offsets_mapping=True, return_tensors="pt", padding=True,
        )  # fmt: skip
        offsets = batch.pop("offset_mapping").tolist()
        batch.pop("overflow_to_sample_mapping", None)
        spans: set[tuple[int, int, str]] = set()
        for place, window_offsets in enumerate(offsets):
            with torch.no_grad():
                logits = model(**{name: value[place : place + 1] for name, value in batch.items()}).logits[0]
            scores, labels = logits.softmax(-1).max(-1)
            marked = zip(window_offsets, labels.tolist(), scores.tolist(), strict=True)
            spans.update(merged([(a, b, names[label] if score >= _LEAST else "O") for (a, b), label, score in marked]))
        return sorted(spans, key=lambda span: (span[0], -span[1], span[2]))

    return tag


def merged(tokens: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Spans of (start, end, label) tokens that follow one another with one kind; B, S and U begin a new one."""
    start = end = 0
    kind = ""
    for first, last, label in tokens:
        if first == last:
            continue
        position = _POSITION.match(label)
        now = _kind(label)
        begins = bool(position and position[1] in "BSU") or now != kind or first > end
        if kind and begins:
            yield start, end, kind
        if now and (begins or not kind):
            start = first
        kind, end = now, last
    if kind:
        yield start, end, kind


def _kind(label: str) -> str:
    return LABELS.get(_POSITION.sub("", label).upper(), "")
