"""The sentences of the card that do not depend on the run."""

WARNING = (
    "> **Warning: this dataset was built without de-identification (`--no-deidentify`). It may hold personal data of "
    "patients and doctors. Do not publish it and do not send it to anyone.**\n"
)
DEIDENTIFIED = (
    "Personal data was replaced by rules before anything else was done with the text. The dataset is de-identified by rule; "
    "rules miss things, above all names without a cue.\n"
)
NOT_DEIDENTIFIED = (
    "State: **not de-identified**. The build ran with `--no-deidentify`; names, numbers, addresses and pages stand in the text "
    "as they stood in the sources. Build again without that option before anyone else sees the data.\n"
)
REMAINS = """Each count says how many places the rules replaced, not how many there were: no recall was measured on this data.
What such rules leave in text:

- names without a cue or a title, in Latin script, transcribed, or used as nicknames;
- hospitals by an unusual short name, single place names, occupations, dates other than birth dates;
- a rare illness, a date and a place that together lead back to a person.

So the text is still personal information. Restrict access, and do not try to find anybody in it.
"""
LOADING = """```python
from datasets import load_dataset

dialogues = load_dataset("path/to/this/folder")
print(dialogues)
```

`croissant.json` describes the same files for any tool that reads Croissant; `cmtmedqa export` writes the shapes of trainers.
"""
FIELDS = (
    ("id", "string", "name of the dialogue, unique in the dataset"),
    ("source", "string", "source that it was read from"),
    ("license", "string", "licence of that source"),
    ("url", "string or null", "page; always null after de-identification"),
    ("title", "string or null", "title in the source"),
    ("department", "string or null", "department in the taxonomy of the dataset"),
    ("department_raw", "list of strings", "departments as the source names them, coarse to fine"),
    ("diseases", "list of strings", "diseases as the source names them"),
    ("patient", "sex, age", "what the source states of the patient in fields of its own; age in years"),
    ("turns", "list of role, text", "the dialogue: patient first, strictly alternating, doctor last"),
    ("provenance", "string", "how the text came to be: real, rewritten, expanded, from_record or synthetic"),
    ("features", "struct", "numbers counted on the cleaned turns; see the lengths and shares below"),
    ("extra", "string", "further fields of the source as JSON; for people, no step reads it"),
)
LINEAGE = """`cmtmedqa why ID` says where a dialogue came from and what was done with it, or why a record is not in the dataset.
`rejected/` and `clusters.parquet` hold the same for all records, `cmtmedqa diff OLD NEW` compares two versions of the dataset.
"""
LIMITS = (
    "No doctor has checked what is said in the dialogues. Advice in it may be wrong, outdated or dangerous; it is no advice to "
    "anyone, and a model trained on it is no doctor.",
    "The dialogues are not a sample of any population: who asks in writing, and which department answers, decides what is here.",
    "Departments come from the sources through a table of names; nobody has checked them against the text.",
    "Filters look at characters, turns, repetition and medical terms. They say nothing about medical quality.",
    "Near duplicates below the threshold, and retellings of one case, stay, and may stand in two splits.",
    "The counts describe this run. They are no measure of recall or precision of any step.",
)
CONTACT = """To have a record removed, write to {contact} and name its `id`, or the text by which it can be found. No reason is
needed.
"""
NO_CONTACT = """**No contact was given for this dataset**, so there is nobody to ask for the removal of a record. Who publishes it
must name one: set `publish.contact` in the settings (a mail or web address) and build again.
"""
