"""All rules, in the order of their files."""

from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_contact import CONTACTS
from cmtmedqa.clean.deidentify.rules_dates import DATES
from cmtmedqa.clean.deidentify.rules_doctors import DOCTORS
from cmtmedqa.clean.deidentify.rules_documents import DOCUMENTS
from cmtmedqa.clean.deidentify.rules_hospitals import HOSPITALS
from cmtmedqa.clean.deidentify.rules_names import NAMES
from cmtmedqa.clean.deidentify.rules_numbers import NUMBERS
from cmtmedqa.clean.deidentify.rules_places import PLACES

RULES: tuple[Rule, ...] = NUMBERS + DOCUMENTS + CONTACTS + NAMES + DOCTORS + HOSPITALS + PLACES + DATES
