"""The environment of the Label Studio server: its pins contradict ours, so it gets a virtual environment of its own."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cmtmedqa.annotate.home import data_home
from cmtmedqa.errors import InputError
from cmtmedqa.paths import package_file

VERSION = "1.23.2"
_NEWEST_PYTHON = (3, 13)
DONE = "cmtmedqa-complete"  # without it an installation was interrupted
_ASK = "import importlib.metadata as m; print(m.version('label-studio'))"


def default_environment() -> Path:
    """Where `serve` makes the environment; servers in different folders share it."""
    return data_home() / "labelstudio" / f"venv-{VERSION}"


def find(stated: Path | None, console: Console) -> Path:
    """The program to start: that of `--label-studio`, or one in the environment that is made here if need be. Raises InputError."""
    if stated is None:
        folder = default_environment()
        if not (folder / DONE).exists():
            install(folder, console)
        return folder / "bin" / "label-studio"
    for program in (stated / "bin" / "label-studio", stated / "label-studio", stated):
        if program.is_file():
            check_version(program)
            return program.absolute()
    raise InputError(
        f"--label-studio {stated}: no label-studio there; name a virtual environment or the program itself"
    )


def check_version(program: Path) -> str:
    """The version behind a program, asked of its Python: `label-studio --version` would start a server. Raises InputError."""
    try:
        with program.open("rb") as stream:
            first = stream.readline().decode("utf-8", "replace")
        python = first.removeprefix("#!").strip() if first.startswith("#!/") else str(program.parent / "python")
        done = subprocess.run([*python.split(), "-c", _ASK], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{program}: is no Label Studio: its Python does not know the package") from error
    version = done.stdout.strip()
    if version.split(".")[:2] != VERSION.split(".")[:2]:
        raise InputError(f"{program}: is Label Studio {version}; the screens are made for {VERSION}")
    return version


def install(folder: Path, console: Console) -> None:
    """Make the environment, with uv where there is one. Raises InputError, and then leaves no half of it that looks whole."""
    if sys.version_info[:2] > _NEWEST_PYTHON:
        raise InputError(
            f"Label Studio {VERSION} has no packages for Python {sys.version_info[0]}.{sys.version_info[1]}; "
            "make an environment with Python 3.13 and name it with --label-studio"
        )
    log = folder.with_name(folder.name + ".log")
    console.print(
        f"installing Label Studio {VERSION} into {folder} (once; about 1 GB)", highlight=False, soft_wrap=True
    )
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as stream, console.status("installing ..."):
            for command in _commands(folder):
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=True)
        (folder / DONE).touch()
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"Label Studio cannot be installed; see the end of {log}") from error


def _commands(folder: Path) -> Sequence[Sequence[str]]:
    pins, package, python = (
        str(package_file("annotate", "labelstudio.txt")),
        f"label-studio=={VERSION}",
        folder / "bin" / "python",
    )
    if uv := shutil.which("uv"):
        return (
            (uv, "venv", "--python", sys.executable, str(folder)),
            (uv, "pip", "install", "--python", str(python), "-c", pins, package),
        )
    return (
        (sys.executable, "-m", "venv", str(folder)),
        (str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "-c", pins, package),
    )
