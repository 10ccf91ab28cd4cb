"""The YAML head of the card in the words of the Hugging Face Hub; read by the Hub and by `datasets`.

Keys: https://github.com/huggingface/hub-docs/blob/main/datasetcard.md.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from cmtmedqa import io
from cmtmedqa.build import licenses
from cmtmedqa.records import PublishedDialogue

_CREATORS = {
    "real": ("found",), "rewritten": ("found", "machine-generated"), "expanded": ("found", "machine-generated"),
    "from_record": ("other",), "synthetic": ("other",),
}  # fmt: skip
_HUB_PAGE = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+)", re.ASCII)


def make(report: Mapping[str, Any]) -> str:
    """The head with its marks, `---` above and below."""
    sources = list(report["sources"].values())
    provenances = {name for item in sources for name in item["provenance"].split("; ")}
    pages = [_HUB_PAGE.match(page) for item in sources for page in (item.get("homepage") or "").split("; ")]
    head = {
        "language": ["zh"],
        **_licenses([item["license"] for item in sources]),
        "pretty_name": " ".join(report["dataset"]["title"].split()),
        "size_categories": [report["dataset"]["size_category"]],
        "task_categories": ["text-generation", "question-answering"],
        "task_ids": ["dialogue-generation"],
        "annotations_creators": ["no-annotation"],
        "language_creators": sorted({name for provenance in provenances for name in _CREATORS[provenance]}),
        "multilinguality": ["monolingual"],
        "source_datasets": sorted({page[1] for page in pages if page}) or ["original"],
        "tags": ["medical", "dialogue", "multi-turn", "chinese"],
        **_configs(report["published"]),
    }
    return f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10_000)}---\n"


def _licenses(stated: Sequence[str]) -> dict[str, Any]:
    """The licences of all sources; one that the Hub does not know is `other`, with its name and what it covers."""
    names = sorted({part for expression in stated for part in licenses.parts(expression)})
    known = {name: licenses.identifier(name) for name in names}
    found = sorted({identifier for identifier in known.values() if identifier})
    others = [name for name, identifier in known.items() if not identifier]
    if not others:
        return {"license": found[0] if len(found) == 1 else found} if found else {}
    slugs = [re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "unnamed" for name in others]
    return {
        "license": [*found, "other"] if found else "other",
        "license_name": slugs[0] if len(slugs) == 1 else "several-licences-of-the-sources",
        "license_details": "; ".join(" ".join(name.split()) for name in others) + " (see Sources in the card)",
    }


def _configs(published: Mapping[str, Any]) -> dict[str, Any]:
    """Configuration `default` with the splits that hold dialogues; with none, an empty list that loads no other file."""
    sizes = published["splits"]
    files = [{"split": name, "path": f"data/{name}-*.parquet"} for name in sizes]
    return {
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {
            "config_name": "default",
            "features": [_feature(field) for field in io.arrow_schema(PublishedDialogue)],
            "splits": [
                {"name": name, "num_bytes": size["arrow_bytes"], "num_examples": size["dialogues"]}
                for name, size in sizes.items()
            ],
            "download_size": published["bytes"],
            "dataset_size": published["arrow_bytes"],
        },
    }


def _feature(field: pa.Field) -> dict[str, Any]:
    return {"name": field.name, **_kind(field.type)}


def _kind(kind: pa.DataType) -> dict[str, Any]:
    """A type as `datasets.Features` writes it in YAML."""
    if pa.types.is_struct(kind):
        return {"struct": [_feature(field) for field in kind]}
    if pa.types.is_list(kind):
        inner = _kind(kind.value_type)
        return {"list": inner.get("dtype") or inner.get("struct")}
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind))}
