"""The page of a rewrite: pass rate per gate, what rules and reader said, and originals beside rewrites, differences marked."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from cmtmedqa.llm import gates
from cmtmedqa.llm.rewrite import Decision, outcomes
from cmtmedqa.paths import package_file
from cmtmedqa.reliability import wilson

_SHOWN = 50
_SAID = ("same", "different", "undecided")


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
    read = [item for item in decisions if item.reader]
    if read:
        groups += [
            _group("读者采用、规则会拒绝 the reader accepts, the rules would not", [item for item in accepted if item.reader == "same" and item.rules]),
            _group("读者拒绝、规则会采用 the reader refuses, the rules would not", [item for item in kept if item.reader == "different" and not item.rules]),
        ]  # fmt: skip
    return {"title": title, "rows": rows, "n": len(decisions), "groups": groups, "crossed": _crossed(read)}


def _crossed(read: Sequence[Decision]) -> list[dict[str, Any]]:
    """What the reader said (columns) of what the soft gates let pass or which of them refused first (rows); [] without a reader."""
    found = {name: [item for item in read if _refusing(item) == name] for name in ("", *gates.SOFT)}
    assert sum(map(len, found.values())) == len(read), "a reading was lost"
    refused = [item for item in read if item.rules]
    rows = [("通过 pass", found[""]), ("拒绝 refuse", refused)]
    rows += [(f"· {name}", found[name]) for name in gates.SOFT if found[name]]
    return [
        {"rules": title, "counts": [*(sum(item.reader == said for item in items) for said in _SAID), len(items)]}
        for title, items in [*rows, ("n", read)]
        if read
    ]


def _refusing(decision: Decision) -> str:
    return decision.rules[0].gate if decision.rules else ""


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
    why = "" if decision.accepted or decision.outcome == "reader" else f"{decision.outcome}: {decision.seen}"
    if decision.reader:
        reader = ": ".join(filter(None, (f"reader {decision.reader}", decision.why)))
        rules = "; ".join(": ".join(filter(None, fault)) for fault in decision.rules)
        why = " · ".join(filter(None, (why, reader, f"rules: {rules or 'pass'}")))
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
