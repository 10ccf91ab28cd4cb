"""What is installed and what is missing, read from the metadata of our own distribution. Imports nothing but the standard library,
so that it still answers when a package of the core is gone. No value of an environment variable is ever shown.
"""

import importlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

_NAME = "cmtmedqa"
_OFFLINE = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE")
_TRUE = frozenset(("1", "ON", "YES", "TRUE"))
_WRONG_OPENCC = "opencc-python-reimplemented"
_SQUATTED = ("zh-core-web-sm", "999.")
_GIB = 1024**3

Facts = dict[str, Any]


def examine() -> Facts:
    """Everything `cmtmedqa doctor` tells, as a JSON value. `usable` says whether the core can work."""
    problems: list[Facts] = []
    facts: Facts = {
        "cmtmedqa": _version(_NAME),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "core": [],
        "extras": {},
        "machine": _machine(),
        "demo": _demo(),
        "offline": {name: os.environ.get(name, "").upper() in _TRUE for name in _OFFLINE},
    }
    if facts["cmtmedqa"] is None:
        problems.append(_problem("cmtmedqa is not installed, only its files are here", "pip install .", core=True))
    else:
        try:
            problems += _python(facts["python"])
            facts["core"], facts["extras"], found = _packages()
            problems += found
        except ModuleNotFoundError:
            what = "packaging: missing, so versions cannot be compared; other packages may be missing too"
            problems.append(_problem(what, f"pip install {_NAME}", core=True))
    problems += _unwanted()
    if not facts["demo"]["readable"]:
        problems.append(
            _problem("the demo corpus cannot be read", f"pip install --force-reinstall --no-deps {_NAME}", core=False)
        )
    if torch := _torch():
        facts["torch"] = torch
    return facts | {"problems": problems, "usable": not any(problem["core"] for problem in problems)}


def _problem(what: str, fix: str, core: bool) -> Facts:
    return {"what": what, "fix": fix, "core": core}


def _version(package: str) -> str | None:
    """The installed version; None without the package or with metadata that a broken install left without one."""
    try:
        return metadata.version(package) or None
    except metadata.PackageNotFoundError:
        return None


def _python(version: str) -> Iterator[Facts]:
    from packaging.specifiers import SpecifierSet

    wanted = metadata.metadata(_NAME)["Requires-Python"] or ""
    if not SpecifierSet(wanted).contains(version, prereleases=True):
        yield _problem(
            f"Python {version} is not {wanted}", f"make a virtual environment with Python {wanted}", core=True
        )


def _packages() -> tuple[list[Facts], dict[str, list[Facts]], list[Facts]]:
    """The packages of the core, those of each extra, and what is wrong with them."""
    from packaging.requirements import Requirement

    needed = [Requirement(text) for text in metadata.requires(_NAME) or ()]
    needed = [requirement for requirement in needed if requirement.name != _NAME]
    modules = _modules()
    core = [_package(requirement, modules, True) for requirement in needed if _applies(requirement, "")]
    extras = {}
    for extra in sorted(metadata.metadata(_NAME).get_all("Provides-Extra") or ()):
        own = [item for item in needed if _applies(item, extra) and not _applies(item, "")]
        if own:
            extras[extra] = [_package(requirement, modules, False) for requirement in own]
    problems = [_problem(f"{row['name']}: {row['state']}", row["fix"], core=True) for row in core if row["fix"]]
    for extra, rows in extras.items():
        for row in rows:
            if row["state"] == "missing":
                row["fix"] = f"pip install '{_NAME}[{extra}]'"
        problems += [
            _problem(f"{row['name']} (extra {extra}): {row['state']}", row["fix"], core=False)
            for row in rows
            if row["fix"] and row["state"] != "missing"
        ]
    return core, extras, problems


def _applies(requirement: Any, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _package(requirement: Any, modules: dict[str, list[str]], load: bool) -> Facts:
    """A requirement against what is installed. One of the core is imported too: a wheel can be there and not work."""
    version = _version(requirement.name)
    wanted = ",".join(sorted(map(str, requirement.specifier), reverse=True))
    state, fix = "ok", ""
    if version is None:
        state, fix = "missing", f"pip install '{requirement.name}{wanted}'"
    elif not requirement.specifier.contains(version, prereleases=True):
        state, fix = "wrong version", f"pip install '{requirement.name}{wanted}'"
    elif load and (broken := _cannot_import(modules.get(_plain(requirement.name), []))):
        state, fix = broken, f"pip install --force-reinstall '{requirement.name}{wanted}'"
    return {"name": requirement.name, "version": version, "range": wanted, "state": state, "fix": fix}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _modules() -> dict[str, list[str]]:
    """The modules that each distribution brings."""
    result: dict[str, list[str]] = {}
    for module, owners in metadata.packages_distributions().items():
        for owner in owners:
            if module.isidentifier() and not module.startswith("_"):
                result.setdefault(_plain(owner), []).append(module)
    return result


def _cannot_import(modules: list[str]) -> str:
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 -- a broken binary raises what it likes; the kind is told
            return f"cannot be imported ({type(error).__name__})"
    return ""


def _unwanted() -> Iterator[Facts]:
    """Packages that do harm by being there."""
    works = _opencc_works()
    if _version(_WRONG_OPENCC) or not works:
        yield _problem(
            f"{_WRONG_OPENCC} {'may hide' if works else 'hides'} OpenCC: both are imported as opencc",
            f"pip uninstall -y {_WRONG_OPENCC} && pip install --force-reinstall opencc",
            core=not works,
        )
    name, prefix = _SQUATTED
    if (version := _version(name)) and version.startswith(prefix):
        yield _problem(
            f"WARNING: {name} {version} is not the model of spaCy (those are 3.x and not on the package index): "
            "someone took the name; treat what ran in this environment as suspect",
            f"pip uninstall -y {name}",
            core=False,
        )


def _opencc_works() -> bool:
    """Whether the build would accept the OpenCC that is found; where another package stops the check, that one is reported."""
    try:
        from cmtmedqa.clean.normalise import simplify
        from cmtmedqa.errors import CmtmedqaError
    except Exception:  # noqa: BLE001 -- see _cannot_import
        return True
    try:
        return simplify("醫") == "医"
    except CmtmedqaError:
        return False
    except Exception:  # noqa: BLE001 -- see _cannot_import
        return True


def _machine() -> Facts:
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    available = _available_memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cores": cores,
        "memory_gib": _gib(memory),
        "memory_available_gib": _gib(available),
        "disk_free_gib": _gib(shutil.disk_usage(Path.cwd()).free),
    }


def _available_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _gib(size: int | None) -> float | None:
    return None if size is None else round(size / _GIB, 1)


def _demo() -> Facts:
    folder = Path(__file__).resolve().parents[1] / "demo"
    try:
        files = [path for path in folder.iterdir() if path.is_file()]
        size = sum(len(path.read_bytes()) for path in files)
    except OSError:
        files, size = [], 0
    return {"readable": size > 0 and any(path.name == "demo.yaml" for path in files), "files": len(files)}


def _torch() -> Facts | None:
    """Torch and its GPUs, only if it is installed: the core never needs it."""
    version = _version("torch")
    if version is None:
        return None
    try:
        torch = importlib.import_module("torch")
    except Exception as error:  # noqa: BLE001 -- see _cannot_import
        return {"version": version, "gpus": [], "error": type(error).__name__}
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {"version": version, "gpus": [torch.cuda.get_device_name(number) for number in range(count)]}


def lines(facts: Facts) -> Iterator[str]:
    """The examination for people: what is there, what is missing, and the line that installs it."""
    yield f"cmtmedqa {facts['cmtmedqa'] or '(not installed)'}, Python {facts['python']}, {facts['platform']}"
    yield from _machine_lines(facts)
    if facts["core"]:
        yield "core:"
        yield from map(_package_line, facts["core"])
    told: set[str] = set()
    for extra, rows in sorted(facts["extras"].items(), key=lambda item: (len(item[1]), item[0])):
        missing = any(row["state"] == "missing" for row in rows)
        yield f"extra {extra}: " + (f"not installed: pip install '{_NAME}[{extra}]'" if missing else "installed")
        yield from (_package_line(row) for row in rows if row["name"] not in told)
        told |= {row["name"] for row in rows}
    for problem in facts["problems"]:
        yield f"{'ERROR' if problem['core'] else 'problem'}: {problem['what']}"
        yield f"  {problem['fix']}"
    yield "the core is usable" if facts["usable"] else "the core is NOT usable: see the errors above"


def _machine_lines(facts: Facts) -> Iterator[str]:
    machine = facts["machine"]
    memory = f"{machine['memory_available_gib'] or '?'} of {machine['memory_gib'] or '?'} GiB memory available"
    yield f"{machine['cores']} cores, {memory}, {machine['disk_free_gib']} GiB free on the disk of this folder"
    if torch := facts.get("torch"):
        gpus = ", ".join(torch["gpus"]) or torch.get("error") or "no GPU"
        yield f"torch {torch['version']}: {gpus}"
    yield f"demo corpus: {'readable' if facts['demo']['readable'] else 'NOT readable'}"
    offline = [name for name, on in facts["offline"].items() if on]
    yield f"offline flags of Hugging Face: {', '.join(offline) if offline else 'none set, hf: inputs may be downloaded'}"


def _package_line(row: Facts) -> str:
    return f"  {row['name']:<16} {row['version'] or '-':<12} {row['range']:<16} {row['state']}"


def report(as_json: bool) -> tuple[str, bool]:
    """The text to print, and whether the core is usable."""
    import json

    facts = examine()
    return (json.dumps(facts, indent=1) if as_json else "\n".join(lines(facts))), facts["usable"]


def without_typer(arguments: list[str]) -> None:
    """`cmtmedqa doctor` where the command line itself cannot be loaded. Exits like the command."""
    text, usable = report("--json" in arguments)
    sys.stdout.write(text + "\n")
    sys.exit(0 if usable else 1)
