"""What a model was made from: the hash of its base, of the chat template and of the tokenizer, stored beside it in `cmtmedqa.json`.

Reward model, policy and KL reference must start from one base, and an adapter is worth nothing on another one. A mismatch is an
error before the first step.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from cmtmedqa import io
from cmtmedqa.errors import InputError

FILE = "cmtmedqa.json"
_WHOLE = 64 << 20  # larger files are sampled
_SAMPLES, _SAMPLE = 512, 4_096
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def model_folder(name: str) -> Path:
    """The folder of a base model: one that was named (`model/` of a run folder), or a model in the hub's cache on this computer.

    Raises InputError when there is none, or when the folder holds an adapter.
    """
    folder = Path(name) if Path(name).exists() else _cached(name)
    if (folder / "run.json").is_file() and (folder / "model").is_dir():
        folder = folder / "model"
    if not (folder / "config.json").is_file():
        if (folder / "adapter_config.json").is_file():
            raise InputError(f"{name}: is an adapter, not a model; merge it first: cmtmedqa merge {name} -o DIR")
        raise InputError(f"{name}: holds no config.json, so it is no model folder")
    if not any(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        raise InputError(f"{name}: holds no weights (*.safetensors)")
    return folder


def _cached(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:
        raise InputError(
            f"{name}: no such folder, and no model of that name in the local cache; fetch it with: hf download {name}"
        ) from error


def base_hash(folder: Path) -> str:
    """SHA-256 (first 16 digits) of a model's configuration and weights."""
    digest = hashlib.sha256(_plain_config(folder / "config.json"))
    digest.update(weights_hash(folder).encode())
    return digest.hexdigest()[:16]


def weights_hash(folder: Path) -> str:
    """SHA-256 (first 16 digits) of the weight files of a model or an adapter.

    A weight file above 64 MiB counts by its size, its head and 512 places of 4 KiB spread evenly: training, merging and rounding change
    every place of a file, and hashing 16 GB whole would take a minute at each start.
    """
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}".encode())
        with path.open("rb") as stream:
            if size <= _WHOLE:
                digest.update(stream.read())
                continue
            for place in range(_SAMPLES + 1):
                stream.seek(max(place * (size - _SAMPLE) // _SAMPLES, 0))
                digest.update(stream.read(_SAMPLE))
    return digest.hexdigest()[:16]


def _plain_config(path: Path) -> bytes:
    """The configuration without what another version of transformers writes into it."""
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("transformers_version", None)
    config.pop("_name_or_path", None)
    return io.canonical_json(config).encode()


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Store beside a model what it was made from: at least `stage`, `base`, `template` and `tokenizer`."""
    io.write_json(folder / FILE, dict(facts))


def read(folder: Path) -> dict[str, Any]:
    """What a model of ours was made from. Raises InputError when the folder says nothing of it."""
    try:
        return cast(dict[str, Any], json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder}: holds no readable {FILE}, so its base is unknown; use a model that cmtmedqa trained"
        ) from error


def require_same(
    stated: Mapping[str, Any],
    actual: Mapping[str, Any],
    what: str,
    keys: tuple[str, ...] = ("base", "template", "tokenizer"),
) -> None:
    """Raises InputError that names the key in which a model (`stated`, by its `cmtmedqa.json`) does not fit the run (`actual`)."""
    for key in keys:
        if stated.get(key) != actual.get(key):
            raise InputError(
                f"{what}: was trained with {key} {stated.get(key)}, this run has {key} {actual.get(key)}; "
                f"train both from the same {key}"
            )
