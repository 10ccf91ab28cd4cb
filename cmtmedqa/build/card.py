"""The dataset card, README.md: every number in it stands in the report of the run; `datasets.load_dataset(DIR)` reads its head."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cmtmedqa.build import card_head, licenses
from cmtmedqa.build.card_text import (
    CONTACT,
    DEIDENTIFIED,
    FIELDS,
    LIMITS,
    LINEAGE,
    LOADING,
    NO_CONTACT,
    NOT_DEIDENTIFIED,
    REMAINS,
    WARNING,
)
from cmtmedqa.build.markdown import cell, nested, table, text, words

Report = Mapping[str, Any]
_SOURCE_COLUMNS = {
    "license": "licence", "terms": "terms", "terms_date": "terms read on", "homepage": "page", "provenance": "provenance",
    "read": "read", "kept": "kept",
}  # fmt: skip
_MOST_NAMES = 20
_LONG_VERSIONS = ("signatures", "bands")


def make(report: Report) -> str:
    """The card as Markdown with a YAML head."""
    sections = {
        "Loading": LOADING,
        "Fields": table(("field", "type", "what it holds"), FIELDS),
        "Sources": _sources(report),
        "From read to kept": _funnel(report),
        "What cleaning changed": table(("repair", "times"), list(report["repairs"].items())),
        "De-identification": _deidentification(report),
        "Deduplication": _deduplication(report),
        "Decontamination": _decontamination(report),
        "Splits": _splits(report),
        "Departments": _departments(report),
        "Inquiry": _inquiry(report),
        "Lengths and shares": nested(report["features"], "feature"),
        "Lineage": LINEAGE,
        "Known limits": _limits(report),
        "Takedown": _takedown(report),
        "How it was made": _making(report),
        "Citation": "```bibtex\n" + citation(report) + "\n```\n",
    }
    parts = [card_head.make(report), f"# {text(report['dataset']['title'])}\n", _summary(report)]
    parts += [f"## {name}\n\n{body}" for name, body in sections.items() if body]
    return "\n".join(parts)


def citation(report: Report) -> str:
    """BibTeX of the dataset: the one of the settings, or one made of what the settings say of it."""
    said = report["dataset"]
    if said["citation"]:
        return str(said["citation"]).replace("```", "'''").strip()
    known = {
        "title": said["title"],
        "author": said["creator"] and "{" + _bibtex(said["creator"]) + "}",
        "year": said["date"] and said["date"][:4],
        "version": said["version"],
        "url": said["url"],
    }
    lines = [f"  {key} = {{{value if key == 'author' else _bibtex(value)}}}," for key, value in known.items() if value]
    return "\n".join(["@misc{cmtmedqa_dataset,", *lines, "}"])


def _bibtex(value: str) -> str:
    return " ".join(value.replace("```", "'''").split()).translate({ord(char): f"\\{char}" for char in "{}%&#_$"})


def _summary(report: Report) -> str:
    state = WARNING if report["deidentify"] == "off" else DEIDENTIFIED
    return (
        f"{cell(report['kept'])} Chinese multi-turn doctor-patient dialogues, out of {cell(report['read'])} records read; "
        f"{cell(report['rejected'])} were not taken, each for a reason that is named below. "
        f"Version {text(report['dataset']['version'])}.\n\n{state}"
    )


def _sources(report: Report) -> str:
    sources = report["sources"]
    columns = {
        key: header
        for key, header in _SOURCE_COLUMNS.items()
        if any(item.get(key) is not None for item in sources.values())
    }
    parts = [
        table(
            ("source", *columns.values()),
            [(name, *(item.get(column) for column in columns)) for name, item in sources.items()],
        ),
        "The field `license` of each dialogue names the licence of its source, as the settings of the build state it; nothing "
        "else was checked. The dataset as a whole may be used only as all of them allow.\n",
    ]
    unknown = [name for name, item in sources.items() if "unknown" in licenses.parts(item["license"].lower())]
    if unknown:
        parts.append(
            "> **Licence unknown**: "
            + ", ".join(map(text, unknown))
            + ". Nothing says that these records may be passed on.\n"
        )
    untold = [name for name, item in sources.items() if not item.get("terms")]
    if untold:
        whom = "any source" if len(untold) == len(sources) else ", ".join(map(text, untold))
        parts.append(f"No terms were stated for {whom}; they belong into `terms` and `terms_date` of an input.\n")
    return "\n".join(parts)


def _funnel(report: Report) -> str:
    rows: list[tuple[object, ...]] = [("read", "", None, report["read"])]
    for row in report["funnel"]:
        rows += [(row["step"], reason, count, None) for reason, count in row["rejected"].items()]
        rows.append((row["step"], "", None, row["out"]))
    parts = [
        table(("step", "reason", "removed", "left"), rows),
        "`rejected/` holds every record that was removed, with its file, index and reason.\n",
    ]
    alone = [(name, count) for name, count in report["filters_alone"].items() if count]
    if alone:
        parts += ["Records that a filter would remove if it were the only one:\n", table(("filter", "records"), alone)]
    if report["files_not_read"]:
        rows = [(item["file"], item["reason"]) for item in report["files_not_read"]]
        parts += ["Files that were passed over:\n", table(("file", "reason"), rows)]
    return "\n".join(parts)


def _deidentification(report: Report) -> str:
    if report["deidentify"] == "off":
        return NOT_DEIDENTIFIED
    found = report["personal_data"]
    counts = nested(found) if any(isinstance(item, dict | list) for item in found.values()) else ""
    counts = counts or table(("class", "places replaced"), list(found.items()))
    head = f"State: de-identified by rule, rules of version {text(report['versions']['deidentify'])}.\n"
    refused = [row for step in report["funnel"] if step["step"] == "deidentify" for row in step["rejected"].items()]
    left = "Records that this step refused, because something was left in them:\n\n" + table(
        ("reason", "records"), refused
    )
    counts = counts or "The rules replaced nothing.\n"
    return "\n".join([head, _options(report["settings"]), counts, *([left] if refused else []), REMAINS])


_DATES = {
    "keep": "Exact dates other than birth dates stay",
    "year": "Exact dates are reduced to their year",
    "shift": "The exact dates of each dialogue are moved back by a number of days that only a key tells",
}


def _options(settings: Report) -> str:
    """What the build was asked for beside the rules; the folder of a model is not named."""
    model = "ran behind the rules" if settings.get("ner") else "was not used"
    return (
        f"{_DATES[settings.get('deidentify_dates', 'keep')]} (`--dates`). A token-classification model {model} (`--ner`). After the "
        "replacement every text was searched once more, and a record that still matched a class whose form alone tells it was refused.\n"
    )


def _deduplication(report: Report) -> str:
    settings = report["settings"]["deduplicate"]
    counts = [(name, count) for name, count in report["duplicates"].items() if not isinstance(count, dict | list)]
    near = (
        "Near duplicates are pairs whose exact Jaccard similarity of character n-grams is at least "
        f"{settings['threshold']}; candidates come from MinHash, each pair is verified. Dialogues of fewer than "
        f"{settings['min_chars']} characters are compared exactly only."
        if settings["near"]
        else "Near duplicates were not looked for; only dialogues that are equal but for case and white space were removed."
    )
    return "\n".join(
        [
            near + " `clusters.parquet` names every twin and the record that stays for it.\n",
            table(("what", "number"), [(words(name), count) for name, count in counts]),
        ]
    )


def _decontamination(report: Report) -> str:
    found = report.get("contamination")
    if not found:
        return "This build was not checked against any evaluation set; overlap with benchmarks is not known.\n"
    limits = report["settings"]["decontaminate"]
    header = (
        "evaluation set",
        "file",
        "items",
        "unreadable",
        "too short",
        "dialogues left out",
        "duplicates that hold items",
    )
    keys = ("file", "items", "unreadable", "too_short", "dialogues", "duplicates")
    return (
        f"Dialogues are left out that hold a question of these sets (at least {limits['coverage']:g} of its character "
        f"{limits['ngram']}-grams, wherever they stand in the dialogue) or nearly the whole of an item (Jaccard at least "
        f"{limits['jaccard']:g}). `contamination.parquet` holds the evidence: item, measure, value and matched text.\n\n"
        + table(header, [(name, *(item[key] for key in keys)) for name, item in found.items()])
    )


def _splits(report: Report) -> str:
    sizes = report["published"]["splits"]
    rows = [
        (name, item["dialogues"], *(sizes.get(name, {}).get(key) for key in ("shards", "bytes")))
        for name, item in report["splits"].items()
    ]
    return (
        "Cut by a hash of the cluster of duplicates, so that the twins that were found never stand on two sides. A split "
        "without dialogues has no files.\n\n" + table(("split", "dialogues", "files", "bytes"), rows)
    )


def _departments(report: Report) -> str:
    parts = [table(("department", "dialogues"), list(report["departments"].items()))]
    unmapped = sorted(report["departments_unmapped"].items(), key=lambda item: (-item[1], item[0]))
    if unmapped:
        all_of_them = "" if len(unmapped) <= _MOST_NAMES else "the most frequent ones, `report.json` has all; "
        parts += [
            f"Names in the sources that have no alias ({all_of_them}aliases stand under `departments:` in the settings):\n",
            table(("name in the source", "records read"), unmapped[:_MOST_NAMES]),
        ]
    parts.append(f"Records read without any department: {cell(report['departments_missing'])}.\n")
    return "\n".join(part for part in parts if part)


def _inquiry(report: Report) -> str:
    if not report.get("inquiry"):
        return ""
    return (
        "Doctor turns that ask about the case, found by a pattern "
        f"({text(report['inquiry_pattern'])}); the rate depends on that pattern.\n\n"
        + nested(report["inquiry"], "figure")
    )


def _limits(report: Report) -> str:
    limits = [*LIMITS]
    if report["deidentify"] == "off":
        limits.insert(0, "Personal data was not removed.")
    if missing := report["departments"].get("(none)"):
        limits.append(
            f"{cell(missing)} dialogues have no department: their source names none, or one that has no alias."
        )
    unsaid = [name for name in ("url", "creator", "date", "contact") if not report["dataset"][name]]
    if unsaid:
        names = ", ".join(f"`publish.{name}`" for name in unsaid)
        limits.append(f"Not stated in the settings of this build: {names}. State them before you publish.")
    return "".join(f"- {limit}\n" for limit in limits)


def _takedown(report: Report) -> str:
    contact = report["dataset"]["contact"]
    return CONTACT.format(contact=text(contact)) if contact else NO_CONTACT


def _making(report: Report) -> str:
    versions = [(name, value) for name, value in report["versions"].items() if name not in _LONG_VERSIONS]
    return "\n".join(
        [
            "Built with cmtmedqa. `report.json` holds every count, `manifest.json` the digests of inputs and outputs and how "
            "signatures are made. The same input, settings and versions give the same bytes.\n",
            table(("what", "version"), versions),
            table(("setting", "value"), list(_settings(report["settings"]))),
        ]
    )


def _settings(settings: Report, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{prefix}{name}.")
        elif value is not None and prefix != "publish.":
            yield prefix + name, value if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)
