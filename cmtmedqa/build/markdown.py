"""Markdown of the card: tables, and text of users made harmless, so that no title or licence can add markup or HTML."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

_ACTIVE = re.compile(r"([\\`*\[\]{}$~|])|(?<![^\W_])_|_(?![^\W_])")


def text(value: object) -> str:
    """A value of a user as plain text on one line: nothing in it is markup, a table cell, HTML or a change of direction."""
    line = " ".join(str(value).split())
    line = "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp"))
    line = _ACTIVE.sub(lambda found: "\\" + found[0], line)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cell(value: object) -> str:
    """A number as it is written for people, nothing for None, text made harmless."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else text(value)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; empty text where there is no row."""
    if not rows:
        return ""
    marks = ["---:" if _numbers([row[place] for row in rows]) else "---" for place in range(len(header))]
    lines = [[cell(value) for value in line] for line in (header, *rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in (lines[0], marks, *lines[1:]))


def _numbers(values: Sequence[object]) -> bool:
    stated = [value for value in values if value is not None]
    return bool(stated) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in stated)


def nested(value: Mapping[str, Any], name: str = "") -> str:
    """Any part of the report as tables: its plain values, parts of equal columns together, then all that lies deeper."""
    plain = {key: item for key, item in value.items() if not isinstance(item, dict | list)}
    parts = [table([words(name), "value"], [[words(key), item] for key, item in plain.items()])]
    alike: dict[tuple[str, ...], list[list[object]]] = {}
    for key, item in value.items():
        if isinstance(item, dict) and item and _flat(item):
            alike.setdefault(tuple(item), []).append([key, *item.values()])
    parts += [table([words(name), *map(words, columns)], rows) for columns, rows in alike.items()]
    for key, item in value.items():
        if isinstance(item, list) and item:
            parts += [f"**{text(words(key))}**\n", _list(item)]
        elif isinstance(item, dict) and not _flat(item):
            parts += [f"**{text(words(key))}**\n", nested(item, key)]
    return "\n".join(part for part in parts if part)


def _list(items: Sequence[Any]) -> str:
    if all(isinstance(item, dict) and _flat(item) for item in items):
        columns = list(dict.fromkeys(column for item in items for column in item))
        return table(
            [words(column) for column in columns], [[item.get(column) for column in columns] for item in items]
        )
    return "".join(f"- {cell(item)}\n" for item in items if not isinstance(item, dict | list))


def _flat(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(item, dict | list) for item in value.values())


def words(name: str) -> str:
    """A key of the report as words."""
    return name.replace("_", " ")
