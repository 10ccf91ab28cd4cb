"""Items of benchmark files that are no dialogues: multiple choice in its known shapes, and cases with questions.

CMB (`question`, `option` as an object), CMExam (`Question`, `Options` as lines in one cell), C-Eval and CMMLU (`question`, `A`,
`B`, `C`, `D`), CMB-Clin (`description`, `QA_pairs`), and a bare question without an answer.
"""

from typing import NamedTuple

from cmtmedqa.sources.fields import Fields, identifier, present

_CASES = ("description", "case", "病历", "病例")
_QUESTIONS = (
    "question",
    "query",
    "stem",
    "problem",
    "题目",
    "题干",
    "问题",
    "prompt",
    "instruction",
    "input",
    "ask",
    "text",
)
_OPTIONS = ("option", "options", "choices", "answer_choices", "选项")
_LETTERS = "abcdefghij"
_PAIRS = ("qa_pairs", "qas", "questions")
_ID = ("id", "_id", "qid", "idx", "index", "序号", "")
_LABELLED = (("key", "value"), ("label", "text"), ("label", "content"))


class ExamItem(NamedTuple):
    """One item: what is asked, and what stands beside it (options as `A text`, or the questions and answers of a case)."""

    question: str
    beside: tuple[str, ...] = ()
    choice: bool = False
    id: str = ""


def exam_item(record: object) -> ExamItem | None:
    """The item that a record holds; None if it holds none. Never raises."""
    if not isinstance(record, dict):
        return None
    fields: dict[str, object] = {key.strip().lower(): value for key, value in record.items() if isinstance(key, str)}
    number = identifier(fields, *_ID)
    case, pairs = _first(fields, _CASES), _asked(fields)
    if case and pairs:
        return ExamItem(case, pairs, id=number)
    options = _options(fields)
    question = _first(fields, _QUESTIONS)
    if not question:
        return None
    return ExamItem(question, options, bool(options), number)


def is_choice(record: object) -> bool:
    """Whether a record is a multiple-choice item: a question with its options."""
    item = exam_item(record)
    return item is not None and item.choice


def _first(fields: Fields, keys: tuple[str, ...]) -> str:
    return next((found for key in keys if (found := present(fields.get(key)))), "")


def _options(fields: Fields) -> tuple[str, ...]:
    value = next((fields[key] for key in _OPTIONS if fields.get(key)), None)
    if value is None:
        columns = [letter for letter in _LETTERS if letter in fields]
        value = {letter.upper(): fields[letter] for letter in columns} if columns[:2] == ["a", "b"] else None
    if isinstance(value, str):
        return tuple(line for line in map(str.strip, value.splitlines()) if line)
    if isinstance(value, list):
        value = dict(_labelled(place, option) for place, option in enumerate(value))
    if not isinstance(value, dict):
        return ()
    return tuple(f"{present(letter)} {said}" for letter, option in value.items() if (said := present(option)))


def _labelled(place: int, option: object) -> tuple[str, object]:
    """The letter and text of an option in a list."""
    if isinstance(option, dict):
        for label, said in _LABELLED:
            if label in option and said in option:
                return present(option[label]), option[said]
    return (_LETTERS[place].upper() if place < len(_LETTERS) else str(place)), option


def _asked(fields: Fields) -> tuple[str, ...]:
    """The questions and answers about a case, in order."""
    listed = next((fields[key] for key in _PAIRS if isinstance(fields.get(key), list)), [])
    pairs = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return tuple(said for pair in pairs for value in pair.values() if (said := present(value)))
