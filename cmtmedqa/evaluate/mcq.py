"""Multiple-choice exams in local files: CMB, CMExam, C-Eval and CMMLU, read with the traps that each of them has."""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cmtmedqa.errors import InputError
from cmtmedqa.evaluate.rows import FileRow, rows_of
from cmtmedqa.llm.request import seed_of
from cmtmedqa.reliability import wilson
from cmtmedqa.sources.exam import exam_item
from cmtmedqa.sources.fields import present

Format = Literal["cmb", "cmexam", "ceval", "cmmlu"]
FORMATS: tuple[Format, ...] = ("cmb", "cmexam", "ceval", "cmmlu")
LETTERS = "ABCDEFGHIJ"
_OPTION = re.compile(r"^\s*([A-Ja-j])\s*[.、．:：)）]?\s*(.*)$", re.DOTALL)
_SUBJECT = {"cmb": ("exam_subject", "exam_class", "exam_type"), "cmexam": ("medical discipline", "discipline", "department"), "ceval": (), "cmmlu": ()}  # fmt: skip
_SEVERAL = r"([A-J](?:\s*[、,，；;/和及与或]?\s*[A-J])*)"
_STATED = re.compile(
    r"(?:正确)?答案\s*[】\])）]?\s*(?:应该?|就)?(?:是|为|选|：|:|\s)*(?:选项)?\s*[(（【\[]?\s*(?:"
    + _SEVERAL
    + r"(?![A-Za-z])|([a-j])(?=\W*$))"
)
_ENGLISH = re.compile(r"[Aa]nswer\s*(?:is|:|：)\s*[(\[]?\s*" + _SEVERAL + r"(?=\s*(?:[.,:;)\]]|$))", re.MULTILINE)
_CHOSEN = re.compile(r"(?:故|应|可)?选(?:择|项)?\s*(?:是|为|：|:)?\s*[(（【\[]?\s*" + _SEVERAL + r"(?![A-Za-z])")
_RIGHT = re.compile(r"(?<![A-Za-z])([A-J])\s*(?:选?项)?\s*(?:是|为)?正确(?!吗)")
_ALONE = re.compile(r"^\W*" + _SEVERAL + r"(?:\W|$)")
_MARKUP = re.compile(r"[*_`#$]+")
_BOXED = re.compile(r"\\boxed\{\s*(?:\\text\{)?([A-J](?:[\s,、]*[A-J])*)\}+")


class Question(NamedTuple):
    """One item: options as (letter, text) in the order shown, and the set of right letters; more than one where `multiple`."""

    id: str
    subject: str
    stem: str
    options: tuple[tuple[str, str], ...]
    answer: frozenset[str]
    multiple: bool


class Exam(NamedTuple):
    """What files hold, and how many rows were left out, by reason."""

    questions: list[Question]
    left_out: dict[str, int]


def read_exam(paths: Sequence[Path], kind: Format, answers: Path | None = None) -> Exam:
    """The items of exam files, of the files of folders and of zip archives, in order, whatever holds their rows.

    `answers` is CMB's second file for test items that state none. Raises InputError where a file is not of this format.
    """
    known = _answers(answers) if answers else {}
    found: list[Question] = []
    seen: set[str] = set()
    left: Counter[str] = Counter()
    for row in rows_of(paths):
        question = _question(row, kind, known)
        if isinstance(question, str):
            left[question] += 1
            continue
        twice = question.id in seen
        seen.add(question.id)
        found.append(question._replace(id=f"{question.id}#{row.place}") if twice else question)
    if not found:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left.items()) or "it is empty"
        raise InputError(f"{paths[0]}: holds no {kind} item that can be scored ({reasons})")
    return Exam(found, dict(left))


def _answers(path: Path) -> dict[str, str]:
    stated = (row.fields for row in rows_of([path]) if row.fields)
    return {present(row.get("id")): present(row.get("answer")) for row in stated}


def _question(row: FileRow, kind: Format, known: Mapping[str, str]) -> Question | str:
    """The item of a row, or why it is none that can be scored."""
    if row.fields is None:
        return "that cannot be read"
    item = exam_item(row.fields)
    fields = {key.strip().lower(): value for key, value in row.fields.items()}
    if item is None or not item.choice:
        return f"that are no {kind} items"
    options = _options(item.beside)
    if len(options) < 2:
        return "with fewer than two options"
    identifier = item.id or str(row.place)
    stated = present(fields.get("answer")) or known.get(identifier, "")
    answer = frozenset(letter for letter in stated.upper() if letter in LETTERS)
    if not answer:
        return "without an answer"
    if not answer <= {letter for letter, _ in options}:
        return "whose answer is none of its options"
    subject = next((said for key in _SUBJECT[kind] if (said := present(fields.get(key)))), "")
    multiple = "多" in present(fields.get("question_type")) or len(answer) > 1
    subject = subject or re.sub("_(?:val|dev|test)$", "", row.stem)
    return Question(f"{row.file}:{identifier}", subject, item.question, options, answer, multiple)


def _options(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Letter and text of each option; an empty one is none (CMB pads with them)."""
    parts = [match for line in lines if (match := _OPTION.match(line))]
    return tuple((match[1].upper(), match[2].strip()) for match in parts if match[2].strip())


def shuffled(question: Question, seed: int, turn: int) -> Question:
    """The same item with its options in another order; `turn` 0 is the order of the file. The answer moves with its text."""
    if turn == 0:
        return question
    order = list(question.options)
    random.Random(seed_of("mcq", seed, question.id, turn)).shuffle(order)  # noqa: S311
    letters = [letter for letter, _ in question.options]
    options = tuple((letter, text) for letter, (_, text) in zip(letters, order, strict=True))
    moved = frozenset(letter for letter, (old, _) in zip(letters, order, strict=True) if old in question.answer)
    return question._replace(options=options, answer=moved)


def asked(question: Question) -> str:
    """The item as it is put to a model."""
    kind = "多项选择题，可能有多个正确选项" if question.multiple else "单项选择题"
    lines = [f"{letter}. {text}" for letter, text in question.options]
    return "\n".join([f"以下是一道{kind}。", question.stem, *lines])


def letters_of(text: str, question: Question) -> frozenset[str]:
    r"""The options that a free reply chooses, empty when none is read.

    It is the last 答案是… (also `Answer:`, `\boxed{}`), else the last 选…, else the last …项正确, else letters at its head; thoughts
    in `<think>` and markup do not count.
    """
    body = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).translate(
        str.maketrans("ＡＢＣＤＥＦＧＨＩＪ", LETTERS)
    )
    body = _MARKUP.sub("", _BOXED.sub(r"答案：\1", body))
    found = ([*pattern.finditer(body)][-1:] for pattern in (_STATED, _ENGLISH, _CHOSEN, _RIGHT, _ALONE))
    said = next(("".join(filter(None, last[0].groups())) for last in found if last), "")
    chosen = frozenset(letter for letter in said.upper() if letter in LETTERS)
    allowed = {letter for letter, _ in question.options}
    return chosen if chosen <= allowed and (question.multiple or len(chosen) == 1) else frozenset()


class Answered(NamedTuple):
    """What was chosen of one item in one order of its options; nothing where no choice could be read."""

    question: Question
    turn: int
    chosen: frozenset[str]


def report(answered: Sequence[Answered], exam: Exam, turns: int) -> dict[str, Any]:
    """Accuracy of the file's order by subject with Wilson's 95 % interval, the rate of unread choices, and what shuffling changes.

    An unread choice is wrong and counted besides. `order`: accuracy of each shuffling, and the share of items whose
    correctness is the same in all of them. An item of several answers is right only with exactly those.
    """
    first = [item for item in answered if item.turn == 0]
    by_subject: dict[str, list[Answered]] = defaultdict(list)
    for item in first:
        by_subject[item.question.subject].append(item)
    assert sum(map(len, by_subject.values())) == len(first) == len(exam.questions), "an item was lost"
    outcomes: dict[str, set[bool]] = defaultdict(set)
    for item in answered:
        outcomes[item.question.id].add(_right(item))
    return {
        "all": _share(first),
        "single": _share([item for item in first if not item.question.multiple]),
        "multiple": _share([item for item in first if item.question.multiple]),
        "subjects": {name: _share(by_subject[name]) for name in sorted(by_subject)},
        "left_out": exam.left_out,
        "order": None
        if turns < 2
        else {
            "accuracy": [_share([item for item in answered if item.turn == turn]) for turn in range(turns)],
            "stable": sum(len(found) == 1 for found in outcomes.values()) / len(outcomes),
        },
    }


def _right(item: Answered) -> bool:
    return item.chosen == item.question.answer


def _share(items: Sequence[Answered]) -> dict[str, Any]:
    if not items:
        return {"n": 0, "right": 0, "wrong": 0, "unread": 0, "accuracy": None, "low": None, "high": None}
    right, unread = sum(map(_right, items)), sum(not item.chosen for item in items)
    low, high = wilson(right / len(items), len(items))
    wrong = len(items) - right - unread
    return {
        "n": len(items),
        "right": right,
        "wrong": wrong,
        "unread": unread,
        "accuracy": right / len(items),
        "low": low,
        "high": high,
    }
