"""The report of agreement as one HTML file in Chinese and English that opens offline; style and script are those of report.html."""

import base64
import hashlib
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from cmtmedqa.paths import package_file
from cmtmedqa.rubric import Rubric

_SHOWN = 100  # flagged sets on the page; the JSON holds all
_TOP, _FLOOR, _HEIGHT = 18, 150, 176  # pixels: above the bars, their foot, the picture
_LOWEST = -0.4  # left end of the axis of an agreement; what lies lower is drawn at the end
_SHADES = 8


def draw(report: Mapping[str, Any], rubric: Rubric) -> str:
    """The page of a report of `agreement`. Every text in it is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(package_file("annotate")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = package_file("build", "page", "page.css").read_text(encoding="utf-8")
    style += package_file("annotate", "agreement.css").read_text(encoding="utf-8")
    script = package_file("build", "page", "page.js").read_text(encoding="utf-8")
    flagged = [item for item in report["items"] if item["flags"]]
    flagged.sort(key=lambda item: (item["adjudicated"], -len(item["flags"]), item["tau"] or 0, item["set_id"]))
    return environment.get_template("agreement.html").render(
        r=report,
        measures={"rank": ("rank", "排序")} | {one.id: (one.name.en, one.name.zh) for one in rubric.dimensions},
        flagged=flagged[:_SHOWN],
        n_flagged=len(flagged),
        matrix=_matrix(report),
        whisker=whisker,
        histogram=histogram,
        number=number,
        percent=percent,
        shade=_shade,
        style=Markup(style),  # noqa: S704 -- our own files
        script=Markup(script),  # noqa: S704 -- our own file
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
    )


def number(value: float) -> str:
    """An agreement for people: two decimals, a true minus sign, never -0.00."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def percent(value: float) -> str:
    """A share for people: one decimal, and 0 % or 100 % only for none and all."""
    return "<0.1%" if 0 < value < 0.0005 else ">99.9%" if 0.9995 <= value < 1 else f"{value:.1%}"


def whisker(found: Mapping[str, Any], share: bool = False) -> Markup:
    """An estimate as a dot with its interval, on an axis from -0.4 to 1 with a line at 0 (`share`: from 0).

    It repeats numbers that stand beside it, so it is hidden from screen readers.
    """
    if found["value"] is None:
        return Markup("")
    lowest = 0.0 if share else _LOWEST
    parts = [Markup('<svg class="dots" aria-hidden="true"><rect class="track" width="100%" height="100%"/>')]
    if not share:
        parts.append(_stroke("zero", _place(0, lowest), 0, 100))
    if found["low"] is not None:
        ends = [_place(found[name], lowest) for name in ("low", "high")]
        parts.append(Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="50%" y2="50%"/>').format(*ends))
        parts += [_stroke("end", end, 28, 72) for end in ends]
    parts.append(Markup('<circle cx="{:.2f}%" cy="50%" r="4"/></svg>').format(_place(found["value"], lowest)))
    return Markup("").join(parts)


def _stroke(kind: str, x: float, top: int, foot: int) -> Markup:
    return Markup('<line class="{0}" x1="{1:.2f}%" x2="{1:.2f}%" y1="{2}%" y2="{3}%"/>').format(kind, x, top, foot)


def _place(value: float, lowest: float) -> float:
    """Where on the axis a value lies, in percent; half a dot inside of both ends."""
    return 2 + 96 * (min(max(value, lowest), 1) - lowest) / (1 - lowest)


def histogram(name: str, title: tuple[str, str], found: Mapping[str, Any]) -> Markup:
    """Bars of `edges` and `counts`; `name` is an id that is unique on the page, `title` in English and Chinese."""
    edges, counts = found["edges"], found["counts"]
    highest, width = max([*counts, 1]), 100 / len(counts)
    spans = [f"{number(low)} – {number(high)}" for low, high in pairwise(edges)]
    described = "; ".join(f"{span}: {count}" for span, count in zip(spans, counts, strict=True))
    parts = [
        Markup(
            '<svg class="histogram" role="img" aria-labelledby="{0}-title {0}-desc" height="{1}">'
            '<title id="{0}-title">{2} · {3}</title><desc id="{0}-desc">{4}</desc>'
        ).format(name, _HEIGHT, *title, described)
    ]
    for place, count in enumerate(counts):
        high = (_FLOOR - _TOP) * count / highest
        parts.append(
            Markup(
                '<rect class="column" x="{:.2f}%" y="{:.1f}" width="{:.2f}%" height="{:.1f}"><title>{}: {}</title></rect>'
            ).format(place * width, _FLOOR - high, width, high, spans[place], count)
        )
        if count:
            parts.append(_label((place + 0.5) * width, _FLOOR - high - 4, str(count), "middle"))
    parts.append(Markup('<line class="foot" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_FLOOR))
    for place in range(0, len(edges), 2):
        kind = "" if place == 0 else "end" if place == len(edges) - 1 else "middle"
        parts.append(_label(place * width, _HEIGHT - 6, f"{edges[place]:.1f}".replace("-", "−"), kind))
    return Markup("").join([*parts, Markup("</svg>")])


def _label(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text class="tick {}" x="{:.2f}%" y="{:.1f}">{}</text>').format(kind, x, y, text)


def _matrix(report: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The pairs of experts by their names, both ways."""
    pairs = {tuple(row["experts"]): row for row in report["matrix"]}
    return pairs | {(other, one): row for (one, other), row in pairs.items()}


def _shade(value: float | None) -> int:
    """The shade of a cell, 0 (no agreement or less) to 8."""
    return math.ceil(_SHADES * min(max(value or 0.0, 0.0), 1.0))


def _source_hash(text: str) -> str:
    """How a Content-Security-Policy names the one script or style that may run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
