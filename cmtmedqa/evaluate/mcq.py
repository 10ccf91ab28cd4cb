"""Multiple-choice exams in local files: CMB, CMExam, C-Eval and CMMLU, read with the traps that each of them has."""

import csv
import io
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cmtmedqa.errors import InputError
from cmtmedqa.llm.request import seed_of
from cmtmedqa.reliability import wilson
from cmtmedqa.sources.exam import exam_item
from cmtmedqa.sources.fields import present

Format = Literal["cmb", "cmexam", "ceval", "cmmlu"]
FORMATS: tuple[Format, ...] = ("cmb", "cmexam", "ceval", "cmmlu")
LETTERS = "ABCDEFGHIJ"
_OPTION = re.compile(r"^\s*([A-Ja-j])\s*[.、．:：)）]?\s*(.*)$", re.DOTALL)
_SUBJECT = {"cmb": ("exam_subject", "exam_class", "exam_type"), "cmexam": ("medical discipline", "discipline", "department"), "ceval": (), "cmmlu": ()}  # fmt: skip
_STATED = re.compile(
    r"(?:正确)?答案(?:应该?|就)?(?:是|为|选|：|:)*\s*(?:选项)?\s*[(（【\[]?\s*([A-J](?:\s*[、,，和及]?\s*[A-J])*)(?![A-Za-z])"
)
_CHOSEN = re.compile(
    r"(?:故|应|可)?选(?:择|项)?\s*(?:是|为|：|:)?\s*[(（【\[]?\s*([A-J](?:\s*[、,，和及]?\s*[A-J])*)(?![A-Za-z])"
)
_ALONE = re.compile(r"^\W*([A-J](?:\s*[、,，和及]?\s*[A-J])*)(?:\W|$)")


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
    """The items of exam files or of the `.csv`/`.json` files of a folder, in order.

    `answers` is CMB's second file for test items that state none. Raises InputError where a file is not of this format.
    """
    known = _answers(answers) if answers else {}
    found: list[Question] = []
    seen: set[str] = set()
    left: Counter[str] = Counter()
    for path in [file for given in paths for file in _files(given)]:
        for place, row in enumerate(_rows(path, kind), 1):
            question = _question(row, kind, path, place, known)
            if isinstance(question, str):
                left[question] += 1
            else:
                twice = question.id in seen
                seen.add(question.id)
                found.append(question._replace(id=f"{question.id}#{place}") if twice else question)
    if not found:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left.items()) or "it is empty"
        raise InputError(f"{paths[0]}: holds no {kind} item that can be scored ({reasons})")
    return Exam(found, dict(left))


def _files(path: Path) -> list[Path]:
    return (
        sorted(file for file in path.rglob("*") if file.suffix in {".csv", ".json", ".jsonl"})
        if path.is_dir()
        else [path]
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as UTF-8") from error


def _rows(path: Path, kind: Format) -> list[dict[str, Any]]:
    text = _text(path)
    if kind != "cmb":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    try:
        rows = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.split("\n") if line.strip()]
        )
    except ValueError as error:
        raise InputError(f"{path}: is no JSON") from error
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path}: must be a list of objects")
    return list(rows)


def _answers(path: Path) -> dict[str, str]:
    return {present(row.get("id")): present(row.get("answer")) for row in _rows(path, "cmb")}


def _question(row: Mapping[str, Any], kind: Format, path: Path, place: int, known: Mapping[str, str]) -> Question | str:
    item = exam_item(row)
    fields = {key.strip().lower(): value for key, value in row.items() if isinstance(key, str)}
    if item is None or not item.choice:
        return f"that are no {kind} items"
    options = _options(item.beside)
    if len(options) < 2:
        return "with fewer than two options"
    identifier = item.id or str(place)
    stated = present(fields.get("answer")) or known.get(identifier, "")
    answer = frozenset(letter for letter in stated.upper() if letter in LETTERS)
    if not answer:
        return "without an answer"
    if not answer <= {letter for letter, _ in options}:
        return "whose answer is none of its options"
    subject = next((said for key in _SUBJECT[kind] if (said := present(fields.get(key)))), "")
    multiple = "多" in present(fields.get("question_type")) or len(answer) > 1
    subject = subject or re.sub("_(?:val|dev|test)$", "", path.stem)
    return Question(f"{path.stem}:{identifier}", subject, item.question, options, answer, multiple)


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
    """The options that a free reply chooses: the last 答案是…, else the last 选…, else letters at its head; empty when none is read."""
    body = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL).translate(
        str.maketrans("ＡＢＣＤＥＦＧＨＩＪ", LETTERS)
    )
    said = [*(_STATED.findall(body)[-1:] or _CHOSEN.findall(body)[-1:])] or [m[1] for m in [_ALONE.match(body)] if m]
    if not said:
        return frozenset()
    chosen = frozenset(letter for letter in said[0] if letter in LETTERS)
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
