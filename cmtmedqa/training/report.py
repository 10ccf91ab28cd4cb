"""What a finished run shows: `curves.png` and the model card. Both are drawn from `log.jsonl` and the metrics alone."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cmtmedqa import io
from cmtmedqa.training.program import CARD, CURVES, MODEL, is_main

_COLUMNS = 3
_SKIPPED = frozenset({"step", "epoch"})
_PATHS = frozenset(
    {"model", "reward_model", "data", "eval_data", "corpus", "general", "output", "overwrite"}
)  # a card must not tell where its maker stores data


def draw_curves(log: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """One panel for each logged value over the steps; training and evaluation of one value share a panel."""
    if not is_main():
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = _panels(log)
    if not panels:
        return
    rows = -(-len(panels) // _COLUMNS)
    figure, axes = pyplot.subplots(rows, _COLUMNS, figsize=(5 * _COLUMNS, 3.2 * rows), squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, (name, lines) in zip(axes.flat, panels.items(), strict=False):
        for key, points in lines.items():
            axis.plot(*zip(*points, strict=True), label=key, marker="." if len(points) < 30 else None)
        axis.set_title(name)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
        if len(lines) > 1:
            axis.legend()
    figure.tight_layout()
    with io.replacing(folder / CURVES) as temporary:
        figure.savefig(temporary, dpi=100, format="png", metadata={"Software": None})
    pyplot.close(figure)


def _panels(log: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    panels: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for line in log:
        for key, value in line.items():
            if key not in _SKIPPED and isinstance(value, int | float):
                panel = panels.setdefault(key.removeprefix("eval_"), {})
                panel.setdefault(key, []).append((line["step"], value))
    return panels


def write_card(
    folder: Path, title: str, metrics: Mapping[str, Any], settings: Mapping[str, Any], tables: str = ""
) -> None:
    """The model card: what was trained on what, with which recipe and to which figures.

    `metrics` is that of `metrics.json`; `tables`: further Markdown of a stage.
    """
    if not is_main():
        return
    data = [f"| {name} | `{digest}` |" for name, digest in metrics.get("manifests", {}).items()]
    figures = [
        f"| {key} | {_figure(value)} |" for key, value in metrics.items() if isinstance(value, int | float | str)
    ]
    recipe = [f"{key}: {value}" for key, value in settings.items() if key not in _PATHS]
    card = [
        "---", "library_name: transformers", "language: zh", "tags: [medical, dialogue, cmtmedqa]", "---", "",
        f"# {title}", "",
        "Trained with cmtmedqa. Not a medical device: its answers are no diagnosis and do not replace a doctor.", "",
        "## Data", "", "| name | SHA-256 of its manifest or file |", "|---|---|", *data, "",
        f"Content trained on (hash of the rows): `{metrics.get('data_hash', '')}`", "",
        "## Figures", "", "| figure | value |", "|---|---|", *figures, "", *([tables, ""] if tables else []),
        "## Recipe", "", "```yaml", *recipe, "```", "", f"![curves]({CURVES})", "",
    ]  # fmt: skip
    io.write_text(folder / CARD, "\n".join(card))
    for name in (
        CARD,
        CURVES,
    ):  # the card goes with the model, in the place of the empty form of peft, which names a path
        if (folder / name).is_file() and (folder / MODEL).is_dir():
            shutil.copyfile(folder / name, folder / MODEL / name)


def _figure(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
