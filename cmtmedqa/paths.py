"""Where the bundled non-code lives: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "_bundled" if (_PACKAGE / "_bundled").is_dir() else _PACKAGE.parent


def bundled(*parts: str) -> Path:
    """The path of a file of `annotation/`, `schemas/` or `train/`; FileNotFoundError if this version ships none."""
    path = _ROOT.joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"cmtmedqa ships no {'/'.join(parts)} (looked in {_ROOT})")
    return path


def package_file(*parts: str) -> Path:
    """The path of a data file inside the package (lexicons, the demo corpus)."""
    return _PACKAGE.joinpath(*parts)
