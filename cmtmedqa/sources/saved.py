"""Folders that `datasets` saved (`save_to_disk`): which of their files hold no rows."""

import json
from collections.abc import Callable, Collection


def beside_rows(names: Collection[str], content: Callable[[str], bytes]) -> dict[str, str]:
    """The files of a folder that `datasets` saved which hold no rows of it, each with the reason; {} for another folder.

    names: what lies in the folder; content: the bytes of one of them. A shard that the saved state does not name is of an
    earlier save.
    """
    if "dataset_dict.json" in names:
        state = _object(content("dataset_dict.json"))
        return {"dataset_dict.json": "describes a saved dataset"} if isinstance(state.get("splits"), list) else {}
    state = _object(content("state.json")) if "state.json" in names else {}
    listed = state.get("_data_files")
    if not isinstance(listed, list):
        return {}
    shards = {item.get("filename") for item in listed if isinstance(item, dict)}
    passed = {name: "describes a saved dataset" for name in ("state.json", "dataset_info.json") if name in names}
    old = {name: "is not part of the saved dataset" for name in names if name.endswith(".arrow") and name not in shards}
    return passed | old


def _object(text: bytes) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
