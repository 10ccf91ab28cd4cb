"""Check the contents of a wheel:  python tests/packaging/check_wheel.py dist/cmtmedqa-*.whl"""

import sys
import zipfile
from pathlib import Path

REQUIRED = (
    "cmtmedqa/_bundled/schemas/dialogue.schema.json",
    "cmtmedqa/_bundled/annotation/README.md",
    "cmtmedqa/_bundled/annotation/rubric.yaml",
    "cmtmedqa/_bundled/annotation/calibration.jsonl",
    "cmtmedqa/_bundled/annotation/screens/cards-4.xml",
    "cmtmedqa/annotate/screen.css",
    "cmtmedqa/annotate/pages/users/new-ui/user_login.html",
    "cmtmedqa/_bundled/train/README.md",
    "cmtmedqa/clean/lexicon.tsv",
    "cmtmedqa/demo/demo.yaml",
    "cmtmedqa/demo/truth.json",
    "cmtmedqa/browse/static/style.css",
    "cmtmedqa/browse/templates/record.html",
    "cmtmedqa/build/template.yaml",
    "cmtmedqa/build/page/page.html",
    "cmtmedqa/build/page/page.css",
    "cmtmedqa/build/page/page.js",
    "cmtmedqa/py.typed",
)


def problems(wheel: Path) -> list[str]:
    """What is wrong with a wheel: foreign top-level names, missing data, files that must not ship."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    found = [f"top-level name {top}" for top in sorted(tops) if top != "cmtmedqa" and not top.endswith(".dist-info")]
    found += [f"missing {name}" for name in REQUIRED if name not in names]
    found += [f"must not ship: {name}" for name in names if name.endswith((".env", ".pyc", ".safetensors"))]
    return found


if __name__ == "__main__":
    faults = [fault for wheel in sys.argv[1:] for fault in problems(Path(wheel))]
    print("\n".join(faults) or "wheel: only cmtmedqa inside, data included")
    sys.exit(1 if faults else 0)
