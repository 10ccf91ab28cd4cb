"""The page of an audit: one self-contained HTML file without scripts, everything from the corpus escaped."""

from collections.abc import Sequence
from html import escape

from cmtmedqa.build.audit import Finding, Tally
from cmtmedqa.clean.deidentify import KINDS

_STYLE = """body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1c2733}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{padding:.3rem .6rem;border-bottom:1px solid #d8dee4;text-align:left;vertical-align:top}
th{background:#f3f5f7}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}p.note{color:#57636f}
.over{color:#b00020;font-weight:600}.under{color:#0a6b2d;font-weight:600}"""


def summary_rows(tally: Tally) -> list[tuple[str, str, int, int, float]]:
    """For every kind that was found: its name, what it is, findings, records with any, findings per 10,000 characters."""
    return [
        (kind, KINDS[kind][1], tally.kinds[kind], tally.records_with[kind], tally.rate(tally.kinds[kind]))
        for kind in KINDS
        if tally.kinds[kind]
    ]


def page(tally: Tally, shown: Sequence[tuple[Finding, str]], masked: bool, limit: float | None) -> str:
    """The page: counts by class, file and rule, and the positions of `shown`; masked excerpts only when asked for."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Personal data audit</title>"
        f"<style>{_STYLE}</style></head><body><h1>Personal data audit</h1>",
        f"<p>{tally.findings:,} findings in {tally.records_with['any']:,} of {tally.records:,} records; "
        f"{tally.chars:,} characters looked at, {tally.rate(tally.findings):.3f} findings per 10,000.</p>",
        _verdict(tally, limit),
        "<p class=note>Found by rules. What rules miss, above all names without a cue, is not counted here.</p>",
    ]
    if tally.unread:
        parts.append(f"<p class=note>Records without text to look at: {tally.unread:,}.</p>")
    for title, files in (("Not read, or not to the end", tally.unread_files), ("Passed over", tally.passed_over)):
        parts += [_table(title, ("file", "why"), list(files.items()))] if files else []
    parts.append(_table("By class", ("class", "what", "findings", "records", "per 10,000 characters"),
                        [(k, w, f"{n:,}", f"{r:,}", f"{rate:.3f}") for k, w, n, r, rate in summary_rows(tally)]))  # fmt: skip
    parts.append(_table("By file", ("file", "records", "characters", "findings"),
                        [(name, *(f"{c[key]:,}" for key in ("records", "chars", "findings"))) for name, c in tally.files.items()]))  # fmt: skip
    parts.append(_table("By rule", ("class", "rule", "findings"),
                        [(kind, rule, f"{n:,}") for (kind, rule), n in sorted(tally.rules.items())]))  # fmt: skip
    parts.append(_positions(tally, shown, masked))
    return "".join([*parts, "</body></html>\n"])


def _verdict(tally: Tally, limit: float | None) -> str:
    if limit is None:
        return ""
    over = tally.rate(tally.findings) > limit
    return (
        f"<p class={'over' if over else 'under'}>{'Above' if over else 'Within'} the limit of {limit:g} per 10,000.</p>"
    )


def _positions(tally: Tally, shown: Sequence[tuple[Finding, str]], masked: bool) -> str:
    title = "Positions" if len(shown) == tally.findings else f"Positions (the first {len(shown):,})"
    header = ("file", "record", "id", "field", "start", "end", "class", "rule", *(["masked excerpt"] if masked else []))
    rows = [
        (
            f.file,
            f"{f.record:,}",
            f.id,
            place(f),
            f"{f.start:,}",
            f"{f.end:,}",
            f.kind,
            f.rule,
            *([text] if masked else []),
        )
        for f, text in shown
    ]
    return _table(title, header, rows)


def place(finding: Finding) -> str:
    """The turn or the field of a finding, in words."""
    return finding.field if finding.turn is None else f"turn {finding.turn}"


_NUMBERS = frozenset(("findings", "records", "per 10,000 characters", "characters", "record", "start", "end"))


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    mark = ["n" if name in _NUMBERS else "t" for name in header]
    head = "".join(f"<th class={kind}>{escape(name)}</th>" for kind, name in zip(mark, header, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td class={kind}>{escape(cell)}</td>" for kind, cell in zip(mark, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
