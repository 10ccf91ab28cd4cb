"""From a recipe and a program to the command that runs it: plain Python, torch.distributed.run or accelerate. Knows no torch."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from cmtmedqa.errors import CmtmedqaError, ConfigError, MissingExtra
from cmtmedqa.paths import bundled
from cmtmedqa.recipes.base import Run

_LIBRARIES = ("torch", "transformers", "peft", "accelerate")
_WITHOUT_TRL = frozenset({"reward", "ppo"})  # machines with GPUs often lack trl and datasets


def command(stage: str, settings: Run, arguments: Sequence[str]) -> list[str]:
    """The command line of a run; `arguments` are those of the program (`--recipe NAME key=value …`)."""
    program = [str(bundled("train", f"{stage}.py")), *arguments]
    if settings.use_cpu and settings.processes == 1:
        return [sys.executable, *program]
    if settings.use_cpu:  # accelerate launch --cpu starts one process whatever number it is given
        launcher = ["torch.distributed.run", "--standalone", f"--nproc_per_node={settings.processes}"]
        return [sys.executable, "-m", *launcher, *program]
    kind = ("single_gpu" if settings.processes == 1 else "ddp") if settings.launch == "auto" else settings.launch
    config = str(bundled("train", "accelerate", f"{kind}.yaml"))
    launcher = ["accelerate.commands.launch", "--config_file", config, "--num_processes", str(settings.processes)]
    return [sys.executable, "-m", *launcher, *(["--quiet"] if kind == "single_gpu" else []), *program]


def environment(settings: Run) -> dict[str, str]:
    """What the run's environment has beside the caller's: no telemetry, no import by accident, a fixed number of threads."""
    found = {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": str(settings.threads),
        "MKL_NUM_THREADS": str(settings.threads),
        "TOKENIZERS_PARALLELISM": "false",
    }
    if not settings.use_cpu and settings.processes == 1 and "CUDA_VISIBLE_DEVICES" not in os.environ:
        found["CUDA_VISIBLE_DEVICES"] = "0"  # one process that sees several GPUs would split its batches over them
    return found


def shown(stage: str, settings: Run, arguments: Sequence[str]) -> str:
    """The run as one line that a shell takes."""
    variables = [f"{name}={value}" for name, value in environment(settings).items()]
    return " ".join([*variables, *map(shlex.quote, command(stage, settings, arguments))])


def run(stage: str, settings: Run, arguments: Sequence[str]) -> None:
    """Run a program to its end.

    Raises MissingExtra without the libraries of training, CmtmedqaError with the program's own line where it refused its
    input, and SystemExit with its code where it failed otherwise.
    """
    require_libraries(stage, settings)
    with tempfile.TemporaryDirectory(prefix="cmtmedqa-") as folder:
        # The launcher of several processes knows only success and failure, and reports the latter as a traceback of its own.
        # A program that refuses its input leaves the line here instead.
        refusal = Path(folder) / "refusal.txt"
        variables = {**os.environ, **environment(settings), "CMTMEDQA_REFUSAL": str(refusal)}
        done = subprocess.run(command(stage, settings, arguments), env=variables, check=False)
        if refusal.is_file():
            raise CmtmedqaError(refusal.read_text(encoding="utf-8"))
    if done.returncode:
        sys.exit(done.returncode if done.returncode > 0 else 128 - done.returncode)


def require_libraries(stage: str, settings: Run) -> None:
    """Raises MissingExtra when a library of training is absent, ConfigError when one that a setting asks for is; imports none."""
    from importlib.util import find_spec

    for name in (*_LIBRARIES, *(() if stage in _WITHOUT_TRL else ("trl", "datasets"))):
        if find_spec(name) is None:
            raise MissingExtra(name, "train", "training")
    wanted: dict[str, str] = {name: f"report_to={name}" for name in settings.report_to}
    if settings.tuning == "qlora":
        wanted["bitsandbytes"] = "tuning=qlora"
    if settings.launch == "deepspeed_zero3":
        wanted["deepspeed"] = "launch=deepspeed_zero3"
    if settings.attn_implementation == "flash_attention_2":
        wanted["flash_attn"] = "attn_implementation=flash_attention_2"
    for name, setting in wanted.items():
        if find_spec(name) is None:
            raise ConfigError(f"{setting} needs {name}: pip install {name.replace('_', '-')}")


def become(program: str, arguments: Sequence[str]) -> NoReturn:
    """Go on as a program of `train/` that is no stage (merge, chat): terminal, signals and exit code are its own.

    Raises MissingExtra without the libraries that it needs.
    """
    require_tools(program)
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONSAFEPATH": "1", "TOKENIZERS_PARALLELISM": "false"}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, tool(program, arguments), {**os.environ, **quiet})  # noqa: S606 -- our own program, without a shell


def tool(program: str, arguments: Sequence[str]) -> list[str]:
    """The command line of a program of `train/` that is no stage."""
    return [sys.executable, str(bundled("train", f"{program}.py")), *arguments]


def require_tools(purpose: str) -> None:
    """Raises MissingExtra when a library that loads models is absent; imports none."""
    from importlib.util import find_spec

    for name in ("torch", "transformers", "peft"):
        if find_spec(name) is None:
            raise MissingExtra(name, "train", purpose)
