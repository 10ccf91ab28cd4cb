"""All rules, in the order of their files."""

from cmtmedqa.clean.deidentify.model import Rule
from cmtmedqa.clean.deidentify.rules_bare import BARE
from cmtmedqa.clean.deidentify.rules_beds import BEDS
from cmtmedqa.clean.deidentify.rules_behind import BEHIND_NAMES
from cmtmedqa.clean.deidentify.rules_clauses import CLAUSES
from cmtmedqa.clean.deidentify.rules_contact import CONTACTS
from cmtmedqa.clean.deidentify.rules_contacted import CONTACTED
from cmtmedqa.clean.deidentify.rules_dates import DATES
from cmtmedqa.clean.deidentify.rules_doctors import DOCTORS
from cmtmedqa.clean.deidentify.rules_documents import DOCUMENTS
from cmtmedqa.clean.deidentify.rules_forms import FORMS
from cmtmedqa.clean.deidentify.rules_handles import HANDLES
from cmtmedqa.clean.deidentify.rules_hospitals import HOSPITALS
from cmtmedqa.clean.deidentify.rules_known import KNOWN
from cmtmedqa.clean.deidentify.rules_likely import LIKELY
from cmtmedqa.clean.deidentify.rules_names import NAMES
from cmtmedqa.clean.deidentify.rules_numbers import NUMBERS
from cmtmedqa.clean.deidentify.rules_places import PLACES
from cmtmedqa.clean.deidentify.rules_qq import QQ
from cmtmedqa.clean.deidentify.rules_records import RECORDS
from cmtmedqa.clean.deidentify.rules_roles import ROLES
from cmtmedqa.clean.deidentify.rules_transcribed import TRANSCRIBED
from cmtmedqa.clean.deidentify.rules_users import USERS
from cmtmedqa.clean.deidentify.rules_wechat import WECHAT

RULES: tuple[Rule, ...] = (
    NUMBERS
    + DOCUMENTS
    + RECORDS
    + BEDS
    + CONTACTS
    + WECHAT
    + QQ
    + CONTACTED
    + USERS
    + HANDLES
    + FORMS
    + NAMES
    + BEHIND_NAMES
    + CLAUSES
    + ROLES
    + TRANSCRIBED
    + KNOWN
    + LIKELY
    + BARE
    + DOCTORS
    + HOSPITALS
    + PLACES
    + DATES
)
