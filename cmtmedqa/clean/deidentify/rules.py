"""All rules, in the order of their files."""

from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_contact import CONTACTS
from cmtmedqa.clean.deidentify.rules_numbers import NUMBERS

RULES: tuple[Rule, ...] = NUMBERS + CONTACTS
