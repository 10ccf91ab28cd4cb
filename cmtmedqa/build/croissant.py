"""croissant.json: the dataset in the vocabulary of Croissant 1.1 with its RAI extension, written from the report of the run.

Written by hand, since mlcroissant stamps version 1.0 unless told otherwise and the core does without it; the tests read it with
mlcroissant. Specifications: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and croissant-rai-spec.html.
Addresses of files are relative, so the folder may be moved; dates come from the settings only.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cmtmedqa import io
from cmtmedqa.build import licenses, responsible
from cmtmedqa.build.card import citation
from cmtmedqa.build.card_text import FIELDS
from cmtmedqa.records import PublishedDialogue

NAME = "croissant.json"
CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
RECORDS = "dialogues"
_SHARDS = "shards"
_SPLITS = "splits"
_PARQUET = "application/x-parquet"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {"string": "sc:Text", "int32": "sc:Integer", "double": "sc:Float", "bool": "sc:Boolean"}


def make(report: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The description of a dataset whose shards lie in `folder`, as a JSON-LD value."""
    said = report["dataset"]
    splits = list(report["published"]["splits"])
    value = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": said["title"],
        "description": _description(report),
        "conformsTo": list(CONFORMS_TO),
        "license": _licenses(report),
        "url": said["url"],
        "creator": said["creator"] and {"@type": "sc:Organization", "name": said["creator"]},
        "datePublished": said["date"],
        "version": said["version"],
        "citeAs": citation(report),
        "inLanguage": "zh",
        "keywords": ["medical", "dialogue", "multi-turn", "chinese"],
        "isLiveDataset": False,
        **responsible.fields(report),
        "distribution": _distribution(folder, splits),
        "recordSet": [_split_names(splits), _dialogues(splits)] if splits else None,
    }
    return {key: item for key, item in value.items() if item is not None}


def _description(report: Mapping[str, Any]) -> str:
    state = (
        "not de-identified; it may hold personal data and must not be published"
        if report["deidentify"] == "off"
        else "de-identified by rule"
    )
    return (
        f"{report['kept']} Chinese multi-turn doctor-patient dialogues out of {report['read']} records read; {state}, "
        "deduplicated and cut into splits by cluster of duplicates. README.md is the card, report.json holds every count."
    )


def _licenses(report: Mapping[str, Any]) -> list[Any]:
    """An address at spdx.org for each licence that has one; what the settings call it for the others."""
    names = sorted({name for item in report["sources"].values() for name in licenses.parts(item["license"])})
    addresses = {name: licenses.address(name) for name in names or ["unknown"]}
    known = sorted({address for address in addresses.values() if address})
    return [*known, *({"@type": "sc:CreativeWork", "name": name} for name, url in addresses.items() if not url)]


def _distribution(folder: Path, splits: list[str]) -> list[dict[str, Any]]:
    paths = [path for name in splits for path in sorted((folder / "data").glob(f"{name}-*.parquet"))]
    files = [_file(folder, path) for path in paths]
    if files:
        files.append(
            {
                "@type": "cr:FileSet",
                "@id": _SHARDS,
                "name": _SHARDS,
                "description": "All shards of all splits.",
                "encodingFormat": _PARQUET,
                "includes": "data/*.parquet",
            }
        )
    return [*files, _file(folder, folder / "report.json", "application/json")]


def _file(folder: Path, path: Path, kind: str = _PARQUET) -> dict[str, Any]:
    name = path.relative_to(folder).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": path.name,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": kind,
        "sha256": io.sha256_file(path),
    }


def _split_names(splits: list[str]) -> dict[str, Any]:
    field = f"{_SPLITS}/name"
    return {
        "@type": "cr:RecordSet",
        "@id": _SPLITS,
        "name": _SPLITS,
        "description": "The splits that hold dialogues.",
        "dataType": "cr:Split",
        "key": {"@id": field},
        "field": [{"@type": "cr:Field", "@id": field, "name": "name", "dataType": "sc:Text"}],
        "data": [{field: name} for name in splits],
    }


def _dialogues(splits: list[str]) -> dict[str, Any]:
    about = {name: what for name, _, what in FIELDS}
    split = {
        "@type": "cr:Field",
        "@id": f"{RECORDS}/split",
        "name": "split",
        "description": "The split, which the name of the shard begins with.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": _SHARDS},
            "extract": {"fileProperty": "filename"},
            "transform": {"regex": f"({'|'.join(splits)}).*"},
        },
        "references": {"field": {"@id": f"{_SPLITS}/name"}},
    }
    columns = [
        _field(f"{RECORDS}/{field.name}", field, field.name) | {"description": about[field.name]}
        for field in io.arrow_schema(PublishedDialogue)
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": RECORDS,
        "name": RECORDS,
        "description": "One record a dialogue.",
        "key": {"@id": f"{RECORDS}/id"},
        "field": [split, *columns],
    }


def _field(identifier: str, field: pa.Field, column: str, inside: str = "") -> dict[str, Any]:
    """A column of the shards, or a part of one (`inside`, a JSON path); structs become sub-fields, lists arrays."""
    value: dict[str, Any] = {"@type": "cr:Field", "@id": identifier, "name": field.name}
    kind = field.type
    if pa.types.is_list(kind):
        value |= {"isArray": True, "arrayShape": "-1"}
        kind = kind.value_type
    if pa.types.is_struct(kind):
        return value | {"subField": [_field(f"{identifier}/{part.name}", part, column, part.name) for part in kind]}
    source: dict[str, Any] = {"fileSet": {"@id": _SHARDS}, "extract": {"column": column}}
    if inside:
        source["transform"] = {"jsonPath": inside}
    return value | {"dataType": _TYPES[str(kind)], "source": source}
