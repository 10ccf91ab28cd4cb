"""The settings of a build: one YAML file, every key with a default that is a good choice, unknown keys refused."""

import datetime
import difflib
import re
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cmtmedqa.errors import ConfigError
from cmtmedqa.records import Provenance

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(gt=0)]
SplitSize = Annotated[float, Field(ge=0.0)]
_SEMANTIC_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)


def _writable(text: str) -> str:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("holds half a surrogate pair, which no UTF-8 file can hold")
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"`\\]+", text):
        raise ValueError("is no web address; it starts with http:// or https:// and holds no white space")
    return text


def _semantic(text: str) -> str:
    if not _SEMANTIC_VERSION.fullmatch(text):
        raise ValueError("is no version of the form 1.2.3 (semver.org)")
    return text


Text = Annotated[str, AfterValidator(_writable)]
WebAddress = Annotated[Text, AfterValidator(_web_address)]
Version = Annotated[str, AfterValidator(_semantic)]


class Settings(BaseModel):
    """Base of all settings: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Read = TypeVar("Read", bound=Settings)


class Input(Settings):
    """One source of records: a file, a folder, a glob or `hf:<dataset>`, with what is known about it."""

    path: str
    source: Text | None = Field(None, description="name of the source in the dataset; default: the file's name")
    license: Text = Field("unknown", description="licence of this source, written into every record")
    provenance: Provenance = Field("real", description="how its text came to be")
    terms: Text | None = Field(None, description="terms under which it was obtained: a sentence, or where they stand")
    terms_date: datetime.date | None = Field(None, description="day on which the terms were read, YYYY-MM-DD")
    homepage: WebAddress | None = Field(None, description="web page of the source")


class Normalise(Settings):
    """Which normalisations run; all but courtesy tails are on."""

    traditional_to_simplified: bool = True
    width: bool = Field(True, description="full-width letters and digits to half width, compatibility units to letters")
    punctuation: bool = Field(True, description="half-width , ; : ? ! ( ) beside Han to full width; repeats to one")
    markup: bool = Field(True, description="HTML entities and tags")
    speaker_labels: bool = Field(True, description="患者： and 医生： inside a turn: removed, or the turn is split")
    template_labels: bool = Field(True, description="病情分析：, 意见建议： and the like")
    platform_notices: bool = True
    adverts: bool = Field(True, description="sentences that ask to call, to add WeChat or QQ, to click")
    courtesy_tails: bool = Field(False, description="祝您早日康复 and the like at the end of a doctor's turn")
    merge_separator: str = Field("\n", description="stands between merged utterances of one role")


class Deduplicate(Settings):
    """Exact and near duplicates. 25 bands of 5 rows find J >= 0.8 with recall above 0.999; each pair is then verified."""

    near: bool = True
    threshold: Annotated[float, Field(ge=0.5, le=1.0)] = Field(0.8, description="exact Jaccard of character 5-grams")
    min_chars: Annotated[int, Field(ge=5)] = Field(30, description="shorter dialogues: exact duplicates only")


class Evaluation(Settings):
    """One evaluation set: a file, a folder, a glob or `hf:<dataset>` of any known shape."""

    path: str
    name: str = Field("", description="what report and card call it; default: the name of its file or folder")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        values = {"path": value} if isinstance(value, str) else value
        if isinstance(values, dict) and isinstance(path := values.get("path"), str) and not values.get("name"):
            return {**values, "name": path if path.startswith("hf:") else Path(path).name}
        return values


class Decontaminate(Settings):
    """Dialogues that hold an item of an evaluation set are left out. The defaults were set on planted overlaps."""

    against: tuple[Evaluation, ...] = Field((), description="evaluation sets; none: the step is not run")
    ngram: Annotated[int, Field(ge=5, le=50)] = Field(13, description="characters of the n-grams, punctuation left out")
    coverage: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.4, description="share of a question's n-grams from which on a dialogue holds it"
    )
    min_shared: Annotated[int, Field(ge=1)] = Field(
        8, description="n-grams that must be shared at least; a question of fewer must stand there whole"
    )
    jaccard: Annotated[float, Field(ge=0.5, le=1.0)] | None = Field(
        0.8, description="or: exact Jaccard of the 5-grams of item and dialogue; null switches it off"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "Decontaminate":
        names = [item.name for item in self.against]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"against: two evaluation sets are called '{twice[0]}'; give each a name of its own")
        return self


class Filters(Settings):
    """Thresholds of the filters; a value of null switches one off. All count characters, never words."""

    min_turns: int | None = Field(2, ge=1)
    max_turns: int | None = Field(200, ge=2)
    min_chars: int | None = Field(10, ge=0, description="characters of the whole dialogue")
    max_chars: int | None = Field(20_000, ge=1)
    max_turn_chars: int | None = Field(8_000, ge=1)
    min_doctor_chars: int | None = Field(4, ge=0, description="characters of all doctor turns together")
    min_han_share: Fraction | None = Field(0.3, description="Han characters among all but white space")
    max_repetition: Fraction | None = Field(0.6, description="share of repeated character 10-grams")
    max_repeated_turns: Fraction | None = Field(0.6, description="share of turns that repeat an earlier one")
    min_medical_terms: int | None = Field(1, ge=0, description="distinct terms of the lexicon")
    min_inquiry_turns: int | None = Field(None, ge=0, description="doctor turns that ask about the case")


class Splits(Settings):
    """Sizes of dev and test: below 1 a share of the clusters, from 1 on a number of dialogues; train gets the rest."""

    dev: SplitSize = 0.05
    test: SplitSize = 0.05
    seed: str = Field("cmtmedqa", description="hashed together with the cluster id")

    @model_validator(mode="after")
    def _sizes(self) -> "Splits":
        for name, size in (("dev", self.dev), ("test", self.test)):
            if size >= 1 and size != int(size):
                raise ValueError(f"{name}: from 1 on a size is a whole number of dialogues")
        if sum(size for size in (self.dev, self.test) if size < 1) >= 1:
            raise ValueError("dev and test together take the whole dataset")
        return self


class Publish(Settings):
    """The shape of the output, and what the card and croissant.json say of it that no run can know."""

    rows_per_shard: Positive = 50_000
    index: bool = Field(True, description="write what a later build --against this dataset needs, 116 bytes a record")
    title: Text = "Chinese multi-turn medical dialogues"
    version: Version | None = Field(None, description="1.2.3; default: 0.0.0 and the key of the build")
    date: datetime.date | None = Field(None, description="day of publication, YYYY-MM-DD; nothing is dated by a clock")
    url: WebAddress | None = Field(None, description="web page of the dataset")
    creator: Text | None = Field(None, description="who publishes the dataset")
    contact: Text | None = Field(None, description="where to ask for the removal of a record: a mail or web address")
    citation: Text | None = Field(None, description="BibTeX; default: made of title, creator, version, date and url")


class BuildConfig(Settings):
    """Everything that decides what a build gives. `workers` alone has no influence on the bytes."""

    inputs: Annotated[tuple[Input, ...], Field(min_length=1)]
    output: str
    on_error: Literal["reject", "stop"] = "reject"
    workers: int = Field(0, ge=0, description="processes; 0: one for small inputs, else one per core")
    normalise: Normalise = Normalise()
    deidentify: Literal["required", "off"] = "required"
    deidentify_dates: Literal["keep", "year", "shift"] = Field(
        "keep", description="exact dates: kept, reduced to the year, or shifted per dialogue by a keyed number of days"
    )
    ner: str | None = Field(None, description="folder of a token-classification model for a second pass")
    departments: dict[str, str] = Field({}, description="further aliases: name in the source -> one of the 14")
    lexicon: str | None = Field(None, description="medical terms, one a line; default: the bundled lexicon")
    filters: Filters = Filters()
    deduplicate: Deduplicate = Deduplicate()
    decontaminate: Decontaminate = Decontaminate()
    split: Splits = Splits()
    publish: Publish = Publish()
    forgotten: str | None = Field(None, description="list of what was removed on request; default: the user's own")
    against: str | None = Field(None, description="a published dataset: what it holds is not published again")
    append: bool = Field(False, description="publish the records of `against` together with the new ones")

    @model_validator(mode="after")
    def _append_to_something(self) -> "BuildConfig":
        if self.append and not self.against:
            raise ValueError("append: names no dataset; set against")
        return self

    @field_validator("inputs", mode="before")
    @classmethod
    def _plain_paths(cls, value: object) -> object:
        values = value if isinstance(value, list | tuple) else [value]
        return tuple({"path": item} if isinstance(item, str) else item for item in values)


def load_config(path: Path) -> BuildConfig:
    """Read a YAML file of settings; paths in it are relative to its folder. Raises ConfigError with one line."""
    return _anchored(read_settings(path, BuildConfig), path.parent)


def make_config(values: Mapping[str, object], where: str) -> BuildConfig:
    """Validate the settings of a build. Raises ConfigError as `make_settings` does."""
    return make_settings(values, where, BuildConfig)


def read_settings(path: Path, model: type[Read]) -> Read:
    """Read a YAML file of some settings, paths in it as written. Raises ConfigError with one line."""
    return make_settings(read_mapping(path), str(path), model)


def read_mapping(path: Path) -> dict[str, object]:
    """Read a YAML file of keys and values, not yet validated. Raises ConfigError with one line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {_reason(error)}") from error
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = (
            f"line {error.problem_mark.line + 1}"
            if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark
            else "?"
        )
        raise ConfigError(f"{path}: not valid YAML, {where}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: a configuration is a mapping of keys to values; see cmtmedqa init")
    return values


def make_settings(
    values: Mapping[str, object], where: str, model: type[Read], on_command_line: Container[str] = ()
) -> Read:
    """Validate settings. Raises ConfigError that names the key and, for an unknown one, the nearest valid key.

    `where` the values come from is named too, but for the keys that stand `on_command_line`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = "command line" if fault["loc"] and fault["loc"][0] in on_command_line else where
        raise ConfigError(f"{place}: {_explain(fault, model)}") from error


def _explain(fault: Any, model: type[BaseModel]) -> str:
    location = [part for part in fault["loc"] if part != "[key]"]
    key = ".".join(str(part) for part in location)
    if fault["type"] == "extra_forbidden":
        valid = _keys_beside(location, model)
        near = difflib.get_close_matches(str(location[-1]), valid, n=1, cutoff=0.0)
        return f"unknown key '{key}'; did you mean '{near[0]}'?" if near else f"unknown key '{key}'"
    if fault["type"] == "missing":
        return f"key '{key}' is missing"
    said = fault["msg"].removeprefix("Value error, ")
    said = said[0].lower() + said[1:]
    return f"key '{key}': {said}" if key else said


def _keys_beside(location: list[Any], model: type[BaseModel]) -> list[str]:
    """The keys that are valid where the last part of `location` stands."""
    for part in location[:-1]:
        if isinstance(part, str):
            model = _settings_in(model.model_fields[part].annotation)
    return list(model.model_fields)


def _settings_in(annotation: Any) -> type[BaseModel]:
    """The settings that an annotation holds: itself, or the items of a tuple."""
    while not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        annotation = get_args(annotation)[0]
    return annotation


def _anchored(config: BuildConfig, folder: Path) -> BuildConfig:
    inputs = tuple(item.model_copy(update={"path": anchored(item.path, folder)}) for item in config.inputs)
    evaluations = tuple(
        item.model_copy(update={"path": anchored(item.path, folder)}) for item in config.decontaminate.against
    )
    named = {
        "lexicon": config.lexicon,
        "against": config.against,
        "forgotten": config.forgotten,
        "ner": config.ner,
        "output": config.output,
    }
    changes: dict[str, Any] = {name: anchored(path, folder) for name, path in named.items() if path}
    changes["decontaminate"] = config.decontaminate.model_copy(update={"against": evaluations})
    return config.model_copy(update={"inputs": inputs, **changes})


def anchored(path: str, folder: Path) -> str:
    """`path` as seen from the working directory when it is written relative to `folder`; hub names stay as they are."""
    if path.startswith("hf:") and not path.startswith(("hf:/", "hf:.")):
        return path
    if path.startswith("parse:"):
        named = path[len("parse:") :]
        return f"parse:{folder / named}" if "/" in named or ".warc" in named else path
    if path.startswith("hf:"):
        return "hf:" + str(folder / path[3:])
    return str(folder / path)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "input/output error" if isinstance(error, OSError) else "not UTF-8 text"
