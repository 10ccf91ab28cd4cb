"""The escape hatch: a Python file beside the spec with one function `extract(html, url)`; the contract stays the same.

It returns a dialogue, a list of dialogues, or nothing. A dialogue is a mapping: `turns` is a list of [role, text] or
{"role", "text"}; `id`, `title`, `departments`, `diseases`, `sex`, `age` may be there.
"""

import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cmtmedqa.errors import ConfigError
from cmtmedqa.sites.page import Page
from cmtmedqa.sites.spec import Spec
from cmtmedqa.sites.text import lines
from cmtmedqa.sources.fields import age_of, identifier, names, present, role_of, sex_of
from cmtmedqa.sources.mapped import Mapped, RawTurn


@functools.cache
def _function(path: str) -> Callable[[str, str], Any]:
    """The function of a file. Raises ConfigError when there is none."""
    found = importlib.util.spec_from_file_location(f"site_{Path(path).stem}", path)
    if found is None or found.loader is None or not Path(path).is_file():
        raise ConfigError(f"{path}: no such Python file; 'python' of a spec names one beside it")
    module = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(f"{path}: cannot be loaded: {type(error).__name__}") from error
    function: Callable[[str, str], Any] | None = vars(module).get("extract")
    if not callable(function):
        raise ConfigError(f"{path}: has no function extract(html, url)")
    return function


def drafts(spec: Spec, page: Page) -> list[tuple[int, Mapped]]:
    """What the function of a spec makes of a page. Raises ConfigError, without any text of the page, when it fails."""
    assert spec.python is not None
    try:
        result = _function(spec.python)(page.text, page.url)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{spec.python}: extract() raised {type(error).__name__}; return None for a page without dialogue"
        ) from error
    found = [result] if isinstance(result, Mapping) else list(result or [])
    return [(place if len(found) > 1 else 0, _mapped(one, spec.python)) for place, one in enumerate(found, start=1)]


def _mapped(value: Any, path: str) -> Mapped:
    if not isinstance(value, Mapping) or not isinstance(value.get("turns"), list | tuple):
        raise ConfigError(f"{path}: extract() returned something else than a mapping with a list 'turns'")
    return Mapped(
        [_turn(turn, path) for turn in value["turns"]],
        id=identifier(value, "id"),
        title=present(value.get("title")) or None,
        departments=names(value.get("departments")),
        diseases=names(value.get("diseases")),
        sex=sex_of(value.get("sex")),
        age=age_of(value.get("age")),
        extra={"layout": "python"},
    )


def _turn(turn: Any, path: str) -> RawTurn:
    role, text = (turn.get("role"), turn.get("text")) if isinstance(turn, Mapping) else tuple(turn)[:2]
    known = role if role in {"patient", "doctor"} else role_of(role)
    if known is None or not isinstance(text, str):
        raise ConfigError(f"{path}: a turn of extract() is no pair of patient or doctor and a text")
    return known, lines(text)
