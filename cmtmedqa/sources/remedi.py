"""Adapter of ReMeDi's serialised form: one line a doctor turn, every line repeats the whole dialogue before it."""

import re
from collections.abc import Iterable, Iterator

from cmtmedqa.sources.mapped import Mapped, RawTurn, Unreadable

_SECTION = re.compile(
    r"<\|(context|currentuser|intent|knowledge|action|response)\|>(.*?)(?=<\|endof\1\|>|<\|(?:context|currentuser|intent|knowledge|action|response)\|>|<\|endoftext\|>|$)",
    re.DOTALL,
)
_TURN = re.compile(r"<\|(user|system)\|>")


def remedi(lines: Iterable[str]) -> Iterator[Mapped | Unreadable]:
    """The longest line of each dialogue; an empty line or an empty context starts the next one."""
    group: list[dict[str, str]] = []
    for line in lines:
        if not line.strip():
            yield from _dialogue(group)
            group = []
            continue
        sections = {name: said.strip() for name, said in _SECTION.findall(line)}
        if not sections:
            yield Unreadable("bad_line", "no <|...|> section", line)
            continue
        if group and not sections.get("context"):
            yield from _dialogue(group)
            group = []
        group.append(sections)
    yield from _dialogue(group)


def _dialogue(group: list[dict[str, str]]) -> Iterator[Mapped | Unreadable]:
    if not group:
        return
    longest = max(group, key=lambda sections: len(sections.get("context", "")))
    pieces = _TURN.split(longest.get("context", ""))
    turns: list[RawTurn] = [
        ("patient" if speaker == "user" else "doctor", said.strip())
        for speaker, said in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    turns.append(("patient", longest.get("currentuser", "")))
    turns.append(("doctor", longest.get("response", "")))
    if not any(said for _, said in turns):
        yield Unreadable("no_turns", f"{len(group)} line(s) without text")
        return
    labels = [
        {name: " ".join(sections[name].split()) for name in ("intent", "action") if sections.get(name)}
        for sections in group
    ]
    knowledge = [sections["knowledge"] for sections in group if sections.get("knowledge")]
    extra: dict[str, object] = {"labels": labels} if any(labels) else {}
    if knowledge:
        extra["knowledge"] = knowledge
    yield Mapped(turns, extra=extra)
