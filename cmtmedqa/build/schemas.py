"""JSON Schemas of the records and of the configuration, generated into schemas/ and printed by `cmtmedqa schema`."""

import json

from pydantic import BaseModel

from cmtmedqa.config import BuildConfig
from cmtmedqa.judgements import Annotation, CandidateSet, Preference, Ranking
from cmtmedqa.records import ClusterMember, Contamination, Dialogue, Lineage, PiiSpan, PublishedDialogue, Rejection

SCHEMAS: dict[str, type[BaseModel]] = {
    "dialogue": Dialogue,
    "published_dialogue": PublishedDialogue,
    "rejection": Rejection,
    "cluster_member": ClusterMember,
    "contamination": Contamination,
    "pii_span": PiiSpan,
    "lineage": Lineage,
    "candidate_set": CandidateSet,
    "annotation": Annotation,
    "ranking": Ranking,
    "preference": Preference,
    "build_config": BuildConfig,
}


def schema_text(name: str) -> str:
    """The schema as indented JSON with sorted keys: byte-stable."""
    return json.dumps(SCHEMAS[name].model_json_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
