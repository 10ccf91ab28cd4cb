"""Pictures as inline SVG. Places and widths are percentages and no viewBox scales them, so that bars fill a phone or a sheet
of paper while letters keep their size. Colours and fonts come from the style sheet alone.
"""

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from cmtmedqa.build.page.figures import number, pointer

_TOP, _FLOOR, _HEIGHT = 26, 176, 200  # pixels: above the bars, their foot, the picture
_LABELS = 8
_PLACES = 8  # a picture has room for so many bars, so that two bars are not two walls
_LABEL_CHARS = 34


def bar(part: float, whole: float, kind: str = "") -> Markup:
    """A bar as long as part of whole. It repeats a number that stands beside it, so it is hidden from screen readers."""
    share = 100 * part / whole if whole else 0.0
    return Markup(
        '<svg class="bar {}" aria-hidden="true"><rect class="track" width="100%" height="100%"/>'
        '<rect class="fill" width="{:.2f}%" height="100%"/></svg>'
    ).format(kind, share)


def step_bar(came: int, went: int, read: int) -> Markup:
    """A step of the funnel: what went on, and behind it what was refused there, of all that was read."""
    wide, lost = (100 * value / read if read else 0.0 for value in (went, came - went))
    return Markup(
        '<svg class="bar step" aria-hidden="true"><rect class="track" width="100%" height="100%"/>'
        '<rect class="fill" width="{:.2f}%" height="100%"/><rect class="lost" x="{:.2f}%" width="{:.2f}%" height="100%"/></svg>'
    ).format(wide, wide, lost)


def whisker_bar(rate: float | None, low: float | None, high: float | None, top: float) -> Markup:
    """A rate on an axis from 0 to `top`, with its interval as a line."""
    if rate is None:
        return Markup("")
    parts = [
        Markup('<svg class="bar whisker" aria-hidden="true"><rect class="track" width="100%" height="100%"/>'),
        Markup('<rect class="fill" width="{:.2f}%" height="100%"/>').format(100 * rate / top),
    ]
    if low is not None and high is not None:
        ends = (100 * low / top, 100 * high / top)
        parts += [Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="50%" y2="50%"/>').format(*ends)]
        parts += [Markup('<line x1="{0:.2f}%" x2="{0:.2f}%" y1="25%" y2="75%"/>').format(end) for end in ends]
    return Markup("").join([*parts, Markup("</svg>")])


def axis_top(values: Sequence[float | None]) -> float:
    """The end of an axis that holds some shares: a round share, at most 1."""
    highest = max([value for value in values if value is not None], default=0.0)
    return next((step for step in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0) if highest <= step), 1.0)


def histogram(name: str, title: tuple[str, str], path: Sequence[str | int], summary: dict[str, Any]) -> Markup:
    """Bars of the bins of a distribution (`from`, `to`, `count`) with its median; `path` leads to it in the report.

    `title` is that of the picture in English and Chinese, `name` an id that is unique on the page.
    """
    bins = summary["bins"]
    if not bins:
        return Markup('<p class="none">–</p>')
    highest = max(item["count"] for item in bins)
    width = 100 / max(len(bins), _PLACES)
    head = Markup(
        '<svg class="histogram" role="img" aria-labelledby="{0}-title {0}-desc" height="{1}">'
        '<title id="{0}-title">{2} · {3}</title><desc id="{0}-desc">{4}</desc>'
    ).format(name, _HEIGHT, *title, _described(bins))
    parts = [head]
    for place, item in enumerate(bins):
        high = (_FLOOR - _TOP) * item["count"] / highest
        parts.append(
            Markup(
                '<rect class="column" x="{:.3f}%" y="{:.1f}" width="{:.3f}%" height="{:.1f}" data-of="{}" data-value="{}">'
                "<title>{}: {}</title></rect>"
            ).format(
                place * width, _FLOOR - high, width, high, pointer([*path, "bins", place, "count"]), item["count"],
                _range(item), number(item["count"]),
            )
        )  # fmt: skip
    # Where the high bars stand left, the numbers of the lines stand right.
    left = sum(item["count"] for item in bins[: len(bins) // 2 + 1]) * 2 < sum(item["count"] for item in bins)
    parts += [_grid(highest, left), _axis(bins), _median(bins, summary.get("p50")), Markup("</svg>")]
    return Markup("").join(parts)


def _described(bins: Sequence[dict[str, Any]]) -> str:
    return "; ".join(f"{_range(item)}: {number(item['count'])}" for item in bins)


def _range(item: dict[str, Any]) -> str:
    low, high = item["from"], item["to"]
    if high is None:
        return f"≥ {number(low)}"
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def _grid(highest: int, left: bool) -> Markup:
    """Two or three lines at round numbers, which stand at the left or the right end."""
    rough = highest / 2.5
    size = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    lines = []
    for value in range(int(step), highest + 1, int(step)):
        y = _FLOOR - (_FLOOR - _TOP) * value / highest
        lines.append(
            Markup(
                '<line class="grid" x1="0" x2="100%" y1="{0:.1f}" y2="{0:.1f}"/><text class="tick {1}" x="{2}" y="{3:.1f}">{4}</text>'
            ).format(y, *(("start", "0") if left else ("end", "100%")), y - 4, number(value))
        )
    return Markup("").join(lines)


def _axis(bins: Sequence[dict[str, Any]]) -> Markup:
    """The foot of the bars, and as many lower bounds as have room: under the edge, or the middle of a bin of one value."""
    width = 100 / max(len(bins), _PLACES)
    labels = [number(item["from"]) + ("+" if item["to"] is None else "") for item in bins]
    every = -(-sum(len(label) + 2 for label in labels) // _LABEL_CHARS)
    every = max(every, -(-len(bins) // _LABELS))
    texts = [
        Markup('<text class="tick middle" x="{:.3f}%" y="{}">{}</text>').format(
            (place + 0.5 * (bins[place]["from"] == bins[place]["to"])) * width, _HEIGHT - 6, labels[place]
        )
        for place in range(0, len(bins), every)
    ]
    foot = Markup('<line class="foot" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_FLOOR)
    return Markup("").join([foot, *texts])


def _median(bins: Sequence[dict[str, Any]], median: float | None) -> Markup:
    """A line where the median lies, inside its bin by its place between the bounds."""
    if median is None:
        return Markup("")
    last = max(place for place, item in enumerate(bins) if item["from"] <= median or place == 0)
    low, high = bins[last]["from"], bins[last]["to"]
    inside = 0.5 if high is None else (median - low + 0.5) / (high - low + 1)
    x = 100 * (last + min(max(inside, 0.0), 1.0)) / max(len(bins), _PLACES)
    side = "end" if x > 60 else "start"
    return Markup(
        '<line class="median" x1="{0:.2f}%" x2="{0:.2f}%" y1="4" y2="{1}"/>'
        '<text class="median {2}" x="{0:.2f}%" dx="{3}" y="14"><tspan class="en">median {4}</tspan>'
        '<tspan class="zh">中位数 {4}</tspan></text>'
    ).format(x, _FLOOR, side, -5 if side == "end" else 5, escape(number(median)))
