"""Hand a model to a server that speaks the API of OpenAI: vLLM where it is installed, else `transformers serve`. Knows no torch.

Both are other programs with environments of their own; ours only finds one, merges an adapter first, and binds it to this computer.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from cmtmedqa import io, launch
from cmtmedqa.errors import CmtmedqaError, InputError

HOST = "127.0.0.1"
_TRANSFORMERS_SERVE = ("transformers", "fastapi", "uvicorn", "openai")
_QUIET = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


def serve(model: str, base: str | None, port: int) -> NoReturn:
    """Become a server of a model on the loopback address. An adapter is merged first, into a folder beside it that the next call uses.

    Raises CmtmedqaError when no server is installed, InputError when the model cannot be served.
    """
    command = server()
    folder = served_folder(model, base)
    sys.stderr.write(f"{folder}: served at http://{HOST}:{port}/v1 as model {folder} (Ctrl-C ends)\n")
    sys.stderr.flush()
    arguments = [*command, str(folder), "--host", HOST, "--port", str(port)]
    os.execve(arguments[0], arguments, {**os.environ, **_QUIET})  # noqa: S606 -- no shell is involved


def server() -> list[str]:
    """The command of the server to use, up to the model. Raises CmtmedqaError when there is none."""
    if vllm := shutil.which("vllm"):
        return [vllm, "serve"]
    if all(find_spec(name) for name in _TRANSFORMERS_SERVE):
        return [sys.executable, "-m", "transformers.cli.transformers", "serve"]
    raise CmtmedqaError(
        "no server is installed: pip install 'cmtmedqa[serve]' for the one of transformers, or vllm in an environment of its own "
        "whose vllm is on the PATH"
    )


def served_folder(model: str, base: str | None) -> Path:
    """The folder to serve: the model itself, or the adapter merged into its base. Raises InputError when there is none."""
    folder = Path(model)
    if not folder.is_dir():
        raise InputError(f"{model}: no such folder; a server needs a model, an adapter or a finished run")
    inner = folder / "model" if (folder / "run.json").is_file() else folder
    if not (inner / "adapter_config.json").is_file():
        return inner.resolve()
    target = folder.resolve().with_name(f"{folder.resolve().name}-merged")
    if target.is_dir():
        if _is_of(target, inner):
            return target
        raise InputError(f"{target}: is not this adapter merged; remove it, or merge to another folder and serve that")
    launch.require_tools("merging")
    options = ["--base", base] if base else []
    done = subprocess.run(launch.tool("merge", [model, "-o", str(target), *options]), check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return target


def _is_of(merged: Path, adapter: Path) -> bool:
    """Whether a folder is what `cmtmedqa merge` made of an adapter as it is now."""
    try:
        stated = json.loads((merged / "cmtmedqa.json").read_text(encoding="utf-8")).get("adapter")
    except (OSError, ValueError):
        return False
    return bool(stated == io.sha256_file(adapter / "adapter_model.safetensors")[:16])
