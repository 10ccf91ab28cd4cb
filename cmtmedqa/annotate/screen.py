"""From the rubric to Label Studio screens: which controls a screen has, and its XML.

`cards` (k = 2 to 6) is the screen of an expert, `board` orders by dragging, `pairwise` compares two. Why the screens are
as they are: docs/rubric.md. Hotkeys are chords that nobody hits, because a control without one gets a bare key.
"""

import string
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

from cmtmedqa.errors import ConfigError
from cmtmedqa.paths import package_file
from cmtmedqa.rubric import SCORES, Rubric

Layout = Literal["cards", "board", "pairwise"]
What = Literal["rank", "score", "issues", "comment", "ranker", "better", "verdict", "unsafe"]

K = range(2, 7)
LAYOUTS: tuple[Layout, ...] = ("cards", "board", "pairwise")
BUCKET = "ranked"
TIE = "tie"
SLIGHT = ("a1", "b1")
BETTER = ("a2", "a1", TIE, "b1", "b2")
VERDICTS = ("a", TIE, "b")
_CHORDS = [
    f"{keys}+{key}"
    for keys, key in product(("ctrl+alt+shift", "alt+shift", "ctrl+alt"), "1234567890" + string.ascii_lowercase)
]


@dataclass(frozen=True)
class Control:
    """One control of a screen: `values` are what a result may hold (ranks and scores as text or int, choices by alias).

    `answer` is the position of the answer it belongs to, from 0, and null where it belongs to the task; `dimension` that of a score or verdict.
    """

    name: str
    what: What
    type: Literal["choices", "rating", "textarea", "ranker"]
    values: tuple[str, ...] = ()
    answer: int | None = None
    dimension: str | None = None
    required: bool = False
    multiple: bool = False


def letters(k: int) -> str:
    """The lower-case letters of k answers, in the order of `responses`. Raises ConfigError unless k is 2 to 6."""
    if k not in K:
        raise ConfigError(f"a screen shows {K[0]} to {K[-1]} answers, not {k}; sample fewer candidates")
    return string.ascii_lowercase[:k]


def controls(rubric: Rubric, k: int, layout: Layout = "cards") -> tuple[Control, ...]:
    """All controls of a screen in the order in which they stand on it. Raises ConfigError for an impossible k."""
    comment = Control("comment", "comment", "textarea")
    if layout == "pairwise":
        if k != 2:
            raise ConfigError(f"the screen pairwise compares 2 answers, not {k}; use cards")
        verdicts = [
            Control(name, "verdict", "choices", VERDICTS, dimension=name, required=True)
            for name in rubric.dimension_ids
        ]
        return (
            Control("better", "better", "choices", BETTER, required=True),
            *verdicts,
            Control("unsafe", "unsafe", "choices", ("a", "b"), multiple=True),
            comment,
        )
    shown = [control for answer in range(len(letters(k))) for control in _of_answer(rubric, k, answer)]
    if layout == "board":
        return (Control("ranker", "ranker", "ranker", required=True), *[c for c in shown if c.what != "rank"], comment)
    return (*shown, comment)


def _of_answer(rubric: Rubric, k: int, answer: int) -> Iterator[Control]:
    letter = letters(k)[answer]
    ranks = tuple(str(rank) for rank in range(1, k + 1))
    yield Control(f"rank_{letter}", "rank", "choices", ranks, answer, required=True)
    for dimension in rubric.dimension_ids:
        stars = tuple(str(score) for score in SCORES)
        yield Control(f"{dimension}_{letter}", "score", "rating", stars, answer, dimension, True)
    yield Control(f"issues_{letter}", "issues", "choices", rubric.ability_ids, answer, multiple=True)


def screen_xml(rubric: Rubric, k: int, layout: Layout = "cards") -> str:
    """The labelling configuration of a screen. Raises ConfigError for an impossible k or a rubric with too many controls."""
    wanted = {control.name: control for control in controls(rubric, k, layout)}
    root = ET.Element("View", className="cm-root")
    root.append(ET.Comment(f" cmtmedqa {layout}, k = {k}, rubric {rubric.version}: generated, do not edit "))
    ET.SubElement(root, "Style").text = _style(rubric)
    grid = _view(root, "cm-grid")
    left = _view(grid, "cm-left")
    _header(left, "对话（$department）", 4)
    ET.SubElement(
        left, "Paragraphs", name="dialogue", value="$dialogue", layout="dialogue", nameKey="role", textKey="text"
    )
    draw = {"cards": _cards, "board": _board, "pairwise": _pairwise}[layout]
    draw(_view(grid, "cm-right"), rubric, k, wanted)
    _give_chords(root, f"{layout}, k = {k}")
    ET.indent(root, "  ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _style(rubric: Rubric) -> str:
    """The style sheet; the tags stand in rows beside their dimensions if each has the same number, else in one wrapped row."""
    css = package_file("annotate", "screen.css").read_text(encoding="utf-8")
    counts = {len(dimension.abilities) for dimension in rubric.dimensions}
    columns = f"repeat({counts.pop()},auto)" if len(counts) == 1 else "repeat(auto-fill,96px)"
    return f"\n{css}.cm-issues .lsf-choices {{grid-template-columns:{columns}}}\n"


def _cards(parent: ET.Element, rubric: Rubric, k: int, wanted: dict[str, Control]) -> None:
    cards = _view(parent, "cm-cards")
    for answer, letter in enumerate(letters(k)):
        title, text = f"回答 {letter.upper()}", f"answer_{letter}"
        card = _view(cards, "cm-card")
        head = _view(card, "cm-row cm-head")
        _header(head, title, 4)
        ranks = _view(head, "cm-row")
        _header(ranks, "名次", 5)
        _choices(ranks, wanted[f"rank_{letter}"], text, {}, f"请给「{title}」选名次（1 最好，可以并列）")
        ET.SubElement(_view(card, "cm-body"), "Text", name=text, value=f"$responses[{answer}].body")
        judge = _view(card, "cm-judge")
        _scores(_view(judge, "cm-scores"), rubric, letter, text)
        _issues(judge, rubric, wanted[f"issues_{letter}"], text)
    _comment(_view(cards, "cm-card cm-wide"))


def _board(parent: ET.Element, rubric: Rubric, k: int, wanted: dict[str, Control]) -> None:
    ET.SubElement(parent, "List", name="answers", value="$responses", title="待排序：拖到右栏")
    ranker = ET.SubElement(parent, "Ranker", name="ranker", toName="answers")
    ET.SubElement(ranker, "Bucket", name=BUCKET, title="名次：最好的放最上面")
    cards = _view(parent, "cm-cards")
    for letter in letters(k):
        card = _view(cards, "cm-card")
        _header(card, f"回答 {letter.upper()}", 4)
        judge = _view(card, "cm-judge")
        _scores(_view(judge, "cm-scores"), rubric, letter, "dialogue")
        _issues(judge, rubric, wanted[f"issues_{letter}"], "dialogue")
    _comment(_view(cards, "cm-card cm-wide"))


def _pairwise(parent: ET.Element, rubric: Rubric, k: int, wanted: dict[str, Control]) -> None:
    pair = _view(parent, "cm-cards")
    for answer, letter in enumerate(letters(k)):
        card = _view(pair, "cm-card")
        _header(card, f"回答 {letter.upper()}", 4)
        ET.SubElement(card, "Text", name=f"answer_{letter}", value=f"$responses[{answer}].body")
    order = "，再".join(dimension.name.zh for dimension in rubric.dimensions)
    card = _view(pair, "cm-card cm-wide")
    _header(card, f"总体哪一个更好？（先{order}）", 4)
    says = {"a2": "A 明显更好", "a1": "A 稍好", "tie": "不相上下", "b1": "B 稍好", "b2": "B 明显更好"}
    _choices(card, wanted["better"], "dialogue", says, "请选择总体上哪一个更好")
    card = _view(pair, "cm-card cm-wide")
    for dimension in rubric.dimensions:
        row, name = _view(card, "cm-row"), dimension.name.zh
        _header(row, name, 5)
        says = {"a": "A 更好", "tie": "不相上下", "b": "B 更好"}
        _choices(row, wanted[dimension.id], "dialogue", says, f"请比较{name}")
    row = _view(card, "cm-row")
    _header(row, "绝不能采用", 5)
    _choices(row, wanted["unsafe"], "dialogue", {"a": "A 有严重危险", "b": "B 有严重危险"}, "")
    _comment(_view(pair, "cm-card cm-wide"))


def _scores(parent: ET.Element, rubric: Rubric, letter: str, target: str) -> None:
    for dimension in rubric.dimensions:
        row, name = _view(parent, "cm-row"), dimension.name.zh
        _header(row, name, 5)
        message = f"请给「回答 {letter.upper()}」打{name}分（1–5 星）"
        ET.SubElement(
            row, "Rating", name=f"{dimension.id}_{letter}", toName=target, maxRating="5", size="small", required="true",
            requiredMessage=message,
        )  # fmt: skip


def _issues(parent: ET.Element, rubric: Rubric, control: Control, target: str) -> None:
    _choices(_view(parent, "cm-issues"), control, target, {item.id: item.tag.zh for item in rubric.abilities()}, "")


def _choices(parent: ET.Element, control: Control, target: str, says: dict[str, str], message: str) -> None:
    kind = "multiple" if control.multiple else "single-radio"
    needs = {"required": "true", "requiredMessage": message} if control.required else {}
    element = ET.SubElement(
        parent, "Choices", {"name": control.name, "toName": target, "choice": kind, "showInline": "true", **needs}
    )
    for value in control.values:
        # The value becomes the name of a radio button: one that is not unique on the page cannot be reached by Tab.
        told = says.get(value, value)
        shown = {"value": told} if control.multiple else {"value": f"{control.name} {value}", "html": told}
        ET.SubElement(element, "Choice", {**shown, "alias": value})


def _comment(parent: ET.Element) -> None:
    _header(parent, "评语（可不填：排序的理由、医学错误、怎样改更好）", 5)
    ET.SubElement(
        parent, "TextArea", name="comment", toName="dialogue", rows="2", maxSubmissions="1", editable="true",
        placeholder="写在这里，提交时自动保存",
    )  # fmt: skip


def _view(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, "View", className=name)


def _header(parent: ET.Element, value: str, size: int) -> None:
    ET.SubElement(parent, "Header", value=value, size=str(size))


def _give_chords(root: ET.Element, where: str) -> None:
    """A hotkey for everything that would get a bare key by itself."""
    needy = [element for element in root.iter() if element.tag in ("Choice", "Rating")]
    if len(needy) > len(_CHORDS):
        raise ConfigError(
            f"screen {where}: the rubric makes {len(needy)} choices, and Label Studio has hotkeys for {len(_CHORDS)}; "
            "fewer abilities, or fewer answers a task"
        )
    for element, chord in zip(needy, _CHORDS, strict=False):
        element.set("hotkey", chord)
