"""How every program begins and ends, without torch: its arguments, its run folder, and the one line of a refusal.

A run folder holds `run.json` (what the run is made of; compared at each resume), `log.jsonl` (one line a logged step), `checkpoint-N/`,
and at its end `model/`, `curves.png`, `README.md` (the model card) and `metrics.json`, which is written last: it marks a finished run.
"""

import argparse
import errno
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from cmtmedqa import io, recipes
from cmtmedqa.errors import CmtmedqaError, ConfigError, InputError
from cmtmedqa.recipes.base import Run
from cmtmedqa.training import lineage

RUN, LOG, METRICS, MODEL, CARD, CURVES = "run.json", "log.jsonl", "metrics.json", "model", "README.md", "curves.png"
# Settings that say where a run stands and how it shows itself, not what it computes. Model and data are compared by content.
_HARMLESS = frozenset({
    "model", "reward_model", "data", "eval_data", "corpus", "general", "output", "overwrite", "launch", "report_to", "save_total_limit",
})  # fmt: skip
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES})
Settings = TypeVar("Settings", bound=Run)


def parse(stage: str, kind: type[Settings]) -> Settings:
    """The settings of this process's command line, `[--recipe NAME|FILE] [key=value …]`.

    Raises ConfigError for a setting, InputError for an output folder that holds something else. Where the run is finished already,
    this says so and ends the process with 0.
    """
    parser = argparse.ArgumentParser(prog=f"train/{stage}.py", description=f"what cmtmedqa train {stage} runs")
    parser.add_argument(
        "--recipe", "-r", help="a family (modern, paper, tiny), a name of cmtmedqa recipes ls, or a YAML file"
    )
    parser.add_argument("changes", nargs="*", metavar="key=value", help="settings that replace those of the recipe")
    given = parser.parse_args()
    settings = recipes.load(stage, given.recipe, given.changes)
    assert isinstance(settings, kind)
    lineage.model_folder(settings.model)
    require_output(Path(settings.output), settings.overwrite)
    return settings


def run(main: Callable[[], None]) -> None:
    """Run a program; an error that a user can act on ends in one line and exit code 2."""
    try:
        main()
    except CmtmedqaError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
        sys.exit(130)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        _refuse(f"{error.filename or 'disk'}: {error.strerror}; put it right and run the same command again")
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # that of torch, which is not imported here
            raise
        _refuse(
            "the GPU is out of memory; lower max_length or the batch sizes, set gradient_checkpointing=true, or use tuning=qlora"
        )


def _refuse(message: str) -> None:
    """One line and exit code 2.

    Launchers report the failure of a process in their own way, with another exit code or a traceback. `cmtmedqa train`, which waits behind
    the launcher, is therefore told by a file. Of several processes all refuse alike before they have joined; the launcher sees them end.
    """
    told = os.environ.get("CMTMEDQA_REFUSAL")
    if is_main() and told:
        io.write_text(Path(told), message)
    elif is_main():
        sys.stderr.write(f"error: {message}\n")
    sys.exit(0 if told and world_size() > 1 and not _joined() else 2)


def is_main() -> bool:
    """Whether this is the process that writes files."""
    return os.environ.get("RANK", "0") == "0"


def world_size() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def say(message: str) -> None:
    """One line on standard error, from one process."""
    if is_main():
        sys.stderr.write(message + "\n")


def _joined() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.distributed.is_available() and torch.distributed.is_initialized())


def require_output(folder: Path, overwrite: bool = False) -> None:
    """Raises InputError when the output folder is in use by something that is no run of ours; empties one that may be replaced.

    Of several processes one may come late and see what the main process has done since: `run.json` half written, or a folder half empty,
    from which `run.json` goes last.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise InputError(f"{folder}: is a file; name a folder as output") from error
    if RUN not in names and not all(name.startswith(f".{RUN}.") for name in names):
        raise InputError(f"{folder}: holds something that is no training run; choose another output")
    if names and overwrite and is_main():
        for name in sorted(names, key=lambda name: name == RUN):
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def begin(settings: Run, stage: str, facts: Mapping[str, Any]) -> bool:
    """Open the run folder: write what the run is made of, or compare it with what is written there. Gives whether it is finished.

    `facts`: what is not in the settings, such as the hashes of data and base. Every process calls it before they join; one writes.
    Raises ConfigError that names the first key in which a run in the folder differs; one without a checkpoint is begun anew.
    """
    folder = Path(settings.output)
    values = {key: value for key, value in settings.model_dump(mode="json").items() if key not in _HARMLESS}
    now = {"stage": stage, **values, **facts, "processes": world_size()}
    earlier = None if settings.overwrite else _read(folder / RUN)  # a late process may still see what is being replaced
    begun = (folder / METRICS).is_file() or any(folder.glob("checkpoint-*"))
    if earlier is None or not begun:
        if is_main():
            io.write_json(folder / RUN, now)
        return False
    for key in [*now, *(key for key in earlier if key not in now)]:
        if earlier.get(key) != now.get(key):
            raise ConfigError(
                f"{folder}: was started with {key} = {earlier.get(key)}, now it is {now.get(key)}; "
                "give the same value, another output, or overwrite=true"
            )
    if (folder / METRICS).is_file():
        say(f"{folder}: is finished already; overwrite=true trains it again")
        return True
    return False


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read; overwrite=true starts the run again") from error


def finish(settings: Run, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`, which marks the run as finished."""
    if is_main():
        io.write_json(Path(settings.output) / METRICS, dict(metrics))
        say(f"{settings.output}: finished; see {METRICS}, {CURVES} and {CARD} there, the model is in {MODEL}/")
