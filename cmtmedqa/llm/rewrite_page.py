"""The page of a rewrite: pass rate per gate with intervals, and originals beside rewrites, differences marked."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from cmtmedqa.llm.rewrite import Decision, outcomes
from cmtmedqa.paths import package_file
from cmtmedqa.reliability import wilson

_SHOWN = 50


def draw(runs: Mapping[str, Sequence[Decision]]) -> str:
    """The page of one or several versions of an instruction on the same turns (name → decisions). Every text is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(package_file("llm")), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("rewrite.html").render(
        runs=[_run(*run) for run in runs.items()], compared=_compared(runs)
    )


def _compared(runs: Mapping[str, Sequence[Decision]]) -> list[dict[str, Any]]:
    """Of versions on the same turns: how many turns each has accepted, and how many no other version has."""
    taken = {
        title: {(item.dialogue_id, item.turn) for item in decisions if item.accepted}
        for title, decisions in runs.items()
    }
    rows = []
    for title, decisions in runs.items() if len(runs) > 1 else ():
        others = set().union(*(places for name, places in taken.items() if name != title))
        row = _row(title, len(taken[title]), len(decisions))
        rows.append({**row, "alone": len(taken[title] - others), "n": len(decisions)})
    return rows


def _run(title: str, decisions: Sequence[Decision]) -> dict[str, Any]:
    accepted = [decision for decision in decisions if decision.accepted]
    kept = [item for item in decisions if item.rewritten and item.outcome not in {"accepted", "unchanged"}]
    rows = [_row(outcome, count, len(decisions)) for outcome, count in outcomes(decisions)]
    assert sum(row["count"] for row in rows) == len(decisions), "a turn was lost"
    groups = [
        _group("采用的改写 accepted", accepted),
        _group("保留原文的 refused, the original stays", kept),
    ]
    return {"title": title, "rows": rows, "n": len(decisions), "groups": groups}


def _row(outcome: str, count: int, whole: int) -> dict[str, Any]:
    if not whole:
        return {"outcome": outcome, "count": 0, "share": "–", "interval": "–"}
    low, high = wilson(count / whole, whole)
    return {"outcome": outcome, "count": count, "share": f"{count / whole:.1%}", "interval": f"{low:.1%} – {high:.1%}"}


def _group(title: str, decisions: Sequence[Decision]) -> dict[str, Any]:
    """Fifty of them, chosen by a hash of their ids, so that the choice is neither ours nor that of the order."""
    chosen = sorted(decisions, key=lambda item: _place(f"{item.dialogue_id}\x1f{item.turn}"))[:_SHOWN]
    return {"title": f"{title}: {len(chosen)} / {len(decisions)}", "items_": [_item(decision) for decision in chosen]}


def _item(decision: Decision) -> dict[str, Any]:
    left, right = marked(decision.original, decision.rewritten)
    why = "" if decision.accepted else f"{decision.outcome}: {decision.seen}"
    return {"where": f"{decision.dialogue_id}, turn {decision.turn}", "why": why, "left": left, "right": right}


def marked(original: str, rewritten: str) -> tuple[Markup, Markup]:
    """Both texts, escaped, with what only one of them holds in `del` and `ins`."""
    left: list[Markup] = []
    right: list[Markup] = []
    matcher = difflib.SequenceMatcher(None, original, rewritten, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        old, new = escape(original[start:end]), escape(rewritten[new_start:new_end])
        if kind == "equal":
            left.append(old)
            right.append(new)
            continue
        left.append(Markup("<del>{}</del>").format(old) if old else Markup())
        right.append(Markup("<ins>{}</ins>").format(new) if new else Markup())
    return Markup().join(left), Markup().join(right)


def _place(identifier: str) -> str:
    return hashlib.blake2b(identifier.encode(), digest_size=8).hexdigest()
