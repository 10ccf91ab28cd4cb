"""Adapters of plain text files, read line by line: blocks, prefixed paragraphs, token streams, Python literals."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from cmtmedqa.sources.chat_lists import FAMILY, prefixed_key
from cmtmedqa.sources.encodings import MAX_RECORD
from cmtmedqa.sources.fields import Fields, lines_of, names, present, role_of, storable, text, titled
from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_Read = Mapped | Unreadable
_SPEAKERS = rf"{FAMILY}|患者|病人|医生|大夫|医师|来访者|心理咨询师|咨询师|问|答"
_SPEAKER = re.compile(rf"\s*(?P<name>{_SPEAKERS})\s*[：:]\s*")
_TSV = re.compile(r"(?P<name>患者|病人|医生)\s*[：:](?P<said>.*)\t(?P<label>-?[0-9]{1,9})\s*$")
_LITERAL = re.compile(r"(?:train|test|dev)?\s*\[?(?=\{'self_repo')")


def blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Runs of lines between empty ones; one longer than any record is cut."""
    block: list[str] = []
    size = 0
    for line in lines:
        if filled := line.strip():
            block.append(line)
            size += len(line)
        if block and (not filled or size > MAX_RECORD):
            yield block
            block, size = [], 0
    if block:
        yield block


def toyhom_text(lines: Iterable[str]) -> Iterator[Mapped | Unreadable]:
    """Blocks of `title,ask` and answer; the first half-width comma ends the title."""
    for block in blocks(lines):
        title, comma, asked = block[0].partition(",")
        if not comma or len(block) < 2:
            yield Unreadable(
                "bad_block", f"{len(block)} line(s), comma {'found' if comma else 'missing'}", "\n".join(block)
            )
            continue
        turns: list[RawTurn] = [("patient", titled(title, asked)), ("doctor", "\n".join(block[1:]))]
        yield Mapped(turns, title=present(title) or None)


def prefixed_text(lines: Iterable[str], paragraphs: bool = False) -> Iterator[Mapped | Unreadable]:
    """Dialogues between empty lines, each line with its speaker; a line without one goes on where the last stopped.

    Where every paragraph is one turn (always with `paragraphs`: counselling transcripts), a dialogue ends at a ruler, a
    numbered heading, or after 20,000 lines. Text before the first speaker is the heading.
    """
    for block in _dialogue_blocks(lines, paragraphs):
        turns: list[RawTurn] = []
        headings: list[str] = []
        for line in block:
            found = _SPEAKER.match(line)
            if found:
                role = (
                    "patient"
                    if found["name"] == "问"
                    else "doctor"
                    if found["name"] == "答"
                    else role_of(found["name"])
                )
                turns.append((role or "patient", line[found.end() :].strip()))
            elif turns:
                turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line.strip()}")
            else:
                headings.append(line.strip())
        if turns:
            yield Mapped(turns, extra={"heading": "\n".join(headings)} if headings else {})
        else:
            yield Unreadable("no_speaker", f"{len(block)} line(s) without a speaker", "\n".join(block))


def _dialogue_blocks(lines: Iterable[str], paragraphs: bool) -> Iterator[list[str]]:
    """Paragraphs joined into dialogues: one with two speakers is whole, those with at most one belong together."""
    waiting: list[str] = []
    spoken = False
    for block in blocks(_rulers_apart(lines)):
        speakers = sum(bool(_SPEAKER.match(line)) for line in block)
        whole = speakers > 1 and not paragraphs
        ends = whole or _RULER.fullmatch(block[0].strip()) or _HEADING.fullmatch(block[0].strip())
        if waiting and ((ends and spoken) or len(waiting) >= _MOST_LINES):
            yield waiting
            waiting, spoken = [], False
        waiting.extend(line for line in block if not _RULER.fullmatch(line.strip()))
        if whole:
            yield waiting
            waiting, spoken = [], False
        spoken = spoken or (bool(speakers) and not whole)
    if waiting:
        yield waiting


_MOST_LINES = 20_000
_RULER = re.compile(r"[-=*_#~—－\s]{3,}")
_HEADING = re.compile(
    r"第\s*[0-9一二三四五六七八九十百零]+\s*[章节个次段组例篇则回].{0,20}|[0-9]+[、.．:：]?|id\s*=.*|【.*】|<.*>"
    r"|(?:对话|案例|个案|咨询|会谈|[Cc]ase|[Dd]ialogue)\s*[0-9一二三四五六七八九十百]+.{0,20}"
)


def _rulers_apart(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield from ("", line, "") if _RULER.fullmatch(line.strip()) else (line,)


def literals(lines: Iterable[str], other: Callable[[object], Iterator[_Read]]) -> Iterator[_Read]:
    """Python literals of dialogues, as a `repr` of a list or one dict a line; `ast.literal_eval` alone reads them.

    `other` maps a record that is not of this shape.
    """
    for line in lines:
        stripped = line.strip().rstrip(",")
        if not stripped:
            continue
        body = re.sub(r"^(?:train|test|dev)\s*=?\s*", "", stripped)
        try:
            value = ast.literal_eval(body)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            yield Unreadable("bad_literal", "no Python literal", line)
            continue
        for record in value if isinstance(value, list | tuple) else [value]:
            if isinstance(record, dict) and _is_dxy(record):
                yield _literal(record)
            else:
                yield from other(record)


_OWN_FIELDS = frozenset({"self_repo", "consult_id", "disease_tag"})


def _is_dxy(record: Fields) -> bool:
    return not _OWN_FIELDS.isdisjoint(record) or (bool(lines_of(record.get("dialog"))) and not prefixed_key(record))


def _literal(record: Mapping[object, object]) -> Mapped | Unreadable:
    said = record.get("dialog", record.get("dialogue"))
    turns: list[RawTurn] = []
    for number, line in enumerate(said if isinstance(said, list) else []):
        turns.append(("doctor" if number % 2 else "patient", text(line)))
    report = text(record.get("self_repo"))
    used = {"dialog", "dialogue", "consult_id", "disease_tag"}
    if turns and turns[0][1] == report:
        used.add("self_repo")
    extra = {text(key): storable(value) for key, value in record.items() if key not in used}
    if not turns:
        return Unreadable("no_dialogue", "dialog is no list of lines", id=present(record.get("consult_id")))
    return Mapped(turns, id=present(record.get("consult_id")), diseases=names(record.get("disease_tag")), extra=extra)


_MOST_UNBOUNDED = 1000


def imcs_tsv(lines: Iterable[str], companion: Mapping[str, object] | None) -> Iterator[Mapped | Unreadable]:
    """Lines `患者：…⇥label`. Where a dialogue ends only the companion file tells.

    Lines that it does not cover are one dialogue with a mark, or refused if they are too many to be one.
    """
    lengths = [(name, len(item)) for name, item in (companion or {}).items() if isinstance(item, dict) and item]
    turns: list[RawTurn] = []
    labels: list[dict[str, object]] = []
    place = taken = 0
    for line in lines:
        if not line.strip():
            continue
        taken += 1  # A bad line counts too: the companion has a number for it.
        found = _TSV.match(line)
        if found:
            turns.append((role_of(found["name"]) or "patient", found["said"]))
            labels.append({"turn": len(turns) - 1, "act": int(found["label"])})
        else:
            yield Unreadable("bad_line", "no speaker, tab and label", line)
        if place < len(lengths) and taken == lengths[place][1]:
            if turns:
                yield Mapped(turns, id=lengths[place][0], extra={"labels": labels})
            turns, labels, place, taken = [], [], place + 1, 0
        elif place >= len(lengths) and len(turns) > _MOST_UNBOUNDED:
            turns, labels = [], []
    if place >= len(lengths) and taken > _MOST_UNBOUNDED:
        yield Unreadable("unknown_boundaries", f"{taken} lines that no companion file cuts into dialogues")
    elif turns:
        extra: dict[str, object] = {"labels": labels, "boundaries": "unknown"}
        yield Mapped(turns, extra=extra, repairs=["boundaries_unknown"])
