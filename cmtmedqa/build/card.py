"""The dataset card, README.md: filled from the report of the run, readable by `datasets.load_dataset(DIR)`."""

from collections.abc import Sequence
from typing import Any

import yaml

from cmtmedqa.config import BuildConfig
from cmtmedqa.records import SPLITS

_WARNING = (
    "> **Warning: this dataset was built without de-identification (`--no-deidentify`). It may hold personal data of "
    "patients and doctors. Do not publish it and do not send it to anyone.**"
)
_DEIDENTIFIED = (
    "Personal data was replaced by rules before anything else was done with the text. The dataset is de-identified by rule; "
    "rules miss things, above all names without a cue."
)


def make(config: BuildConfig, report: dict[str, Any], shards: Sequence[str]) -> str:
    """The card as Markdown with a YAML head; every number in it stands in the report."""
    parts = [
        _head(config, report, shards),
        f"# {config.publish.title}\n",
        (_WARNING if config.deidentify == "off" else _DEIDENTIFIED) + "\n",
        f"{report['kept']:,} dialogues of {report['read']:,} records read. Each has `turns` of `patient` and `doctor`, patient "
        "first, doctor last.\n",
        "## Sources\n",
        _table(
            ("source", "licence", "provenance", "read", "kept"),
            [
                (name, item["license"], item["provenance"], item["read"], item["kept"])
                for name, item in report["sources"].items()
            ],
        ),
        "## From read to kept\n",
        _table(
            ("step", "reason", "records"),
            [("read", "", report["read"])]
            + [(row["step"], reason, -count) for row in report["funnel"] for reason, count in row["rejected"].items()]
            + [("kept", "", report["kept"])],
        ),
        "## Splits\n",
        "Cut by a hash of the cluster of duplicates; near-duplicates never stand in two splits.\n",
        _table(("split", "dialogues"), [(name, item["dialogues"]) for name, item in report["splits"].items()]),
        "## Departments\n",
        _table(("department", "dialogues"), list(report["departments"].items())),
        "## Duplicates\n",
        f"Exact duplicates: {report['duplicates']['exact']:,}. Near duplicates (Jaccard of character 5-grams at least "
        f"{config.deduplicate.threshold:g}, each pair verified): {report['duplicates']['near']:,}. `clusters.parquet` names "
        "every twin and the record that stays for it; `rejected/` holds every record that is not in the dataset, with the reason.\n",
    ]
    if report["contamination"]:
        header = ("evaluation set", "items", "unreadable", "too short", "dialogues left out")
        keys = ("items", "unreadable", "too_short", "dialogues")
        parts += [
            "## Evaluation sets\n",
            f"Dialogues that hold a question of these (at least {config.decontaminate.coverage:g} of its {config.decontaminate.ngram}-grams) "
            "or nearly a whole item are not in the dataset; `contamination.parquet` holds the evidence.\n",
            _table(header, [(name, *(item[key] for key in keys)) for name, item in report["contamination"].items()]),
        ]
    if report["personal_data"]:
        parts += ["## Personal data replaced\n", _table(("class", "spans"), list(report["personal_data"].items()))]
    return "\n".join(parts)


def _head(config: BuildConfig, report: dict[str, Any], shards: Sequence[str]) -> str:
    licenses = sorted({item["license"] for item in report["sources"].values()})
    known = [name.lower() for name in licenses if name != "unknown"]
    present = [name for name in SPLITS if any(path.startswith(f"data/{name}-") for path in shards)]
    head = {
        "language": ["zh"],
        "license": known[0] if len(known) == 1 == len(licenses) else "other",
        "pretty_name": config.publish.title,
        "task_categories": ["text-generation", "question-answering"],
        "tags": ["medical", "dialogue"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": name, "path": f"data/{name}-*.parquet"} for name in present],
            }
        ],
    }
    return f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False)}---\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(_cell(value) for value in line) + " |\n" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|").replace("\n", " ")
