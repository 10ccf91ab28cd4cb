"""The figures of compare.py as Markdown tables."""

from collections.abc import Mapping
from typing import Any

from benchmarks.pii.plant import CLASSES
from benchmarks.pii.score import wilson

OURS = "cmtmedqa"
TITLES = {"cmtmedqa": "cmtmedqa", "jionlp": "jionlp", "presidio": "Presidio", "data_juicer": "Data-Juicer"}


def share(hits: int, n: int) -> str:
    """A proportion with its interval."""
    if n == 0:
        return "–"
    low, high = wilson(hits, n)
    return f"{hits / n:.3f} ({low:.3f}–{high:.3f})"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def markdown(run: Mapping[str, Any]) -> str:
    """Tables: recall and precision by class, recall by written form, harm and speed."""
    tools: Mapping[str, Any] = run["tools"]
    sections = [f"Set: {run['set']}.\n", _classes(tools), _forms(tools), _harm(tools), _text(tools)]
    return "\n".join(section for section in sections if section)


def _classes(tools: Mapping[str, Any]) -> str:
    ours = tools.get(OURS)
    peers = [tool for tool in tools if tool != OURS]
    header = ["class", "n"]
    if ours:
        header += ["recall", "with the right label", "partly covered", "wordings without a leak", "precision"]
    header += [f"{TITLES[tool]} recall" for tool in peers]
    header += [f"{TITLES[tool]} precision" for tool in peers]
    rows = []
    planted = next(iter(tools.values()))["classes"]
    for kind in filter(planted.__contains__, CLASSES):
        first = planted[kind]
        row = [kind, str(first["n"])]
        if ours:
            mine = ours["classes"][kind]
            row += [share(mine["whole"], mine["n"]), f"{mine['typed'] / mine['n']:.3f}", str(mine["part"])]
            row += [" of ".join(map(str, mine["tight_wordings"])), share(*mine["precision"])]
        row += [f"{tools[tool]['classes'][kind]['whole'] / first['n']:.3f}" for tool in peers]
        row += [_plain(*tools[tool]["classes"][kind]["precision"]) for tool in peers]
        rows.append(row)
    return table(header, rows)


def _plain(hits: int, n: int) -> str:
    return f"{hits / n:.3f}" if n else "–"


def _forms(tools: Mapping[str, Any]) -> str:
    names = list(tools)
    rows = []
    for key, first in next(iter(tools.values()))["forms"].items():
        kind, form = key.split("/")
        wholes = [tools[tool]["forms"][key]["whole"] for tool in names]
        shares = [
            share(whole, first["n"]) if tool == OURS else f"{whole / first['n']:.3f}"
            for tool, whole in zip(names, wholes, strict=True)
        ]
        rows.append([kind, form, str(first["n"]), *shares])
    return table(["class", "written form", "n", *(f"{TITLES[tool]} recall" for tool in names)], rows)


def _harm(tools: Mapping[str, Any]) -> str:
    lists = next(iter(tools.values()))["harm"]
    rows = [[kind, str(n), *(str(tools[tool]["harm"][kind][0]) for tool in tools)] for kind, (_, n) in lists.items()]
    return table(["hard negatives", "sentences", *(f"{TITLES[tool]}: hit" for tool in tools)], rows)


def _text(tools: Mapping[str, Any]) -> str:
    header = ["tool", "spans in clean text", "real text: spans", "personal", "not", "not judged"]
    header += ["false per 10,000 characters", "turns per CPU second"]
    rows = []
    for tool, entry in tools.items():
        row = [TITLES[tool], f"{entry['clean']['spans']} in {entry['clean']['characters']:,} characters"]
        if seen := entry.get("real"):
            counts = [seen["true"], seen["false"], seen["unknown"]]
            rate = (seen["false"] + seen["unknown"]) / seen["characters"] * 10_000
            row += [f"{sum(counts)} in {seen['characters']:,} characters", *map(str, counts), f"{rate:.3f}"]
        else:
            row += ["–"] * 5
        rows.append([*row, f"{entry['turns_per_second']:,}"])
    return table(header, rows)
