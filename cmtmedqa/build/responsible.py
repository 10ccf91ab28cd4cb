"""The fields of Croissant's RAI extension (responsible AI), filled from the report of the run."""

from collections.abc import Mapping
from typing import Any

from cmtmedqa.build.card_text import LIMITS

Report = Mapping[str, Any]


def fields(report: Report) -> dict[str, Any]:
    """The `rai:` properties of the dataset; what was not done, such as annotation, is said to be not done."""
    versions = report["versions"]
    contact = report["dataset"]["contact"]
    return {
        "rai:dataCollection": _collection(report),
        "rai:dataCollectionType": ["Secondary Data analysis"],
        "rai:dataCollectionRawData": "; ".join(_source(name, item) for name, item in report["sources"].items())
        or "none",
        "rai:dataCollectionMissingData": _missing(report),
        "rai:dataPreprocessingProtocol": _preprocessing(report),
        "rai:dataAnnotationProtocol": [
            "No person has annotated the dialogues. `features` holds numbers that a program counted."
        ],
        "rai:annotationsPerItem": "0",
        "rai:machineAnnotationTools": [
            f"cmtmedqa {versions['cmtmedqa']}: {versions['features']}, departments by a table of names, {versions['departments']}"
        ],
        "rai:dataUseCases": [
            "Training and evaluation of Chinese medical dialogue models in research.",
            "Not for giving medical advice, and not for finding the people who speak in it.",
        ],
        "rai:dataBiases": _biases(report),
        "rai:dataLimitations": list(LIMITS),
        "rai:dataSocialImpact": (
            "Models that answer medical questions can help where doctors are few, and can harm whoever takes wrong advice."
        ),
        "rai:personalSensitiveInformation": _personal(report),
        "rai:dataReleaseMaintenancePlan": (
            f"Removal of a record: {contact}." if contact else "No contact for the removal of records was given."
        ),
    }


def _collection(report: Report) -> str:
    kept, read, sources = report["kept"], report["read"], len(report["sources"])
    return (
        f"Written records of dialogues were read from {sources} source(s): {read} records, of which {kept} were kept and "
        f"{report['rejected']} rejected with a reason each. The toolkit collected nothing from patients or doctors itself."
    )


def _source(name: str, item: Report) -> str:
    said = [f"licence {item['license']}", f"provenance {item['provenance']}"]
    said += [f"terms: {item['terms']}"] if item.get("terms") else ["no terms stated"]
    said += [f"terms read on {item['terms_date']}"] if item.get("terms_date") else []
    said += [item["homepage"]] if item.get("homepage") else []
    return f"{name}: {item['read']} records read, {item['kept']} kept ({', '.join(said)})"


def _missing(report: Report) -> str:
    missing = report["departments"].get("(none)", 0)
    return f"{missing} of {report['kept']} dialogues have no department; titles, sex and age are null where the source has none."


def _preprocessing(report: Report) -> list[str]:
    steps = []
    for row in report["funnel"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in row["rejected"].items()) or "none"
        steps.append(f"{row['step']}: {row['in']} records in, {row['out']} out; rejected: {reasons}.")
    return steps


def _biases(report: Report) -> list[str]:
    found = ", ".join(f"{name} {count}" for name, count in report["departments"].items())
    return [
        "Who asks in writing, and which department answers, decides what is here; the dialogues are no sample of a population.",
        f"Dialogues by department: {found or 'none'}.",
    ]


def _personal(report: Report) -> list[str]:
    health = "Health, in the words of patients; sex and age where the source states them."
    if report["deidentify"] == "off":
        return [
            "Not de-identified: names, numbers and addresses of patients and doctors may stand in the text.",
            health,
        ]
    found = ", ".join(f"{name} {count}" for name, count in report["personal_data"].items())
    return [
        "De-identified by rule before anything else was done with the text; rules miss things, above all names without a cue.",
        f"Places replaced by class: {found or 'none'}. This counts what was found; no recall was measured on this data.",
        health,
    ]
