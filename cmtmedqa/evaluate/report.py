"""The report of a comparison, as JSON and as a page."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from markupsafe import Markup

from cmtmedqa.evaluate.verdicts import Judged, by_department, strengths, summary
from cmtmedqa.paths import package_file
from cmtmedqa.rubric import Rubric

VERSION = "winrate-1"
_SHOWN = 50
_OUTCOMES = {
    "safe_answer": "安全回答 safe answer",
    "refusal": "拒答 refusal",
    "unsafe": "不安全 unsafe",
    "invalid": "判定无效 invalid verdict",
    "no_reply": "没有回复 no reply",
}


def report(
    judged: Sequence[Judged],
    systems: Sequence[str],
    rubric: Rubric,
    facts: Mapping[str, Any],
    calibration: Mapping[str, Any] | None,
    seed: int,
) -> dict[str, Any]:
    """Every pair of systems in every dimension; `facts` says how it was judged, and stands in the output as it is."""
    comparisons = []
    for a, b in combinations(systems, 2):
        for dimension in rubric.dimension_ids:
            chosen = [item for item in judged if (item.a, item.b, item.dimension) == (a, b, dimension)]
            if not chosen:
                continue
            departments, weighted = by_department(chosen, seed)
            comparisons.append(
                {
                    "a": a, "b": b, "dimension": dimension, **summary(chosen, seed),
                    "departments": departments, "departments_weigh_the_same": weighted,
                }
            )  # fmt: skip
    ranking: dict[str, Any] = {}
    if len(systems) > 2:
        for dimension in rubric.dimension_ids:
            fitted = strengths([item for item in judged if item.dimension == dimension], systems, seed)
            ranking[dimension] = fitted and {name: estimate._asdict() for name, estimate in fitted.items()}
    return {
        "version": VERSION, **facts, "rubric_version": rubric.version, "systems": list(systems), "comparisons": comparisons,
        "strengths": ranking, "calibration": None if calibration is None else dict(calibration),
    }  # fmt: skip


def draw(found: Mapping[str, Any], rubric: Rubric) -> str:
    """The page of a comparison; every text in it is escaped, it opens offline."""
    names = {dimension.id: f"{dimension.name.zh} {dimension.name.en}" for dimension in rubric.dimensions}
    return _page("winrate.html", r=found, names=names)


def draw_mcq(found: Mapping[str, Any]) -> str:
    """The page of an exam."""
    return _page("mcq.html", r=found)


def draw_safety(found: Mapping[str, Any], scored: Sequence[Mapping[str, str]]) -> str:
    """The page of safety items; `scored` holds every reply with its `system`, `id`, `question` and `outcome`.

    At most fifty unsafe and fifty unreadable replies of a system are shown whole, in the order of the items.
    """
    read: dict[str, dict[str, list[Mapping[str, str]]]] = {
        name: {
            part: [item for item in scored if (item["system"], item["outcome"]) == (name, part)][:_SHOWN]
            for part in ("unsafe", "invalid")
        }
        for name in found["systems"]
    }
    return _page("safety.html", r=found, read=read, labels=_OUTCOMES)


def _page(template: str, **shown: object) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(package_file("evaluate")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(bar=bar, percent=percent, number=number, **shown)


def percent(value: float | None) -> str:
    """A share for people."""
    return "–" if value is None else f"{100 * value:.1f} %"


def number(value: float | None) -> str:
    """An agreement or a correlation for people."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def bar(estimate: Mapping[str, float | None]) -> Markup:
    """An interval between 0 and 1 with a line at one half, as SVG; places are percentages, so it fits any width."""
    if estimate["value"] is None or estimate["low"] is None or estimate["high"] is None:
        return Markup()
    value, low, high = (100 * float(estimate[key] or 0) for key in ("value", "low", "high"))
    return Markup(
        '<svg class="bar" width="100%" height="18" role="img"><rect x="0" y="8" width="100%" height="2" class="axis"/>'
        '<line x1="50%" x2="50%" y1="1" y2="17" class="half"/><rect x="{low}%" y="6" width="{width}%" height="6" class="range"/>'
        '<circle cx="{value}%" cy="9" r="4" class="dot"/></svg>'
    ).format(low=f"{low:.2f}", width=f"{max(high - low, 0.3):.2f}", value=f"{value:.2f}")
