"""Licences by the identifiers that the Hugging Face Hub knows, and their addresses at spdx.org.

Source of the identifiers: https://huggingface.co/docs/hub/repositories-licenses, without `unknown` and `other`.
"""

import re

_NAMES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl
lgpl-2.1 lgpl-3.0 isc h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl open-mdw
openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license
fair-noncommercial-research-license llama2 llama3 llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma
"""
_HUB = frozenset(_NAMES.split())
_ALIASES = {
    "cc0": "cc0-1.0", "cc-zero": "cc0-1.0", "odbl-1.0": "odbl", "odc-by-1.0": "odc-by", "pddl-1.0": "pddl",
    "gplv2": "gpl-2.0", "gplv3": "gpl-3.0", "agplv3": "agpl-3.0", "lgplv3": "lgpl-3.0", "lgpllr": "lgpl-lr",
}  # fmt: skip
_SPDX = {
    "apache-2.0": "Apache-2.0", "mit": "MIT", "afl-3.0": "AFL-3.0", "artistic-2.0": "Artistic-2.0", "bsl-1.0": "BSL-1.0",
    "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause", "bsd-3-clause-clear": "BSD-3-Clause-Clear",
    "cdla-sharing-1.0": "CDLA-Sharing-1.0", "cdla-permissive-1.0": "CDLA-Permissive-1.0", "c-uda": "C-UDA-1.0",
    "cdla-permissive-2.0": "CDLA-Permissive-2.0", "etalab-2.0": "etalab-2.0", "mpl-2.0": "MPL-2.0", "odc-by": "ODC-By-1.0",
    "odbl": "ODbL-1.0", "pddl": "PDDL-1.0", "ofl-1.1": "OFL-1.1", "unlicense": "Unlicense", "eupl-1.2": "EUPL-1.2",
    "lgpl-lr": "LGPLLR", "gpl-2.0": "GPL-2.0", "gpl-3.0": "GPL-3.0", "agpl-3.0": "AGPL-3.0", "lgpl-3.0": "LGPL-3.0",
}  # fmt: skip


def parts(expression: str) -> list[str]:
    """The licences of a source: those of an SPDX expression `A AND B` all hold."""
    return [part.strip() for part in expression.split(" AND ") if part.strip()]


def identifier(license: str) -> str | None:  # noqa: A002 -- the word of every schema
    """The Hub's identifier of one licence as people write it (`Apache License 2.0`, `CC BY-SA 4.0`), None if it has none."""
    plain = re.sub(r"\b(the|licen[cs]e|version|international)\b|[,()]", " ", license.lower())
    name = re.sub(r"[\s_-]+", "-", plain).strip("-")
    name = re.sub(r"-(only|or-later)$", "", re.sub(r"(?<=-)v(?=\d)", "", name))
    return next((found for found in (name, _ALIASES.get(name), f"{name}.0") if found in _HUB), None)


def address(license: str) -> str | None:  # noqa: A002
    """The address of a licence at spdx.org, None for one that has no page there."""
    known = identifier(license) or ""
    spdx = known.upper() if re.match(r"cc(0|-by)", known) else _SPDX.get(known)
    return f"https://spdx.org/licenses/{spdx}" if spdx else None
