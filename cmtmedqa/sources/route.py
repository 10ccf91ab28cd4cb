"""Which adapter maps a record: rules on its keys and the types of their values, the most specific first."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from cmtmedqa.sources import chat_lists, crawlers, meddialog, packed, preferences, question_answer, remedi, text_blocks
from cmtmedqa.sources.fields import Fields, storable, text
from cmtmedqa.sources.mapped import Mapped, Unreadable

_SHOWN_KEYS = 30
_TOYHOM_LINES = 6


def route(record: object) -> str | None:
    """The name of the adapter for one record, None for an unknown shape. Never raises."""
    if chat_lists.is_mie(record):
        return "mie-window"
    if not isinstance(record, dict) or not all(isinstance(key, str) for key in record):
        return None
    return (
        _preference(record) or crawlers.crawler_of(record) or _instruction(record) or _listed(record) or _flat(record)
    )


def _preference(record: Fields) -> str | None:
    if preferences.is_dpo(record):
        return "dpo"
    return "ranking" if preferences.is_ranking(record) else None


def _instruction(record: Fields) -> str | None:
    if record.keys() == {"instruct", "output"}:
        return "cmtmedqa-safety"
    asked, said = record.get("instruction"), record.get("output")
    if isinstance(asked, list) or isinstance(said, list) or isinstance(record.get("questions"), list):
        lists = (asked, said) if "instruction" in record else (record.get("questions"), record.get("answers"))
        return "huatuo26m" if all(isinstance(item, list | str) for item in lists) else None
    if not isinstance(asked, str) or not isinstance(said, str):
        return None
    if "history" in record:
        return "cmtmedqa"
    return "packed-string" if packed.packed_key(record) else "alpaca"


def _listed(record: Fields) -> str | None:
    if chat_lists.is_dialogue(record):
        return "dialogue"
    if chat_lists.is_imcs(record):
        return "imcs-json"
    if "history" in record and question_answer.is_single_qa(record):
        return None  # what came before the question, not the dialogue
    if chat_lists.prefixed_key(record):
        return "prefixed-list"
    if key := chat_lists.message_key(record):
        listed = record[key]
        return "sharegpt" if isinstance(listed, list) and all("from" in item for item in listed) else "role-content"
    return "alternating-list" if chat_lists.alternating_key(record) else None


def _flat(record: Fields) -> str | None:
    if {"title", "ask", "answer"} <= record.keys():
        return "toyhom-csv"
    if packed.packed_key(record):
        return "packed-string"
    return "single-qa" if question_answer.is_single_qa(record) else None


def adapt(record: object, index: int, key: str = "") -> Iterator[Mapped | Unreadable]:
    """Map one record; `key` is its name where a file is one object of records. An unknown one gives one `Unreadable`."""
    name = route(record)
    if name is None:
        yield Unreadable("unknown_shape", _keys(record), _raw(record), id=key, index=index)
        return
    for mapped in _mapped(name, record, key):
        if isinstance(mapped, Unreadable):
            yield mapped._replace(adapter=name, index=index, raw=mapped.raw or _raw(record))
        elif not mapped.turns:
            yield Unreadable("no_turns", _keys(record), _raw(record), mapped.id, name, index)
        else:
            extra = {name: storable(value) for name, value in mapped.extra.items()} if mapped.extra else {}
            yield mapped._replace(adapter=name, index=index, extra=extra)


def _mapped(name: str, record: object, key: str) -> Iterator[Mapped | Unreadable]:
    if name == "mie-window":
        return chat_lists.mie_windows(record)
    assert isinstance(record, dict)
    if name.startswith("crawler-"):
        return crawlers.crawled(name, record)
    if name == "ranking":
        return preferences.ranking(record, key)
    if name == "imcs-json":
        return chat_lists.imcs(record, key)
    return {
        "dpo": preferences.dpo,
        "cmtmedqa-safety": question_answer.cmtmedqa_safety,
        "huatuo26m": question_answer.huatuo26m,
        "cmtmedqa": question_answer.cmtmedqa,
        "alpaca": question_answer.cmtmedqa,
        "packed-string": packed.packed_string,
        "toyhom-csv": question_answer.toyhom,
        "single-qa": question_answer.single_qa,
        "dialogue": chat_lists.dialogue,
        "prefixed-list": chat_lists.prefixed_list,
        "alternating-list": chat_lists.alternating_list,
        "sharegpt": chat_lists.messages,
        "role-content": chat_lists.messages,
    }[name](record)


def _keys(record: object) -> str:
    if not isinstance(record, dict):
        return f"a {type(record).__name__}, not an object"
    shown = sorted(text(key)[:60] for key in record)
    more = f" and {len(shown) - _SHOWN_KEYS} more" if len(shown) > _SHOWN_KEYS else ""
    return "keys: " + ", ".join(shown[:_SHOWN_KEYS]) + more


def _raw(record: object) -> str:
    try:
        return json.dumps(record, ensure_ascii=False, default=str)
    except (RecursionError, TypeError, ValueError):  # JSON that is nested too deeply; other types from Python literals
        return ""


_SPEAKER_LINE = re.compile(r"^[ \t]*(?:患者|病人|医生|大夫|问|答)[ ]*[：:]", re.MULTILINE)
_COUNSELLING_LINE = re.compile(r"^[ \t]*(?:来访者|心理咨询师|咨询师)[ ]*[：:]", re.MULTILINE)
_TSV_LINE = re.compile(r"^(?:患者|病人|医生)[：:].*\t-?[0-9]+[ ]*$", re.MULTILINE)
_MEDDIALOG = re.compile(r"^\ufeff?id\s*=\s*[0-9A-Za-z_-]+\s*$", re.MULTILINE)
_MEDDIALOG_HEADING = re.compile(r"^(?:Description|Dialogue|Doctor faculty)\s*$", re.MULTILINE)


def text_shape(head: str) -> str | None:
    """The shape of a plain text file from its first characters, None if unknown."""
    head = head.replace("\r\n", "\n").replace("\r", "\n")
    start = head.lstrip("\ufeff \t\r\n")
    if "<|context|>" in start and "<|response|>" in start:
        return "remedi-serialised"
    if re.match(r"(?:(?:train|test|dev)\s*=?\s*)?\[?\s*\{'self_repo'", start) or re.match(r"\[?\{'\w+':", start):
        return "dxy-literal"
    if _MEDDIALOG.search(head) and _MEDDIALOG_HEADING.search(head):
        return "meddialog-text"
    lines = [line for line in head.split("\n") if line.strip()]
    if not lines:
        return None
    if len(_TSV_LINE.findall(head)) * 2 > len(lines):
        return "imcs-tsv"
    if len(_COUNSELLING_LINE.findall(head)) * 3 > len(lines):
        return "counselling-txt"
    if len(_SPEAKER_LINE.findall(head)) * 3 > len(lines):
        return "prefixed-text"
    return "toyhom-txt" if _is_toyhom(head) else None


def _is_toyhom(head: str) -> bool:
    """Blocks of two lines (a few more where an answer is broken), the first of most with a half-width comma."""
    found = list(text_blocks.blocks(head.split("\n")))
    whole = found[:-1] if len(found) > 1 else found
    fit = sum(2 <= len(block) <= _TOYHOM_LINES and "," in block[0] and not block[1].isascii() for block in whole)
    return bool(whole) and fit * 2 > len(whole)


def adapt_text(
    shape: str, lines: Iterable[str], companion: Mapping[str, object] | None = None
) -> Iterator[Mapped | Unreadable]:
    """The dialogues of a plain text file, streaming; `index` counts them from 0."""
    for index, record in enumerate(_text_records(shape, lines, companion)):
        yield record._replace(adapter=record.adapter or shape, index=index)


def _text_records(
    shape: str, lines: Iterable[str], companion: Mapping[str, object] | None
) -> Iterator[Mapped | Unreadable]:
    if shape == "imcs-tsv":
        return text_blocks.imcs_tsv(lines, companion)
    if shape == "dxy-literal":
        return text_blocks.literals(lines, lambda record: adapt(record, 0))
    if shape == "counselling-txt":
        return text_blocks.prefixed_text(lines, paragraphs=True)
    known = {
        "toyhom-txt": text_blocks.toyhom_text,
        "meddialog-text": meddialog.meddialog,
        "remedi-serialised": remedi.remedi,
        "prefixed-text": text_blocks.prefixed_text,
    }
    return known[shape](lines) if shape in known else iter((Unreadable("unknown_shape", "no shape of this name"),))
