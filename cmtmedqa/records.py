"""Every record that crosses a step. Frozen pydantic models; the Arrow schemas (`io.arrow_schema`) derive from them."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["patient", "doctor", "system"]
Sex = Literal["male", "female"]
Provenance = Literal["real", "rewritten", "expanded", "from_record", "synthetic"]
Department = Literal[
    "皮肤科", "外科", "儿科", "整形美容", "妇产科", "五官科", "中医科",
    "肿瘤科", "内科", "家居健康", "男科", "传染病科", "心理科", "其他",
]  # fmt: skip
Split = Literal["train", "dev", "test"]
Step = Literal["read", "forget", "normalise", "deidentify", "filter", "deduplicate", "decontaminate", "validate"]

ROLES: tuple[str, ...] = get_args(Role)
DEPARTMENTS: tuple[str, ...] = get_args(Department)
PROVENANCES: tuple[str, ...] = get_args(Provenance)
SPLITS: tuple[str, ...] = get_args(Split)

# Kinds of personal data, in order of priority: the Chinese label that replaces a value, and what it is.
PII_KINDS: dict[str, tuple[str, str]] = {
    "id_card": ("身份证", "identity card number"),
    "email": ("邮箱", "e-mail address"),
    "url": ("网址", "web address"),
    "ip": ("网络地址", "network address"),
    "wechat": ("微信", "WeChat account"),
    "qq": ("QQ", "QQ number"),
    "mobile": ("电话", "mobile phone number"),
    "landline": ("电话", "landline phone number"),
    "hotline": ("电话", "400 or 800 number"),
    "bank_card": ("银行卡", "bank card number"),
    "plate": ("车牌", "vehicle plate"),
    "passport": ("护照", "passport number"),
    "permit": ("通行证", "travel or residence permit number"),
    "insurance": ("医保号", "health or social insurance number"),
    "record_number": ("病历号", "medical record number"),
    "bed": ("床号", "bed number"),
    "birth_date": ("出生日期", "birth date"),
    "age": ("90岁以上", "age above 89"),
    "doctor": ("医生", "name of a medical professional"),
    "name": ("姓名", "name of a patient or relative"),
    "hospital": ("医院", "named hospital"),
    "address": ("地址", "postal address"),
    "user_name": ("用户名", "platform user name"),
}

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
LONG = "int64"  # marks a number that 32 bits may not hold


class Record(BaseModel):
    """Base of all records: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(Record):
    """One utterance; a run of utterances of one role is one turn after cleaning."""

    role: Role
    text: str


class Patient(Record):
    """What the source states about the patient in fields of its own (age in whole years)."""

    sex: Sex | None = None
    age: Annotated[int, Field(ge=0, le=150)] | None = None


class Features(Record):
    """Numbers that filters, reports and sampling use; counted on the cleaned turns. Definitions: clean/features.py."""

    turns: Count
    patient_chars: Count
    doctor_chars: Count
    informative_chars: Count
    question_rate: Share
    inquiry_turns: Count
    early_inquiry: bool
    farewell_turns: Count
    repetition: Share
    repeated_turns: Share
    han_share: Share
    medical_terms: Count
    medical_density: Share


class Dialogue(Record):
    """A doctor-patient dialogue. `extra` holds source-specific fields as a JSON string, for people and lineage only."""

    id: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    license: str = "unknown"
    url: str | None = None
    title: str | None = None
    department: Department | None = None
    department_raw: tuple[str, ...] = ()
    diseases: tuple[str, ...] = ()
    patient: Patient = Patient()
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    provenance: Provenance = "real"
    features: Features | None = None
    extra: str = "{}"


class PublishedDialogue(Dialogue):
    """A dialogue that may stand in a dataset: patient first, strictly alternating, doctor last, no empty text."""

    @model_validator(mode="after")
    def _turns_in_order(self) -> "PublishedDialogue":
        spoken = self.turns[1:] if self.turns[0].role == "system" else self.turns
        if not spoken or [turn.role for turn in spoken] != ["patient", "doctor"] * (len(spoken) // 2):
            raise ValueError("turns must alternate between patient and doctor, patient first and doctor last")
        if any(not turn.text.strip() for turn in self.turns):
            raise ValueError("a turn is empty")
        return self


class Rejection(Record):
    """A record that is not in the dataset, and why. `record` is what was rejected, as far as it had come (JSON)."""

    id: str
    source: str
    file: str
    index: Count
    step: Step
    reason: Annotated[str, Field(min_length=1)]
    detail: str = ""
    record: str = ""


class ClusterMember(Record):
    """One member of a cluster of duplicates. `similarity` is the exact Jaccard of its 5-grams with the winner's."""

    cluster: str
    id: str
    source: str
    kept: bool
    winner: str
    kind: Literal["winner", "exact", "near"]
    similarity: Share


class MatchedSpan(Record):
    """A passage that a dialogue shares with an item: code points [start, end) of a turn, and the text there."""

    turn: Count
    start: Count
    end: Count
    text: str


class Contamination(Record):
    """Evidence that a dialogue holds an item of an evaluation set.

    `measure`: `question`, the share of the 13-grams of all that the patient asks; `opening`, of what is asked first; `item`, that of
    the whole item where the question is shorter and stands there literally; `jaccard`, of the 5-grams of the whole. `step`: where the dialogue left the dataset.
    """

    id: str
    source: str
    file: str
    index: Count
    step: Literal["deduplicate", "decontaminate"]
    evaluation: str
    item: str
    item_file: str
    item_index: Count
    measure: Literal["question", "opening", "item", "jaccard"]
    value: Share
    matched: tuple[MatchedSpan, ...]


class PiiSpan(Record):
    """Where personal data was found (code points, after normalisation) and by which rule; never the value.

    `turn` counts from 0; -1 is the title, -2 the extra fields.
    """

    turn: Annotated[int, Field(ge=-2)]
    start: Count
    end: Count
    kind: str
    rule: str


class WarcPlace(Record):
    """Where the page of a record is stored: the WARC file, the offset of its record, and the digest of what it holds."""

    file: str
    offset: Annotated[int, Field(ge=0), LONG]
    digest: str | None = None


class Trace(Record):
    """What the stages did to one record, without any of its text.

    The hashes are BLAKE2b-64 (hex) of roles and turns: as read, and after each stage that changed them (null: it did not).
    For a record that cannot be read `read_hash` is that of its bytes. `warc` is set for records that `cmtmedqa parse` gave. `repairs` names every change in the order of the stages.
    """

    adapter: str
    read_hash: str
    normalised_hash: str | None = None
    arranged_hash: str | None = None
    deidentified_hash: str | None = None
    repairs: tuple[str, ...] = ()
    spans: tuple[PiiSpan, ...] = ()
    url_hash: str | None = None
    warc: WarcPlace | None = None


class Lineage(Trace):
    """Where a record of the input came from, what was done with it and where it went; one row a record, kept or not.

    `build` is the beginning of the key of the build that read it. Kept: `step` is null and `split` is set. Dropped: `step` and
    `reason`. `cluster` and `winner` are set for members of a cluster of two or more; `similarity` is the exact Jaccard with the
    winner.
    """

    id: str
    source: str
    file: str
    index: Count
    build: str
    step: Step | None = None
    reason: str | None = None
    cluster: str | None = None
    winner: str | None = None
    similarity: Share | None = None
    split: Split | None = None
