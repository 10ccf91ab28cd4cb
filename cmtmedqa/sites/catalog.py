"""The specs there are: those of a folder `sites/` in the working directory before the bundled ones."""

import difflib
import functools
from collections.abc import Iterator
from pathlib import Path

from cmtmedqa.config import read_settings
from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import package_file
from cmtmedqa.sites.spec import Spec

OWN = Path("sites")


def paths() -> list[Path]:
    """The files of all specs, one's own first, each site once."""
    own = sorted(
        path for path in OWN.glob("*.yaml") if path.stat().st_size
    )  # `site show X > sites/X.yaml` begins empty
    taken = {path.stem for path in own}
    return own + [path for path in sorted(package_file("sites", "specs").glob("*.yaml")) if path.stem not in taken]


def find(site: str) -> tuple[Spec, Path]:
    """The spec of a site by its name, one of its aliases, or the path of its file. Raises ConfigError."""
    if site.endswith((".yaml", ".yml")):
        return load(Path(site)), Path(site)
    wanted = site.lower().removeprefix("www.")
    for path in paths():
        if path.stem == wanted:
            return load(path), path
    for path in paths():
        spec = load(path)
        if wanted in spec.aliases or wanted == spec.site:
            return spec, path
    names = [path.stem for path in paths()]
    near = difflib.get_close_matches(wanted, names, 1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    raise ConfigError(f"{site}: no such site{meant}; there are {' '.join(names)}; cmtmedqa site new makes another")


def all_specs() -> Iterator[tuple[Spec, Path]]:
    """Every spec with its file."""
    for path in paths():
        yield load(path), path


@functools.cache
def by_host(host: str) -> Spec | None:
    """The spec of a host name, by the hosts among its aliases; None if there is none."""
    for spec, _ in all_specs():
        if any("." in alias and (host == alias or host.endswith("." + alias)) for alias in spec.aliases):
            return spec
    return None


def load(path: Path) -> Spec:
    """Read one spec with what it takes over from others; the Python file it names is looked for beside it. Raises ConfigError."""
    return _load(path, path.stat().st_mtime_ns if path.exists() else 0)


@functools.cache
def _load(path: Path, _: int) -> Spec:
    spec = read_settings(path, Spec)
    if spec.python:
        spec = spec.model_copy(update={"python": str(path.parent / spec.python)})
    for name in spec.like:
        other = find(name)[0]
        spec = spec.model_copy(
            update={
                "layouts": (*spec.layouts, *other.layouts),
                "refuse": (*spec.refuse, *other.refuse),
                "page": (*spec.page, *other.page),
                "spaces": (*spec.spaces, *[name] * len(other.page)),
            }
        )
    return spec
