"""De-identification: finds personal data in Chinese consultation text by rules and replaces it by typed tags."""

from cmtmedqa.clean.deidentify.columns import (
    deidentify_column,
    replace_column,
    residual_column,
    residual_rows,
    spans_column,
)
from cmtmedqa.clean.deidentify.engine import find, find_column
from cmtmedqa.clean.deidentify.model import KINDS, Span
from cmtmedqa.clean.deidentify.surrogates import keyed_hash, replace

VERSION = "9"

__all__ = [
    "KINDS",
    "VERSION",
    "Span",
    "deidentify_column",
    "find",
    "find_column",
    "keyed_hash",
    "replace",
    "replace_column",
    "residual_column",
    "residual_rows",
    "spans_column",
]
