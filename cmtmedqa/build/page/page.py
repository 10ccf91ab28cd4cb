"""report.html: one file that holds the whole report of a build, in Chinese and English, and needs no network.

Every number comes from `report.json` (see figures.py), every quotation from `rejected/`, `clusters.parquet` and `data/`
(see examples.py), so that the page can be drawn again from a dataset and is the same to the byte.
"""

import base64
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from markupsafe import Markup

from cmtmedqa.build.page import charts, examples, words
from cmtmedqa.build.page.figures import Figures
from cmtmedqa.build.page.quote import shortened, visible
from cmtmedqa.errors import InputError
from cmtmedqa.paths import package_file

_SHADES = 8
_NAME_CHARS = 120


def draw(folder: Path) -> str:
    """The page of a dataset, as HTML. Raises InputError if its report cannot be read or is of another version."""
    import jinja2

    report = read_report(folder)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(package_file("build", "page")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"name": _name}
    style, script = (
        package_file("build", "page", name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    texts = report["deidentify"] == "required"
    return environment.get_template("page.html").render(
        report=report,
        f=Figures(report),
        charts=charts,
        words=words,
        kinds=_kinds() if report["personal_data"] else {},
        shade=_shade,
        texts=texts,
        kept=examples.kept(folder, texts),
        refused=_in_order(examples.refused(folder, texts), report),
        twins=examples.twins(folder, texts),
        style=Markup(style),  # noqa: S704 -- our own file
        script=Markup(script),  # noqa: S704 -- our own file
        style_hash=_source_hash(style),
        script_hash=_source_hash(script),
    )


def _in_order(refused: dict[str, list[examples.Refused]], report: dict[str, Any]) -> dict[str, list[examples.Refused]]:
    """The examples in the order of the steps."""
    steps = [row["step"] for row in report["funnel"]]
    return dict(sorted(refused.items(), key=lambda item: steps.index(item[0].partition("/")[0])))


def read_report(folder: Path) -> dict[str, Any]:
    """`report.json` of a dataset. Raises InputError if it is absent, damaged, or was written by an earlier version."""
    path = folder / "report.json"
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder}: holds no report.json, so it is no finished dataset") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as JSON") from error
    if not isinstance(report, dict) or not {"distributions", "filters", "clusters", "dataset"} <= report.keys():
        raise InputError(f"{path}: was written by an earlier version; build the dataset again with --overwrite")
    return report


def _source_hash(text: str) -> str:
    """How a Content-Security-Policy names the one script or style that may run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _name(text: str) -> str:
    """A name from the input (of a file, a source, a department) in a form fit to be shown."""
    return visible(shortened(text, _NAME_CHARS))


def _shade(count: int, most: int) -> int:
    """The shade of a cell, 0 to 8; the square root keeps small counts apart."""
    return math.ceil(_SHADES * math.sqrt(count / most)) if most else 0


def _kinds() -> words.Words:
    """What the kinds of personal data are called."""
    from cmtmedqa.clean.deidentify.model import KINDS

    return {kind: (english, chinese) for kind, (chinese, english) in KINDS.items()}
